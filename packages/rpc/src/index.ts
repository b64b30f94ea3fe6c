/**
 * JSON-RPC over HTTP and WebSocket: envelopes, limits, methods, parameter checks, error codes and output formats.
 *
 * @packageDocumentation
 */
export { NO_BLOCK_OVERRIDES } from './call-parameters.ts'
export { type Clock, SYSTEM_CLOCK } from './clock.ts'
export type {
  DevAccountChange,
  DevInfo,
  DevMining,
  DevPort,
  DevTime,
  FilledTransaction,
  WalletPort,
} from './dev-port.ts'
export type { DispatchLimits, RpcLogger } from './dispatch.ts'
export { ERROR_CODE, RpcError } from './errors.ts'
export type { HealthPort } from './http-exchange.ts'
export { createIpcServer, type IpcServer } from './ipc-server.ts'
export type { Json } from './json.ts'
export { type CallContext, type RpcConnection, UNCONDITIONALLY } from './method.ts'
export {
  createMethods,
  type MethodOptions,
  type Methods,
  NAMESPACES,
  type Namespace,
  type RpcHandler,
} from './methods.ts'
export type {
  AccountabilityView,
  AnchoredProofView,
  ChainName,
  CheckpointReference,
  CheckpointView,
  KernelView,
  MetaBlockView,
  MosaicPort,
  MosaicStatusView,
  SendVoteOutcome,
  SignedVoteView,
  TransitionView,
  ValidatorSetView,
  VoteQuery,
  VoteView,
} from './mosaic-port.ts'
export type {
  AccessListOutcome,
  AccountOverride,
  BlockEvent,
  BlockOverrides,
  BlockReference,
  BlockTag,
  CallFailure,
  CallOutcome,
  CallRequest,
  ChainEvent,
  ChainPort,
  CliquePort,
  CliqueSnapshotView,
  EstimateOutcome,
  EventPort,
  FeePort,
  LogFault,
  LogFilter,
  LogQuery,
  NodePort,
  PendingBlockView,
  PoolPort,
  RpcPorts,
  StatePort,
  SyncProgress,
  TracePort,
  TransactionFault,
} from './ports.ts'
export { failureToError } from './revert.ts'
export { createRpcServer, type RpcLimits, type RpcServer, type RpcServerOptions } from './server.ts'
export type {
  SimulatedBlockView,
  SimulatedCallView,
  SimulationFaultView,
  SimulationRequest,
} from './simulation-views.ts'
export { createToken } from './token.ts'
export type { TraceChoice, TraceView } from './trace-views.ts'
export type {
  AccessListEntry,
  AccountProofView,
  AccountView,
  AuthorizationView,
  BlockView,
  HeaderView,
  Inclusion,
  LogView,
  ReceiptView,
  TransactionView,
} from './views.ts'
export type { SessionLimits } from './websocket-session.ts'
