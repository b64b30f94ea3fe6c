import { accept, refuse, type Verdict } from '@mosaic/primitives'
import snappy from 'snappy'

/** Why bytes were not decompressed. */
export type CompressionFault =
  /** The length in front of the raw snappy block is above what the caller takes. */
  | { readonly code: 'TOO_LARGE'; readonly size: number; readonly limit: number }
  /** Not a raw snappy block. */
  | { readonly code: 'MALFORMED' }

/** Compresses as one raw snappy block, whose header states the uncompressed size. */
export function compress(bytes: Uint8Array): Uint8Array {
  return snappy.compressSync(bytes)
}

/** The size that a raw snappy block says it decompresses to; undefined when the header is malformed. */
export function uncompressedSize(block: Uint8Array): number | undefined {
  let size = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) return undefined
    size += (byte & 0x7f) * 128 ** i
    if (byte < 0x80) return size < 2 ** 32 ? size : undefined
  }
  return undefined
}

/** The most bytes that a raw snappy block of `size` uncompressed bytes takes. */
export function maxCompressedSize(size: number): number {
  return 32 + size + Math.ceil(size / 6)
}

/** Decompresses one raw snappy block; the size is judged before memory is taken, so a bomb costs its own bytes only. */
export function decompress(
  block: Uint8Array,
  limit: number,
): Verdict<Uint8Array, CompressionFault> {
  const size = uncompressedSize(block)
  if (size === undefined) return refuse({ code: 'MALFORMED' })
  if (size > limit) return refuse({ code: 'TOO_LARGE', size, limit })
  try {
    const bytes = snappy.uncompressSync(block, { asBuffer: true })
    if (typeof bytes === 'string') return refuse({ code: 'MALFORMED' })
    return accept(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch {
    return refuse({ code: 'MALFORMED' })
  }
}
