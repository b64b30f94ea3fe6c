/**
 * Client of the origin chain, and of any Ethereum JSON-RPC endpoint. The only importer of an RPC library.
 *
 * @packageDocumentation
 */
export {
  type CoreGenesis,
  type CoreLog,
  CoreNotOpenError,
  followKernel,
  type OpenedKernel,
  readCoreGenesis,
  readCoreLogs,
  readKernels,
  readView,
} from './core-reader.ts'
export {
  EndpointUnreachableError,
  FeesTooHighError,
  HeaderMismatchError,
  NotSentError,
  RpcError,
  TransactionFailedError,
  WrongChainError,
} from './errors.ts'
export {
  type AccountProof,
  type BlockTag,
  type ChainLog,
  createEthereumClient,
  type EthereumClient,
  type FinalityPolicy,
  type LogFilter,
  readChainId,
  toQuantity,
  toQuantityHex,
} from './ethereum-client.ts'
export { createFailover, type EndpointEvent, type FailoverOptions } from './failover.ts'
export { blockToHeader, type RawHeader } from './header-rlp.ts'
export { createJsonRpcClient, isRecord, type JsonRpcRequest } from './json-rpc.ts'
export {
  createDrySender,
  createTransactionSender,
  type FeeLimits,
  readReceipt,
  type SenderOptions,
  type TransactionBook,
  type TransactionIntent,
  type TransactionReceipt,
  type TransactionRequest,
  type TransactionSender,
} from './transaction-sender.ts'
