import { type Hex, hexToBytes, keccak256Bytes } from '@mosaic/primitives'
import type { LogFilter } from '@mosaic/rpc'

/** Whether a block with this bloom may have logs that a filter wants; false is certain. */
export type BloomTest = (bloom: Uint8Array) => boolean

/** Three bits of a bloom, as byte positions and masks. */
type Bits = readonly (readonly [at: number, mask: number])[]

/** The test of a filter, with its hashes computed once (yellow paper, 4.3.1). */
export function createBloomTest({ addresses, topics }: LogFilter): BloomTest {
  const groups = [addresses, ...topics]
    .filter((alternatives) => alternatives.length > 0)
    .map((alternatives) => alternatives.map(bitsOf))
  return (bloom) =>
    groups.every((alternatives) =>
      alternatives.some((bits) => bits.every(([at, mask]) => ((bloom[at] ?? 0) & mask) !== 0)),
    )
}

function bitsOf(entry: Hex): Bits {
  const hash = keccak256Bytes(hexToBytes(entry))
  return [0, 2, 4].map((i) => {
    const bit = (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 2047
    return [255 - (bit >> 3), 1 << (bit & 7)]
  })
}
