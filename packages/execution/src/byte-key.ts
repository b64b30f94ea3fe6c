/** Bytes as a key of a map: one character per byte. */
export type ByteKey = string

const address = Array.from({ length: 20 }, () => 0)
const word = Array.from({ length: 32 }, () => 0)

/** The key of any bytes. For addresses and words without Node's Buffer, which takes three times as long for so few. */
export function toByteKey(bytes: Uint8Array): ByteKey {
  const codes = bytes.length === 20 ? address : bytes.length === 32 ? word : undefined
  if (codes === undefined) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  }
  for (let i = 0; i < codes.length; i++) codes[i] = bytes[i] ?? 0
  return String.fromCharCode(...codes)
}

/** The bytes that a key was made from. */
export function fromByteKey(key: ByteKey): Uint8Array {
  const bytes = new Uint8Array(key.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = key.charCodeAt(i)
  return bytes
}
