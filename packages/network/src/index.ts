/**
 * The peer-to-peer network of one auxiliary chain: gossip of blocks, transactions and votes, and requests between peers.
 * The only importer of libp2p.
 *
 * @packageDocumentation
 */
export { type Clock, createSystemClock } from './clock.ts'
export {
  type BlocksByHashRequest,
  type BlocksByRangeRequest,
  type HeadersByRangeRequest,
  MAX_BLOCKS_BY_HASH,
  MAX_BLOCKS_BY_RANGE,
  MAX_HEADERS_BY_RANGE,
  MAX_RESPONSE_BYTES,
  MAX_STATE_NODES,
  MAX_TRANSACTION_HASHES,
  MAX_TRANSACTIONS_BY_HASH,
  MAX_VOTE_HEIGHTS,
  type MethodName,
  type MethodTypes,
  type PeersRequest,
  type ReceiptsByHashRequest,
  type RequestHandlers,
  type ServedMethod,
  type StateNodesRequest,
  type Status,
  type TransactionHashesRequest,
  type TransactionsByHashRequest,
  type VotesByHeightRequest,
} from './messages.ts'
export { createNetwork, type Network, type RequestOptions } from './network.ts'
export { createNodeKey, type NodeKey, nodeKeyToPeerId } from './node-key.ts'
export type { PeerMemory } from './peer-book.ts'
export type {
  GossipValidator,
  GossipVerdict,
  NetworkBudgets,
  NetworkEventMap,
  NetworkEvents,
  NetworkLogger,
  NetworkOptions,
  NetworkPorts,
  NetworkTiming,
  PeerInfo,
} from './ports.ts'
export { createRateLimiter, type RateLimiter } from './rate-limit.ts'
export { type RefusalReason, RequestFailedError, RequestRefusedError } from './request-errors.ts'
export { TOPIC_RULES, type TopicName, type TopicRules } from './topics.ts'
