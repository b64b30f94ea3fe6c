/** Bytes of a word of the EVM. */
export const WORD_BYTES = 32

const LOW = (1n << 64n) - 1n

/** Reads 32 bytes at `at`, which must be there. */
export function readWord(view: DataView, at: number): bigint {
  const first = view.getBigUint64(at)
  const second = view.getBigUint64(at + 8)
  const third = view.getBigUint64(at + 16)
  const last = view.getBigUint64(at + 24)
  if (first === 0n && second === 0n) return third === 0n ? last : (third << 64n) | last
  return (((first << 64n) | second) << 128n) | (third << 64n) | last
}

/** Writes a word, 0 to 2^256 - 1, as 32 bytes at `at`, which must be there. */
export function writeWord(view: DataView, at: number, word: bigint): void {
  if (word <= LOW) {
    view.setBigUint64(at, 0n)
    view.setBigUint64(at + 8, 0n)
    view.setBigUint64(at + 16, 0n)
    view.setBigUint64(at + 24, word)
    return
  }
  // setBigUint64 keeps the lowest 64 bits.
  view.setBigUint64(at, word >> 192n)
  view.setBigUint64(at + 8, word >> 128n)
  view.setBigUint64(at + 16, word >> 64n)
  view.setBigUint64(at + 24, word)
}
