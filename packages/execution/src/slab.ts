/** Bytes that are asked for at once. What is cut from them keeps all of them in memory, so they are few. */
const SLAB_BYTES = 8192

/** Above, bytes of their own cost no more. */
const LARGEST = 2048

/** Up to here the engine keeps bytes beside the object, which is cheaper still. */
const SMALL = 64

let slab = new ArrayBuffer(SLAB_BYTES)
let used = 0

/**
 * Zeroed bytes that share their buffer with others, for what is made by the thousand: nodes, accounts, receipts. Of its own, a buffer takes
 * 1 µs and work of the garbage collector. Whoever hands `buffer` on must hand on the offset, too.
 */
export function allocate(size: number): Uint8Array {
  if (size <= SMALL || size > LARGEST) return new Uint8Array(size)
  if (used + size > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES)
    used = 0
  }
  const bytes = new Uint8Array(slab, used, size)
  used += size
  return bytes
}

/** A copy of bytes, made as {@link allocate} makes them. */
export function copy(bytes: Uint8Array): Uint8Array {
  const out = allocate(bytes.length)
  out.set(bytes)
  return out
}
