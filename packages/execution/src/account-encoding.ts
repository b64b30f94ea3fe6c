import { Account, KECCAK256_NULL, KECCAK256_RLP } from '@ethereumjs/util'
import {
  bytesToBigint,
  bytesToHex,
  equalBytes,
  InvalidValueError,
  writeWord,
} from '@mosaic/primitives'
import { allocate } from './slab.ts'

const WORD = 32
const STRING = 0x80
const HASH_PREFIX = 0xa0
/** Of a list whose length takes one byte: an account's two hashes alone are 66 bytes. */
const LIST_PREFIX = 0xf8

const word = new Uint8Array(WORD)
const view = new DataView(word.buffer)

/** The account as it stands in the trie: [nonce, balance, storage root, code hash] (yellow paper, 4.1). */
export function encodeAccount(account: Account): Uint8Array {
  const { nonce, balance } = account
  const nonceSize = integerSize(load(nonce))
  const balanceSize = integerSize(load(balance))
  const body = nonceSize + balanceSize + 2 * (WORD + 1)
  const out = allocate(2 + body)
  out[0] = LIST_PREFIX
  out[1] = body
  // The balance was written last; the nonce is again.
  writeInteger(out, 2 + nonceSize, balanceSize)
  load(nonce)
  writeInteger(out, 2, nonceSize)
  const hashes = 2 + nonceSize + balanceSize
  out[hashes] = HASH_PREFIX
  out.set(account.storageRoot, hashes + 1)
  out[hashes + WORD + 1] = HASH_PREFIX
  out.set(account.codeHash, hashes + WORD + 2)
  return out
}

/** @throws InvalidValueError if the bytes are not what {@link encodeAccount} makes. */
export function decodeAccount(bytes: Uint8Array): Account {
  const nonceEnd = endOfString(bytes, 2)
  const balanceEnd = endOfString(bytes, nonceEnd)
  const codeAt = balanceEnd + WORD + 1
  if (
    bytes[0] !== LIST_PREFIX ||
    bytes[1] !== bytes.length - 2 ||
    bytes[balanceEnd] !== HASH_PREFIX ||
    bytes[codeAt] !== HASH_PREFIX ||
    codeAt + WORD + 1 !== bytes.length
  ) {
    throw new InvalidValueError('an account in the trie', bytesToHex(bytes))
  }
  const root = bytes.subarray(balanceEnd + 1, codeAt)
  const code = bytes.subarray(codeAt + 1)
  return new Account(
    readInteger(bytes, 2, nonceEnd),
    readInteger(bytes, nonceEnd, balanceEnd),
    // One array for all that have neither storage nor code, which is most.
    equalBytes(root, KECCAK256_RLP) ? KECCAK256_RLP : root.slice(),
    equalBytes(code, KECCAK256_NULL) ? KECCAK256_NULL : code.slice(),
  )
}

/** Puts a number of up to 256 bits into `word`. @returns where its first byte that is not zero stands. */
function load(value: bigint): number {
  writeWord(view, 0, value)
  let first = 0
  while (first < WORD && word[first] === 0) first++
  return first
}

/** Bytes that the RLP of the number in `word` takes. */
function integerSize(first: number): number {
  const isItself = first === WORD - 1 && (word[first] ?? 0) < STRING
  return isItself ? 1 : 1 + WORD - first
}

/** Writes the number in `word`, whose RLP takes `size` bytes. */
function writeInteger(out: Uint8Array, at: number, size: number): void {
  if (size === 1) {
    const byte = word[WORD - 1] ?? 0
    out[at] = byte === 0 ? STRING : byte
    return
  }
  out[at] = STRING + size - 1
  for (let i = 1; i < size; i++) out[at + i] = word[WORD - size + i] ?? 0
}

function endOfString(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  return first < STRING ? at + 1 : at + 1 + first - STRING
}

function readInteger(bytes: Uint8Array, at: number, end: number): bigint {
  return bytesToBigint(bytes.subarray((bytes[at] ?? 0) < STRING ? at : at + 1, end))
}
