/**
 * The EthereumJS VM behind plain types: builds, runs and proves blocks. The only importer of `@ethereumjs/*`.
 *
 * @packageDocumentation
 */

export type { AccessListResult } from './access-list.ts'
export type { AccountChange } from './account-change.ts'
export type { Authorization } from './authorizations.ts'
export { type Block, type BlockCodecFault, type BlockOutline, encodeBlock } from './block.ts'
export type { CallFault, CallRequest, CallResult } from './call.ts'
export { type Crypto, loadCrypto, type RecoverableSignature } from './crypto.ts'
export { PredeployFailedError, StateUnavailableError, SystemCallError } from './errors.ts'
export { createExecutionLayer, type ExecutionLayer } from './execution.ts'
export {
  type ChainGenesis,
  createGenesisBlock,
  type GenesisAccount,
  runConstructor,
} from './genesis.ts'
export {
  type AncestorHash,
  HISTORY_STORAGE,
  type MessageObserver,
  SYSTEM_CALLER,
  TRANSITION_TRACKER,
} from './machine.ts'
export { CallTimeoutError } from './machine-pool.ts'
export { orderedRoot } from './ordered-root.ts'
export type { AccountOverride, BlockOverrides, Pretence, StateOverrides } from './overrides.ts'
export type {
  BlockEnvironment,
  Built,
  Candidates,
  Execution,
  ExecutionFault,
  GrowingBlock,
  Processor,
  SkippedTransaction,
  TrackerRule,
} from './processor.ts'
export type { AccountView, Queries, StateProof } from './queries.ts'
export {
  decodeLogs,
  decodeReceipts,
  encodeLogs,
  encodeReceipts,
  type Log,
  logsBloom,
  type Receipt,
} from './receipt.ts'
export { readReceiptEnvelopes, toReceiptEnvelopes } from './receipt-envelope.ts'
export type { RecoveredSender } from './recovery/recovery-messages.ts'
export { createSenderRecovery, type SenderRecovery } from './recovery/sender-recovery.ts'
export type {
  SimulatedBlock,
  SimulatedBlockRequest,
  SimulatedCall,
  SimulatedMessage,
  SimulationFault,
  SimulationOptions,
} from './simulation.ts'
export type { StateSource, StateWrites } from './state.ts'
export { type NodeReferences, readReferences, type StateVisitor } from './state-walk.ts'
export type { CallFrame, FrameLog } from './tracing/call-tracer.ts'
export type { PrestateTrace, StateDifference, TouchedAccount } from './tracing/prestate-tracer.ts'
export type { StructLog, StructTrace } from './tracing/struct-logger.ts'
export type { Trace, TraceChoice } from './tracing/trace.ts'
export { TraceTooLargeError } from './tracing/trace-errors.ts'
export {
  type AccessListEntry,
  authorizationsOf,
  effectiveTip,
  isImpersonated,
  type OwnTransaction,
  type SenderRule,
  type Transaction,
  type TransactionFault,
} from './transaction.ts'
export { EMPTY_ROOT, Trie } from './trie.ts'
export { toNibbles } from './trie-node.ts'
