import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compress, decompress, uncompressedSize } from '../src/compression.ts'

describe('compression', () => {
  test('gives back any bytes, and says their number beforehand', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        const block = compress(bytes)
        expect(uncompressedSize(block)).toBe(bytes.length)
        expect(decompress(block, bytes.length)).toEqual({ ok: true, value: bytes })
        expect(decompress(compress(Uint8Array.of(1, ...bytes)), bytes.length)).toMatchObject({
          fault: { code: 'TOO_LARGE', size: bytes.length + 1 },
        })
      }),
    )
  })

  test('refuses anything that is not a snappy block', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const verdict = decompress(bytes, 1000)
        expect(verdict.ok ? verdict.value.length : 0).toBe(verdict.ok ? uncompressedSize(bytes) : 0)
      }),
    )
    for (const bytes of [[], [0x80], [255, 255, 255, 255, 255, 1], [5, 0, 0]]) {
      expect(decompress(Uint8Array.from(bytes), 1000)).toMatchObject({
        fault: { code: 'MALFORMED' },
      })
    }
  })
})
