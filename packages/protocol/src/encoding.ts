import {
  type Address,
  bigintToBytes,
  concatBytes,
  type Hash32,
  type Hex,
  hexToBytes,
  keccak256,
  keccak256Bytes,
  utf8ToBytes,
} from '@mosaic/primitives'

/** One static Solidity value as a 32-byte word: integers and addresses are left-padded. */
export type AbiWord = bigint | Hash32 | Address

/** What Solidity's `abi.encode` makes of static values of at most 32 bytes. */
export function encodeWords(...values: readonly AbiWord[]): Uint8Array {
  return concatBytes(...values.map(toAbiWord))
}

/** Keccak-256 of `abi.encode(typeHash, ...values)`, the struct hash of EIP-712 for static members. */
export function hashStruct(type: Uint8Array, ...values: readonly AbiWord[]): Hash32 {
  return keccak256(concatBytes(type, encodeWords(...values)))
}

/** The EIP-712 type hash of a type text such as `Person(address wallet)`. */
export function typeHash(text: string): Uint8Array {
  return keccak256Bytes(utf8ToBytes(text))
}

function toAbiWord(value: AbiWord): Uint8Array {
  if (typeof value === 'bigint') return bigintToBytes(value, 32)
  return leftPad(value)
}

function leftPad(value: Hex): Uint8Array {
  const bytes = hexToBytes(value)
  return bytes.length === 32 ? bytes : concatBytes(new Uint8Array(32 - bytes.length), bytes)
}
