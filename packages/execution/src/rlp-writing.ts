/** Parts of RLP for what is encoded so often that no tree of items is built for it; all lengths are below 2^31. */

const SHORT = 56

/** Bytes of the prefix of a string or list of `length` bytes. */
export function prefixSize(length: number): number {
  if (length < SHORT) return 1
  if (length < 256) return 2
  if (length < 65_536) return 3
  return length < 16_777_216 ? 4 : 5
}

/** @param offset 0x80 of a string, 0xc0 of a list. @returns where the prefix ends. */
export function writePrefix(
  out: Uint8Array,
  start: number,
  length: number,
  offset: 0x80 | 0xc0,
): number {
  const size = prefixSize(length) - 1
  if (size === 0) {
    out[start] = offset + length
    return start + 1
  }
  out[start] = offset + SHORT - 1 + size
  for (let i = size, rest = length; i > 0; i--, rest >>= 8) out[start + i] = rest & 255
  return start + 1 + size
}

/** Bytes of a string with its prefix. */
export function stringSize(bytes: Uint8Array): number {
  return isItself(bytes) ? 1 : prefixSize(bytes.length) + bytes.length
}

export function writeString(out: Uint8Array, at: number, bytes: Uint8Array): void {
  out.set(bytes, isItself(bytes) ? at : writePrefix(out, at, bytes.length, 0x80))
}

/** A single byte below 0x80 is its own encoding. */
function isItself(bytes: Uint8Array): boolean {
  return bytes.length === 1 && (bytes[0] ?? 0) < 0x80
}
