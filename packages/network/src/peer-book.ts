import { InvalidValueError } from '@mosaic/primitives'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdOf } from './peer-address.ts'

/** Where a peer may be reached. */
type Entry = {
  address: string
  /** When it was last reached there, in milliseconds since 1970; undefined if somebody only says so. */
  provenAt: number | undefined
  /** Whether the peer itself says so. */
  byItself: boolean
  failures: number
  /** Not dialled before; by the clock that never runs backwards. */
  nextAt: number
}

/** What is kept of peers over a restart. */
export type PeerMemory = {
  /** Where peers were reached, and when, in milliseconds since 1970. */
  readonly reached: readonly { readonly address: string; readonly at: number }[]
  /** Peers that are shut out, and until when, in milliseconds since 1970. */
  readonly bans: readonly { readonly peerId: string; readonly until: number }[]
  /** Points of peers for misbehaviour, and when they were that many, in milliseconds since 1970. */
  readonly points: readonly {
    readonly peerId: string
    readonly points: number
    readonly at: number
  }[]
}

/** Addresses of peers: those where they were reached, and fewer that others told. */
export type PeerBook = {
  /** Takes down what a peer tells; what is no address of a node, or not to be believed from there, is left out. */
  readonly learn: (
    address: string,
    teller: { readonly peerId: string; readonly isLoopback: boolean },
  ) => void
  /** A peer was reached at an address. */
  readonly prove: (peerId: string, address: string) => void
  readonly fail: (peerId: string) => void
  /** Whether the peer was reached before. */
  readonly isProven: (peerId: string) => boolean
  /** Peers that may be dialled now, those that were reached before first. */
  readonly due: () => readonly { readonly peerId: string; readonly address: string }[]
  /** What others may be told: where peers were reached, and where `connected` ones say that they are. */
  readonly tellable: (connected: ReadonlySet<string>) => readonly string[]
  /** Addresses where peers were reached, the latest first. */
  readonly proven: () => readonly { readonly address: string; readonly at: number }[]
}

const MOST_PROVEN = 256
const MOST_TOLD = 128
const FORGET_PROVEN_MS = 30 * 24 * 60 * 60_000
const FORGET_TOLD_AFTER = 3
const FIRST_WAIT_MS = 5000
const LONGEST_WAIT_MS = 10 * 60_000
const MAX_ADDRESS_LENGTH = 256

/**
 * A book of at most 256 addresses where peers were reached, and 128 that were told: those push out each other only, so that nobody replaces the
 * peers of a node by talking.
 */
export function createPeerBook(options: {
  /** Milliseconds that never run backwards. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly unixMs: () => number
  readonly ownPeerId: string
  /** Whether this peer may connect at all. */
  readonly isWelcome: (peerId: string) => boolean
  readonly reached: PeerMemory['reached']
}): PeerBook {
  const { now, unixMs, ownPeerId, isWelcome } = options
  const entries = new Map<string, Entry>()

  const count = (isProven: boolean): number =>
    [...entries.values()].filter(({ provenAt }) => (provenAt !== undefined) === isProven).length
  const dropOldest = (isProven: boolean): void => {
    const oldest = [...entries]
      .filter(([, { provenAt }]) => (provenAt !== undefined) === isProven)
      .toSorted(([, a], [, b]) => (a.provenAt ?? 0) - (b.provenAt ?? 0))[0]
    if (oldest !== undefined) entries.delete(oldest[0])
  }
  const put = (peerId: string, entry: Pick<Entry, 'address' | 'provenAt' | 'byItself'>): void => {
    entries.delete(peerId)
    const isProven = entry.provenAt !== undefined
    while (count(isProven) >= (isProven ? MOST_PROVEN : MOST_TOLD)) dropOldest(isProven)
    entries.set(peerId, { ...entry, failures: 0, nextAt: now() })
  }
  const prove = (peerId: string, address: string, provenAt: number): void =>
    put(peerId, { address, provenAt, byItself: false })

  for (const { address, at } of options.reached.toReversed()) {
    const peerId = readableAddress(address)
    if (peerId !== undefined && unixMs() - at < FORGET_PROVEN_MS) prove(peerId, address, at)
  }

  return {
    learn: (address, teller) => {
      const peerId = readableAddress(address)
      if (peerId === undefined || peerId === ownPeerId || !isWelcome(peerId)) return
      if (isLoopback(address) && !teller.isLoopback) return
      const byItself = peerId === teller.peerId
      const known = entries.get(peerId)
      // What was reached is believed until it fails; of what is told, what the peer itself says.
      if (known === undefined) put(peerId, { address, provenAt: undefined, byItself })
      else if (known.failures > 0 || (byItself && known.provenAt === undefined)) {
        entries.set(peerId, { ...known, address, byItself })
      }
    },
    tellable: (connected) => {
      const all = [...entries].filter(
        ([peerId, { provenAt, byItself }]) =>
          provenAt !== undefined || (byItself && connected.has(peerId)),
      )
      return all
        .toSorted(([, a], [, b]) => (b.provenAt ?? 0) - (a.provenAt ?? 0))
        .map(([, { address }]) => address)
    },
    prove: (peerId, address) => prove(peerId, address, unixMs()),
    isProven: (peerId) => entries.get(peerId)?.provenAt !== undefined,
    fail: (peerId) => {
      const entry = entries.get(peerId)
      if (entry === undefined) return
      entry.failures++
      entry.nextAt =
        now() + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(entry.failures - 1, 16))
      if (entry.provenAt === undefined && entry.failures >= FORGET_TOLD_AFTER)
        entries.delete(peerId)
    },
    due: () =>
      [...entries]
        .filter(([peerId, { nextAt }]) => nextAt <= now() && isWelcome(peerId))
        .toSorted(([, a], [, b]) => (b.provenAt ?? 0) - (a.provenAt ?? 0))
        .map(([peerId, { address }]) => ({ peerId, address })),
    proven: () =>
      [...entries.values()]
        .flatMap(({ address, provenAt }) =>
          provenAt === undefined ? [] : [{ address, at: provenAt }],
        )
        .toSorted((a, b) => b.at - a.at),
  }
}

/** The peer id of an address that a TCP transport can dial; undefined for everything else. */
function readableAddress(address: string): string | undefined {
  if (address.length > MAX_ADDRESS_LENGTH) return undefined
  try {
    const peerId = peerIdOf(address)
    const [host, port, last, ...more] = multiaddr(address)
      .getComponents()
      .map(({ name }) => name)
    const isHost = host === 'ip4' || host === 'ip6' || host === 'dns4' || host === 'dns6'
    return isHost && port === 'tcp' && last === 'p2p' && more.length === 0 ? peerId : undefined
  } catch (error) {
    if (error instanceof InvalidValueError) return undefined
    throw error
  }
}

/** Whether an address means the machine itself. */
export function isLoopback(address: string): boolean {
  return /^\/(?:ip4\/127\.|ip6\/::1\/|ip4\/0\.0\.0\.0|ip6\/::\/)/.test(address)
}
