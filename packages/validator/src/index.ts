/**
 * The duties of a validator, and the guard without which no vote is signed.
 *
 * @packageDocumentation
 */
export { GuardUnusableError, type Refusal, SigningRefusedError } from './guard-errors.ts'
export type { GuardIdentity } from './journal-entry.ts'
export { type Journal, openJournalFile } from './journal-file.ts'
export { createMemoryJournal } from './memory-journal.ts'
export { openSigningGuard, type SigningGuard, type SignVote } from './signing-guard.ts'
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
