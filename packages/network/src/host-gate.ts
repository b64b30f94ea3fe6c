import { createRateLimiter } from './rate-limit.ts'

/**
 * Who comes in from which host. An identity costs nothing, so whoever is banned may come back under another one: what he cannot change as
 * easily is the address of his machine.
 */
export type HostGate = {
  /**
   * Whether a stranger may come in from `address`, a multiaddress.
   *
   * @param others addresses of the strangers that are connected.
   */
  readonly admits: (peerId: string, address: string, others: readonly string[]) => boolean
  /** A peer was banned. If it was a stranger, so is the host it came from last. */
  readonly blame: (peerId: string) => void
  readonly prune: () => void
}

const BANS = 4
const BANS_PER_MS = 10 * 60_000
/** Strangers from one host at a time, so that one machine does not take all places. */
const STRANGERS_PER_HOST = 16
/** Strangers of whom it is known where they came from: one may be gone when it turns out what it did. */
const REMEMBERED = 1024

/**
 * A gate that lets strangers in from a host until four peers from there were banned, and one more for every two and a half minutes after. To the
 * peers that a node names or knows it does not apply.
 */
export function createHostGate(now: () => number): HostGate {
  const bans = createRateLimiter({ quota: BANS, perMs: BANS_PER_MS }, now)
  const hosts = new Map<string, string>()
  const remember = (peerId: string, host: string): void => {
    hosts.delete(peerId)
    hosts.set(peerId, host)
    const [oldest] = hosts.keys()
    if (hosts.size > REMEMBERED && oldest !== undefined) hosts.delete(oldest)
  }
  return {
    admits: (peerId, address, others) => {
      const host = hostOf(address)
      const fellows = others.filter((other) => hostOf(other) === host).length
      if (bans.isSpent(host) || fellows >= STRANGERS_PER_HOST) return false
      remember(peerId, host)
      return true
    },
    blame: (peerId) => {
      const host = hosts.get(peerId)
      if (host !== undefined) bans.take(host, 1)
    },
    prune: bans.prune,
  }
}

/** The IPv4 address, or the first half of the IPv6 address: a host has all of the other half. */
function hostOf(address: string): string {
  const [, family, host = ''] = address.split('/')
  if (family !== 'ip6') return host
  const [before = [], after = []] = host
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
