import type { Address, Hash32, Hex } from '@mosaic/primitives'
import type { CallParameters } from './call-parameters.ts'

/** The hands that a chain for tests gives to its owner. Seconds are Unix seconds; what cannot be done rejects with an RpcError. */
export type DevPort = {
  /** Seals so many blocks; each `interval` seconds after the one before, if told. */
  readonly mine: (count: bigint, interval: bigint | undefined) => Promise<void>
  readonly snapshot: () => Promise<bigint>
  /** Whether there was such a snapshot. It and all later ones are gone then. */
  readonly revert: (id: bigint) => Promise<boolean>
  /** Replaces the last blocks by as many others; their transactions wait again. */
  readonly reorg: (depth: bigint) => Promise<void>
  /** Drops the last blocks. */
  readonly rollback: (depth: bigint) => Promise<void>
  /** Back to genesis. */
  readonly reset: () => Promise<void>
  readonly mining: DevMining
  readonly time: DevTime
  /** What is undefined stays. */
  readonly edit: (change: DevAccountChange) => Promise<void>
  readonly impersonate: (address: Address, on: boolean) => void
  /** Lets everybody's transactions be sent by anybody. */
  readonly impersonateAll: (on: boolean) => void
  readonly dropTransaction: (hash: Hash32) => boolean
  /** Of one sender, or all. */
  readonly dropTransactions: (sender: Address | undefined) => void
  readonly dumpState: () => Promise<Hex>
  readonly loadState: (dump: Hex) => Promise<void>
  readonly info: () => DevInfo
}

/** When blocks are sealed, and what the next ones are like. */
export type DevMining = {
  readonly isAutomatic: () => boolean
  readonly setAutomatic: (on: boolean) => void
  /** Milliseconds between blocks; 0 while there is no interval. */
  readonly intervalMs: () => number
  readonly setIntervalMs: (ms: number) => void
  readonly setNextBaseFee: (baseFeePerGas: bigint) => void
  readonly setGasLimit: (gasLimit: bigint) => void
}

/** The clock of the chain. */
export type DevTime = {
  /** Moves it by so many seconds. Returns the sum of all such moves. */
  readonly increase: (seconds: bigint) => bigint
  /** Sets it; returns how far it is from the clock underneath. */
  readonly set: (timestamp: bigint) => bigint
  /** The timestamp of the next block exactly. */
  readonly setNext: (timestamp: bigint) => void
  /** Seconds between each block and the next; undefined: as time passes. */
  readonly setInterval: (seconds: bigint | undefined) => void
  readonly hasInterval: () => boolean
  readonly genesis: () => bigint
}

/** Changes of one account. */
export type DevAccountChange = {
  readonly address: Address
  readonly balance?: bigint
  readonly addedBalance?: bigint
  readonly nonce?: bigint
  readonly code?: Hex
  readonly slots?: readonly (readonly [slot: Hash32, value: Hash32])[]
}

/** What tools ask to know what they talk to. */
export type DevInfo = {
  /** Whose dialect is spoken where the others differ. */
  readonly compat: 'anvil' | 'hardhat' | 'none'
  readonly instanceId: Hash32
  readonly gasLimit: bigint
  readonly timeOffset: bigint
  readonly snapshots: ReadonlyMap<bigint, { readonly number: bigint; readonly hash: Hash32 }>
}

/** A transaction that lacks nothing but a signature. */
export type FilledTransaction = Omit<CallParameters, 'chainId' | 'gas' | 'nonce' | 'from'> & {
  readonly type: 0 | 1 | 2 | 4
  readonly from: Address
  readonly gas: bigint
  readonly nonce: bigint
}

/** Accounts whose keys this program has. Only a chain for tests has any. */
export type WalletPort = {
  readonly accounts: () => readonly Address[]
  /** Whether it can send for an account: it has the key, or the account is impersonated. */
  readonly canSend: (address: Address) => boolean
  /** The envelope. @throws RpcError for an account that it cannot send for. */
  readonly signTransaction: (transaction: FilledTransaction) => Uint8Array
  /** 65 bytes, v 27 or 28. @throws RpcError without the key. */
  readonly signMessage: (address: Address, message: Uint8Array) => Hex
  /** EIP-712. @throws RpcError without the key, or when the data are none. */
  readonly signTypedData: (address: Address, data: Readonly<Record<string, unknown>>) => Hex
}
