import type { Hash32 } from '@mosaic/primitives'
import type { Clock } from './clock.ts'
import type { RequestHandlers, Status } from './messages.ts'
import type { NodeKey } from './node-key.ts'
import type { PeerMemory } from './peer-book.ts'
import type { TopicName } from './topics.ts'

/**
 * What a validator says of a gossip message. Only `accept` forwards it. `reject` is for what no honest node sends: it
 * costs the sender. `ignore` costs nobody, but the same bytes are not delivered again for two minutes: a caller that may
 * want the message later (a vote ahead of its block) parks it itself.
 */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** Judges one message of a topic. A rejection of the promise counts as `ignore`. */
export type GossipValidator = (bytes: Uint8Array, fromPeer: string) => Promise<GossipVerdict>

/** Which network this is, and how this node takes part. */
export type NetworkOptions = {
  readonly nodeKey: NodeKey
  /** Names the chain: topics and protocols carry it, so nodes of different chains never mix. */
  readonly genesisHash: Hash32
  readonly coreIdentifier: Hash32
  /** Multiaddresses to listen on, such as `/ip4/127.0.0.1/tcp/0`. */
  readonly listen: readonly string[]
  /** Multiaddresses to tell peers when `listen` is not what they can reach. */
  readonly announce?: readonly string[]
  /** Multiaddresses with `/p2p/<peer id>` that are dialled for as long as the node runs. */
  readonly peers?: readonly string[]
  /** When given, only these peer ids and those of `peers` may connect. */
  readonly allowList?: readonly string[]
  /** While fewer peers are connected, others are looked for: those known from before, and those that peers know. 0 unless told. */
  readonly wantedPeers?: number
  /** Whether nodes of this network on the same local network are looked for, too, and told where this one is. False unless told. */
  readonly mdns?: boolean
  /** What `memory` gave before the last stop. */
  readonly memory?: PeerMemory
  /** Connections above this are refused; 64 unless told. */
  readonly maxConnections?: number
  readonly timing?: Partial<NetworkTiming>
  readonly budgets?: Partial<NetworkBudgets>
}

/** Durations, in milliseconds. */
export type NetworkTiming = {
  /** How often missing peers are dialled and gossip is checked. */
  readonly maintenanceMs: number
  /** The first wait after a failed dial; it doubles up to `redialMaxMs`, ± 25 %. */
  readonly redialMinMs: number
  readonly redialMaxMs: number
  /** A connection older than this must carry gossip in both directions. */
  readonly gossipGraceMs: number
  /** How long a peer is not spoken to after it misbehaved. */
  readonly banMs: number
  /** How long a peer of another chain is left alone. */
  readonly otherChainMs: number
  /** How often a peer's status is asked anew. */
  readonly statusMs: number
  /** How often nodes on the local network are asked for. */
  readonly localQueryMs: number
  readonly dialMs: number
  /** Until the request of a peer is complete, and until the first chunk of a response. */
  readonly firstByteMs: number
  /** Between two chunks. */
  readonly chunkMs: number
  /** For one whole exchange, on the serving side; and so much is waited, in all, for the chunks of one response. */
  readonly serveMs: number
}

/** What one peer may send. */
export type NetworkBudgets = {
  readonly gossipMessagesPerSecond: number
  readonly gossipBytesPerSecond: number
  readonly statusPerMinute: number
  /** Blocks asked for, and apart from them receipts of blocks. */
  readonly blocksPerSecond: number
  /** Checkpoint heights asked for by `votesByHeight`. */
  readonly voteHeightsPerSecond: number
  /** Requests of `transactionHashes`. */
  readonly transactionListsPerMinute: number
  /** Transactions asked for by `transactionsByHash`. */
  readonly transactionsPerSecond: number
  /** Requests of `peers`. */
  readonly peerListsPerMinute: number
  /** Headers asked for by `headersByRange`. */
  readonly headersPerSecond: number
  /** Trie nodes and codes asked for by `stateNodes`. */
  readonly stateNodesPerSecond: number
  /** Requests of one peer that are served at a time. */
  readonly parallelRequests: number
}

/** What the network needs from the node. */
export type NetworkPorts = {
  /** One validator per topic. */
  readonly validators: Readonly<Record<TopicName, GossipValidator>>
  /** Answers to requests of peers. */
  readonly handlers: RequestHandlers
  /** This node's view, told to every peer. */
  readonly status: () => Status
  readonly clock: Clock
  /** Milliseconds since 1970: bans are remembered over a restart. */
  readonly unixMs: () => number
  /** A fraction in [0, 1) for jitter. */
  readonly random: () => number
  readonly logger?: NetworkLogger
}

/** Where the network reports what an operator may want to know. Nothing a peer wrote appears above `debug`. */
export type NetworkLogger = {
  readonly debug: (message: string, fields: Readonly<Record<string, unknown>>) => void
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** A connected peer. */
export type PeerInfo = {
  readonly peerId: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  /** What the peer last said of itself; undefined before the handshake. */
  readonly status: Status | undefined
  /** Whether gossip flows in both directions. */
  readonly gossip: boolean
  /** Points for misbehaviour; at 100 the peer is banned. */
  readonly penalty: number
}

/** What happens on the network, by event name; the tuple is what a listener receives. */
export type NetworkEventMap = {
  /** The handshake with a peer of this chain is done; requests may be made. */
  readonly 'peer-ready': readonly [peerId: string, status: Status]
  /** The last connection to a peer that was ready is gone. */
  readonly 'peer-gone': readonly [peerId: string]
  /** A peer told its newer status. */
  readonly status: readonly [peerId: string, status: Status]
  /** A peer follows another chain and was disconnected. */
  readonly 'other-chain': readonly [peerId: string, status: Status]
  readonly 'peer-banned': readonly [peerId: string, reason: string]
  /** A connection carried no gossip and was closed to be dialled anew. */
  readonly 'gossip-dead': readonly [peerId: string]
  /** A message was dropped before its validator saw it. */
  readonly 'message-dropped': readonly [topic: TopicName, reason: 'queue-full' | 'rate' | 'size']
}

/** Subscription to {@link NetworkEventMap}. */
export type NetworkEvents = {
  /** Calls `listener` on every such event until the returned function is called. */
  readonly on: <Name extends keyof NetworkEventMap>(
    name: Name,
    listener: (...event: NetworkEventMap[Name]) => void,
  ) => () => void
}
