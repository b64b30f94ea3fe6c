/**
 * The duties of a validator, and the guard without which no vote is signed.
 *
 * @packageDocumentation
 */
export { createDoppelgangerWatch, type DoppelgangerWatch } from './doppelganger.ts'
export { GuardUnusableError, type Refusal, SigningRefusedError } from './guard-errors.ts'
export {
  formatInterchange,
  InterchangeError,
  type KeyHistory,
  parseInterchange,
} from './interchange.ts'
export { type Journal, openJournalFile } from './journal-file.ts'
export { lockFile } from './journal-lock.ts'
export { createMemoryJournal } from './memory-journal.ts'
export {
  openSealGuard,
  type SealedNumber,
  type SealGuard,
  type SealPlace,
  SealRefusedError,
  type SealRequest,
} from './seal-guard.ts'
export {
  type GuardHistory,
  openSigningGuard,
  type SigningGuard,
  type SignVote,
} from './signing-guard.ts'
export {
  createValidator,
  type SignedVote,
  type Validator,
  type ValidatorPorts,
} from './validator.ts'
export {
  type AuxiliaryView,
  type Checkpoint,
  chooseAuxiliaryVote,
  chooseOriginVote,
  type OriginView,
} from './vote-choice.ts'
export type { GuardIdentity, KnownTransition, VoteFloor } from './vote-record.ts'
