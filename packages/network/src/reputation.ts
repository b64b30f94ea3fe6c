/** Points for what only a faulty or hostile peer does. */
export const PENALTY = {
  /** A gossip message that its validator rejected, or a request or response that breaks the protocol. */
  violation: 30,
  /** More than the peer's budget. */
  excess: 10,
} as const

const BAN_AT = 100
const HALF_LIFE_MS = 10 * 60_000

/** What is left of points after a while. */
export function decayPoints(points: number, elapsedMs: number): number {
  return points * 0.5 ** (elapsedMs / HALF_LIFE_MS)
}

/** Remembers how peers behaved, also while they are away. */
export type Reputation = {
  /** Adds points, which halve every ten minutes; at 100 the peer is banned. */
  readonly penalise: (peerId: string, points: number, reason: string) => void
  /** Shuts the peer out for `durationMs`. */
  readonly ban: (peerId: string, durationMs: number, reason: string) => void
  readonly isBanned: (peerId: string) => boolean
  readonly points: (peerId: string) => number
  /** Who has how many points now. */
  readonly scores: () => readonly { readonly peerId: string; readonly points: number }[]
  /** Who is banned, and until when. */
  readonly bans: () => readonly { readonly peerId: string; readonly until: number }[]
  /** Forgets peers that have served their time. */
  readonly prune: () => void
}

/** A reputation that tells `onBan` once per ban, when it begins. */
export function createReputation(
  now: () => number,
  banMs: number,
  onBan: (peerId: string, reason: string) => void,
): Reputation {
  const scores = new Map<string, { readonly points: number; readonly at: number }>()
  const bans = new Map<string, number>()

  const points = (peerId: string): number => {
    const score = scores.get(peerId)
    return score === undefined ? 0 : decayPoints(score.points, now() - score.at)
  }
  const isBanned = (peerId: string): boolean => (bans.get(peerId) ?? 0) > now()
  const ban = (peerId: string, durationMs: number, reason: string): void => {
    const known = isBanned(peerId)
    bans.set(peerId, now() + durationMs)
    scores.delete(peerId)
    if (!known) onBan(peerId, reason)
  }
  return {
    points,
    isBanned,
    ban,
    scores: () => [...scores.keys()].map((peerId) => ({ peerId, points: points(peerId) })),
    bans: () =>
      [...bans]
        .filter(([peerId]) => isBanned(peerId))
        .map(([peerId, until]) => ({ peerId, until })),
    penalise: (peerId, added, reason) => {
      if (isBanned(peerId)) return
      const sum = points(peerId) + added
      if (sum >= BAN_AT) ban(peerId, banMs, reason)
      else scores.set(peerId, { points: sum, at: now() })
    },
    prune: () => {
      for (const [peerId, until] of bans) if (until <= now()) bans.delete(peerId)
      for (const peerId of scores.keys()) if (points(peerId) < 1) scores.delete(peerId)
    },
  }
}
