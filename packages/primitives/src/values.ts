import { hexOf } from './bytes.ts'
import { InvalidValueError } from './errors.ts'

declare const brand: unique symbol

/** A value of type `T` that only the constructor of `Name` makes. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Lower-case hex with prefix, an even number of digits. */
export type Hex = `0x${string}`

/** 32 bytes: a hash, root or identifier. */
export type Hash32 = Brand<Hex, 'Hash32'>

/** 20 bytes, lower case, no checksum. */
export type Address = Brand<Hex, 'Address'>

/** Number of a block on either chain; genesis is block 0. */
export type BlockNumber = Brand<bigint, 'BlockNumber'>

/** Ordinal of a checkpoint: block number divided by the chain's epoch length; genesis is height 0. */
export type Height = Brand<bigint, 'Height'>

/** Height of a meta-block and of the kernel that opened it; the genesis meta-block is 0. */
export type MetaHeight = Brand<bigint, 'MetaHeight'>

/** Number of finalized checkpoints on a branch (§2.4). */
export type Dynasty = Brand<bigint, 'Dynasty'>

/** Amount of gas, also accumulated over blocks. */
export type Gas = Brand<bigint, 'Gas'>

/** Voting weight in base units of the staked token; one validator's is below 2^94, a sum below 2^128. */
export type Weight = Brand<bigint, 'Weight'>

const MAX_UINT64 = 2n ** 64n - 1n
const MAX_UINT128 = 2n ** 128n - 1n

function requireRange(what: string, value: bigint, max: bigint): bigint {
  if (typeof value !== 'bigint' || value < 0n || value > max)
    throw new InvalidValueError(what, value)
  return value
}

/** @throws {@link InvalidValueError} unless `value` is 0x and an even number of hex digits. */
export function toHex(value: string): Hex {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) {
    throw new InvalidValueError('hex with 0x and an even number of digits', value)
  }
  return value.toLowerCase() as Hex
}

/** @throws {@link InvalidValueError} unless `value` is 0x and 64 hex digits. */
export function toHash32(value: string): Hash32 {
  if (!/^0x[0-9a-fA-F]{64}$/.test(value)) throw new InvalidValueError('32 bytes of hex', value)
  return value.toLowerCase() as Hash32
}

/** Takes any letter case; a checksum is not verified. @throws {@link InvalidValueError} unless `value` is 0x and 40 hex digits. */
export function toAddress(value: string): Address {
  if (!/^0x[0-9a-fA-F]{40}$/.test(value)) throw new InvalidValueError('20 bytes of hex', value)
  return value.toLowerCase() as Address
}

export function bytesToHex(bytes: Uint8Array): Hex {
  return hexOf(bytes) as Hex
}

/** @throws {@link InvalidValueError} unless there are 32 bytes. */
export function bytesToHash32(bytes: Uint8Array): Hash32 {
  if (bytes.length !== 32) throw new InvalidValueError('32 bytes', hexOf(bytes))
  return hexOf(bytes) as Hash32
}

/** @throws {@link InvalidValueError} unless there are 20 bytes. */
export function bytesToAddress(bytes: Uint8Array): Address {
  if (bytes.length !== 20) throw new InvalidValueError('20 bytes', hexOf(bytes))
  return hexOf(bytes) as Address
}

/** @throws {@link InvalidValueError} unless `value` fits in an unsigned 64-bit integer. */
export function toBlockNumber(value: bigint): BlockNumber {
  return requireRange('a block number (uint64)', value, MAX_UINT64) as BlockNumber
}

/** @throws {@link InvalidValueError} unless `value` fits in an unsigned 64-bit integer. */
export function toHeight(value: bigint): Height {
  return requireRange('a checkpoint height (uint64)', value, MAX_UINT64) as Height
}

/** @throws {@link InvalidValueError} unless `value` fits in an unsigned 64-bit integer. */
export function toMetaHeight(value: bigint): MetaHeight {
  return requireRange('a meta-block height (uint64)', value, MAX_UINT64) as MetaHeight
}

/** @throws {@link InvalidValueError} unless `value` fits in an unsigned 64-bit integer. */
export function toDynasty(value: bigint): Dynasty {
  return requireRange('a dynasty (uint64)', value, MAX_UINT64) as Dynasty
}

/** @throws {@link InvalidValueError} unless `value` fits in an unsigned 64-bit integer. */
export function toGas(value: bigint): Gas {
  return requireRange('an amount of gas (uint64)', value, MAX_UINT64) as Gas
}

/** @throws {@link InvalidValueError} unless `value` fits in an unsigned 128-bit integer. */
export function toWeight(value: bigint): Weight {
  return requireRange('a weight (uint128)', value, MAX_UINT128) as Weight
}

/** 32 zero bytes. */
export const ZERO_HASH: Hash32 = toHash32(`0x${'00'.repeat(32)}`)

/** 20 zero bytes. */
export const ZERO_ADDRESS: Address = toAddress(`0x${'00'.repeat(20)}`)
