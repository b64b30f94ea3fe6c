import { type CoreParameters, originObserverViews, PREDEPLOYS } from '@mosaic/contracts'
import { buildGenesis, encodeDefinition, type NetworkGenesis } from '@mosaic/genesis'
import {
  createEthereumClient,
  createJsonRpcClient,
  createTransactionSender,
  type EthereumClient,
  type JsonRpcRequest,
  RpcError as OriginRpcError,
  readCoreGenesis,
  type SenderOptions,
} from '@mosaic/origin'
import {
  type Address,
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  toAddress,
  toBlockNumber,
  toGas,
  toHeight,
  utf8ToBytes,
  ZERO_HASH,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  originIdentifier,
  originTransitionHash,
  secretKeyToAddress,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { createRpcPorts, createTransactionIntake } from '../../packages/api/src/index.ts'
import {
  type Chain,
  createKeySealer,
  createProducer,
  createTransactionPool,
  createVoteIntake,
  createVotePool,
  deriveTransitionHash,
  encodeSignedVote,
  openChain,
} from '../../packages/chain/src/index.ts'
import { createExecutionLayer } from '../../packages/execution/src/index.ts'
import {
  createRelayer,
  type Ledger,
  type LedgerChain,
  type RelayedCore,
  type Relayer,
  type RelayerPorts,
  type RelayTurns,
} from '../../packages/relayer/src/index.ts'
import { createMethods, RpcError, UNCONDITIONALLY } from '../../packages/rpc/src/index.ts'
import { createMemoryStore, type Store } from '../../packages/storage/src/index.ts'
import { type Anvil, startAnvil, toQuantity } from '../contracts/anvil.ts'
import { ORIGIN_CHAIN_ID, openCore, type RunningCore } from '../contracts/meta-block.ts'

const ETHER = 10n ** 18n
const GAS_LIMIT = 30_000_000n
const EPOCH_LENGTH = 2n

function key(name: string): Uint8Array {
  return hexToBytes(keccak256(utf8ToBytes(name)))
}

const SIGNER = key('signer')
const RELAYERS = ['first relayer', 'second relayer'].map(key)

/** Accounts of the relayers, on both chains. */
export const RELAYER_ACCOUNTS: readonly Address[] = RELAYERS.map(secretKeyToAddress)

/** Secret keys of accounts that hold ether on both chains and do nothing by themselves. */
export const FISHERMEN: readonly Uint8Array[] = [1, 2, 3, 4, 5].map((i) => key(`fisherman ${i}`))

/** A core on anvil and its auxiliary chain in this process, with validators that vote for all they see. */
export type Rig = {
  readonly anvil: Anvil
  readonly core: RunningCore
  readonly chain: Chain
  /** Where the chain is kept. */
  readonly store: Store
  readonly relayed: RelayedCore
  readonly origin: JsonRpcRequest
  readonly auxiliary: JsonRpcRequest
  /** Lets the validators vote, and both chains grow by one block; once for all who ask meanwhile. */
  readonly turn: () => Promise<void>
  /** A relayer with an account of its own, in the state of one just started. */
  readonly createRelayer: (options?: RelayerOptions) => Relayer
  /** Secret keys of those who vote: the first validators, until others are added. */
  readonly voters: Uint8Array[]
  readonly logged: unknown[]
  readonly stop: () => Promise<void>
}

type RelayerOptions = {
  readonly account?: 0 | 1
  /** Stands before each request of the relayer. */
  readonly guard?: (method: string) => void
  readonly turns?: RelayTurns
  readonly ledger?: Ledger
  readonly followsReputations?: boolean
}

/** @param reputation creation code of the core's reputation; stake alone decides unless told. */
export async function createRig(
  parameters: Partial<CoreParameters> = {},
  reputation?: Hex,
): Promise<Rig> {
  const anvil = await startAnvil()
  const own =
    reputation === undefined
      ? {}
      : { reputation: toAddress((await anvil.send({ data: reputation })).contractAddress ?? '') }
  const definition = encodeDefinition({
    period: 1n,
    cliqueEpoch: 30_000n,
    gasLimit: GAS_LIMIT,
    baseFeePerGas: 10n ** 9n,
    signers: [secretKeyToAddress(SIGNER)],
    balances: Object.fromEntries(
      [SIGNER, ...RELAYERS, ...FISHERMEN].map((secret) => [
        secretKeyToAddress(secret),
        1000n * ETHER,
      ]),
    ),
  })
  const core = await openCore(anvil, 4, {
    definition: bytesToHex(definition),
    parameters: {
      epochLength: EPOCH_LENGTH,
      originEpochLength: 2n,
      maxVoteAge: 16n,
      gasTarget: toGas(100_000n),
      challengePeriod: 3n,
      ...own,
      ...parameters,
    },
  })
  for (const secret of [...RELAYERS, ...FISHERMEN]) {
    await anvil.request('anvil_setBalance', secretKeyToAddress(secret), toQuantity(1000n * ETHER))
  }
  const origin = createJsonRpcClient(anvil.url)
  const watch = clientOf(origin)
  const genesis = await buildGenesis(await readCoreGenesis(watch, core.address))
  const voters = [...core.keys]
  const auxiliary = await createAuxiliary(genesis, watch, voters)
  const relayed: RelayedCore = {
    identity: { originChainId: ORIGIN_CHAIN_ID, core: core.address },
    createdAt: genesis.coreCreatedAt,
    epochLength: genesis.epochLength,
    originEpochLength: genesis.originEpochLength,
  }
  const logged: unknown[] = []
  let turning: Promise<void> | undefined
  const turn = (): Promise<void> => {
    turning ??= anvil
      .request('anvil_mine')
      .then(() => auxiliary.turn())
      .finally(() => {
        turning = undefined
      })
    return turning
  }

  return {
    anvil,
    core,
    chain: auxiliary.chain,
    store: auxiliary.store,
    relayed,
    origin,
    auxiliary: auxiliary.request,
    turn,
    logged,
    voters,
    createRelayer: ({
      account = 0,
      guard = () => undefined,
      turns,
      ledger,
      followsReputations = false,
    } = {}) => {
      const secret = RELAYERS[account] ?? SIGNER
      const guarded =
        (request: JsonRpcRequest): JsonRpcRequest =>
        async (method, params) => {
          guard(method)
          return request(method, params)
        }
      const onOrigin = clientOf(guarded(origin))
      const onAuxiliary = createEthereumClient(
        guarded(auxiliary.request),
        { kind: 'finalized-tag' },
        genesis.chain.chainId,
      )
      const optionsOf = (chain: LedgerChain): SenderOptions => ({
        sleep: turn,
        pollMs: 0,
        ownsAccount: true,
        ...(ledger === undefined ? {} : { book: ledger.book(chain) }),
      })
      const ports: RelayerPorts = {
        origin: {
          client: onOrigin,
          sender: createTransactionSender(onOrigin, secret, optionsOf('origin')),
        },
        auxiliary: {
          client: onAuxiliary,
          sender: createTransactionSender(onAuxiliary, secret, optionsOf('auxiliary')),
        },
        turns,
        log: (level, event, fields) => logged.push({ level, event, ...fields }),
      }
      return createRelayer(ports, relayed, { maxIntervalSeconds: 1_000_000n, followsReputations })
    },
    stop: async () => {
      auxiliary.close()
      await anvil.stop()
    },
  }
}

/** Final on origin is what is two blocks deep. */
function clientOf(request: JsonRpcRequest): EthereumClient {
  return createEthereumClient(request, { kind: 'confirmations', depth: 2n }, ORIGIN_CHAIN_ID)
}

type Auxiliary = {
  readonly chain: Chain
  readonly store: Store
  readonly request: JsonRpcRequest
  readonly turn: () => Promise<void>
  readonly close: () => void
}

async function createAuxiliary(
  genesis: NetworkGenesis,
  origin: EthereumClient,
  voters: readonly Uint8Array[],
): Promise<Auxiliary> {
  const store = createMemoryStore()
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
  let seconds = genesis.chain.timestamp
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
    nowSeconds: () => seconds,
  })
  opened = chain
  const transactions = createTransactionPool()
  const transactionIntake = createTransactionIntake(chain, transactions)
  const votes = createVotePool()
  const intake = createVoteIntake(chain, votes)
  const ports = createRpcPorts({
    chain,
    transactions,
    transactionIntake,
    gossipTransaction: async () => undefined,
    peerCount: () => 0,
    syncProgress: () => undefined,
    signer: secretKeyToAddress(SIGNER),
    proposals: new Map(),
    mosaic: {
      store,
      votes,
      intake,
      gossipVote: async () => undefined,
      validator: undefined,
      origin: undefined,
      accountability: () => undefined,
    },
    clientVersion: 'mosaic/test',
  })
  const methods = createMethods(ports)

  const mine = async (): Promise<void> => {
    seconds += 1n
    const sealed = Promise.withResolvers<void>()
    let step: (() => void) | undefined
    const producer = createProducer(
      {
        chain,
        transactions,
        votes,
        publish: async () => sealed.resolve(),
        now: () => Number(seconds) * 1000,
        schedule: (_ms, run) => {
          step ??= run
          return () => undefined
        },
        random: () => 0,
        proposals: () => new Map(),
        log: (level, event, fields) => {
          if (level === 'warn') sealed.reject(new Error(`${event} ${String(fields['error'])}`))
        },
      },
      { sealer: createKeySealer(SIGNER), gasLimit: GAS_LIMIT },
    )
    producer.start()
    step?.()
    await sealed.promise
    await producer.stop()
  }

  const vote = async (message: VoteMessage | undefined): Promise<void> => {
    if (message === undefined) return
    const digest = voteDigest(domainSeparator(chain.definition.identity), message)
    for (const secret of voters) {
      const signature = signDigest(digest, secret)
      await intake.take(encodeSignedVote({ vote: message, signature }))
    }
  }

  return {
    chain,
    store,
    request: async (method, params) => {
      try {
        return await methods.call(method, params, {
          ...UNCONDITIONALLY,
          connection: undefined,
          afterResponse: () => undefined,
        })
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
        throw new OriginRpcError(method, error.shape.rpcCode, error.message, undefined)
      }
    },
    turn: async () => {
      await vote(auxiliaryVote(chain))
      await vote(await originVote(chain, origin))
      await mine()
    },
    close: () => {
      methods.close()
      ports.close()
      transactionIntake.close()
      intake.close()
    },
  }
}

