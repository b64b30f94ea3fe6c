import { bytesToBigint, integerToRlp } from '@mosaic/primitives'
import { prefixSize, stringSize, writePrefix, writeString } from './rlp-writing.ts'

/** What the bytes of a signed transaction say. */
export type SimpleTransaction = {
  readonly type: 0 | 2
  readonly nonce: bigint
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly gasLimit: bigint
  /** 20 bytes. */
  readonly to: Uint8Array
  readonly value: bigint
  readonly data: Uint8Array
  readonly v: bigint
  readonly r: bigint
  readonly s: bigint
  /** The items that were signed, as they stand in the transaction. */
  readonly signed: Uint8Array
}

/** Which item of the list is what, how many there are, how many of the first are signed, and which is the access list, or -1. */
type Layout = Readonly<
  Record<'nonce' | 'tip' | 'max' | 'gas' | 'to' | 'value' | 'data' | 'v' | 'r' | 's', number> &
    Record<'items' | 'signed' | 'list', number>
>

const LEGACY: Layout = {
  nonce: 0,
  tip: 1,
  max: 1,
  gas: 2,
  to: 3,
  value: 4,
  data: 5,
  v: 6,
  r: 7,
  s: 8,
  items: 9,
  signed: 6,
  list: -1,
}
/** The first item is the chain. */
const FEE_MARKET: Layout = {
  nonce: 1,
  tip: 2,
  max: 3,
  gas: 4,
  to: 5,
  value: 6,
  data: 7,
  v: 9,
  r: 10,
  s: 11,
  items: 12,
  signed: 9,
  list: 8,
}
const FEE_MARKET_TYPE = 2
const FEE_MARKET_CHAIN = 0

const LIST = 0xc0
const STRING = 0x80
const SHORT = 55
const ADDRESS_BYTES = 20
const WORD_BYTES = 32
const NOT_CANONICAL = -1n
const MAX_UINT64 = 2n ** 64n - 1n
const MAX_UINT256 = 2n ** 256n - 1n
/** Half the order of secp256k1, above which s is refused (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
/** EthereumJS reckons with numbers where it compares the chain of a legacy transaction. */
const LARGEST_LEGACY_CHAIN = 2n ** 50n

/**
 * Reads a transaction of a chain: to an account, without an access list, either of type 2 or legacy with replay protection (EIP-155). That
 * is what nearly all are, and the object that EthereumJS would make of it first is dearer than all else but the recovery of the sender.
 *
 * @returns undefined for any other, and for any that is not valid: EthereumJS has to say what it is. What is returned it takes as well.
 */
export function readSimpleTransaction(
  raw: Uint8Array,
  chainId: bigint,
): SimpleTransaction | undefined {
  const isLegacy = (raw[0] ?? 0) >= LIST
  if (!isLegacy && raw[0] !== FEE_MARKET_TYPE) return undefined
  const at = isLegacy ? LEGACY : FEE_MARKET
  const items = readItems(raw, isLegacy ? 0 : 1, at)
  if (items === undefined) return undefined
  const bytes = (index: number): Uint8Array =>
    raw.subarray(items[3 * index + 1], items[3 * index + 2])
  const integer = (index: number): bigint => readInteger(bytes(index))

  const v = integer(at.v)
  if (isLegacy) {
    if (chainId > LARGEST_LEGACY_CHAIN) return undefined
    const first = 35n + 2n * chainId
    if (v !== first && v !== first + 1n) return undefined
  } else {
    if (integer(FEE_MARKET_CHAIN) !== chainId || (v !== 0n && v !== 1n)) return undefined
    if (raw[items[3 * at.list] ?? 0] !== LIST) return undefined
  }
  const to = bytes(at.to)
  const nonce = integer(at.nonce)
  const gasLimit = integer(at.gas)
  const maxPriorityFeePerGas = integer(at.tip)
  const maxFeePerGas = integer(at.max)
  const value = integer(at.value)
  const r = integer(at.r)
  const s = integer(at.s)
  if (to.length !== ADDRESS_BYTES || nonce < 0n || nonce >= MAX_UINT64) return undefined
  if (gasLimit < 0n || gasLimit > MAX_UINT64 || value < 0n) return undefined
  if (maxPriorityFeePerGas < 0n || maxFeePerGas < maxPriorityFeePerGas) return undefined
  if (gasLimit * maxFeePerGas > MAX_UINT256) return undefined
  if (r <= 0n || s <= 0n || s > HALF_ORDER) return undefined
  return {
    type: isLegacy ? 0 : FEE_MARKET_TYPE,
    nonce,
    maxFeePerGas,
    maxPriorityFeePerGas,
    gasLimit,
    to,
    value,
    data: bytes(at.data),
    v,
    r,
    s,
    signed: raw.subarray(items[0], items[3 * at.signed - 1]),
  }
}

