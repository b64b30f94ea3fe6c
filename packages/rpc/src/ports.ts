import type { Address, BlockNumber, Hash32, Hex, Verdict } from '@mosaic/primitives'
import type { DevPort, WalletPort } from './dev-port.ts'
import type { Waiting } from './method.ts'
import type { MosaicPort } from './mosaic-port.ts'
import type {
  SimulatedBlockView,
  SimulationFaultView,
  SimulationRequest,
} from './simulation-views.ts'
import type { TraceChoice, TraceView } from './trace-views.ts'
import type {
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

/** Everything the methods need from the node. */
export type RpcPorts = {
  readonly node: NodePort
  readonly chain: ChainPort
  readonly state: StatePort
  readonly traces: TracePort
  readonly pool: PoolPort
  readonly fees: FeePort
  readonly events: EventPort
  readonly clique: CliquePort
  /** Undefined for a chain that is no auxiliary chain: it has no `mosaic_` methods. */
  readonly mosaic: MosaicPort | undefined
  /** Of chains for tests alone. */
  readonly dev?: DevPort | undefined
  /** Of chains for tests alone: a node holds no keys of users. */
  readonly wallet?: WalletPort | undefined
}

/** Facts about this node. */
export type NodePort = {
  /** As in `mosaic/0.1.0/linux-x64/node24`. */
  readonly clientVersion: string
  readonly chainId: bigint
  readonly peerCount: () => number
  readonly isListening: () => boolean
  /** The account this node seals for; undefined if it produces no blocks. */
  readonly signer: () => Address | undefined
  /** Undefined when the node is not behind. */
  readonly syncProgress: () => SyncProgress | undefined
}

/** How far a node that is behind has come. */
export type SyncProgress = {
  readonly startingBlock: BlockNumber
  readonly currentBlock: BlockNumber
  readonly highestBlock: BlockNumber
}

/** A name for a block that moves; `pending` is not among them, since it names none that exists. */
export type BlockTag = 'latest' | 'earliest' | 'safe' | 'finalized'

/** How a caller names a block. */
export type BlockReference =
  | { readonly tag: BlockTag }
  | { readonly number: BlockNumber }
  /** Known blocks off the canonical chain answer too, unless `requireCanonical`. */
  | { readonly hash: Hash32; readonly requireCanonical?: boolean }

/** Blocks, transactions and receipts that this node has. */
export type ChainPort = {
  /**
   * The header that `reference` names; undefined when there is none. `safe` is the latest justified and `finalized` the
   * latest finalized checkpoint: both undefined before the first beyond genesis.
   */
  readonly header: (reference: BlockReference) => Promise<HeaderView | undefined>
  readonly block: (hash: Hash32) => Promise<BlockView | undefined>
  /** Whether the block is on the chain of the head. */
  readonly isCanonical: (hash: Hash32) => Promise<boolean>
  readonly transactionsOfBlock: (hash: Hash32) => Promise<readonly TransactionView[] | undefined>
  readonly receiptsOfBlock: (hash: Hash32) => Promise<readonly ReceiptView[] | undefined>
  /** An included transaction of the canonical chain. */
  readonly transaction: (
    hash: Hash32,
  ) => Promise<(Inclusion & { readonly transaction: TransactionView }) | undefined>
  readonly receipt: (transactionHash: Hash32) => Promise<ReceiptView | undefined>
  /** Logs of canonical blocks `from`…`to`, or of one block by hash, in the order of the chain. */
  readonly logs: (query: LogQuery, limit: number) => Promise<Verdict<readonly LogView[], LogFault>>
  /** The block being built upon the head, if this node builds one; with no seal. */
  readonly pendingBlock: () => Promise<PendingBlockView | undefined>
  /** Encodings for the `debug` namespace. */
  readonly rawBlock: (hash: Hash32) => Promise<Hex | undefined>
  readonly rawHeader: (hash: Hash32) => Promise<Hex | undefined>
  readonly rawReceipts: (hash: Hash32) => Promise<readonly Hex[] | undefined>
}

/** A block without seal and hash. */
export type PendingBlockView = {
  readonly block: BlockView
  readonly transactions: readonly TransactionView[]
}

/** Which logs. */
export type LogQuery = LogFilter & {
  readonly range:
    | { readonly from: BlockNumber; readonly to: BlockNumber }
    | { readonly blockHash: Hash32 }
}

/** What logs must match: any of the addresses (none given: any), and at each position any of the topics (none: any). */
export type LogFilter = {
  readonly addresses: readonly Address[]
  readonly topics: readonly (readonly Hash32[])[]
}

/** Why logs were not given. */
export type LogFault =
  | { readonly code: 'UNKNOWN_BLOCK' }
  /** There are more than the limit. */
  | { readonly code: 'TOO_MANY'; readonly limit: number }
  /** Receipts of the range are no longer kept. */
  | { readonly code: 'PRUNED' }

/** State as of the end of a block. Rejects with an error when the block's state is not kept. */
export type StatePort = {
  readonly account: (at: Hash32, address: Address) => Promise<AccountView>
  readonly code: (at: Hash32, address: Address) => Promise<Hex>
  readonly storage: (at: Hash32, address: Address, slot: Hash32) => Promise<Hash32>
  readonly proof: (
    at: Hash32,
    address: Address,
    slots: readonly Hash32[],
  ) => Promise<AccountProofView>
  /** Runs a message in the context of block `at`, upon its state; changes nothing. */
  readonly call: (call: CallRequest, caller: Waiting) => Promise<CallOutcome>
  /** The least gas limit with which the transaction succeeds. */
  readonly estimateGas: (call: CallRequest, caller: Waiting) => Promise<EstimateOutcome>
  /** The access list with which the transaction costs least (EIP-2930). */
  readonly accessList: (call: CallRequest, caller: Waiting) => Promise<AccessListOutcome>
  /** Runs blocks that nobody builds. */
  readonly simulate: (
    request: SimulationRequest,
  ) => Promise<Verdict<readonly SimulatedBlockView[], SimulationFaultView>>
}

/** Runs again what has run. Rejects with an error when the state is not kept, or the trace takes too long or too much. */
export type TracePort = {
  /** Undefined when there is no such transaction on the chain of the head. */
  readonly transaction: (
    hash: Hash32,
    choice: TraceChoice,
    timeoutMs: number,
  ) => Promise<TraceView | undefined>
  readonly block: (
    hash: Hash32,
    choice: TraceChoice,
    timeoutMs: number,
  ) => Promise<readonly { readonly transactionHash: Hash32; readonly trace: TraceView }[]>
  readonly call: (
    call: CallRequest,
    choice: TraceChoice,
    timeoutMs: number,
  ) => Promise<{ readonly kind: 'success'; readonly trace: TraceView } | CallFailure>
}

/** A message to run. */
export type CallRequest = {
  readonly at: Hash32
  readonly from: Address | undefined
  readonly to: Address | undefined
  readonly gas: bigint | undefined
  readonly gasPrice: bigint | undefined
  readonly maxFeePerGas: bigint | undefined
  readonly maxPriorityFeePerGas: bigint | undefined
  readonly value: bigint
  readonly nonce: bigint | undefined
  readonly input: Hex
  readonly accessList: readonly AccessListEntry[] | undefined
  readonly authorizationList: readonly AuthorizationView[] | undefined
  readonly stateOverrides: ReadonlyMap<Address, AccountOverride>
  readonly blockOverrides: BlockOverrides
}

/** What to pretend about an account. `state` replaces all of its storage, `stateDiff` single slots. */
export type AccountOverride = {
  readonly balance: bigint | undefined
  readonly nonce: bigint | undefined
  readonly code: Hex | undefined
  readonly state: ReadonlyMap<Hash32, Hash32> | undefined
  readonly stateDiff: ReadonlyMap<Hash32, Hash32> | undefined
}

/** What to pretend about the block. */
export type BlockOverrides = {
  readonly number: BlockNumber | undefined
  readonly timestamp: bigint | undefined
  readonly gasLimit: bigint | undefined
  readonly coinbase: Address | undefined
  readonly prevRandao: Hash32 | undefined
  readonly baseFeePerGas: bigint | undefined
}

/** How a message failed. */
export type CallFailure =
  /** The code reverted, with this data. */
  | { readonly kind: 'revert'; readonly data: Hex }
  /** The EVM stopped, in geth's words: `out of gas`, `invalid opcode: INVALID`, … */
  | { readonly kind: 'halt'; readonly message: string }
  /** It was not begun, in geth's words. */
  | { readonly kind: 'refused'; readonly message: string }

/** What a call came to. */
export type CallOutcome = { readonly kind: 'success'; readonly returnData: Hex } | CallFailure

/** What the search for an access list came to. */
export type AccessListOutcome =
  | {
      readonly kind: 'success'
      readonly accessList: readonly AccessListEntry[]
      readonly gasUsed: bigint
      /** Why the message failed; undefined if it did not. */
      readonly error: string | undefined
    }
  | CallFailure

/** What an estimate came to. */
export type EstimateOutcome = { readonly kind: 'success'; readonly gas: bigint } | CallFailure

/** Why a transaction is not taken; each has the words that geth has for it. */
export type TransactionFault =
  /** The bytes are no transaction, or none that anybody could pay; in the words of geth's decoder or pool. */
  | { readonly code: 'MALFORMED'; readonly reason: string }
  | { readonly code: 'TYPE_NOT_SUPPORTED' }
  /** The signature does not verify for this chain. */
  | { readonly code: 'INVALID_SENDER' }
  /** Not replay-protected. */
  | { readonly code: 'UNPROTECTED' }
  | { readonly code: 'ALREADY_KNOWN' }
  | { readonly code: 'NONCE_TOO_LOW'; readonly next: bigint; readonly given: bigint }
  | { readonly code: 'NONCE_TOO_HIGH'; readonly next: bigint; readonly given: bigint }
  | { readonly code: 'NONCE_AT_MAXIMUM' }
  | { readonly code: 'SENDER_HAS_CODE'; readonly address: Address; readonly codeHash: Hash32 }
  | {
      readonly code: 'INSUFFICIENT_FUNDS'
      readonly balance: bigint
      readonly cost: bigint
      /** What waits already of the sender, where this one alone could be paid. */
      readonly queued: bigint | undefined
      /** What that costs which this one would replace. */
      readonly replaced: bigint | undefined
    }
  | { readonly code: 'INTRINSIC_GAS'; readonly gas: bigint; readonly needed: bigint }
  | { readonly code: 'ABOVE_BLOCK_GAS_LIMIT' }
  | { readonly code: 'TIP_ABOVE_FEE_CAP' }
  /** There is no room for this price. */
  | { readonly code: 'UNDERPRICED' }
  /** There is no room for one that stands behind a gap. */
  | { readonly code: 'FUTURE_REPLACES_PENDING' }
  | { readonly code: 'REPLACEMENT_UNDERPRICED' }
  | { readonly code: 'OVERSIZED'; readonly size: number; readonly limit: number }
  | { readonly code: 'POOL_FULL' }
  /** This sender has as many transactions waiting as one may. */
  | { readonly code: 'ACCOUNT_LIMIT'; readonly pooled: number }

/** Transactions that wait. */
export type PoolPort = {
  /** Takes a signed transaction, and gossips it. */
  readonly add: (raw: Uint8Array) => Promise<Verdict<Hash32, TransactionFault>>
  readonly transaction: (hash: Hash32) => TransactionView | undefined
  /** The nonce after the sender's last executable transaction; undefined when it has none waiting. */
  readonly pendingNonce: (address: Address) => bigint | undefined
  /** Executable transactions, and those behind a gap. */
  readonly content: () => {
    readonly pending: readonly TransactionView[]
    readonly queued: readonly TransactionView[]
  }
}

/** Prices. */
export type FeePort = {
  /** A tip that gets a transaction included soon. */
  readonly suggestTip: () => Promise<bigint>
  /** The base fee of the block after `parent` (EIP-1559). */
  readonly nextBaseFee: (parent: HeaderView) => bigint
}

/** A block that joined or left the canonical chain. */
export type BlockEvent = { readonly header: HeaderView; readonly logs: readonly LogView[] }

/** What subscriptions are fed with. */
export type ChainEvent =
  /** The head moved: `removed` in falling, `added` in rising order of number. */
  | {
      readonly kind: 'head'
      readonly removed: readonly BlockEvent[]
      readonly added: readonly BlockEvent[]
    }
  /** A transaction became executable in the pool. */
  | { readonly kind: 'pending-transaction'; readonly transaction: TransactionView }
  /** Began to be behind, or caught up (undefined). */
  | { readonly kind: 'syncing'; readonly progress: SyncProgress | undefined }

/** Where events come from. */
export type EventPort = {
  /** Calls `listener` until the returned function is called. The listener does not throw. */
  readonly subscribe: (listener: (event: ChainEvent) => void) => () => void
}

/** The clique engine and this node's wishes for its signers. */
export type CliquePort = {
  readonly snapshot: (at: Hash32) => Promise<CliqueSnapshotView | undefined>
  /** Who sealed a block; undefined for genesis. */
  readonly sealer: (header: HeaderView) => Address | undefined
  /** Votes to authorise, or to drop, a signer in the blocks that this node seals. */
  readonly propose: (address: Address, authorise: boolean) => Promise<void>
  readonly discard: (address: Address) => Promise<void>
  readonly proposals: () => ReadonlyMap<Address, boolean>
}

/** Signers and open votes as of a block (EIP-225). */
export type CliqueSnapshotView = {
  readonly number: BlockNumber
  readonly hash: Hash32
  readonly signers: readonly Address[]
  /** Who sealed which of the last blocks. */
  readonly recents: ReadonlyMap<BlockNumber, Address>
  readonly votes: readonly {
    readonly signer: Address
    readonly block: BlockNumber
    readonly address: Address
    readonly authorize: boolean
  }[]
  readonly tally: ReadonlyMap<Address, { readonly authorize: boolean; readonly votes: number }>
}