/** From the justified checkpoint to the newest one below the head. */
function auxiliaryVote(chain: Chain): VoteMessage | undefined {
  const head = chain.head()
  const source = head.auxiliary.justified
  const targetHeight = toHeight(head.header.number / EPOCH_LENGTH)
  const target = chain.checkpoint(head, targetHeight)
  const at = chain.checkpoint(head, source.height)
  if (targetHeight <= source.height || target === undefined || at === undefined) return undefined
  return {
    chain: coreIdentifier(chain.definition.identity),
    transitionHash: deriveTransitionHash(at, chain.database.record(at.header.parentHash)),
    source: source.hash,
    target: target.hash,
    sourceHeight: source.height,
    targetHeight,
  }
}

/** From the justified origin checkpoint to the next one, if it is reported. */
async function originVote(chain: Chain, origin: EthereumClient): Promise<VoteMessage | undefined> {
  const head = chain.head()
  const { originEpochLength, identity } = chain.definition
  const source = head.origin.justified
  for (let rise = 1n; rise <= 64n; rise++) {
    const targetHeight = toHeight(source.height + rise)
    const target = await origin.header(toBlockNumber(targetHeight * originEpochLength))
    const from = await origin.header(source.hash)
    if (target === undefined || from === undefined) return undefined
    const observed = await chain.execution.queries.call(
      head.header,
      head.signer ?? PREDEPLOYS.originObserver,
      {
        to: PREDEPLOYS.originObserver,
        data: hexToBytes(originObserverViews.observation.encode(target.hash)),
      },
    )
    if (!observed.ok) return undefined
    const known = originObserverViews.observation.decode(bytesToHex(observed.value.returned))
    if (known.blockHash === ZERO_HASH) continue
    return {
      chain: originIdentifier(identity.originChainId),
      transitionHash: originTransitionHash({
        blockNumber: from.number,
        blockHash: from.hash,
        stateRoot: from.stateRoot,
      }),
      source: source.hash,
      target: target.hash,
      sourceHeight: source.height,
      targetHeight,
    }
  }
  return undefined
}
