import {
  type Chain,
  createKeySealer,
  createProducer,
  createTransactionPool,
  createVoteIntake,
  createVotePool,
  openChain,
  type Producer,
} from '@mosaic/chain'
import { createExecutionLayer, encodeBlock } from '@mosaic/execution'
import { buildGenesis, encodeDefinition, type NetworkGenesis } from '@mosaic/genesis'
import {
  type Address,
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  toAddress,
  toBlockNumber,
  toGas,
  toHex,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  genesisKernel,
  NO_END_HEIGHT,
  secretKeyToAddress,
  updatesHash,
  validatorSetHash,
} from '@mosaic/protocol'
import { createMethods, createRpcServer, type Json, RpcError, UNCONDITIONALLY } from '@mosaic/rpc'
import { createMemoryStore } from '@mosaic/storage'
import {
  createRpcPorts,
  createTransactionIntake,
  type OriginPort,
  type RpcContext,
} from '../src/index.ts'

/** A key of the tests and its address. */
export type Account = { readonly secretKey: Uint8Array; readonly address: Address }

function account(name: string): Account {
  const secretKey = hexToBytes(keccak256(utf8ToBytes(name)))
  return { secretKey, address: secretKeyToAddress(secretKey) }
}

export const CHAIN_ID = 4711n
export const ORIGIN_CHAIN_ID = 31_337n
export const EPOCH_LENGTH = 4n
export const CORE: Address = toAddress(`0x${'c0'.repeat(20)}`)
export const ALICE: Account = account('alice')
export const BOB: Account = account('bob')
export const SIGNERS: readonly Account[] = [account('signer-1'), account('signer-2')].toSorted(
  (a, b) => (a.address < b.address ? -1 : 1),
)
export const VALIDATORS: readonly Account[] = [1, 2, 3, 4].map((i) => account(`validator-${i}`))
export const BALANCE: bigint = 10n ** 21n

const ETHER = 10n ** 18n
const START = 1_700_000_000n

/** The genesis of a core that nobody deployed. */
async function createGenesis(): Promise<NetworkGenesis> {
  const validatorSet = VALIDATORS.map(({ address }) => ({
    address,
    weight: toWeight(ETHER),
    forward: true,
    rear: true,
  }))
  const weight = toWeight(ETHER * BigInt(VALIDATORS.length))
  const originRoot = {
    number: toBlockNumber(100n),
    hash: keccak256(utf8ToBytes('origin root')),
    stateRoot: keccak256(utf8ToBytes('origin state')),
  }
  const kernel = genesisKernel({
    coreIdentifier: coreIdentifier({ originChainId: ORIGIN_CHAIN_ID, core: CORE }),
    validatorSetHash: validatorSetHash(validatorSet),
    updatesHash: updatesHash(
      validatorSet.map((seat, index) => ({
        index,
        seat,
        startHeight: toMetaHeight(0n),
        endHeight: NO_END_HEIGHT,
      })),
    ),
    forwardWeight: weight,
    rearWeight: weight,
    gasTarget: toGas(10n ** 9n),
    originRoot,
  })
  return buildGenesis({
    core: CORE,
    originChainId: ORIGIN_CHAIN_ID,
    createdAt: toBlockNumber(90n),
    openedTimestamp: START,
    parameters: {
      token: toAddress(`0x${'70'.repeat(20)}`),
      reputation: toAddress(`0x${'71'.repeat(20)}`),
      minimumStake: toWeight(1n),
      auxiliaryChainId: CHAIN_ID,
      epochLength: EPOCH_LENGTH,
      originEpochLength: 10n,
      maxVoteAge: 64n,
      gasTarget: kernel.gasTarget,
      challengePeriod: 60n,
      withdrawalDelay: 60n,
      proposalBond: 1n,
      maxJoins: 4n,
      maxLogouts: 4n,
      reporterShare: 1_000n,
      missedDynastyLoss: 10_000n,
    },
    definition: encodeDefinition({
      period: 1n,
      cliqueEpoch: 30_000n,
      gasLimit: 30_000_000n,
      baseFeePerGas: 10n ** 9n,
      signers: SIGNERS.map(({ address }) => address),
      // Signers pay the base fee of the votes that they carry.
      balances: Object.fromEntries(
        [ALICE, BOB, ...SIGNERS].map(({ address }) => [address, BALANCE]),
      ),
    }),
    originRoot,
    kernel,
    validatorSet,
  })
}

/** A node without a network: both signers seal on one chain when told to. */
export type TestNode = {
  readonly genesis: NetworkGenesis
  readonly chain: Chain
  readonly context: RpcContext
  readonly url: string
  /** What was handed to gossip. */
  readonly gossiped: { readonly transactions: Uint8Array[]; readonly votes: Uint8Array[] }
  /** Seals one block, by the signer of the index or by the one in turn. */
  readonly mine: (signer?: number) => Promise<void>
  readonly mineTo: (number: bigint) => Promise<void>
  readonly call: (method: string, ...params: readonly unknown[]) => Promise<Json>
  /** Code and message of the error that a call ends with. */
  readonly failure: (method: string, ...params: readonly unknown[]) => Promise<readonly unknown[]>
  readonly stop: () => Promise<void>
}

