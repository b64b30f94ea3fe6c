import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { utf8ToBytes } from '@mosaic/primitives'
import { createDialer } from './dialer.ts'
import { createDiscovery } from './discovery.ts'
import { createEmitter } from './events.ts'
import { toProtocol } from './exchange.ts'
import { requestChunks } from './exchange-client.ts'
import { createExchangeServer } from './exchange-server.ts'
import { createGossip } from './gossip.ts'
import { createHandshake, OTHER_CHAIN } from './handshake.ts'
import { createHostGate } from './host-gate.ts'
import { createNode } from './libp2p.ts'
import { createLocalDiscovery, toServiceTag } from './local-discovery.ts'
import {
  encodeStatus,
  MAX_PEER_ADDRESSES,
  METHODS,
  type MethodName,
  type MethodTypes,
} from './messages.ts'
import { nodeKeyToPrivateKey } from './node-key.ts'
import { createPeerBook, type PeerMemory } from './peer-book.ts'
import type {
  NetworkBudgets,
  NetworkEvents,
  NetworkLogger,
  NetworkOptions,
  NetworkPorts,
  NetworkTiming,
  PeerInfo,
} from './ports.ts'
import { createReputation, decayPoints, PENALTY } from './reputation.ts'
import { RequestFailedError } from './request-errors.ts'
import { TOPIC_NAMES, TOPIC_RULES, type TopicName, toTopic } from './topics.ts'
import { createWatchdog } from './watchdog.ts'

/** Options of one request. */
export type RequestOptions = {
  readonly signal?: AbortSignal
  /** How long chunks are waited for, all together; `serveMs` unless told. What the caller itself takes is not counted. */
  readonly waitMs?: number
}

/** A node's place in the peer-to-peer network. Started once, stopped once. */
export type Network = {
  readonly peerId: string
  readonly start: () => Promise<void>
  /** Says goodbye, and resolves when nothing of the network runs any more. */
  readonly stop: () => Promise<void>
  /** Multiaddresses at which this node is reached, with its peer id. Empty before the start. */
  readonly addresses: () => readonly string[]
  readonly peers: () => readonly PeerInfo[]
  /**
   * Dials `address` from now on, for ever, and lets that peer connect.
   *
   * @throws InvalidValueError unless it is a multiaddress that ends in `/p2p/<peer id>`.
   */
  readonly addPeer: (address: string) => void
  /** Stops dialling the peer and disconnects it. */
  readonly removePeer: (peerId: string) => Promise<void>
  /**
   * Gossips `bytes` and resolves to the number of peers it was sent to. The same bytes within two minutes are sent once.
   * Nothing is kept for peers that connect later: what must arrive is also asked for (`votesByHeight`, `blocksByRange`,
   * `transactionHashes`).
   *
   * @throws InvalidValueError if `bytes` exceed what the topic allows.
   */
  readonly publish: (topic: TopicName, bytes: Uint8Array) => Promise<number>
  /**
   * Asks a connected peer, and yields what it answers as fast as the caller takes it. A response may hold less than asked:
   * it ends at 4 MiB.
   *
   * @throws RequestRefusedError if the peer refuses.
   * @throws RequestFailedError if it is not connected, too slow, or breaks off; an end of the loop is a complete response.
   */
  readonly request: <Name extends MethodName>(
    peerId: string,
    method: Name,
    request: MethodTypes[Name]['request'],
    options?: RequestOptions,
  ) => AsyncGenerator<MethodTypes[Name]['chunk'], void, undefined>
  /** Counts a breach that only the caller sees, such as an invalid block in a response; four of them are a ban. */
  readonly penalise: (peerId: string, reason: string) => void
  /** Where peers were reached, who is banned, and who has points: for `memory` at the next start. */
  readonly memory: () => PeerMemory
  readonly events: NetworkEvents
}

const DEFAULT_TIMING: NetworkTiming = {
  maintenanceMs: 1000,
  redialMinMs: 500,
  redialMaxMs: 5000,
  gossipGraceMs: 15_000,
  banMs: 10 * 60_000,
  otherChainMs: 60_000,
  statusMs: 30_000,
  localQueryMs: 10_000,
  dialMs: 5000,
  firstByteMs: 5000,
  chunkMs: 10_000,
  serveMs: 60_000,
}

/** What is asked for after each connect is enough for a peer that starts anew every second. */
const DEFAULT_BUDGETS: NetworkBudgets = {
  gossipMessagesPerSecond: 2000,
  gossipBytesPerSecond: 32 * 1024 * 1024,
  statusPerMinute: 240,
  blocksPerSecond: 512,
  voteHeightsPerSecond: 64,
  transactionListsPerMinute: 240,
  transactionsPerSecond: 1024,
  peerListsPerMinute: 240,
  headersPerSecond: 4096,
  stateNodesPerSecond: 8192,
  parallelRequests: 4,
}

