import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import type { Ed25519PrivateKey, Libp2p, PeerId } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { createGossipOptions } from './gossip-options.ts'
import type { LocalDiscovery } from './local-discovery.ts'
import type { TopicRules } from './topics.ts'

const KIB = 1024

/** A libp2p node with gossip. */
export type GossipNode = Libp2p<{ readonly pubsub: GossipSub }>

/**
 * A stopped libp2p node: TCP, noise, yamux, identify, ping and gossipsub, with every limit that keeps one peer from
 * exhausting the process.
 */
export async function createNode(options: {
  readonly privateKey: Ed25519PrivateKey
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly maxConnections: number
  readonly dialMs: number
  readonly topics: ReadonlyMap<string, TopicRules>
  readonly localDiscovery?: LocalDiscovery | undefined
  /** Asked with the identity that the peer has proven, for every connection. */
  readonly mayConnect: (peerId: string) => boolean
  /** Asked in addition of who comes in, with the address that it comes from. */
  readonly mayEnter: (peerId: string, address: string) => boolean
}): Promise<GossipNode> {
  const { maxConnections } = options
  const deny = (peerId: PeerId): boolean => !options.mayConnect(peerId.toString())
  return createLibp2p({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { name: 'mosaic', version: '1' },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [
      tcp({
        backlog: 16,
        maxConnections: maxConnections + 16,
        inboundSocketInactivityTimeout: 60_000,
        outboundSocketInactivityTimeout: 60_000,
      }),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: 64,
        maxOutboundStreams: 64,
        maxEarlyStreams: 8,
        // A paused stream is reset when the window exceeds the read buffer, as it does by default.
        streamOptions: {
          initialStreamWindowSize: 256 * KIB,
          maxStreamWindowSize: 1024 * KIB,
          maxReadBufferLength: 4096 * KIB,
          maxWriteBufferLength: 32 * 1024 * KIB,
        },
      }),
    ],
    connectionGater: {
      denyDialPeer: deny,
      denyInboundEncryptedConnection: (peerId, { remoteAddr }) =>
        deny(peerId) || !options.mayEnter(peerId.toString(), remoteAddr.toString()),
      denyOutboundEncryptedConnection: deny,
    },
    connectionManager: {
      maxConnections,
      maxIncomingPendingConnections: 16,
      inboundConnectionThreshold: 20,
      maxParallelDials: 16,
      dialTimeout: options.dialMs,
      addressDialTimeout: options.dialMs,
      inboundUpgradeTimeout: 5000,
      // Reconnecting is the dialer's business.
      reconnectRetries: 0,
    },
    // A starved process must not lose all its connections to the first slow ping.
    connectionMonitor: { pingInterval: 10_000, pingTimeout: { minTimeout: 15_000 } },
    services: {
      identify: identify({ timeout: 5000 }),
      ping: ping(),
      pubsub: gossipsub(createGossipOptions(options.topics)),
      ...(options.localDiscovery === undefined ? {} : { localDiscovery: options.localDiscovery }),
    },
  })
}
