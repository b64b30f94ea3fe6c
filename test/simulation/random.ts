/** The only source of chance in a simulation. */
export type Random = {
  /** An integer in [0, below). */
  readonly integer: (below: number) => number
  /** True with the given probability. */
  readonly chance: (probability: number) => boolean
  /** One of the items. @throws RangeError if there is none. */
  readonly pick: <T>(items: readonly T[]) => T
  readonly shuffle: <T>(items: readonly T[]) => T[]
}

/** Equal seeds give equal sequences (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (below: number): number => Math.floor(fraction() * below)
  return {
    integer,
    chance: (probability) => fraction() < probability,
    pick: (items) => {
      const item = items[integer(items.length)]
      if (item === undefined) throw new RangeError('expected items to pick from')
      return item
    },
    shuffle: (items) => {
      const copy = [...items]
      for (let i = copy.length - 1; i > 0; i--) {
        const j = integer(i + 1)
        const [a, b] = [copy[i], copy[j]]
        if (a !== undefined && b !== undefined) {
          copy[i] = b
          copy[j] = a
        }
      }
      return copy
    },
  }
}