const SILENT: NetworkLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
}

/** Makes a stopped network for one chain. */
export async function createNetwork(
  options: NetworkOptions,
  ports: NetworkPorts,
): Promise<Network> {
  const { clock } = ports
  const logger = ports.logger ?? SILENT
  const timing = { ...DEFAULT_TIMING, ...options.timing }
  const budgets = { ...DEFAULT_BUDGETS, ...options.budgets }
  const topics = new Map(TOPIC_NAMES.map((name) => [toTopic(options.genesisHash, name), name]))
  const closing = new AbortController()
  const events = createEmitter((error) => {
    logger.warn('a listener of a network event failed', { error })
  })

  const reputation = createReputation(clock.now, timing.banMs, (peerId, reason) => {
    logger.info('peer is banned', { peerId, reason })
    for (const connection of connections(peerId)) connection.abort(new Error(reason))
    if (reason !== OTHER_CHAIN) hosts.blame(peerId)
    events.emit('peer-banned', peerId, reason)
  })
  const allowed = options.allowList === undefined ? undefined : new Set(options.allowList)
  const mayConnect = (peerId: string): boolean =>
    !reputation.isBanned(peerId) &&
    (allowed === undefined || allowed.has(peerId) || dialer.has(peerId))

  const hosts = createHostGate(clock.now)
  const isStranger = (peerId: string): boolean =>
    !dialer.has(peerId) && allowed?.has(peerId) !== true && !book.isProven(peerId)
  const mayEnter = (peerId: string, address: string): boolean => {
    if (!isStranger(peerId)) return true
    const strangers = node
      .getConnections()
      .filter(
        ({ direction, remotePeer }) => direction === 'inbound' && isStranger(String(remotePeer)),
      )
    return hosts.admits(
      peerId,
      address,
      strangers.map(({ remoteAddr }) => remoteAddr.toString()),
    )
  }

  const localDiscovery = createLocalDiscovery({
    serviceTag: toServiceTag(options.genesisHash, options.coreIdentifier),
    intervalMs: timing.localQueryMs,
    random: ports.random,
    learn: (...heard) => book.learn(...heard),
  })
  const node = await createNode({
    privateKey: await nodeKeyToPrivateKey(options.nodeKey),
    listen: options.listen,
    announce: options.announce ?? [],
    maxConnections: options.maxConnections ?? 64,
    dialMs: timing.dialMs,
    topics: new Map([...topics].map(([topic, name]) => [topic, TOPIC_RULES[name]])),
    mayConnect,
    mayEnter,
    localDiscovery: options.mdns === true ? localDiscovery : undefined,
  })
  const parts = {
    node: () => node,
    clock,
    timing,
    budgets,
    events,
    reputation,
    logger,
    closing: closing.signal,
  }
  const connections = (peerId: string) => node.getConnections(peerIdFromString(peerId))

  const dialer = createDialer({
    ...parts,
    ownPeerId: node.peerId.toString(),
    isBanned: reputation.isBanned,
    random: ports.random,
  })
  for (const { peerId, until } of options.memory?.bans ?? []) {
    const left = until - ports.unixMs()
    if (left > 0) reputation.ban(peerId, Math.min(left, timing.banMs), 'banned before the start')
  }
  for (const { peerId, points, at } of options.memory?.points ?? []) {
    const left = decayPoints(points, Math.max(0, ports.unixMs() - at))
    reputation.penalise(peerId, left, 'misbehaved before the start')
  }
  const book = createPeerBook({
    now: clock.now,
    unixMs: ports.unixMs,
    ownPeerId: node.peerId.toString(),
    isWelcome: mayConnect,
    reached: options.memory?.reached ?? [],
  })
  const discovery = createDiscovery({
    ...parts,
    book,
    wanted: options.wantedPeers ?? 0,
    ask: (peerId) => request(peerId, 'peers', { count: MAX_PEER_ADDRESSES }),
    isKept: dialer.has,
  })
  events.on('peer-ready', discovery.onReady)
  const gossip = createGossip({
    ...parts,
    pubsub: node.services.pubsub,
    topics,
    validators: ports.validators,
  })
  const watchdog = createWatchdog({ ...parts, gossip })

  async function* request<Name extends MethodName>(
    peerId: string,
    name: Name,
    body: MethodTypes[Name]['request'],
    { signal, waitMs = timing.serveMs }: RequestOptions = {},
  ): AsyncGenerator<MethodTypes[Name]['chunk'], void, undefined> {
    const [connection] = connections(peerId)
    if (connection === undefined) {
      throw new RequestFailedError('not-connected', `not connected to ${peerId}`)
    }
    try {
      yield* requestChunks({
        connection,
        protocol: toProtocol(options.genesisHash, name),
        method: METHODS[name],
        request: body,
        signals: signal === undefined ? [closing.signal] : [closing.signal, signal],
        clock,
        timing,
        waitMs,
      })
    } catch (error) {
      if (error instanceof RequestFailedError && error.shape.reason === 'violation') {
        reputation.penalise(peerId, PENALTY.violation, `malformed ${name} response`)
      }
      throw error
    }
  }

  const handshake = createHandshake({
    ...parts,
    own: ports.status,
    ask: async (peerId) => {
      for await (const status of request(peerId, 'status', ports.status())) return status
      throw new RequestFailedError('violation', 'an empty status response')
    },
  })
  const server = createExchangeServer({
    ...parts,
    isReady: (peerId) => handshake.statusOf(peerId) !== undefined,
  })
  const protocol = (name: MethodName): string => toProtocol(options.genesisHash, name)
  const serve = async (): Promise<void> => {
    const { handlers } = ports
    await handshake.acceptGoodbyes()
    await server.handle(protocol('status'), METHODS.status, async function* (status, { peerId }) {
      yield encodeStatus(ports.status())
      handshake.receive(peerId, status)
    })
    const { handle } = server
    await Promise.all([
      handle(protocol('blocksByRange'), METHODS.blocksByRange, handlers.blocksByRange),
      handle(protocol('blocksByHash'), METHODS.blocksByHash, handlers.blocksByHash),
      handle(protocol('votesByHeight'), METHODS.votesByHeight, handlers.votesByHeight),
      handle(protocol('transactionHashes'), METHODS.transactionHashes, handlers.transactionHashes),
      handle(
        protocol('transactionsByHash'),
        METHODS.transactionsByHash,
        handlers.transactionsByHash,
      ),
      handle(protocol('peers'), METHODS.peers, async function* ({ count }) {
        const connected = new Set(node.getPeers().map(String))
        const all = [...node.getMultiaddrs().map(String), ...book.tellable(connected)]
        for (const address of all.slice(0, count)) yield utf8ToBytes(address)
      }),
      handle(protocol('headersByRange'), METHODS.headersByRange, handlers.headersByRange),
      handle(protocol('stateNodes'), METHODS.stateNodes, handlers.stateNodes),
      handle(protocol('receiptsByHash'), METHODS.receiptsByHash, handlers.receiptsByHash),
    ])
  }

  const tick = (): void => {
    if (closing.signal.aborted) return
    dialer.tick()
    discovery.tick()
    watchdog.tick()
    handshake.tick()
    reputation.prune()
    hosts.prune()
    server.prune()
    gossip.prune()
    cancelTick = clock.schedule(tick, timing.maintenanceMs)
  }
  let cancelTick: (() => void) | undefined

  const onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    for (const connection of node.getConnections(detail)) discovery.onConnect(connection)
    handshake.onConnect(detail.toString())
  }
  const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    handshake.onDisconnect(detail.toString())
  }
  for (const address of options.peers ?? []) dialer.add(address)

  return {
    peerId: node.peerId.toString(),
    events,
    request,
    start: async () => {
      node.addEventListener('peer:connect', onConnect)
      node.addEventListener('peer:disconnect', onDisconnect)
      await serve()
      await node.start()
      gossip.start()
      tick()
    },
    stop: async () => {
      if (closing.signal.aborted) return
      cancelTick?.()
      closing.abort(new RequestFailedError('stopped', 'the network stops'))
      await handshake.part()
      await gossip.stop()
      await node.stop()
      node.removeEventListener('peer:connect', onConnect)
      node.removeEventListener('peer:disconnect', onDisconnect)
    },
    addresses: () => node.getMultiaddrs().map(String),
    peers: () =>
      node.getPeers().flatMap((peer) => {
        const peerId = peer.toString()
        const [connection] = node.getConnections(peer)
        if (connection === undefined) return []
        return {
          peerId,
          address: connection.remoteAddr.toString(),
          direction: connection.direction,
          status: handshake.statusOf(peerId),
          gossip: gossip.isAlive(peerId),
          penalty: Math.round(reputation.points(peerId)),
        }
      }),
    addPeer: (address) => {
      dialer.add(address)
    },
    removePeer: async (peerId) => {
      dialer.remove(peerId)
      await Promise.all(connections(peerId).map((connection) => connection.close()))
    },
    publish: gossip.publish,
    memory: () => ({
      reached: book.proven(),
      points: reputation.scores().map((score) => ({ ...score, at: ports.unixMs() })),
      bans: reputation.bans().map(({ peerId, until }) => ({
        peerId,
        until: ports.unixMs() + until - clock.now(),
      })),
    }),
    penalise: (peerId, reason) => {
      reputation.penalise(peerId, PENALTY.violation, reason)
    },
  }
}
