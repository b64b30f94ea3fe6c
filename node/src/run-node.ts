import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Chain,
  type ChainDefinition,
  countedVotes,
  createProducer,
  createTransactionPool,
  createVoteIntake,
  createVotePool,
  decodeSignedVote,
  encodeSignedVote,
  openChain,
  type Producer,
} from '@mosaic/chain'
import { createExecutionLayer, encodeBlock } from '@mosaic/execution'
import { decodeGenesisFile, type NetworkGenesis } from '@mosaic/genesis'
import {
  createNetwork,
  createNodeKey,
  createSystemClock,
  type GossipVerdict,
  type Network,
  type NodeKey,
  type Status,
} from '@mosaic/network'
import { createEthereumClient, createJsonRpcClient } from '@mosaic/origin'
import {
  type Address,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  type Hash32,
  type Height,
  InvalidValueError,
  toBlockNumber,
  toHash32,
  toHeight,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  originIdentifier,
  secretKeyToAddress,
  signDigest,
  voteDigest,
} from '@mosaic/protocol'
import { createMethods, createRpcServer } from '@mosaic/rpc'
import { openStore, type Store } from '@mosaic/storage'
import {
  createValidator,
  openJournalFile,
  openSigningGuard,
  type Validator,
} from '@mosaic/validator'
import type { NodeConfig } from './config.ts'
import { readKeyFile } from './key-file.ts'
import type { Log } from './logger.ts'
import { createRpcPorts, createTransactionIntake } from './rpc/index.ts'
import { createSynchroniser } from './sync.ts'
import { createAuxiliaryView, createOriginWatch } from './validator-ports.ts'

/** A running node. */
export type RunningNode = {
  readonly rpcUrl: string
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly genesisHash: Hash32
  readonly stop: () => Promise<void>
}

/** How often duties are looked at though the head did not move: origin moves on its own. */
const DUTY_INTERVAL_MS = 1000
/** How often a peer is asked for votes that gossip may have lost. */
const VOTE_PULL_INTERVAL_MS = 4000
const VERSION = '0.1.0'

/**
 * Starts one node: chain, network, JSON-RPC, and what its keys make of it: producer, validator. Everything it had opened is closed again
 * if a later part does not start.
 */
