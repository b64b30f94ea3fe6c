import { bigintToBytes, concatBytes } from './bytes.ts'
import { InvalidValueError } from './errors.ts'

/** A decoded RLP item: a string of bytes, or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[]

/** Encodes canonically (Ethereum yellow paper, appendix B). */
export function encodeRlp(item: RlpItem): Uint8Array {
  if (item instanceof Uint8Array) {
    const [first] = item
    if (item.length === 1 && first !== undefined && first < 0x80) return item
    return concatBytes(prefix(item.length, 0x80), item)
  }
  const body = concatBytes(...item.map(encodeRlp))
  return concatBytes(prefix(body.length, 0xc0), body)
}

/** The shortest big-endian form, as RLP wants integers: zero has no bytes. */
export function integerToRlp(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array()
  const digits = value.toString(16)
  return bigintToBytes(value, Math.ceil(digits.length / 2))
}

function prefix(length: number, offset: number): Uint8Array {
  if (length < 56) return Uint8Array.of(offset + length)
  const size = integerToRlp(BigInt(length))
  return concatBytes(Uint8Array.of(offset + 55 + size.length), size)
}

/**
 * Decodes exactly one item. Refuses every encoding but the canonical one.
 *
 * @throws {@link InvalidValueError} on surplus bytes, truncation, long forms of short lengths and leading zeros in lengths.
 */
export function decodeRlp(bytes: Uint8Array, maxDepth = 16): RlpItem {
  const { item, end } = decodeAt(bytes, 0, bytes.length, maxDepth)
  if (end !== bytes.length)
    throw new InvalidValueError('RLP without surplus bytes', `${bytes.length - end} more`)
  return item
}

function decodeAt(
  bytes: Uint8Array,
  at: number,
  limit: number,
  depth: number,
): { item: RlpItem; end: number } {
  const first = bytes[at]
  if (first === undefined || at >= limit) throw new InvalidValueError('an RLP item', 'no bytes')
  if (first < 0x80) return { item: bytes.subarray(at, at + 1), end: at + 1 }
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
  if (!isList) {
    const value = bytes.subarray(start, end)
    const [only] = value
    if (length === 1 && only !== undefined && only < 0x80) {
      throw new InvalidValueError('a single byte as itself', 'a one-byte string')
    }
    return { item: value, end }
  }
  if (depth === 0) throw new InvalidValueError('RLP nested less deeply', 'a deeper list')
  const items: RlpItem[] = []
  for (let next = start; next < end; ) {
    const decoded = decodeAt(bytes, next, end, depth - 1)
    items.push(decoded.item)
    next = decoded.end
  }
  return { item: items, end }
}
