/**
 * The auxiliary chain of one node: block tree, fork choice by justified height, pools of transactions and votes, block production.
 *
 * @packageDocumentation
 */

export { beginningRecord } from './beginning-record.ts'
export {
  type BlockDatabase,
  type BlockReceipts,
  createBlockDatabase,
  type MissingHistory,
  type TransactionPosition,
} from './block-database.ts'
export type { BlockRecord, ChainFinality, Checkpoint } from './block-record.ts'
export {
  type Beginning,
  type Chain,
  type ChainOptions,
  type ChainPosition,
  type HeadChange,
  type Imported,
  openChain,
} from './chain.ts'
export type { ChainFault } from './chain-errors.ts'
export type { ChainDefinition } from './definition.ts'
export { compareRecords, type ForkChoiceRecord } from './fork-choice.ts'
export { HashSet } from './hash-set.ts'
export { type HistoricBlock, type HistoryFault, outlineHistory, takeHistory } from './history.ts'
export { importBlocks } from './import-blocks.ts'
export { poolCandidates } from './pool-candidates.ts'
export { createPoolJournal, type PoolJournal } from './pool-journal.ts'
export {
  createProducer,
  type Producer,
  type ProducerOptions,
  type ProducerPorts,
} from './producer.ts'
export { decodeLog, deriveTransition, deriveTransitionHash } from './record-derivation.ts'
export { type BlockDraft, type BlockSeal, sealBlock } from './seal-block.ts'
export { createKeySealer, type Sealer, type SealPlace } from './sealer.ts'
export { firstHeaderNeeded, replaySigners } from './signer-history.ts'
export { createStatePruner, type PruneReport, type StatePruner } from './state-pruner.ts'
export {
  createTransactionPool,
  type PoolFault,
  type PoolLimits,
  type SenderAccount,
  type TransactionPool,
} from './transaction-pool.ts'
export {
  createUnsealedBlockStore,
  type UnsealedBlock,
  type UnsealedBlockStore,
} from './unsealed-block.ts'
export { type StoreFault, type StoreReport, verifyStore } from './verify-store.ts'
export {
  type CountedVote,
  countedEncodings,
  countedVotes,
  decodeSignedVote,
  encodeSignedVote,
  linkMessage,
  type SignedVote,
} from './vote-index.ts'
export {
  createVoteIntake,
  readValidatorSet,
  type VoteIntake,
  type VoteIntakeFault,
} from './vote-intake.ts'
export { createVotePool, type PendingVote, type VotePool } from './vote-pool.ts'
