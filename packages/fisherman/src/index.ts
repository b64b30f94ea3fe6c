/**
 * The fisherman: finds offences in the votes it sees and brings each once to both chains; challenges proposals that must not be committed.
 *
 * @packageDocumentation
 */
export {
  type Challenge,
  type ChallengeFacts,
  type FinalizedCheckpoint,
  findChallenge,
  type OpenProposal,
} from './challenge.ts'
export { findConflict, type Neighbours } from './conflict.ts'
export { type Evidence, offenderOf, type SignedVote } from './evidence.ts'
export { type Fisherman, openFisherman } from './fisherman.ts'
export type {
  ChallengePort,
  Court,
  FishermanPorts,
  FishermanStore,
  FishermanWrite,
  Standing,
} from './ports.ts'
export { DEFAULT_LIMITS, type HistoryLimits } from './vote-history.ts'
