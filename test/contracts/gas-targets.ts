/** Most gas that a meta-block may cost on origin, propose and commit together, by number of validators. */
export const GAS_TARGETS: ReadonlyMap<number, bigint> = new Map([
  [4, 255_000n],
  [16, 300_000n],
  [64, 470_000n],
  [128, 700_000n],
])
