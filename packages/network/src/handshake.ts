import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Clock, createDeadline } from './clock.ts'
import type { NetworkEmitter } from './events.ts'
import { GOODBYE_PROTOCOL } from './exchange.ts'
import { createFrameReader, writeFrame } from './frames.ts'
import type { Status } from './messages.ts'
import type { NetworkLogger, NetworkTiming } from './ports.ts'
import type { Reputation } from './reputation.ts'

/** Why a node hangs up, by the byte on the wire. */
const GOODBYES = ['stopping', 'other-chain'] as const
type Goodbye = (typeof GOODBYES)[number]

/** Why a peer is left alone that did nothing wrong. */
export const OTHER_CHAIN = 'other chain'

const MAX_FAILURES = 3
const GOODBYE_MS = 1000

/** Who is connected, and what they said of themselves. */
export type Handshake = {
  readonly onConnect: (peerId: string) => void
  readonly onDisconnect: (peerId: string) => void
  /** Takes a status that a peer sent, asked or not. */
  readonly receive: (peerId: string, status: Status) => void
  readonly statusOf: (peerId: string) => Status | undefined
  /** Asks whoever is due: peers that did not answer, and the others for news. */
  readonly tick: () => void
  readonly acceptGoodbyes: () => Promise<void>
  /** Tells every peer that this node stops. */
  readonly part: () => Promise<void>
}

type Peer = { status?: Status; failures: number; nextAt: number; asking: boolean }

/** The handshake of `own` chain: peers of another one are told so, disconnected, and left alone for a while. */
export function createHandshake(parts: {
  readonly node: () => Libp2p
  readonly own: () => Status
  readonly ask: (peerId: string) => Promise<Status>
  readonly reputation: Reputation
  readonly events: NetworkEmitter
  readonly clock: Clock
  readonly timing: NetworkTiming
  readonly logger: NetworkLogger
}): Handshake {
  const { clock, timing, events, logger } = parts
  const peers = new Map<string, Peer>()
  const connections = (peerId: string): Connection[] =>
    parts.node().getConnections(peerIdFromString(peerId))

  const sayGoodbye = async (connection: Connection, reason: Goodbye): Promise<void> => {
    const deadline = createDeadline(clock, [])
    deadline.extend(GOODBYE_MS, () => new Error('goodbye timed out'))
    try {
      const stream = await connection.newStream(GOODBYE_PROTOCOL, { signal: deadline.signal })
      await writeFrame(stream, [Uint8Array.of(GOODBYES.indexOf(reason))], deadline.signal)
      await stream.close({ signal: deadline.signal })
    } catch {
      // A courtesy: the connection ends in any case.
    } finally {
      deadline.close()
    }
  }
  const hangUp = async (peerId: string, reason: Goodbye): Promise<void> => {
    await Promise.all(
      connections(peerId).map(async (connection) => {
        await sayGoodbye(connection, reason)
        connection.abort(new Error(`goodbye: ${reason}`))
      }),
    )
  }

  const shunOtherChain = async (peerId: string): Promise<void> => {
    await hangUp(peerId, 'other-chain')
    parts.reputation.ban(peerId, timing.otherChainMs, OTHER_CHAIN)
  }

  const receive = (peerId: string, status: Status): void => {
    const peer = peers.get(peerId)
    if (peer === undefined) return
    const own = parts.own()
    if (status.genesisHash !== own.genesisHash || status.coreIdentifier !== own.coreIdentifier) {
      peers.delete(peerId)
      logger.info('peer follows another chain', { peerId })
      events.emit('other-chain', peerId, status)
      void shunOtherChain(peerId)
      return
    }
    const isNew = peer.status === undefined
    peer.status = status
    peer.failures = 0
    peer.nextAt = clock.now() + timing.statusMs
    events.emit(isNew ? 'peer-ready' : 'status', peerId, status)
  }

  const ask = async (peerId: string, peer: Peer): Promise<void> => {
    peer.asking = true
    peer.nextAt = clock.now() + timing.statusMs
    try {
      receive(peerId, await parts.ask(peerId))
    } catch (error) {
      peer.failures++
      peer.nextAt = clock.now() + timing.maintenanceMs
      logger.debug('no status from peer', { peerId, error })
      if (peer.failures >= MAX_FAILURES && peers.get(peerId) === peer) {
        for (const connection of connections(peerId)) connection.abort(new Error('no status'))
      }
    } finally {
      peer.asking = false
    }
  }

  const onGoodbye = async (stream: Stream, connection: Connection): Promise<void> => {
    const peerId = connection.remotePeer.toString()
    const deadline = createDeadline(clock, [])
    deadline.extend(GOODBYE_MS, () => new Error('goodbye timed out'))
    try {
      const frame = await createFrameReader(stream, 1).read(deadline.signal)
      logger.debug('peer hangs up', { peerId, reason: GOODBYES[frame?.[0] ?? -1] ?? 'unknown' })
      await stream.close({ signal: deadline.signal })
    } finally {
      deadline.close()
      connection.abort(new Error('the peer said goodbye'))
    }
  }

  return {
    receive,
    statusOf: (peerId) => peers.get(peerId)?.status,
    onConnect: (peerId) => {
      const peer = peers.get(peerId) ?? { failures: 0, nextAt: 0, asking: false }
      peers.set(peerId, peer)
      void ask(peerId, peer)
    },
    onDisconnect: (peerId) => {
      const wasReady = peers.get(peerId)?.status !== undefined
      peers.delete(peerId)
      if (wasReady) events.emit('peer-gone', peerId)
    },
    tick: () => {
      for (const [peerId, peer] of peers) {
        if (!peer.asking && clock.now() >= peer.nextAt) void ask(peerId, peer)
      }
    },
    acceptGoodbyes: async () => {
      await parts.node().handle(GOODBYE_PROTOCOL, onGoodbye, { maxInboundStreams: 1 })
    },
    part: async () => {
      await Promise.all([...peers.keys()].map((peerId) => hangUp(peerId, 'stopping')))
    },
  }
}
