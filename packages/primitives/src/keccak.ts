import { keccak_256 } from '@noble/hashes/sha3.js'

import { InvalidValueError } from './errors.ts'
import { bytesToHash32, bytesToHex, type Hash32 } from './values.ts'

type Hash = (bytes: Uint8Array) => Uint8Array

/** Keccak-256 of nothing. */
const OF_NOTHING = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'

let hash: Hash = keccak_256

/**
 * Lets everything that hashes by this package hash by `faster` from now on: the same function, of a kind that cannot be loaded at once, like
 * WebAssembly.
 *
 * @throws {@link InvalidValueError} if it is another function.
 */
export function useKeccak(faster: Hash): void {
  const given = bytesToHex(faster(new Uint8Array()))
  if (given !== OF_NOTHING) throw new InvalidValueError('keccak-256', given)
  hash = faster
}

/** Keccak-256 as Ethereum uses it, as bytes. */
export function keccak256Bytes(bytes: Uint8Array): Uint8Array {
  return hash(bytes)
}

/** Keccak-256 as Ethereum uses it. */
export function keccak256(bytes: Uint8Array): Hash32 {
  return bytesToHash32(hash(bytes))
}