/** What is hashed to be signed: the signed items in a list, in a legacy transaction with the chain (EIP-155), behind the type in others. */
export function signedBytes(
  { type, signed }: Pick<SimpleTransaction, 'type' | 'signed'>,
  chainId: bigint,
): Uint8Array {
  const head = type === 0 ? 0 : 1
  const chain = type === 0 ? integerToRlp(chainId) : undefined
  const body = signed.length + (chain === undefined ? 0 : stringSize(chain) + 2)
  const out = new Uint8Array(head + prefixSize(body) + body)
  if (head === 1) out[0] = type
  const at = writePrefix(out, head, body, LIST)
  out.set(signed, at)
  if (chain !== undefined) {
    writeString(out, at + signed.length, chain)
    out.fill(STRING, out.length - 2)
  }
  return out
}

/** What is signed in a transaction that {@link readSimpleTransaction} may read. */
type SimpleFields = Pick<
  SimpleTransaction,
  'type' | 'nonce' | 'maxFeePerGas' | 'maxPriorityFeePerGas' | 'gasLimit' | 'to' | 'value' | 'data'
>

/**
 * Encodes and signs a transaction.
 *
 * @param sign makes 65 bytes of what is hashed to be signed: the parity of y, r and s.
 * @throws InvalidValueError if a number is negative. What else is out of range, whoever reads it says.
 */
export function signSimpleTransaction(
  { type, nonce, maxFeePerGas, maxPriorityFeePerGas, gasLimit, to, value, data }: SimpleFields,
  chainId: bigint,
  sign: (preimage: Uint8Array) => Uint8Array,
): Uint8Array {
  const isLegacy = type === 0
  const before = isLegacy
    ? [nonce, maxFeePerGas]
    : [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas]
  const items = [...before, gasLimit].map(integerToRlp)
  const signed = writeStrings([...items, to, integerToRlp(value), data], isLegacy ? 0 : 1)
  // No access list.
  if (!isLegacy) signed[signed.length - 1] = LIST
  const signature = sign(signedBytes({ type, signed }, chainId))
  const parity = BigInt(signature[0] ?? 0)
  const tail = writeStrings([
    integerToRlp(isLegacy ? 35n + 2n * chainId + parity : parity),
    withoutZeros(signature.subarray(1, 33)),
    withoutZeros(signature.subarray(33)),
  ])
  const head = isLegacy ? 0 : 1
  const body = signed.length + tail.length
  const raw = new Uint8Array(head + prefixSize(body) + body)
  if (!isLegacy) raw[0] = type
  const at = writePrefix(raw, head, body, LIST)
  raw.set(signed, at)
  raw.set(tail, at + signed.length)
  return raw
}

/** Strings one behind the other, and as many bytes more. */
function writeStrings(strings: readonly Uint8Array[], more = 0): Uint8Array {
  const out = new Uint8Array(strings.reduce((size, each) => size + stringSize(each), more))
  let at = 0
  for (const each of strings) {
    writeString(out, at, each)
    at += stringSize(each)
  }
  return out
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let first = 0
  while (bytes[first] === 0) first++
  return bytes.subarray(first)
}

/**
 * Where the items of a list stand: for each its beginning with the prefix, without it, and its end. Undefined unless the list is all there is
 * from `start` on, has as many items as the layout says, all of them strings but an empty access list, and everything is in its shortest form.
 */
function readItems(
  raw: Uint8Array,
  start: number,
  { items: count, list }: Layout,
): readonly number[] | undefined {
  const items: number[] = []
  let at = contentStart(raw, start, LIST)
  if (at < 0 || at + lengthAt(raw, start, LIST) !== raw.length) return undefined
  while (at < raw.length) {
    const first = raw[at] ?? 0
    if (first >= LIST) {
      if (first !== LIST || items.length !== 3 * list) return undefined
      items.push(at, at + 1, at + 1)
      at += 1
      continue
    }
    const from = first < STRING ? at : contentStart(raw, at, STRING)
    if (from < 0) return undefined
    const end = first < STRING ? at + 1 : from + lengthAt(raw, at, STRING)
    if (end > raw.length) return undefined
    // A single byte below 0x80 stands for itself.
    if (first === STRING + 1 && (raw[from] ?? 0) < STRING) return undefined
    items.push(at, from, end)
    at = end
  }
  return items.length === 3 * count ? items : undefined
}

/** Where the content of the string or list at `at` begins; -1 if its prefix is not the shortest. */
function contentStart(raw: Uint8Array, at: number, offset: number): number {
  const short = (raw[at] ?? 0) - offset
  if (short <= SHORT) return at + 1
  const size = short - SHORT
  // No transaction is longer than four bytes say.
  if (size > 4 || raw[at + 1] === 0 || lengthAt(raw, at, offset) <= SHORT) return -1
  return at + 1 + size
}

function lengthAt(raw: Uint8Array, at: number, offset: number): number {
  const short = (raw[at] ?? 0) - offset
  if (short <= SHORT) return short
  let length = 0
  for (let i = 1; i <= short - SHORT; i++) length = length * 256 + (raw[at + i] ?? 0)
  return length
}

/** A number of up to 32 bytes; negative if it is longer, or begins with zero. */
function readInteger(bytes: Uint8Array): bigint {
  return bytes.length > WORD_BYTES || bytes[0] === 0 ? NOT_CANONICAL : bytesToBigint(bytes)
}
