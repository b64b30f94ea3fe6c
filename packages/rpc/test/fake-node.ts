import {
  type Address,
  accept,
  bytesToHex,
  type Hash32,
  type Hex,
  keccak256,
  refuse,
  toAddress,
  toBlockNumber,
  toDynasty,
  toHash32,
  toHeight,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import type {
  BlockEvent,
  CallRequest,
  ChainEvent,
  CliqueSnapshotView,
  HeaderView,
  LogView,
  ReceiptView,
  RpcPorts,
  SendVoteOutcome,
  SimulationRequest,
  TraceChoice,
  TraceView,
  TransactionFault,
  TransactionView,
} from '../src/index.ts'
import { matchesFilter } from '../src/log-parameters.ts'

const CHAIN_ID = 4711n
export const ALICE: Address = toAddress('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')
export const CONTRACT: Address = toAddress(`0x${'c0'.repeat(20)}`)
export const EVENT: Hash32 = keccak256(utf8ToBytes('Ping(uint256)'))
const EMPTY: Hash32 = keccak256(new Uint8Array())

export function hashOf(text: string): Hash32 {
  return keccak256(utf8ToBytes(text))
}

export function word(value: bigint): Hash32 {
  return toHash32(`0x${value.toString(16).padStart(64, '0')}`)
}

export type FakeBlock = {
  readonly header: HeaderView
  readonly transactions: readonly TransactionView[]
  readonly receipts: readonly ReceiptView[]
}

/** A header as clique leaves it: difficulty 2 in turn, no coinbase. */
function fakeHeader(number: bigint, branch = 'main', parentHash?: Hash32): HeaderView {
  return {
    hash: hashOf(`block ${number} of ${branch}`),
    parentHash: parentHash ?? hashOf(`block ${number - 1n} of ${branch}`),
    unclesHash: toHash32('0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'),
    coinbase: toAddress(`0x${'00'.repeat(20)}`),
    stateRoot: hashOf(`state ${number} of ${branch}`),
    transactionsRoot: hashOf(`transactions ${number}`),
    receiptsRoot: hashOf(`receipts ${number}`),
    logsBloom: `0x${'00'.repeat(256)}`,
    difficulty: 2n,
    number: toBlockNumber(number),
    gasLimit: 30_000_000n,
    gasUsed: 63_000n,
    timestamp: 1_700_000_000n + number,
    extraData: `0x${'00'.repeat(97)}`,
    mixHash: toHash32(`0x${'00'.repeat(32)}`),
    nonce: '0x0000000000000000',
    baseFeePerGas: 1_000_000_000n,
  }
}

export function fakeTransaction(
  type: 0 | 1 | 2,
  nonce: bigint,
  to: Address | null = CONTRACT,
): TransactionView {
  const isDynamic = type === 2
  return {
    hash: hashOf(`transaction ${type} ${nonce}`),
    type,
    chainId: CHAIN_ID,
    nonce,
    from: ALICE,
    to: to ?? undefined,
    value: 5n,
    gas: 100_000n,
    gasPrice: isDynamic ? undefined : 3_000_000_000n,
    maxFeePerGas: isDynamic ? 9_000_000_000n : undefined,
    maxPriorityFeePerGas: isDynamic ? 1_500_000_000n : undefined,
    input: '0xabcdef',
    accessList: type === 0 ? undefined : [{ address: CONTRACT, storageKeys: [word(1n)] }],
    authorizationList: undefined,
    v: type === 0 ? 2n * CHAIN_ID + 35n : 1n,
    r: BigInt(hashOf(`r ${nonce}`)),
    s: BigInt(hashOf(`s ${nonce}`)) >> 2n,
    raw: bytesToHex(utf8ToBytes(`raw ${type} ${nonce}`)),
  }
}

export function fakeBlock(number: bigint, branch = 'main', parentHash?: Hash32): FakeBlock {
  const header = fakeHeader(number, branch, parentHash)
  const transactions =
    number === 0n ? [] : ([0, 1, 2] as const).map((type) => fakeTransaction(type, number))
  const receipts = transactions.map((transaction, index): ReceiptView => {
    const log: LogView = {
      address: CONTRACT,
      topics: [EVENT, word(number)],
      data: word(BigInt(index)),
      blockNumber: header.number,
      blockHash: header.hash,
      blockTimestamp: header.timestamp,
      transactionHash: transaction.hash,
      transactionIndex: index,
      logIndex: index,
    }
    return {
      transactionHash: transaction.hash,
      transactionIndex: index,
      blockHash: header.hash,
      blockNumber: header.number,
      from: transaction.from,
      to: transaction.to,
      type: transaction.type,
      succeeded: true,
      gasUsed: 21_000n,
      cumulativeGasUsed: 21_000n * BigInt(index + 1),
      effectiveGasPrice: transaction.type === 2 ? 2_500_000_000n : 3_000_000_000n,
      contractAddress: undefined,
      logs: [log],
      logsBloom: header.logsBloom,
    }
  })
  return { header, transactions, receipts }
}

export function blockEvent({ header, receipts }: FakeBlock): BlockEvent {
  return { header, logs: receipts.flatMap(({ logs }) => logs) }
}

/** An in-memory node of five blocks, whose answers a test may replace. */
export class FakeNode {
  readonly blocks: FakeBlock[] = [0n, 1n, 2n, 3n, 4n].map((number) => fakeBlock(number))
  readonly sent: string[] = []
  readonly calls: CallRequest[] = []
  readonly waiting: TransactionView[] = [fakeTransaction(2, 100n), fakeTransaction(0, 101n, null)]
  fault: TransactionFault | undefined
  finalized: bigint | undefined
  voteOutcome: SendVoteOutcome = { kind: 'accepted', link: hashOf('link') }
  /** Runs in place of a call. */
  onCall: (signal: AbortSignal) => Promise<void> = async () => undefined
  outcome: Awaited<ReturnType<RpcPorts['state']['call']>> = {
    kind: 'success',
    returnData: word(42n),
  }
  trace: TraceView = { kind: 'none' }
  readonly traced: { readonly choice: TraceChoice; readonly timeoutMs: number }[] = []
  readonly simulations: SimulationRequest[] = []
  simulation: Awaited<ReturnType<RpcPorts['state']['simulate']>> = accept([])
  readonly proposals = new Map<Address, boolean>()
  readonly #listeners = new Set<(event: ChainEvent) => void>()

  emit(event: ChainEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  listenerCount(): number {
    return this.#listeners.size
  }

  /** Adds a block on top, and tells so. */
  extend(): FakeBlock {
    const block = fakeBlock(BigInt(this.blocks.length))
    this.blocks.push(block)
    this.emit({ kind: 'head', removed: [], added: [blockEvent(block)] })
    return block
  }

  get head(): FakeBlock {
    const head = this.blocks.at(-1)
    if (head === undefined) throw new Error('no blocks')
    return head
  }

  byHash(hash: Hash32): FakeBlock | undefined {
    return this.blocks.find(({ header }) => header.hash === hash)
  }

  get ports(): RpcPorts {
    return {
      node: {
        clientVersion: 'mosaic/test',
        chainId: CHAIN_ID,
        peerCount: () => 3,
        isListening: () => true,
        signer: () => ALICE,
        syncProgress: () => undefined,
      },
      chain: this.#chain(),
      state: this.#state(),
      traces: this.#traces(),
      pool: {
        add: async (raw) => {
          this.sent.push(bytesToHex(raw))
          return this.fault === undefined ? accept(keccak256(raw)) : refuse(this.fault)
        },
        transaction: (hash) => this.waiting.find((each) => each.hash === hash),
        pendingNonce: (address) => (address === ALICE ? 102n : undefined),
        content: () => ({ pending: this.waiting.slice(0, 1), queued: this.waiting.slice(1) }),
      },
      fees: { suggestTip: async () => 1_000_000_000n, nextBaseFee: () => 900_000_000n },
      events: {
        subscribe: (listener) => {
          this.#listeners.add(listener)
          return () => {
            this.#listeners.delete(listener)
          }
        },
      },
      clique: {
        snapshot: async (at) => this.#snapshot(at),
        sealer: (header) => (header.number === 0n ? undefined : ALICE),
        propose: async (address, authorise) => {
          this.proposals.set(address, authorise)
        },
        discard: async (address) => {
          this.proposals.delete(address)
        },
        proposals: () => this.proposals,
      },
      mosaic: this.#mosaic(),
    }
  }

  #chain(): RpcPorts['chain'] {
    return {
      header: async (reference) => {
        if ('hash' in reference) return this.byHash(reference.hash)?.header
        if ('number' in reference) return this.blocks[Number(reference.number)]?.header
        if (reference.tag === 'latest') return this.head.header
        if (reference.tag === 'earliest') return this.blocks[0]?.header
        return this.finalized === undefined
          ? undefined
          : this.blocks[Number(this.finalized)]?.header
      },
      block: async (hash) => {
        const block = this.byHash(hash)
        if (block === undefined) return undefined
        return {
          header: block.header,
          size: 1234,
          totalDifficulty: 2n * block.header.number + 1n,
          transactionHashes: block.transactions.map((each) => each.hash),
        }
      },
      isCanonical: async (hash) => hash !== this.blocks[2]?.header.hash,
      transactionsOfBlock: async (hash) => this.byHash(hash)?.transactions,
      receiptsOfBlock: async (hash) => this.byHash(hash)?.receipts,
      transaction: async (hash) => {
        for (const { header, transactions } of this.blocks) {
          const index = transactions.findIndex((each) => each.hash === hash)
          const transaction = transactions[index]
          if (transaction !== undefined) return { header, index, transaction }
        }
        return undefined
      },
      receipt: async (hash) =>
        this.blocks
          .flatMap(({ receipts }) => receipts)
          .find((each) => each.transactionHash === hash),
      logs: async ({ range, ...filter }, limit) => {
        if ('blockHash' in range && this.byHash(range.blockHash) === undefined) {
          return refuse({ code: 'UNKNOWN_BLOCK' })
        }
        const blocks = this.blocks.filter(({ header }) =>
          'blockHash' in range
            ? header.hash === range.blockHash
            : header.number >= range.from && header.number <= range.to,
        )
        const logs = blocks
          .flatMap((block) => blockEvent(block).logs)
          .filter((log) => matchesFilter(log, filter))
        return logs.length > limit ? refuse({ code: 'TOO_MANY', limit }) : accept(logs)
      },
      pendingBlock: async () => ({
        block: {
          header: fakeHeader(BigInt(this.blocks.length)),
          size: 600,
          totalDifficulty: 11n,
          transactionHashes: this.waiting.map(({ hash }) => hash),
        },
        transactions: this.waiting,
      }),
      rawBlock: async (): Promise<Hex> => '0xb10c',
      rawHeader: async (): Promise<Hex> => '0x4ead',
      rawReceipts: async (): Promise<readonly Hex[]> => ['0x01', '0x02'],
    }
  }

  #state(): RpcPorts['state'] {
    return {
      account: async (_at, address) =>
        address === ALICE ? { nonce: 7n, balance: 10n ** 21n } : { nonce: 0n, balance: 0n },
      code: async (_at, address) => (address === CONTRACT ? '0x6001' : '0x'),
      storage: async (_at, _address, slot) => word(BigInt(slot) + 1n),
      proof: async (_at, address, slots) => ({
        address,
        nonce: 1n,
        balance: 2n,
        codeHash: EMPTY,
        storageHash: hashOf('storage'),
        accountProof: ['0xf8'],
        storageProof: slots.map((slot) => ({ value: BigInt(slot), proof: ['0xe1'] })),
      }),
      call: async (call, { signal }) => {
        this.calls.push(call)
        await this.onCall(signal)
        return this.outcome
      },
      estimateGas: async (call) => {
        this.calls.push(call)
        return this.outcome.kind === 'success' ? { kind: 'success', gas: 53_000n } : this.outcome
      },
      accessList: async (call) => {
        this.calls.push(call)
        return this.outcome.kind === 'success'
          ? {
              kind: 'success',
              accessList: [{ address: CONTRACT, storageKeys: [word(1n)] }],
              gasUsed: 26_000n,
              error: undefined,
            }
          : this.outcome
      },
      simulate: async (request) => {
        this.simulations.push(request)
        return this.simulation
      },
    }
  }

  #traces(): RpcPorts['traces'] {
    return {
      transaction: async (hash, choice, timeoutMs) => {
        this.traced.push({ choice, timeoutMs })
        return hash === hashOf('transaction 2 1') ? this.trace : undefined
      },
      block: async (hash, choice, timeoutMs) => {
        this.traced.push({ choice, timeoutMs })
        return (this.byHash(hash)?.transactions ?? []).map((transaction) => ({
          transactionHash: transaction.hash,
          trace: this.trace,
        }))
      },
      call: async (call, choice, timeoutMs) => {
        this.calls.push(call)
        this.traced.push({ choice, timeoutMs })
        return { kind: 'success', trace: this.trace }
      },
    }
  }

  #snapshot(at: Hash32): CliqueSnapshotView {
    return {
      number: this.head.header.number,
      hash: at,
      signers: [ALICE, CONTRACT],
      recents: new Map([[toBlockNumber(4n), ALICE]]),
      votes: [{ signer: ALICE, block: toBlockNumber(3n), address: CONTRACT, authorize: false }],
      tally: new Map([[CONTRACT, { authorize: false, votes: 1 }]]),
    }
  }

  #mosaic(): RpcPorts['mosaic'] {
    const genesis = this.blocks[0]?.header
    if (genesis === undefined) throw new Error('no genesis')
    const reference = { height: toHeight(0n), number: genesis.number, hash: genesis.hash }
    return {
      status: async () => ({
        coreIdentifier: hashOf('core'),
        originChainId: 1n,
        core: CONTRACT,
        epochLength: 20n,
        originEpochLength: 32n,
        genesisHash: genesis.hash,
        head: { number: this.head.header.number, hash: this.head.header.hash },
        justified: reference,
        finalized: reference,
        dynasty: toDynasty(0n),
        kernelHeight: toMetaHeight(1n),
        observation: { number: toBlockNumber(9n), hash: hashOf('origin 9') },
        validator: undefined,
        signer: ALICE,
        accountability: { phase: 'open', slashed: [], halt: undefined },
      }),
      checkpoint: async (height) =>
        height === 0n
          ? {
              ...reference,
              stage: 'finalized',
              dynasty: toDynasty(0n),
              transitionHash: hashOf('T'),
            }
          : undefined,
      transitionObject: async () => undefined,
      votes: async () => [],
      validatorSet: async (height) => ({
        height: height ?? toMetaHeight(1n),
        hash: hashOf('set'),
        seats: [undefined],
        forwardWeight: toWeight(0n),
        rearWeight: toWeight(0n),
      }),
      kernel: async () => undefined,
      metaBlock: async () => undefined,
      sendVote: async () => this.voteOutcome,
      proof: async (address, slots, height) => ({
        height,
        blockNumber: genesis.number,
        blockHash: genesis.hash,
        stateRoot: genesis.stateRoot,
        header: '0xf9',
        proof: await this.#state().proof(genesis.hash, address, slots),
      }),
    }
  }
}
