/** Bytes as a key of a map: one character per byte. Such texts sort as the bytes do. */
export type ByteKey = string

const FEW_BYTES = 64
/** Keys of few bytes are made of these: a buffer around each of them would take longer than the key. */
const scratch = Buffer.alloc(FEW_BYTES)

/** The key of any bytes. */
export function toByteKey(bytes: Uint8Array): ByteKey {
  if (bytes.length > FEW_BYTES) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  }
  scratch.set(bytes)
  return scratch.toString('latin1', 0, bytes.length)
}

/** The bytes that a key was made from. */
export function fromByteKey(key: ByteKey): Uint8Array {
  const bytes = new Uint8Array(key.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = key.charCodeAt(i)
  return bytes
}
