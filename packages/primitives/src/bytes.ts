import { InvalidValueError } from './errors.ts'
import type { Hex } from './values.ts'

const DIGITS = '0123456789abcdef'
/** What each hex digit is worth, by its character code; everything else is negative. */
const NIBBLES = new Int8Array(128).fill(-1)
for (let value = 0; value < DIGITS.length; value++) {
  NIBBLES[DIGITS.charCodeAt(value)] = value
  NIBBLES[DIGITS.toUpperCase().charCodeAt(value)] = value
}
const ONLY_DIGITS = /^0x[0-9a-fA-F]*$/
/** Of more bytes, Node's own code is faster for all its overhead. */
const FEW_BYTES = 64

const WORD_BYTES = 32
const EXACT_BYTES = 6

export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}

/** @throws {@link InvalidValueError} unless `hex` is 0x and an even number of hex digits. */
export function hexToBytes(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !hex.startsWith('0x')) {
    throw new InvalidValueError('hex with 0x and an even number of digits', hex)
  }
  const bytes = new Uint8Array(hex.length / 2 - 1)
  // Buffers take some letters of other scripts for digits.
  const isHex = bytes.length > FEW_BYTES ? ONLY_DIGITS.test(hex) : writeDigits(hex, bytes)
  if (!isHex) throw new InvalidValueError('hex digits after 0x', hex)
  if (bytes.length > FEW_BYTES) Buffer.from(bytes.buffer).write(hex.slice(2), 'hex')
  return bytes
}

/** Whether all characters after 0x were hex digits. */
function writeDigits(hex: string, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const high = NIBBLES[hex.charCodeAt(2 * i + 2)] ?? -1
    const low = NIBBLES[hex.charCodeAt(2 * i + 3)] ?? -1
    if (high < 0 || low < 0) return false
    bytes[i] = high * 16 + low
  }
  return true
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
  if (bytes.length > WORD_BYTES) return BigInt(bytesToHex(bytes))
  // By as many bytes at a time as a number holds exactly: a third of what digits take.
  let value = 0n
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + EXACT_BYTES, bytes.length)
    const shift = BigInt(8 * (end - at))
    let part = 0
    for (; at < end; at++) part = part * 256 + (bytes[at] ?? 0)
    value = value === 0n ? BigInt(part) : (value << shift) | BigInt(part)
  }
  return value
}

/** @throws {@link InvalidValueError} unless `value` fits in `size` bytes. */
export function bigintToBytes(value: bigint, size: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * size) !== 0n) {
    throw new InvalidValueError(`an unsigned integer of ${size} bytes`, value)
  }
  return hexToBytes(`0x${value.toString(16).padStart(2 * size, '0')}`)
}

/** The 32-byte big-endian word that Solidity makes of an unsigned integer. @throws {@link InvalidValueError} above 2^256-1. */
export function toWord(value: bigint): Uint8Array {
  return bigintToBytes(value, 32)
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
