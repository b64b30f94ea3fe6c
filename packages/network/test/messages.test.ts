import { bytesToHash32, toBlockNumber, toHeight } from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeStatus, encodeStatus, METHODS, type Status } from '../src/messages.ts'

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytesToHash32(bytes))
const status: fc.Arbitrary<Status> = fc.record({
  genesisHash: hash,
  coreIdentifier: hash,
  finalized: fc.record({ height: uint64.map(toHeight), hash }),
  head: fc.record({
    number: uint64.map(toBlockNumber),
    hash,
    totalDifficulty: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  }),
})

describe('messages', () => {
  test('of every kind survive the wire', () => {
    fc.assert(
      fc.property(status, (value) => {
        expect(decodeStatus(encodeStatus(value))).toEqual({ ok: true, value })
        expect(encodeStatus(value).length).toBeLessThanOrEqual(METHODS.status.maxRequestBytes)
      }),
    )
    fc.assert(
      fc.property(uint64, fc.integer({ min: 1, max: 128 }), (start, count) => {
        const { encodeRequest, decodeRequest, maxRequestBytes } = METHODS.blocksByRange
        const value = { start: toBlockNumber(start), count }
        expect(decodeRequest(encodeRequest(value))).toEqual({ ok: true, value })
        expect(encodeRequest(value).length).toBeLessThanOrEqual(maxRequestBytes)
      }),
    )
    fc.assert(
      fc.property(fc.array(hash, { minLength: 1, maxLength: 64 }), (hashes) => {
        const { encodeRequest, decodeRequest, maxRequestBytes } = METHODS.blocksByHash
        expect(decodeRequest(encodeRequest({ hashes }))).toEqual({ ok: true, value: { hashes } })
        expect(encodeRequest({ hashes }).length).toBeLessThanOrEqual(maxRequestBytes)
      }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom('auxiliary', 'origin'),
        fc.bigInt({ min: 0n, max: 2n ** 63n }),
        fc.bigInt({ min: 0n, max: 63n }),
        (chain, from, more) => {
          const { encodeRequest, decodeRequest, maxRequestBytes } = METHODS.votesByHeight
          const value = { chain, from: toHeight(from), to: toHeight(from + more) }
          expect(decodeRequest(encodeRequest(value))).toEqual({ ok: true, value })
          expect(encodeRequest(value).length).toBeLessThanOrEqual(maxRequestBytes)
        },
      ),
    )
  })

  test('are refused, not thrown about, for any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const { decodeRequest, encodeRequest } = METHODS.blocksByRange
        const verdict = decodeRequest(bytes)
        // What is taken has no second form.
        expect(verdict.ok ? encodeRequest(verdict.value) : bytes).toEqual(bytes)
        expect(verdict.ok || verdict.fault.startsWith('expected ')).toBe(true)
        expect(METHODS.status.decodeRequest(bytes).ok).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  test.each<readonly [string, keyof typeof METHODS, readonly number[]]>([
    ['no blocks', 'blocksByRange', [0xc2, 0x80, 0x80]],
    ['129 blocks', 'blocksByRange', [0xc3, 0x80, 0x81, 0x81]],
    ['a count with a leading zero', 'blocksByRange', [0xc4, 0x80, 0x82, 0x00, 0x01]],
    ['a third field', 'blocksByRange', [0xc3, 0x80, 0x01, 0x01]],
    ['a list for a number', 'blocksByRange', [0xc2, 0xc0, 0x01]],
    ['a string for the list', 'blocksByRange', [0x80]],
    ['no hashes', 'blocksByHash', [0xc0]],
    ['a short hash', 'blocksByHash', [0xc1, 0x01]],
    ['an unknown chain tag', 'votesByHeight', [0xc3, 0x02, 0x01, 0x01]],
    ['a range that runs backwards', 'votesByHeight', [0xc3, 0x01, 0x02, 0x01]],
    ['65 heights', 'votesByHeight', [0xc3, 0x01, 0x80, 0x40]],
    ['no transaction hashes', 'transactionHashes', [0xc1, 0x80]],
    ['4097 transaction hashes', 'transactionHashes', [0xc3, 0x82, 0x10, 0x01]],
    ['no transactions', 'transactionsByHash', [0xc0]],
    ['nothing', 'status', []],
  ])('are refused with %s', (_what, name, bytes) => {
    expect(METHODS[name].decodeRequest(Uint8Array.from(bytes))).toMatchObject({ ok: false })
  })
})
