/**
 * Solidity of origin and auxiliary as ABIs and creation code, and typed codecs for it. Every name is that of the contracts.
 *
 * @packageDocumentation
 */
export type { EncodedLog, View } from './abi-codec.ts'
export {
  type AuxiliaryConfiguration,
  type AuxiliaryEvent,
  auxiliaryEventTopics,
  type ChainStatus,
  decodeAuxiliaryEvent,
  decodeSubmitVotes,
  encodeConfirmKernel,
  encodeEndBlock,
  encodeFinalityGadgetCreation,
  encodeKernelRegistryCreation,
  encodeOriginObserverCreation,
  encodeReportHeader,
  encodeRetally,
  encodeSubmitVotes,
  encodeTransitionTrackerCreation,
  finalityGadgetViews,
  kernelRegistryViews,
  type ObservedBlock,
  originObserverViews,
  type StoredTally,
  transitionTrackerViews,
  VOTE_RESULTS,
  type VoteResult,
} from './auxiliary-codec.ts'
export { coreAbi } from './core-abi.ts'
export {
  type CommitArguments,
  type CoreEvent,
  type CoreHead,
  type CoreLedger,
  type CoreParameters,
  type CorePhase,
  coreEventTopics,
  coreViews,
  decodeCoreEvent,
  encodeAnchorOriginHash,
  encodeCapDynasty,
  encodeChallengeGasTarget,
  encodeChallengeObservation,
  encodeClaimBonds,
  encodeClaimReward,
  encodeCommit,
  encodeCoreCreation,
  encodeCoreFactoryCreation,
  encodeCreateCore,
  encodeDeposit,
  encodeExecuteVerdict,
  encodeHaltByConflict,
  encodeHopOriginHash,
  encodeLogout,
  encodeOpen,
  encodePropose,
  encodeReclaimBond,
  encodeReweigh,
  encodeSettleLosses,
  encodeSlash,
  encodeSlashFalseTransition,
  encodeStrikeProposal,
  encodeWithdraw,
  type FinalizingLink,
  HALT_REASONS,
  type HaltReason,
  type Proposal,
  predictCore,
  type RegisteredValidator,
  type SeatVote,
  type SignedVote,
  type StakeLoss,
  type TransitionEvidence,
  type ValidatorStatus,
  type VotedLink,
  type Weighting,
} from './core-codec.ts'
export { describeCoreError } from './core-errors.ts'
export { type AbiEntry, abiSignature } from './event-topic.ts'
export { constantReputationCreationCode } from './generated/constant-reputation.ts'
export { coreCreationCode } from './generated/core.ts'
export { coreArbiterCreationCode } from './generated/core-arbiter.ts'
export { coreFactoryAbi, coreFactoryCreationCode } from './generated/core-factory.ts'
export { devnetTokenAbi, devnetTokenCreationCode } from './generated/devnet-token.ts'
export { finalityGadgetAbi, finalityGadgetCreationCode } from './generated/finality-gadget.ts'
export { kernelRegistryAbi, kernelRegistryCreationCode } from './generated/kernel-registry.ts'
export { originObserverAbi, originObserverCreationCode } from './generated/origin-observer.ts'
export {
  transitionTrackerAbi,
  transitionTrackerCreationCode,
} from './generated/transition-tracker.ts'
export { OFFENCES, type SlashedOffence } from './offence-codec.ts'
export { PREDEPLOYS, SYSTEM_ADDRESS } from './predeploys.ts'
export {
  encodeFiniteLifetimeReputationCreation,
  encodeRampUpReputationCreation,
  encodeRecordWork,
  rampUpViews,
  reputationOf,
  type WorkRecord,
} from './reputation-codec.ts'
export { decodeCommitSignatures } from './seal-codec.ts'
