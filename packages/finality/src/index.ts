/**
 * The rules of finality: supermajorities, justified and finalized checkpoints, slashing conditions, the validator set by height. Pure.
 *
 * @packageDocumentation
 */
export {
  type ActiveSet,
  type CheckpointView,
  type CountedVote,
  countVote,
  countVotes,
  dynastyOf,
  type FinalityState,
  highestFinalized,
  highestJustified,
  initialFinality,
  type LinkTally,
  type VoteFault,
} from './finality-state.ts'
export { findOffence, isSameVote, type Offence } from './offence.ts'
export { reputedWeight, WHOLE_REPUTATION } from './reputation.ts'
export {
  exceedsSafetyThreshold,
  isStitchedSupermajority,
  isSupermajority,
  type StitchedWeight,
} from './supermajority.ts'
export {
  diffValidatorSets,
  effectiveWeights,
  isMember,
  seatAt,
  sumWeights,
  type ValidatorRecord,
  validatorSetAt,
} from './validator-set.ts'
