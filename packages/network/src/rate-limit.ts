/** A budget per key that refills evenly. */
export type RateLimiter = {
  /** Takes `cost` from the budget of `key`; false, and nothing taken, when it is not there. */
  readonly take: (key: string, cost: number) => boolean
  /** Gives back what was taken in vain. */
  readonly refund: (key: string, cost: number) => void
  /** Whether not even one unit is there. */
  readonly isSpent: (key: string) => boolean
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
  /** When the budget is full again after `cost` more; undefined if so much is not there. */
  const after = (key: string, cost: number): number | undefined => {
    const time = now()
    const next = Math.max(arrivals.get(key) ?? time, time) + stepMs * cost
    // The slack of a millionth of a step absorbs rounding when exactly the whole quota is taken.
    return next - time > perMs + stepMs * 1e-6 ? undefined : next
  }
  return {
    take: (key, cost) => {
      const next = after(key, cost)
      if (next === undefined) return false
      arrivals.set(key, next)
      return true
    },
    refund: (key, cost) => {
      const arrival = arrivals.get(key)
      if (arrival !== undefined) arrivals.set(key, arrival - stepMs * cost)
    },
    isSpent: (key) => after(key, 1) === undefined,
    prune: () => {
      const time = now()
      for (const [key, arrival] of arrivals) if (arrival <= time) arrivals.delete(key)
    },
  }
}
