import type { Connection, Libp2p } from '@libp2p/interface'
import type { NetworkEmitter } from './events.ts'
import type { Gossip } from './gossip.ts'
import { BAN_BELOW_SCORE } from './gossip-options.ts'
import type { NetworkLogger, NetworkTiming } from './ports.ts'
import type { Reputation } from './reputation.ts'

const SUSPECT_TICKS = 3

/**
 * Looks after connections that live without gossip. gossipsub never reopens a lost stream, and with mismatched releases
 * opens none at all; in both cases nothing fails and nothing arrives. Counts ticks instead of time, so that a node that
 * was frozen does not hang up on everybody.
 */
export function createWatchdog(parts: {
  readonly node: () => Libp2p
  readonly gossip: Gossip
  readonly reputation: Reputation
  readonly events: NetworkEmitter
  readonly timing: NetworkTiming
  readonly logger: NetworkLogger
}): { readonly tick: () => void } {
  const { gossip, reputation, timing, events, logger } = parts
  const graceTicks = Math.max(SUSPECT_TICKS, Math.ceil(timing.gossipGraceMs / timing.maintenanceMs))
  /** Ticks without gossip, by connection. */
  const silent = new WeakMap<Connection, number>()
  let everAlive = false

  return {
    tick: () => {
      for (const connection of parts.node().getConnections()) {
        const peerId = connection.remotePeer.toString()
        if (gossip.score(peerId) < BAN_BELOW_SCORE) {
          reputation.ban(peerId, timing.banMs, 'gossip score')
          continue
        }
        if (gossip.isAlive(peerId)) {
          everAlive = true
          silent.set(connection, 0)
          continue
        }
        const ticks = (silent.get(connection) ?? 0) + 1
        silent.set(connection, ticks)
        if (ticks < graceTicks) continue
        logger.warn(
          everAlive
            ? 'gossip with a peer is dead on a live connection, reconnecting'
            : 'no gossip with any peer since the start: releases of libp2p may not match',
          { peerId },
        )
        events.emit('gossip-dead', peerId)
        connection.abort(new Error('no gossip on the connection'))
      }
    },
  }
}
