import { InvalidValueError } from './errors.ts'
import { readWord, WORD_BYTES, writeWord } from './words.ts'

const DIGITS = '0123456789abcdef'
/** What each hex digit is worth, by its character code; everything else is negative. */
const NIBBLES = new Int8Array(128).fill(-1)
for (let value = 0; value < DIGITS.length; value++) {
  NIBBLES[DIGITS.charCodeAt(value)] = value
  NIBBLES[DIGITS.toUpperCase().charCodeAt(value)] = value
}
/** The two digits of each byte, by their character codes. */
const HIGH_DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte >> 4))
const LOW_DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte & 15))
const ONLY_DIGITS = /^0x[0-9a-fA-F]*$/
/** Of more bytes, Node's own code is faster for all its overhead. */
const FEW_BYTES = 64

const EXACT_BYTES = 6
const MAX_UINT32 = 2 ** 32 - 1
const MAX_WORD = 2n ** 256n - 1n

/** Texts of few bytes are put together here: a buffer around each of them would take longer than its digits. */
const digits = Buffer.from('0x'.padEnd(2 + 2 * FEW_BYTES, '0'), 'latin1')
const word = new Uint8Array(WORD_BYTES)
const wordView = new DataView(word.buffer)

/** Bytes as lower-case hex with 0x. */
export function hexOf(bytes: Uint8Array): string {
  if (bytes.length > FEW_BYTES) {
    return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
  }
  let end = 2
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    digits[end++] = HIGH_DIGITS[byte] ?? 0
    digits[end++] = LOW_DIGITS[byte] ?? 0
  }
  return digits.toString('latin1', 0, end)
}

/** @throws {@link InvalidValueError} unless `hex` is 0x and an even number of hex digits. */
export function hexToBytes(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !hex.startsWith('0x')) {
    throw new InvalidValueError('hex with 0x and an even number of digits', hex)
  }
  const bytes = new Uint8Array(hex.length / 2 - 1)
  if (bytes.length <= FEW_BYTES) writeHex(bytes, 0, hex)
  else {
    // Buffers take some letters of other scripts for digits.
    if (!ONLY_DIGITS.test(hex)) throw new InvalidValueError('hex digits after 0x', hex)
    Buffer.from(bytes.buffer).write(hex.slice(2), 'hex')
  }
  return bytes
}

/** Writes the bytes that hex stands for, after its 0x. @throws {@link InvalidValueError} unless the rest are hex digits. */
export function writeHex(out: Uint8Array, at: number, hex: string): void {
  for (let from = 2, to = at; from < hex.length; from += 2, to++) {
    const high = NIBBLES[hex.charCodeAt(from)] ?? -1
    const low = NIBBLES[hex.charCodeAt(from + 1)] ?? -1
    if (high < 0 || low < 0) throw new InvalidValueError('hex digits after 0x', hex)
    out[to] = high * 16 + low
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Big-endian integer of any length; no bytes are 0. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  const { length } = bytes
  if (length <= EXACT_BYTES) {
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + (bytes[i] ?? 0)
    return BigInt(value)
  }
  if (length > WORD_BYTES) return BigInt(hexOf(bytes))
  word.fill(0, 0, WORD_BYTES - length)
  word.set(bytes, WORD_BYTES - length)
  return readWord(wordView, 0)
}

/** @throws {@link InvalidValueError} unless `value` fits in `size` bytes. */
export function bigintToBytes(value: bigint, size: number): Uint8Array {
  const small = Number(value)
  if (small < 0 || (size < EXACT_BYTES ? small >= 256 ** size : value >> BigInt(8 * size) !== 0n)) {
    throw new InvalidValueError(`an unsigned integer of ${size} bytes`, value)
  }
  if (small <= Number.MAX_SAFE_INTEGER) return numberToBytes(small, size)
  if (size > WORD_BYTES) return hexToBytes(`0x${value.toString(16).padStart(2 * size, '0')}`)
  writeWord(wordView, 0, value)
  return word.slice(WORD_BYTES - size)
}

/** An integer that is exact as a number, in `size` bytes, into which it fits. */
export function numberToBytes(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = size - 1
  let rest = value
  for (; rest > MAX_UINT32; rest = Math.floor(rest / 256)) bytes[at--] = rest
  for (let low = rest >>> 0; low > 0; low >>>= 8) bytes[at--] = low
  return bytes
}

/** The 32-byte big-endian word that Solidity makes of an unsigned integer. @throws {@link InvalidValueError} above 2^256-1. */
export function toWord(value: bigint): Uint8Array {
  if (value < 0n || value > MAX_WORD) {
    throw new InvalidValueError('an unsigned integer of 32 bytes', value)
  }
  writeWord(wordView, 0, value)
  return word.slice()
}

export function utf8ToBytes(text: string): Uint8Array {
  const out: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    if (point < 0x80) out.push(point)
    else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 63))
    else if (point < 0x10000) {
      out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63))
    } else {
      out.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 63),
        0x80 | ((point >> 6) & 63),
        0x80 | (point & 63),
      )
    }
  }
  return Uint8Array.from(out)
}
