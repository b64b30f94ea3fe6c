/**
 * The EthereumJS VM behind plain types: builds, runs and proves blocks. The only importer of `@ethereumjs/*`.
 *
 * @packageDocumentation
 */

export type { AccountChange } from './account-change.ts'
export { type Block, type BlockCodecFault, decodeBlock, encodeBlock } from './block.ts'
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
export type {
  BlockEnvironment,
  Candidates,
  Execution,
  ExecutionFault,
  Processor,
  SkippedTransaction,
  TrackerRule,
} from './processor.ts'
export type { AccountView, Queries, StateProof } from './queries.ts'
export {
  decodeLogs,
  decodeReceipts,
  encodeLogs,
  encodeReceiptEnvelope,
  encodeReceipts,
  type Log,
  logsBloom,
  type Receipt,
} from './receipt.ts'
export type { StateSource, StateWrites } from './state.ts'
export {
  type AccessListEntry,
  effectiveTip,
  isImpersonated,
  type OwnTransaction,
  type SenderRule,
  type SignedAuthorization,
  type Transaction,
  type TransactionFault,
} from './transaction.ts'
export { EMPTY_ROOT, orderedRoot, Trie } from './trie.ts'
export { toNibbles } from './trie-node.ts'
