/**
 * Which signer may seal which block (EIP-225), which headers may follow which, and which of two heads is better. Pure.
 *
 * @packageDocumentation
 */
export {
  buildExtraData,
  type ExtraData,
  SEAL_BYTES,
  splitExtraData,
  VANITY_BYTES,
} from './extra-data.ts'
export type { AuthorityFault, AuthorityFaultCode } from './fault.ts'
export {
  type GasParent,
  INITIAL_BASE_FEE,
  MAX_GAS_LIMIT,
  MIN_GAS_LIMIT,
  nextBaseFee,
  nextGasLimit,
} from './gas.ts'
export { compareHeads, type Head } from './head-choice.ts'
export {
  type AuthorityHeader,
  decodeHeader,
  encodeHeader,
  headerHash,
  readSeal,
  sealHash,
  sealPreimage,
} from './header.ts'
export { isVoteNonce, voteNonce } from './nonce.ts'
export { chooseProposal, type VoteFields } from './proposal.ts'
export { type SealPlan, sealPlan } from './seal-plan.ts'
export {
  applyHeader,
  findSignerFault,
  genesisSnapshot,
  isInTurn,
  recentLimit,
  type SignerSnapshot,
  type SignerTally,
  type SignerVote,
} from './signer-snapshot.ts'
export { decodeSnapshot, encodeSnapshot } from './snapshot-codec.ts'
export {
  type AuthorityRules,
  DIFFICULTY_IN_TURN,
  DIFFICULTY_OUT_OF_TURN,
  EMPTY_UNCLE_HASH,
  type HeaderCheck,
  turnDifficulty,
  verifyHeader,
} from './verify-header.ts'
