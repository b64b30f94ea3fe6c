import { bigintToBytes, numberToBytes } from './bytes.ts'
import { InvalidValueError } from './errors.ts'

/** A decoded RLP item: a string of bytes, or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[]

/** Encodes canonically (Ethereum yellow paper, appendix B). */
export function encodeRlp(item: RlpItem): Uint8Array {
  const bodies: number[] = []
  const out = new Uint8Array(measure(item, bodies))
  write(item, out, 0, bodies.values())
  return out
}

/** Length of an item's encoding. Lists add the lengths of their bodies to `bodies`, in the order in which they begin. */
function measure(item: RlpItem, bodies: number[]): number {
  if (item instanceof Uint8Array) {
    const { length } = item
    return isItself(item) ? 1 : prefixLength(length) + length
  }
  const index = bodies.push(0) - 1
  let body = 0
  for (const each of item) body += measure(each, bodies)
  bodies[index] = body
  return prefixLength(body) + body
}

/** Writes an item to `out` from `at` on. @returns where it ends. */
function write(item: RlpItem, out: Uint8Array, at: number, bodies: Iterator<number>): number {
  if (item instanceof Uint8Array) {
    const start = isItself(item) ? at : writePrefix(item.length, 0x80, out, at)
    out.set(item, start)
    return start + item.length
  }
  let end = writePrefix(bodies.next().value ?? 0, 0xc0, out, at)
  for (const each of item) end = write(each, out, end, bodies)
  return end
}

/** A single byte below 0x80 is its own encoding. */
function isItself(bytes: Uint8Array): boolean {
  return bytes.length === 1 && (bytes[0] ?? 0xff) < 0x80
}

function prefixLength(length: number): number {
  if (length < 56) return 1
  let size = 2
  for (let rest = length; rest > 0xff; rest = Math.floor(rest / 256)) size++
  return size
}

function writePrefix(length: number, offset: number, out: Uint8Array, at: number): number {
  if (length < 56) {
    out[at] = offset + length
    return at + 1
  }
  const size = prefixLength(length) - 1
  out[at] = offset + 55 + size
  for (let i = size, rest = length; i > 0; i--, rest = Math.floor(rest / 256)) out[at + i] = rest
  return at + 1 + size
}

/** The shortest big-endian form, as RLP wants integers: zero has no bytes. */
export function integerToRlp(value: bigint): Uint8Array {
  const small = Number(value)
  if (small < 0 || small > Number.MAX_SAFE_INTEGER) return largeToRlp(value)
  let length = 0
  for (let rest = small; rest >= 1; rest /= 256) length++
  return numberToBytes(small, length)
}

function largeToRlp(value: bigint): Uint8Array {
  return bigintToBytes(value, Math.ceil(value.toString(16).length / 2))
}

/**
 * Decodes exactly one item. Refuses every encoding but the canonical one.
 *
 * @throws {@link InvalidValueError} on surplus bytes, truncation, long forms of short lengths and leading zeros in lengths.
 */
export function decodeRlp(bytes: Uint8Array, maxDepth = 16): RlpItem {
  const { item, end } = decodeAt(bytes, 0, bytes.length, maxDepth)
  requireEnd(bytes, end)
  return item
}

/**
 * Takes a list apart without decoding what is in it.
 *
 * @param maxItems above that, nothing more is looked at.
 * @returns the encodings of its items, as views of `bytes`. What is inside of them was not checked.
 * @throws {@link InvalidValueError} unless `bytes` are exactly one list, of at most `maxItems`, each with a proper prefix.
 */
export function splitRlpList(
  bytes: Uint8Array,
  maxItems: number = Infinity,
): readonly Uint8Array[] {
  const { isList, start, end } = readPrefix(bytes, 0, bytes.length)
  if (!isList) throw new InvalidValueError('an RLP list', 'a string')
  requireEnd(bytes, end)
  const items: Uint8Array[] = []
  for (let at = start; at < end; ) {
    if (items.length >= maxItems) {
      throw new InvalidValueError(`an RLP list of at most ${maxItems} items`, 'more')
    }
    const next = readPrefix(bytes, at, end).end
    items.push(bytes.subarray(at, next))
    at = next
  }
  return items
}

function requireEnd(bytes: Uint8Array, end: number): void {
  if (end !== bytes.length)
    throw new InvalidValueError('RLP without surplus bytes', `${bytes.length - end} more`)
}

function decodeAt(
  bytes: Uint8Array,
  at: number,
  limit: number,
  depth: number,
): { item: RlpItem; end: number } {
  const { isList, start, end } = readPrefix(bytes, at, limit)
  if (!isList) return { item: bytes.subarray(start, end), end }
  if (depth === 0) throw new InvalidValueError('RLP nested less deeply', 'a deeper list')
  const items: RlpItem[] = []
  for (let next = start; next < end; ) {
    const decoded = decodeAt(bytes, next, end, depth - 1)
    items.push(decoded.item)
    next = decoded.end
  }
  return { item: items, end }
}

/** Where the payload of the item at `at` begins and ends. */
function readPrefix(
  bytes: Uint8Array,
  at: number,
  limit: number,
): { readonly isList: boolean; readonly start: number; readonly end: number } {
  const first = bytes[at]
  if (first === undefined || at >= limit) throw new InvalidValueError('an RLP item', 'no bytes')
  if (first < 0x80) return { isList: false, start: at, end: at + 1 }
  const isList = first >= 0xc0
  const short = first - (isList ? 0xc0 : 0x80)
  let start = at + 1
  let length = short
  if (short > 55) {
    const size = short - 55
    start += size
    if (start > limit) throw new InvalidValueError('an RLP length', 'truncated bytes')
    if (bytes[at + 1] === 0) throw new InvalidValueError('an RLP length without leading zeros', 0)
    if (size > 6) throw new InvalidValueError('an RLP length below 2^48', `${size} bytes of length`)
    length = bytes.subarray(at + 1, start).reduce((sum, byte) => sum * 256 + byte, 0)
    if (length < 56)
      throw new InvalidValueError('the short RLP form', `the long form of length ${length}`)
  }
  const end = start + length
  if (end > limit) throw new InvalidValueError(`${length} bytes of RLP`, `${limit - start}`)
  const only = bytes[start]
  if (!isList && length === 1 && only !== undefined && only < 0x80) {
    throw new InvalidValueError('a single byte as itself', 'a one-byte string')
  }
  return { isList, start, end }
}
