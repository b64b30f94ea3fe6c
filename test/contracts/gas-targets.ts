/** Most gas that a meta-block may cost on origin, propose and commit together, by number of validators. */
export const GAS_TARGETS: ReadonlyMap<number, bigint> = new Map([
  [4, 255_000n],
  [16, 300_000n],
  [64, 470_000n],
  [128, 700_000n],
])

/** What a fisherman may do on origin. */
export type AccountabilityAction =
  | 'slash'
  | 'slashFalseTransition'
  | 'haltByConflict'
  | 'challengeObservation'
  | 'capDynasty'
  | 'challengeGasTarget'

/** Most gas of one transaction that holds validators to account, by action and number of validators. */
export const ACCOUNTABILITY_TARGETS: readonly {
  readonly action: AccountabilityAction
  readonly size: number
  readonly target: bigint
}[] = [
  { action: 'slash', size: 4, target: 100_000n },
  { action: 'slash', size: 16, target: 100_000n },
  { action: 'slash', size: 128, target: 100_000n },
  { action: 'slashFalseTransition', size: 4, target: 200_000n },
  { action: 'slashFalseTransition', size: 128, target: 200_000n },
  { action: 'haltByConflict', size: 16, target: 165_000n },
  { action: 'haltByConflict', size: 128, target: 900_000n },
  { action: 'challengeObservation', size: 16, target: 115_000n },
  { action: 'challengeObservation', size: 128, target: 510_000n },
  { action: 'capDynasty', size: 16, target: 115_000n },
  { action: 'capDynasty', size: 128, target: 510_000n },
  { action: 'challengeGasTarget', size: 16, target: 115_000n },
  { action: 'challengeGasTarget', size: 128, target: 510_000n },
]
