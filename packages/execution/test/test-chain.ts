import {
  type AuthorityHeader,
  buildExtraData,
  EMPTY_UNCLE_HASH,
  headerHash,
  nextBaseFee,
  sealHash,
} from '@mosaic/authority'
import {
  type Address,
  bytesToHex,
  concatBytes,
  type Hash32,
  hexToBytes,
  toBlockNumber,
  toHex,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import { secretKeyToAddress, signDigest } from '@mosaic/protocol'
import {
  type Block,
  createExecutionLayer,
  type Execution,
  type ExecutionFault,
  type ExecutionLayer,
  encodeBlock,
  type GenesisAccount,
  type SkippedTransaction,
  type StateSource,
  type StateWrites,
  type TrackerRule,
  type Transaction,
} from '../src/index.ts'

export const CHAIN_ID = 1337n
export const GAS_LIMIT = 30_000_000n

/** A key of the tests and its address. */
export type Account = { readonly secretKey: Uint8Array; readonly address: Address }

export function account(seed: number): Account {
  const secretKey = new Uint8Array(32).fill(seed)
  return { secretKey, address: secretKeyToAddress(secretKey) }
}

export const SIGNER: Account = account(1)
export const OTHER_SIGNER: Account = account(2)
export const ALICE: Account = account(3)
export const BOB: Account = account(4)

/** What outlives a process: trie nodes, code, and who is whose parent. */
export type Disk = {
  readonly nodes: Map<string, Uint8Array>
  readonly codes: Map<string, Uint8Array>
  readonly headers: Map<Hash32, AuthorityHeader>
}

export function createDisk(): Disk {
  return { nodes: new Map(), codes: new Map(), headers: new Map() }
}

type Sealed = { readonly block: Block; readonly execution: Execution }

/** One execution layer with a store of its own, and what the chain around it would do. */
export type TestChain = {
  readonly layer: ExecutionLayer
  readonly disk: Disk
  readonly genesis: Block
  readonly source: StateSource
  readonly store: (block: Block, writes: StateWrites) => void
  /** Builds and seals without storing. */
  readonly seal: (parent: Block, options?: SealOptions) => Promise<Sealed>
  /** Builds, seals and stores. */
  readonly mine: (parent: Block, options?: SealOptions) => Promise<Block>
  /** Takes a block from its bytes and stores it if it is valid. */
  readonly accept: (block: Block) => Promise<Execution | ExecutionFault>
}

type SealOptions = {
  readonly transactions?: readonly Transaction[]
  readonly signer?: Account
  readonly timestamp?: bigint
  readonly gasLimit?: bigint
  /** Whom the header votes on. */
  readonly coinbase?: Address
  readonly onSkipped?: (skipped: SkippedTransaction) => void
}

export async function createTestChain(
  options: {
    readonly alloc?: Readonly<Record<Address, GenesisAccount>>
    readonly tracker?: TrackerRule
    readonly disk?: Disk
    readonly wrapSource?: (source: StateSource) => StateSource
  } = {},
): Promise<TestChain> {
  const disk = options.disk ?? createDisk()
  const plain: StateSource = {
    node: (hash) => disk.nodes.get(bytesToHex(hash)),
    code: (hash) => disk.codes.get(bytesToHex(hash)),
  }
  const source = options.wrapSource?.(plain) ?? plain
  const layer = await createExecutionLayer({
    genesis: {
      chainId: CHAIN_ID,
      timestamp: 1_700_000_000n,
      gasLimit: GAS_LIMIT,
      baseFeePerGas: 1_000_000_000n,
      extraData: toHex(
        bytesToHex(
          buildExtraData({
            vanity: new Uint8Array(32),
            signers: [SIGNER.address, OTHER_SIGNER.address].toSorted(),
          }),
        ),
      ),
      alloc: {
        [ALICE.address]: { balance: 10n ** 24n },
        [BOB.address]: { balance: 10n ** 24n },
        ...options.alloc,
      },
    },
    source,
    ancestorHash: (parentHash, number) => {
      let hash = parentHash
      for (;;) {
        const header = disk.headers.get(hash)
        if (header === undefined) return undefined
        if (header.number === number) return hash
        hash = header.parentHash
      }
    },
    tracker: options.tracker ?? 'absent',
  })
  const store = (block: Block, writes: StateWrites): void => {
    for (const [hash, encoding] of writes.nodes) disk.nodes.set(bytesToHex(hash), encoding)
    for (const [hash, code] of writes.codes) disk.codes.set(bytesToHex(hash), code)
    disk.headers.set(block.hash, block.header)
  }
  const genesis = layer.genesis.block
  store(genesis, layer.genesis.writes)

  const seal = async (parent: Block, sealOptions: SealOptions = {}): Promise<Sealed> => {
    const signer = sealOptions.signer ?? SIGNER
    const environment = {
      parentHash: parent.hash,
      number: toBlockNumber(parent.header.number + 1n),
      timestamp: sealOptions.timestamp ?? parent.header.timestamp + 1n,
      gasLimit: sealOptions.gasLimit ?? parent.header.gasLimit,
      difficulty: 2n,
      baseFeePerGas: nextBaseFee(parent.header),
    }
    const pending = [...(sealOptions.transactions ?? [])]
    const execution = await layer.processor.build(
      environment,
      parent.header.stateRoot,
      signer.address,
      {
        next: () => pending.shift(),
        skipped: (skipped) => {
          if (sealOptions.onSkipped === undefined) {
            throw new Error(`expected no transaction to be skipped, received ${skipped.reason}`)
          }
          sealOptions.onSkipped(skipped)
        },
      },
    )
    const block = sealHeader(
      {
        ...environment,
        uncleHash: EMPTY_UNCLE_HASH,
        coinbase: sealOptions.coinbase ?? ZERO_ADDRESS,
        stateRoot: execution.stateRoot,
        transactionsRoot: execution.transactionsRoot,
        receiptsRoot: execution.receiptsRoot,
        logsBloom: execution.logsBloom,
        gasUsed: execution.gasUsed,
        extraData: buildExtraData({ vanity: new Uint8Array(32), signers: [] }),
        mixHash: ZERO_HASH,
        nonce: new Uint8Array(8),
      },
      execution.transactions,
      signer,
    )
    return { block, execution }
  }

  return {
    layer,
    disk,
    genesis,
    source,
    store,
    seal,
    mine: async (parent, sealOptions) => {
      const { block, execution } = await seal(parent, sealOptions)
      store(block, execution.writes)
      return block
    },
    accept: async (block) => {
      const decoded = layer.decodeBlock(encodeBlock(block))
      if (!decoded.ok) throw new Error(`expected a block, received ${decoded.fault.code}`)
      const parent = disk.headers.get(block.header.parentHash)
      if (parent === undefined) throw new Error('expected the parent to be stored first')
      const verdict = await layer.processor.execute(decoded.value, parent.stateRoot)
      if (!verdict.ok) return verdict.fault
      store(decoded.value, verdict.value.writes)
      return verdict.value
    },
  }
}

/** Seals a header, whatever it says. */
export function sealHeader(
  unsealed: AuthorityHeader,
  transactions: readonly Transaction[],
  signer: Account,
): Block {
  const compact = hexToBytes(signDigest(sealHash(unsealed), signer.secretKey))
  const parity = (compact[32] ?? 0) >> 7
  compact[32] = (compact[32] ?? 0) & 0x7f
  const header = {
    ...unsealed,
    extraData: concatBytes(unsealed.extraData.slice(0, -65), compact, Uint8Array.of(parity)),
  }
  return { hash: headerHash(header), header, transactions, signer: signer.address }
}
