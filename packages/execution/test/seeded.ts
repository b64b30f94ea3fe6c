/** A sequence that is the same in every run (mulberry32). */
export type Seeded = {
  /** An integer from 0 to below `limit`. */
  readonly below: (limit: number) => number
  readonly bytes: (size: number) => Uint8Array
  readonly pick: <T>(items: readonly T[]) => T
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    bytes: (size) => Uint8Array.from({ length: size }, () => below(256)),
    pick: (items) => {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError('expected something to pick from')
      return item
    },
  }
}