export async function startTestNode(origin?: OriginPort): Promise<TestNode> {
  const genesis = await createGenesis()
  const store = createMemoryStore()
  const clock = { seconds: START }
  let opened: Chain | undefined
  const execution = await createExecutionLayer({
    genesis: genesis.chain,
    source: { node: (hash) => store.get('node', hash), code: (hash) => store.get('code', hash) },
    ancestorHash: (parentHash, number) => {
      const parent = opened?.database.record(parentHash)
      return parent && opened?.ancestor(parent, toBlockNumber(number))?.hash
    },
    tracker: 'required',
  })
  const chain = await openChain({
    definition: {
      rules: genesis.clique,
      epochLength: genesis.epochLength,
      originEpochLength: genesis.originEpochLength,
      maxVoteAge: genesis.maxVoteAge,
      identity: { originChainId: genesis.originChainId, core: genesis.core },
      originRoot: genesis.originRoot,
      kernelHash: genesis.kernelHash,
    },
    execution,
    store,
    // Blocks of other nodes of a test may be a little ahead.
    nowSeconds: () => clock.seconds + 60n,
  })
  opened = chain
  const transactions = createTransactionPool()
  const transactionIntake = createTransactionIntake(chain, transactions)
  const votes = createVotePool()
  const gossiped: TestNode['gossiped'] = { transactions: [], votes: [] }
  const context: RpcContext = {
    chain,
    transactions,
    transactionIntake,
    gossipTransaction: async (raw) => {
      gossiped.transactions.push(raw)
    },
    peerCount: () => 3,
    syncProgress: () => undefined,
    signer: SIGNERS[0]?.address,
    proposals: new Map(),
    mosaic: {
      store,
      votes,
      intake: createVoteIntake(chain, votes),
      gossipVote: async (bytes) => {
        gossiped.votes.push(bytes)
      },
      validator: undefined,
      accountability: () => undefined,
      origin,
    },
    clientVersion: 'mosaic/test',
  }
  const mineWith = async (signer: Account): Promise<void> => {
    clock.seconds += 1n
    const steps: (() => void)[] = []
    const sealed = Promise.withResolvers<void>()
    const producer: Producer = createProducer(
      {
        chain,
        transactions,
        votes,
        publish: async () => {
          sealed.resolve()
        },
        now: () => Number(clock.seconds) * 1000,
        schedule: (_ms, step) => {
          steps.push(step)
          return () => undefined
        },
        random: () => 0,
        proposals: () => context.proposals,
        log: (level, event, fields) => {
          if (level !== 'warn') return
          sealed.reject(new Error(`${event} ${JSON.stringify(fields, toText)}`))
        },
      },
      { sealer: createKeySealer(signer.secretKey), gasLimit: 30_000_000n },
    )
    producer.start()
    const [step] = steps
    if (step === undefined) sealed.reject(new Error('not the time of this signer'))
    step?.()
    await sealed.promise
    await producer.stop()
  }
  const ports = createRpcPorts(context)
  const methods = createMethods(ports)
  const server = createRpcServer({ port: 0 }, methods)
  await server.start()
  const call = async (method: string, ...params: readonly unknown[]): Promise<Json> =>
    methods.call(method, params, {
      ...UNCONDITIONALLY,
      connection: undefined,
      afterResponse: () => undefined,
    })
  const mine = async (signer?: number): Promise<void> => {
    const index = signer ?? Number((chain.head().header.number + 1n) % BigInt(SIGNERS.length))
    const who = SIGNERS[index]
    if (who === undefined) throw new Error(`no signer ${index}`)
    await mineWith(who)
  }
  return {
    genesis,
    chain,
    context,
    url: server.url(),
    gossiped,
    mine,
    mineTo: async (number) => {
      while (chain.head().header.number < number) await mine()
    },
    call,
    failure: async (method, ...params) => {
      const error = await call(method, ...params).catch((reason: unknown) => reason)
      if (!(error instanceof RpcError)) throw new Error(`no RPC error: ${String(error)}`)
      return [error.shape.rpcCode, error.message]
    },
    stop: async () => {
      methods.close()
      ports.close()
      transactionIntake.close()
      await server.stop()
    },
  }
}

/** Hands the canonical blocks `from`… of one node to another. */
export async function copyBlocks(source: TestNode, target: TestNode, from: bigint): Promise<void> {
  for (let number = from; number <= source.chain.head().header.number; number++) {
    const hash = source.chain.database.canonicalHash(toBlockNumber(number))
    const block = hash && source.chain.database.block(hash)
    if (block === undefined) throw new Error(`no block ${number}`)
    const verdict = await target.chain.importBlock(encodeBlock(block))
    if (!verdict.ok) throw new Error(verdict.fault.code)
  }
}

function toText(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Error) return value.stack
  return value instanceof Uint8Array ? bytesToHex(value) : value
}

/** A member of an answer, by names and indices. */
export function member(value: unknown, ...path: readonly (string | number)[]): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (typeof value !== 'object' || value === null) throw new Error(`no ${key} in ${String(value)}`)
  return member(Reflect.get(value, key), ...rest)
}

/** A text in an answer. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = member(value, ...path)
  if (typeof found !== 'string') throw new Error(`no text at ${path.join('.')}`)
  return found
}

/** Hex in an answer. */
export function hexAt(value: unknown, ...path: readonly (string | number)[]): Hex {
  return toHex(textAt(value, ...path))
}

/** A list in an answer. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = member(value, ...path)
  if (!Array.isArray(found)) throw new Error(`no list at ${path.join('.')}`)
  return found
}
