import {
  type Address,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  concatBytes,
  type Hash32,
  keccak256Bytes,
  toWord,
  utf8ToBytes,
} from '@mosaic/primitives'

/** Values that depend on the seed alone: keccak256(seed ‖ counter), one after the other. */
export type Source = {
  readonly bytes: (size: number) => Uint8Array
  readonly hash: () => Hash32
  readonly address: () => Address
  /** An unsigned integer of at most so many bits; every other one is 0, 1, the largest, or the one before it. */
  readonly integer: (bits: number) => bigint
  /** A whole number below `limit`. */
  readonly below: (limit: number) => number
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T
}

/** Each kind of vector has a source of its own, so that more of one kind change no other. */
function createSource(seed: string): Source {
  let counter = 0n
  const word = (): Uint8Array => keccak256Bytes(concatBytes(utf8ToBytes(seed), toWord(counter++)))
  const bytes = (size: number): Uint8Array =>
    concatBytes(...Array.from({ length: Math.ceil(size / 32) }, word)).slice(0, size)
  const below = (limit: number): number => Number(bytesToBigint(word()) % BigInt(limit))
  return {
    bytes,
    below,
    hash: () => bytesToHash32(bytes(32)),
    address: () => bytesToAddress(bytes(20)),
    integer: (bits) => {
      const max = (1n << BigInt(bits)) - 1n
      const edges = [0n, 1n, max - 1n, max]
      const random = bytesToBigint(bytes(32)) & max
      return edges[below(8)] ?? random
    },
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
  }
}

/** So many rows of one kind. */
export function rowsOf<T>(
  count: number,
  seed: string,
  row: (source: Source, index: number) => T,
): readonly T[] {
  const source = createSource(seed)
  return Array.from({ length: count }, (_, index) => row(source, index))
}
