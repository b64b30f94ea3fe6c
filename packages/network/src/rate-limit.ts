/** A budget per key that refills evenly. */
export type RateLimiter = {
  /** Takes `cost` from the budget of `key`; false, and nothing taken, when it is not there. */
  readonly take: (key: string, cost: number) => boolean
  /** Forgets keys whose budget is full again. */
  readonly prune: () => void
}

/**
 * Generic cell rate algorithm: `quota` units refill over `perMs`, and at most `quota` are taken at once. One number is
 * kept per key, also over a reconnect of the peer, which therefore gains nothing.
 */
export function createRateLimiter(
  options: { readonly quota: number; readonly perMs: number },
  now: () => number,
): RateLimiter {
  const { quota, perMs } = options
  const stepMs = perMs / quota
  const arrivals = new Map<string, number>()
  return {
    take: (key, cost) => {
      const time = now()
      const earliest = Math.max(arrivals.get(key) ?? time, time)
      const next = earliest + stepMs * cost
      // The slack of a millionth of a step absorbs rounding when exactly the whole quota is taken.
      if (next - time > perMs + stepMs * 1e-6) return false
      arrivals.set(key, next)
      return true
    },
    prune: () => {
      const time = now()
      for (const [key, arrival] of arrivals) if (arrival <= time) arrivals.delete(key)
    },
  }
}