export async function runNode(config: NodeConfig, log: Log): Promise<RunningNode> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) {
      await Promise.resolve(closer()).catch((error: unknown) => {
        log('warn', 'a part did not close cleanly', { error })
      })
    }
    closers.length = 0
  }
  try {
    return await start(config, log, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  config: NodeConfig,
  log: Log,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<RunningNode> {
  const genesis = decodeGenesisFile(await readFile(config.genesisFile, 'utf8'))
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const store = await openStore(join(config.dataDir, 'chain'), { genesisHash: genesis.hash })
  closers.push(() => store.close())
  const chain = await openNodeChain(genesis, store)
  const { definition } = chain
  const transactions = createTransactionPool()
  const transactionIntake = createTransactionIntake(chain, transactions)
  const votes = createVotePool()
  const intake = createVoteIntake(chain, votes)
  const proposals = new Map<Address, boolean>()
  const domain = domainSeparator(definition.identity)
  const auxiliaryChain = coreIdentifier(definition.identity)
  const originChain = originIdentifier(definition.identity.originChainId)

  const takeVote = async (bytes: Uint8Array): Promise<GossipVerdict> => {
    const verdict = await intake.take(bytes)
    if (verdict.ok) return 'accept'
    return verdict.fault.code === 'VOTE_MALFORMED' ? 'reject' : 'ignore'
  }
  let network: Network | undefined
  const requireNetwork = (): Network => {
    if (network === undefined) throw new InvalidValueError('a started network', undefined)
    return network
  }
  const sync = createSynchroniser(chain, requireNetwork, log)
  const statusOf = (peerId: string): Status | undefined =>
    network?.peers().find((peer) => peer.peerId === peerId)?.status

  network = await createNetwork(
    {
      nodeKey: await loadNodeKey(join(config.dataDir, 'node-key')),
      genesisHash: genesis.hash,
      coreIdentifier: auxiliaryChain,
      listen: config.network.listen,
      peers: config.network.peers,
    },
    {
      clock: createSystemClock(),
      random: Math.random,
      logger: {
        debug: (message, fields) => log('debug', message, fields),
        info: (message, fields) => log('info', message, fields),
        warn: (message, fields) => log('warn', message, fields),
      },
      status: () => nodeStatus(chain, genesis.hash, auxiliaryChain),
      validators: {
        block: async (bytes, peerId) => {
          const verdict = await chain.importBlock(bytes)
          if (verdict.ok) return verdict.value.isNew ? 'accept' : 'ignore'
          const { fault } = verdict
          if (fault.code === 'CHAIN_UNKNOWN_PARENT') {
            const known = statusOf(peerId)
            if (known !== undefined) {
              // The sender has at least this block, whatever it said at the last handshake.
              const number = fault.number > known.head.number ? fault.number : known.head.number
              const totalDifficulty = known.head.totalDifficulty + chain.head().totalDifficulty
              sync.notice(peerId, {
                ...known,
                head: { number, hash: fault.parentHash, totalDifficulty },
              })
            }
            return 'ignore'
          }
          if (fault.code === 'FUTURE_BLOCK' || fault.code === 'CHAIN_CONFLICTS_WITH_FINALITY')
            return 'ignore'
          log('warn', 'block refused', { peerId, fault })
          return 'reject'
        },
        transactions: async (bytes) => {
          const items = decodeTransactionBatch(bytes)
          if (items === undefined) return 'reject'
          let accepted = false
          for (const raw of items) accepted = (await transactionIntake.add(raw)).ok || accepted
          return accepted ? 'accept' : 'ignore'
        },
        vote: takeVote,
      },
      handlers: {
        blocksByRange: async function* ({ start: first, count }) {
          for (let number: bigint = first; number < first + BigInt(count); number++) {
            const hash = chain.database.canonicalHash(toBlockNumber(number))
            const block = hash === undefined ? undefined : chain.database.block(hash)
            if (block === undefined) return
            yield encodeBlock(block)
          }
        },
        blocksByHash: async function* ({ hashes }) {
          for (const hash of hashes) {
            const block = chain.database.block(hash)
            if (block !== undefined) yield encodeBlock(block)
          }
        },
        votesByHeight: async function* ({ chain: name, from, to }) {
          const about = name === 'origin' ? originChain : auxiliaryChain
          for (let height: bigint = from; height <= to; height++) {
            const counted = await countedVotes(store, definition, about, toHeight(height))
            for (const vote of counted) yield encodeSignedVote(vote)
            for (const vote of votes.byHeight(about, toHeight(height))) yield encodeSignedVote(vote)
          }
        },
      },
    },
  )
  const started = network

  const pullVotes = async (peerId: string): Promise<void> => {
    const head = chain.head()
    const newest = head.header.number / definition.epochLength
    const ranges: readonly (readonly ['auxiliary' | 'origin', Height, bigint])[] = [
      ['auxiliary', head.auxiliary.justified.height, newest],
      ['origin', head.origin.justified.height, head.origin.justified.height + 8n],
    ]
    for (const [name, from, last] of ranges) {
      const to = toHeight(last < from + 63n ? last : from + 63n)
      for await (const bytes of started.request(peerId, 'votesByHeight', {
        chain: name,
        from,
        to,
      })) {
        await intake.take(bytes)
      }
    }
  }

  started.events.on('peer-ready', (peerId, status) => {
    sync.notice(peerId, status)
    pullVotes(peerId).catch((error: unknown) => {
      log('debug', 'votes not pulled', { peerId, error })
    })
  })
  started.events.on('status', (peerId, status) => {
    sync.notice(peerId, status)
  })
  await started.start()
  closers.push(async () => {
    await sync.stop()
    await started.stop()
  })

  closers.push(
    every(
      VOTE_PULL_INTERVAL_MS,
      async () => {
        const peers = started.peers().filter(({ status }) => status !== undefined)
        const peer = peers[Math.floor(Math.random() * peers.length)]
        if (peer !== undefined) await pullVotes(peer.peerId)
      },
      (error) => log('debug', 'votes not pulled', { error }),
    ),
  )
  closers.push(
    chain.onHead(({ head }) => {
      votes.prune(
        auxiliaryChain,
        lowerBound(head.auxiliary.justified.height, definition.maxVoteAge),
      )
      votes.prune(originChain, lowerBound(head.origin.justified.height, definition.maxVoteAge))
    }),
  )

  const producer = await startProducer(config, {
    chain,
    transactions,
    votes,
    proposals,
    network: started,
    log,
  })
  if (producer !== undefined) closers.push(() => producer.stop())

  const client = createEthereumClient(
    createJsonRpcClient(config.origin.url),
    config.origin.finality,
    genesis.originChainId,
  )
  const validator = await startValidator(config, chain, client, domain, started, takeVote, log)
  if (validator !== undefined) {
    const perform = async (): Promise<void> => {
      if (sync.target() === undefined) await validator.performDuties()
    }
    const report = (error: unknown): void => log('warn', 'duties not performed', { error })
    closers.push(() => validator.stop())
    closers.push(chain.onHead(() => void perform().catch(report)))
    closers.push(every(DUTY_INTERVAL_MS, perform, report))
  }

  const ports = createRpcPorts({
    chain,
    store,
    transactions,
    transactionIntake,
    votes,
    intake,
    gossipTransaction: async (raw) => {
      await started.publish('transactions', encodeRlp([raw]))
    },
    gossipVote: async (bytes) => {
      await started.publish('vote', bytes)
    },
    peerCount: () => started.peers().length,
    syncProgress: () => {
      const target = sync.target()
      if (target === undefined) return undefined
      return {
        startingBlock: toBlockNumber(target.from),
        currentBlock: toBlockNumber(chain.head().header.number),
        highestBlock: toBlockNumber(target.highest),
      }
    },
    proposals,
    validator: validator?.address,
    signer: producer?.address,
    origin: { client, createdAt: genesis.coreCreatedAt },
    clientVersion: `mosaic/${VERSION}/${process.platform}-${process.arch}/node${process.versions.node}`,
  })
  closers.push(() => ports.close())
  const methods = createMethods(ports)
  const server = createRpcServer(
    {
      host: config.rpc.host,
      port: config.rpc.port,
      health: { ready: () => ({ ok: sync.target() === undefined }) },
    },
    methods,
  )
  await server.start()
  closers.push(() => server.stop())
  log('info', 'node.ready', {
    chainId: genesis.chain.chainId,
    core: genesis.core,
    genesisHash: genesis.hash,
    rpcUrl: server.url(),
    peerId: started.peerId,
    addresses: started.addresses(),
    signer: producer?.address,
    validator: validator?.address,
    head: chain.head().header.number,
    crypto: chain.execution.crypto,
  })
  return {
    rpcUrl: server.url(),
    peerId: started.peerId,
    addresses: started.addresses(),
    genesisHash: genesis.hash,
    stop: close,
  }
}

/** Opens the chain of a genesis on a store. @throws InvalidValueError if the genesis file does not make the hash it names. */
async function openNodeChain(genesis: NetworkGenesis, store: Store): Promise<Chain> {
  const definition: ChainDefinition = {
    rules: genesis.clique,
    epochLength: genesis.epochLength,
    originEpochLength: genesis.originEpochLength,
    maxVoteAge: genesis.maxVoteAge,
    identity: { originChainId: genesis.originChainId, core: genesis.core },
    originRoot: genesis.originRoot,
    kernelHash: genesis.kernelHash,
  }
  let chain: Chain | undefined
  const execution = await createExecutionLayer({
    genesis: genesis.chain,
    source: { node: (hash) => store.get('node', hash), code: (hash) => store.get('code', hash) },
    ancestorHash: (parentHash, number) => {
      const parent = chain?.database.record(parentHash)
      return parent === undefined ? undefined : chain?.ancestor(parent, toBlockNumber(number))?.hash
    },
    tracker: 'required',
  })
  const { hash } = execution.genesis.block
  if (hash !== genesis.hash)
    throw new InvalidValueError(`a genesis that hashes to ${genesis.hash}`, hash)
  chain = await openChain({
    definition,
    execution,
    store,
    nowSeconds: () => BigInt(Math.floor(Date.now() / 1000)),
  })
  return chain
}

async function startProducer(
  config: NodeConfig,
  parts: {
    readonly chain: Chain
    readonly transactions: ReturnType<typeof createTransactionPool>
    readonly votes: ReturnType<typeof createVotePool>
    readonly proposals: ReadonlyMap<Address, boolean>
    readonly network: Network
    readonly log: Log
  },
): Promise<Producer | undefined> {
  if (config.signerKeyFile === undefined) return undefined
  const { chain, transactions, votes, proposals, network, log } = parts
  const producer = createProducer(
    {
      chain,
      transactions,
      votes,
      proposals: () => proposals,
      publish: async (block) => {
        await network.publish('block', encodeBlock(block))
      },
      now: Date.now,
      random: Math.random,
      schedule: (ms, step) => {
        const timer = setTimeout(step, ms)
        return () => clearTimeout(timer)
      },
      log,
    },
    { secretKey: await readKeyFile(config.signerKeyFile), gasLimit: config.gasLimit },
  )
  producer.start()
  return producer
}

async function startValidator(
  config: NodeConfig,
  chain: Chain,
  client: Parameters<typeof createOriginWatch>[1],
  domain: Hash32,
  network: Network,
  takeVote: (bytes: Uint8Array) => Promise<GossipVerdict>,
  log: Log,
): Promise<Validator | undefined> {
  if (config.validatorKeyFile === undefined) return undefined
  const secretKey = await readKeyFile(config.validatorKeyFile)
  const validator = secretKeyToAddress(secretKey)
  const journal = await openJournalFile(join(config.dataDir, `guard-${validator}.journal`), {
    create: true,
  })
  const guard = await openSigningGuard(journal, { validator, domain }, async (vote) =>
    signDigest(voteDigest(domain, vote), secretKey),
  )
  return createValidator({
    guard,
    auxiliary: async () => createAuxiliaryView(chain, log),
    origin: createOriginWatch(chain, client),
    publish: async (vote) => {
      const bytes = encodeSignedVote(vote)
      decodeSignedVote(bytes, domain)
      await takeVote(bytes)
      await network.publish('vote', bytes)
    },
    log,
  })
}

function nodeStatus(chain: Chain, genesisHash: Hash32, identifier: Hash32): Status {
  const head = chain.head()
  return {
    genesisHash,
    coreIdentifier: identifier,
    finalized: chain.finalized(),
    head: {
      number: toBlockNumber(head.header.number),
      hash: head.hash,
      totalDifficulty: head.totalDifficulty,
    },
  }
}

async function loadNodeKey(path: string): Promise<NodeKey> {
  try {
    return toHash32((await readFile(path, 'utf8')).trim())
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    const key = createNodeKey()
    await writeFile(path, `${key}\n`, { mode: 0o600, flag: 'wx' })
    return key
  }
}

function decodeTransactionBatch(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  try {
    const items = decodeRlp(bytes, 1)
    if (items instanceof Uint8Array) return undefined
    return items.map((item) => {
      if (!(item instanceof Uint8Array))
        throw new InvalidValueError('a transaction', bytesToHex(bytes))
      return item
    })
  } catch {
    return undefined
  }
}

/** Runs `step` again and again, never two at a time; the returned function ends it and waits. */
function every(
  ms: number,
  step: () => Promise<void>,
  report: (error: unknown) => void,
): () => Promise<void> {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= step()
      .catch(report)
      .finally(() => {
        running = undefined
      })
  }, ms)
  return async () => {
    clearInterval(timer)
    await running
  }
}

function lowerBound(height: Height, age: bigint): Height {
  return toHeight(height > age ? height - age : 0n)
}
