import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { type Clock, createDeadline } from './clock.ts'
import { isLoopback, type PeerBook } from './peer-book.ts'
import type { NetworkLogger, NetworkTiming } from './ports.ts'

/** Finds peers beyond those that are configured. */
export type Discovery = {
  /** A peer is there: it is asked where it is, and whom it knows. */
  readonly onReady: (peerId: string) => void
  readonly onConnect: (connection: Connection) => void
  /** Dials who is known, if more are wanted. */
  readonly tick: () => void
}

const DIALS_AT_ONCE = 2

/** Discovery on `node`: asks peers for addresses, and dials until `wanted` are connected. */
export function createDiscovery(parts: {
  readonly node: () => Pick<Libp2p, 'dial' | 'getConnections' | 'getPeers'>
  readonly book: PeerBook
  /** Connections below which more are looked for; 0 for none. */
  readonly wanted: number
  /** Asks a peer for addresses. */
  readonly ask: (peerId: string) => AsyncIterable<string>
  /** Whether somebody else takes care of connecting to this peer. */
  readonly isKept: (peerId: string) => boolean
  readonly clock: Clock
  readonly timing: NetworkTiming
  readonly closing: AbortSignal
  readonly logger: NetworkLogger
}): Discovery {
  const { book, wanted, clock, logger } = parts
  const dialling = new Set<string>()
  const askedAt = new Map<string, number>()

  const isWanting = (): boolean => parts.node().getPeers().length < wanted
  const dial = async (peerId: string, address: string): Promise<void> => {
    const deadline = createDeadline(clock, [parts.closing])
    deadline.extend(parts.timing.dialMs, () => new Error('dial timed out'))
    dialling.add(peerId)
    try {
      await parts.node().dial(multiaddr(address), { signal: deadline.signal })
    } catch (error) {
      book.fail(peerId)
      logger.debug('a known peer is not reachable', { peerId, error })
    } finally {
      deadline.close()
      dialling.delete(peerId)
    }
  }
  const askFrom = async (peerId: string): Promise<void> => {
    askedAt.set(peerId, clock.now())
    const connection = parts
      .node()
      .getConnections()
      .find(({ remotePeer }) => remotePeer.toString() === peerId)
    if (connection === undefined) return
    const teller = { peerId, isLoopback: isLoopback(connection.remoteAddr.toString()) }
    try {
      for await (const address of parts.ask(peerId)) book.learn(address, teller)
    } catch (error) {
      logger.debug('no addresses from peer', { peerId, error })
    }
  }

  return {
    onReady: (peerId) => {
      void askFrom(peerId)
    },
    onConnect: (connection) => {
      if (connection.direction === 'inbound') return
      const peerId = connection.remotePeer.toString()
      const address = connection.remoteAddr.toString()
      const suffix = `/p2p/${peerId}`
      book.prove(peerId, address.endsWith(suffix) ? address : address + suffix)
    },
    tick: () => {
      if (!isWanting()) return
      const connected = new Set(parts.node().getPeers().map(String))
      for (const peerId of askedAt.keys()) if (!connected.has(peerId)) askedAt.delete(peerId)
      for (const [peerId, at] of askedAt) {
        if (clock.now() - at >= parts.timing.statusMs) void askFrom(peerId)
      }
      for (const { peerId, address } of book.due()) {
        if (dialling.size >= DIALS_AT_ONCE) return
        if (connected.has(peerId) || dialling.has(peerId) || parts.isKept(peerId)) continue
        void dial(peerId, address)
      }
    },
  }
}
