/**
 * The fisherman: finds offences in the votes it sees and brings each once to both chains; challenges what the core
 * must not take, and collects what that earns.
 *
 * @packageDocumentation
 */
export type {
  Challenge,
  Checkpoint,
  CoreFacts,
  CoreTerms,
  FinalizedCheckpoint,
  HeightFacts,
  LinkVotes,
  OpenProposal,
} from './challenge.ts'
export { findChallenges } from './challenger.ts'
export { findConflict, type Neighbours } from './conflict.ts'
export { type Evidence, offenderOf, type SignedVote } from './evidence.ts'
export { type Fisherman, openFisherman } from './fisherman.ts'
export { type Challenger, type Gain, gainOf } from './gain.ts'
export { findSealedLink } from './link-votes.ts'
export type {
  ChallengePort,
  Collection,
  Court,
  FishermanPorts,
  FishermanStore,
  FishermanWrite,
  RewardPort,
  Standing,
} from './ports.ts'
export { findSharedGuilt } from './shared-guilt.ts'
export { DEFAULT_LIMITS, type HistoryLimits } from './vote-history.ts'
