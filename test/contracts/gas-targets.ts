/** Most gas that a meta-block may cost on origin, propose and commit together, by number of validators. */
export const GAS_TARGETS: ReadonlyMap<number, bigint> = new Map([
  [4, 255_000n],
  [16, 300_000n],
  [64, 470_000n],
  [128, 700_000n],
])

/** Most gas of one transaction that holds validators to account, by action and number of validators. */
export const ACCOUNTABILITY_TARGETS: ReadonlyMap<
  AccountabilityAction,
  ReadonlyMap<number, bigint>
> = new Map([
  [
    'slash',
    new Map([
      [4, 100_000n],
      [16, 100_000n],
      [128, 100_000n],
    ]),
  ],
])

/** What a fisherman may do on origin. */
export type AccountabilityAction = 'slash'
