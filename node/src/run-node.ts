import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createRpcPorts, createTransactionIntake, type TransactionIntake } from '@mosaic/api'
import {
  type Chain,
  createPoolJournal,
  createTransactionPool,
  createVoteIntake,
  createVotePool,
  type PoolJournal,
  type VotePool,
} from '@mosaic/chain'
import { createSenderRecovery } from '@mosaic/execution'
import { readKeyFile } from '@mosaic/keys'
import {
  createEthereumClient,
  createJsonRpcClient,
  type EthereumClient,
  type JsonRpcRequest,
} from '@mosaic/origin'
import {
  type Address,
  encodeRlp,
  type Hash32,
  type Height,
  InvalidValueError,
  toBlockNumber,
  toHeight,
} from '@mosaic/primitives'
import { coreIdentifier, originIdentifier } from '@mosaic/protocol'
import { createIpcServer, createMethods, createRpcServer } from '@mosaic/rpc'
import { openStore } from '@mosaic/storage'
import { type Closers, createClosers } from './closers.ts'
import { finalityOf } from './config/read-config.ts'
import type { NodeConfig } from './config/types.ts'
import { type CoreWatch, createCoreWatch } from './core-watch.ts'
import { openDataDir } from './data-dir.ts'
import { openEndpoints } from './endpoints.ts'
import { nodeFigures, type PayingAccount } from './figures.ts'
import { openNodeFisherman } from './fisherman-role.ts'
import { listenAt, readGenesisFile } from './input-file.ts'
import { beginGuardJournals } from './key-guards.ts'
import type { Log } from './logger.ts'
import { type Metrics, openMetrics } from './metrics.ts'
import { openNodeChain } from './open-chain.ts'
import { createOriginViews } from './origin-views.ts'
import { startPeerNetwork } from './peer-network.ts'
import { every, pause } from './periodic.ts'
import { startRelayer } from './relayer-role.ts'
import { openProducer, openValidator, type WatchedValidator } from './roles.ts'
import { pruneStates } from './state-pruning.ts'
import type { Synchroniser } from './sync/synchroniser.ts'
import { VERSION } from './version.ts'

/** A running node. */
export type RunningNode = {
  readonly rpcUrl: string
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly genesisHash: Hash32
  readonly stop: () => Promise<void>
}

type Closer = Parameters<Closers['add']>[0]

/** How often duties are looked at though the head did not move: origin moves on its own. */
const DUTY_INTERVAL_MS = 1000
/** How often the fisherman looks whether something is to be reported. */
const FISHING_INTERVAL_MS = 2000
/** How often waiting transactions are brought to disk. */
const POOL_INTERVAL_MS = 5000
/** How often the core is looked at. */
const CORE_INTERVAL_MS = 2000

/**
 * Starts one node: chain, network, JSON-RPC, and what its keys make of it: producer, validator. Everything it had opened is closed again
 * if a later part does not start.
 *
 * @throws InvalidValueError if the genesis file, a key or the configuration is not what it must be.
 */
