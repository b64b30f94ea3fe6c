import type { Address, BlockNumber, Hash32, Hex } from '@mosaic/primitives'

/** A sealed header with London's fields, as clique wrote them. */
export type HeaderView = {
  readonly hash: Hash32
  readonly parentHash: Hash32
  readonly unclesHash: Hash32
  /** The header field, which clique uses for votes; not the signer. */
  readonly coinbase: Address
  readonly stateRoot: Hash32
  readonly transactionsRoot: Hash32
  readonly receiptsRoot: Hash32
  /** 256 bytes. */
  readonly logsBloom: Hex
  readonly difficulty: bigint
  readonly number: BlockNumber
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly timestamp: bigint
  readonly extraData: Hex
  readonly mixHash: Hash32
  /** 8 bytes. */
  readonly nonce: Hex
  readonly baseFeePerGas: bigint
}

/** A block without the bodies of its transactions. */
export type BlockView = {
  readonly header: HeaderView
  /** Bytes of the encoded block. */
  readonly size: number
  /** Undefined if the node does not know it. */
  readonly totalDifficulty: bigint | undefined
  readonly transactionHashes: readonly Hash32[]
}

/** One entry of an EIP-2930 access list. */
export type AccessListEntry = {
  readonly address: Address
  readonly storageKeys: readonly Hash32[]
}

/** One entry of an EIP-7702 authorization list. */
export type AuthorizationView = {
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

/** A signed transaction. */
export type TransactionView = {
  readonly hash: Hash32
  readonly type: 0 | 1 | 2 | 4
  /** Undefined for legacy transactions without replay protection. */
  readonly chainId: bigint | undefined
  readonly nonce: bigint
  readonly from: Address
  /** Undefined when a contract is created. */
  readonly to: Address | undefined
  readonly value: bigint
  readonly gas: bigint
  /** The price of types 0 and 1; undefined from type 2 on. */
  readonly gasPrice: bigint | undefined
  readonly maxFeePerGas: bigint | undefined
  readonly maxPriorityFeePerGas: bigint | undefined
  readonly input: Hex
  readonly accessList: readonly AccessListEntry[] | undefined
  readonly authorizationList: readonly AuthorizationView[] | undefined
  readonly v: bigint
  readonly r: bigint
  readonly s: bigint
  /** The canonical encoding. */
  readonly raw: Hex
}

/** Where a transaction was included. */
export type Inclusion = {
  readonly header: HeaderView
  readonly index: number
}

/** An event of a contract, in its block. */
export type LogView = {
  readonly address: Address
  readonly topics: readonly Hash32[]
  readonly data: Hex
  readonly blockNumber: BlockNumber
  readonly blockHash: Hash32
  /** Unix seconds. */
  readonly blockTimestamp: bigint
  readonly transactionHash: Hash32
  readonly transactionIndex: number
  /** Within the block. */
  readonly logIndex: number
}

/** What became of a transaction. */
export type ReceiptView = {
  readonly transactionHash: Hash32
  readonly transactionIndex: number
  readonly blockHash: Hash32
  readonly blockNumber: BlockNumber
  readonly from: Address
  readonly to: Address | undefined
  readonly type: 0 | 1 | 2 | 4
  readonly succeeded: boolean
  readonly gasUsed: bigint
  readonly cumulativeGasUsed: bigint
  readonly effectiveGasPrice: bigint
  readonly contractAddress: Address | undefined
  readonly logs: readonly LogView[]
  readonly logsBloom: Hex
}

/** An account; one that does not exist has nonce 0, balance 0 and no code. */
export type AccountView = {
  readonly nonce: bigint
  readonly balance: bigint
}

/** Merkle proof of an account and some of its slots (EIP-1186). */
export type AccountProofView = {
  readonly address: Address
  readonly nonce: bigint
  readonly balance: bigint
  readonly codeHash: Hash32
  readonly storageHash: Hash32
  readonly accountProof: readonly Hex[]
  /** In the order that was asked for. */
  readonly storageProof: readonly { readonly value: bigint; readonly proof: readonly Hex[] }[]
}
