import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { type Clock, createDeadline } from './clock.ts'
import { peerIdOf } from './peer-address.ts'
import type { NetworkLogger, NetworkTiming } from './ports.ts'

/** A node that is dialled for ever. */
type Target = {
  readonly peerId: string
  readonly addresses: readonly Multiaddr[]
  failures: number
  nextAt: number
  dialling: boolean
}

/** Keeps connections to the named peers: libp2p itself gives up after a few attempts. */
export type Dialer = {
  /** @throws InvalidValueError unless `address` is a multiaddress that ends in `/p2p/<peer id>`. */
  readonly add: (address: string) => void
  readonly remove: (peerId: string) => void
  readonly has: (peerId: string) => boolean
  /** Dials whoever is missing and due. */
  readonly tick: () => void
}

/** A dialer on `node`. Waits double from `redialMinMs` to `redialMaxMs`, with a quarter of jitter, and never end. */
export function createDialer(parts: {
  readonly node: () => Pick<Libp2p, 'dial' | 'getConnections'>
  readonly ownPeerId: string
  readonly isBanned: (peerId: string) => boolean
  readonly clock: Clock
  readonly random: () => number
  readonly timing: NetworkTiming
  readonly closing: AbortSignal
  readonly logger: NetworkLogger
}): Dialer {
  const { ownPeerId, clock, timing, logger } = parts
  const targets = new Map<string, Target>()

  const dial = async (target: Target): Promise<void> => {
    const deadline = createDeadline(clock, [parts.closing])
    deadline.extend(timing.dialMs, () => new Error('dial timed out'))
    target.dialling = true
    try {
      await parts.node().dial([...target.addresses], { signal: deadline.signal })
      target.failures = 0
    } catch (error) {
      target.failures++
      if (target.failures === 1) {
        logger.info('peer is not reachable, dialling on', {
          peerId: target.peerId,
          reason: error instanceof Error ? error.message : String(error),
        })
      }
    } finally {
      deadline.close()
      target.dialling = false
      const wait = Math.min(
        timing.redialMaxMs,
        timing.redialMinMs * 2 ** Math.min(Math.max(target.failures - 1, 0), 16),
      )
      target.nextAt = clock.now() + wait * (0.75 + parts.random() / 2)
    }
  }

  return {
    add: (address) => {
      const peerId = peerIdOf(address)
      if (peerId === ownPeerId) return
      const known = targets.get(peerId)
      const addresses = [
        ...(known?.addresses.filter((each) => each.toString() !== address) ?? []),
        multiaddr(address),
      ]
      targets.set(peerId, {
        peerId,
        addresses,
        failures: 0,
        // Where both sides dial, the smaller id goes first: one connection instead of two.
        nextAt: clock.now() + (ownPeerId < peerId ? 0 : timing.redialMinMs),
        dialling: false,
      })
    },
    remove: (peerId) => {
      targets.delete(peerId)
    },
    has: (peerId) => targets.has(peerId),
    tick: () => {
      for (const target of targets.values()) {
        if (target.dialling || clock.now() < target.nextAt || parts.isBanned(target.peerId))
          continue
        if (parts.node().getConnections(peerIdFromString(target.peerId)).length > 0) continue
        void dial(target)
      }
    },
  }
}