export async function runNode(config: NodeConfig, log: Log): Promise<RunningNode> {
  const closers = createClosers(log)
  try {
    closers.add(await openDataDir(config.dataDir))
    const figures = await openMetrics('node', config.metrics, log)
    closers.add(figures.stop)
    return await start(config, figures.log, figures.metrics, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function start(
  config: NodeConfig,
  log: Log,
  metrics: Metrics | undefined,
  closers: Closers,
): Promise<RunningNode> {
  const genesis = await readGenesisFile(config.genesisFile)
  const isNew = !existsSync(join(config.dataDir, 'chain'))
  if (isNew || config.newGuardJournal) {
    await beginGuardJournals(config, { originChainId: genesis.originChainId, core: genesis.core })
  }
  const store = await openStore(join(config.dataDir, 'chain'), { genesisHash: genesis.hash })
  closers.add(() => store.close())
  const recovery = createSenderRecovery({
    onFailure: (error) => log('warn', 'senders are recovered on the main thread now', { error }),
  })
  closers.add(() => recovery.close())
  const chain = await openNodeChain(genesis, store, { recovery })
  const transactions = createTransactionPool()
  const transactionIntake = createTransactionIntake(chain, transactions)
  closers.add(() => transactionIntake.close())
  closers.add(await keepPool(createPoolJournal(store, transactions), transactionIntake, log))
  const votes = createVotePool()
  const origin = openEndpoints(
    'origin',
    config.origin.url,
    finalityOf(config.origin),
    genesis.originChainId,
    log,
  )
  let ownRpc: JsonRpcRequest | undefined
  const stopping = new AbortController()
  const fisherman = await openNodeFisherman(config, {
    chain,
    store,
    origin,
    coreCreatedAt: genesis.coreCreatedAt,
    ownRpc: async (method, parameters) => {
      if (ownRpc === undefined) throw new InvalidValueError('a started server', undefined)
      return ownRpc(method, parameters)
    },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    signal: stopping.signal,
    log,
  })
  let validator: WatchedValidator | undefined
  const intake = createVoteIntake(chain, votes, (vote) => {
    validator?.doppelganger.see(vote.vote, vote.validator)
    fisherman.see(vote).catch((error: unknown) => {
      log('error', 'vote not watched', { error })
    })
  })
  closers.add(() => intake.close())
  closers.add(pruneVotes(chain, votes))
  if (config.keepStates !== undefined) {
    closers.add(pruneStates(chain, store, config.keepStates, log))
  }
  const proposals = new Map<Address, boolean>()

  const peers = await startPeerNetwork(config, {
    chain,
    genesis,
    origin,
    store,
    votes,
    intake,
    transactions,
    transactionIntake,
    log,
  })
  closers.add(() => peers.stop())
  const { network, sync } = peers

  const producer = await openProducer(config, {
    chain,
    store,
    transactions,
    votes,
    proposals,
    network,
    onBegun: sync.onBegun,
    log,
  })
  if (producer !== undefined) closers.add(() => producer.stop())

  validator = await openValidator(config, { chain, origin, intake, network, log })
  const coreWatch = createCoreWatch(origin, genesis.core, genesis.coreCreatedAt)
  closers.add(
    watchCore(coreWatch, log, async () => {
      await producer?.stop()
    }),
  )

  const ports = createRpcPorts({
    chain,
    transactions,
    transactionIntake,
    gossipTransaction: async (raw) => {
      await network.publish('transactions', encodeRlp([raw]))
    },
    peerCount: () => network.peers().length,
    syncProgress: () => {
      const target = sync.target()
      if (target === undefined) return undefined
      return {
        startingBlock: toBlockNumber(target.from),
        currentBlock: toBlockNumber(chain.head().header.number),
        highestBlock: toBlockNumber(target.highest),
      }
    },
    signer: producer?.address,
    proposals,
    mosaic: {
      store,
      votes,
      intake,
      gossipVote: async (bytes) => {
        await network.publish('vote', bytes)
      },
      validator: validator?.address,
      accountability: coreWatch.accountability,
      origin: createOriginViews(origin, genesis.core, genesis.coreCreatedAt),
    },
    clientVersion: `mosaic/${VERSION}/${process.platform}-${process.arch}/node${process.versions.node}`,
  })
  closers.add(() => ports.close())
  const methods = createMethods(ports)
  closers.add(() => methods.close())
  const server = createRpcServer(
    {
      host: config.rpc.host,
      port: config.rpc.port,
      tokenSecret:
        config.rpc.tokenSecretFile === undefined
          ? undefined
          : await readKeyFile(config.rpc.tokenSecretFile),
      health: { ready: () => ({ ok: sync.target() === undefined }) },
    },
    methods,
  )
  await listenAt('rpc.host and rpc.port', `${config.rpc.host}:${config.rpc.port}`, server.start())
  closers.add(() => server.stop())
  if (config.rpc.ipcPath !== undefined) {
    const ipc = createIpcServer({ path: config.rpc.ipcPath }, methods)
    await listenAt('rpc.ipcPath', config.rpc.ipcPath, ipc.start())
    closers.add(() => ipc.stop())
  }
  ownRpc = createJsonRpcClient(server.url())
  for (const where of ['origin', 'auxiliary'] as const) {
    const stopFishing = every(
      FISHING_INTERVAL_MS,
      async () => {
        if (sync.target() === undefined) await fisherman.performDuties(where)
      },
      (error) => log('warn', 'fisherman failed', { error }),
    )
    closers.add(async () => {
      stopping.abort()
      await stopFishing()
    })
  }
  const auxiliary = createEthereumClient(ownRpc, { kind: 'finalized-tag' }, genesis.chain.chainId)
  metrics?.add(
    nodeFigures({
      chain,
      transactions,
      votes,
      network,
      sync,
      coreWatch,
      accounts: [
        ...payersOf('fisherman', fisherman.account, origin, auxiliary),
        ...payersOf('producer', producer?.address, undefined, auxiliary),
      ],
    }),
  )
  if (config.relayer !== undefined) {
    const relayer = await startRelayer(config.relayer, {
      dataDir: config.dataDir,
      genesis,
      origin,
      auxiliary,
      signer: producer?.address,
      passwordFile: config.passwordFile,
      sleep: pause,
      metrics,
      log,
    })
    closers.add(() => relayer.stop())
  }
  // Nothing is sealed or voted before every part has opened: a node that cannot start leaves no trace.
  producer?.start()
  if (validator !== undefined) closers.add(runDuties(validator, chain, sync, coreWatch, log))
  log('info', 'node.ready', {
    chainId: genesis.chain.chainId,
    core: genesis.core,
    genesisHash: genesis.hash,
    rpcUrl: server.url(),
    peerId: network.peerId,
    addresses: network.addresses(),
    signer: producer?.address,
    validator: validator?.address,
    fisherman: fisherman.account,
    knownPeers: config.network.peers.length,
    head: chain.head().header.number,
    crypto: chain.execution.crypto,
  })
  return {
    rpcUrl: server.url(),
    peerId: network.peerId,
    addresses: network.addresses(),
    genesisHash: genesis.hash,
    stop: closers.close,
  }
}

/** The accounts of one key on the chains on which it pays. */
function payersOf(
  use: string,
  account: Address | undefined,
  origin: EthereumClient | undefined,
  auxiliary: EthereumClient,
): readonly PayingAccount[] {
  if (account === undefined) return []
  const onAuxiliary: PayingAccount = { chain: 'auxiliary', use, account, client: auxiliary }
  return origin === undefined
    ? [onAuxiliary]
    : [{ chain: 'origin', use, account, client: origin }, onAuxiliary]
}

/** Takes up what waited when the node stopped, and keeps what waits on disk; a kill loses what came in the last seconds. */
async function keepPool(
  journal: PoolJournal,
  transactionIntake: TransactionIntake,
  log: Log,
): Promise<Closer> {
  // What is not valid any more goes with the next saving.
  for (const raw of await journal.load()) await transactionIntake.add(raw)
  const stop = every(POOL_INTERVAL_MS, journal.save, (error) => {
    log('warn', 'waiting transactions not saved', { error })
  })
  return async () => {
    await stop()
    await journal.save()
  }
}

/** Forgets votes that can no longer count. */
function pruneVotes(chain: Chain, votes: VotePool): Closer {
  const { identity, maxVoteAge } = chain.definition
  const oldest = (justified: Height): Height =>
    toHeight(justified > maxVoteAge ? justified - maxVoteAge : 0n)
  return chain.onHead(({ head }) => {
    votes.prune(coreIdentifier(identity), oldest(head.auxiliary.justified.height))
    votes.prune(originIdentifier(identity.originChainId), oldest(head.origin.justified.height))
  })
}

/** Looks at the core now and then. Once it is halted nothing that happens on auxiliary counts any more: `stop` is called, once. */
function watchCore(coreWatch: CoreWatch, log: Log, stop: () => Promise<void>): Closer {
  let stopped = false
  return every(
    CORE_INTERVAL_MS,
    async () => {
      await coreWatch.look()
      if (stopped || !coreWatch.isHalted()) return
      stopped = true
      log('error', 'core.halted', { ...coreWatch.accountability()?.halt })
      await stop()
    },
    (error) => log('debug', 'core not read', { error }),
  )
}

/** Lets the validator look at every new head and once a second, but not while blocks are missing, nor once the core is halted. */
function runDuties(
  validator: WatchedValidator,
  chain: Chain,
  sync: Synchroniser,
  coreWatch: CoreWatch,
  log: Log,
): Closer {
  const perform = async (): Promise<void> => {
    if (sync.target() !== undefined || coreWatch.isHalted()) return
    if (validator.doppelganger.mayVote()) await validator.performDuties()
    else reportDoppelganger()
  }
  const report = (error: unknown): void => log('warn', 'duties not performed', { error })
  let isReported = false
  const reportDoppelganger = (): void => {
    const vote = validator.doppelganger.found()
    if (vote === undefined || isReported) return
    isReported = true
    log('error', 'validator.doppelganger', { validator: validator.address, ...vote })
  }
  const forgetHead = chain.onHead(() => void perform().catch(report))
  const stopTimer = every(DUTY_INTERVAL_MS, perform, report)
  return async () => {
    forgetHead()
    await stopTimer()
    await validator.stop()
  }
}
