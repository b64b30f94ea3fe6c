import {
  bytesToHex,
  concatBytes,
  encodeRlp,
  hexToBytes,
  InvalidValueError,
  keccak256,
  type RlpItem,
} from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readBlockHeader } from '../src/block-header.ts'
import { encodeHeader, MAINNET_BLOCK_1, MAINNET_BLOCK_1_HASH } from './header-rlp.ts'

const EMPTY = new Uint8Array()

describe('readBlockHeader', () => {
  test('reads block 1 of Ethereum', () => {
    expect(readBlockHeader(encodeHeader())).toEqual({
      hash: MAINNET_BLOCK_1_HASH,
      parentHash: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
      stateRoot: '0xd67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3',
      transactionsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
      number: 1n,
      gasUsed: 0n,
      timestamp: 0x55ba4224n,
    })
  })

  test('takes a zero integer in every place that has one', () => {
    const header = readBlockHeader(
      encodeHeader({ 7: EMPTY, 8: EMPTY, 9: EMPTY, 10: EMPTY, 11: EMPTY, 12: EMPTY }),
    )
    expect(header).toMatchObject({ number: 0n, gasUsed: 0n, timestamp: 0n })
  })

  test.each([15, 16, 17, 20, 21, 32])('takes a header of %i fields', (count) => {
    const rlp = encodeHeader({}, withFields(count))
    expect(readBlockHeader(rlp)).toMatchObject({ number: 1n, hash: keccak256(rlp) })
  })

  test.each([0, 1, 14, 33, 64])('refuses a header of %i fields', (count) => {
    expect(() => readBlockHeader(encodeHeader({}, withFields(count)))).toThrow(InvalidValueError)
  })

  test('takes the largest block number, and no larger one', () => {
    expect(readBlockHeader(encodeHeader({ 8: filled(8) })).number).toBe(2n ** 64n - 1n)
    expect(() => readBlockHeader(encodeHeader({ 8: hexToBytes('0x010000000000000000') }))).toThrow(
      'expected a block number (uint64)',
    )
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 13, 14])('wants field %i in its exact size', (index) => {
    const size = MAINNET_BLOCK_1[index]?.length ?? 0
    for (const wrong of [0, 1, size - 1, size + 1]) {
      expect(() => readBlockHeader(encodeHeader({ [index]: filled(wrong) }))).toThrow(
        `expected ${size} bytes at field ${index}`,
      )
    }
  })

  test.each([7, 8, 9, 10, 11])('wants a shortest integer at field %i', (index) => {
    for (const wrong of ['0x00', '0x0001', `0x${'ff'.repeat(33)}`]) {
      expect(() => readBlockHeader(encodeHeader({ [index]: hexToBytes(wrong) }))).toThrow(
        `expected an integer at field ${index}`,
      )
    }
  })

  test.each(MAINNET_BLOCK_1.map((_, index) => index))('takes no list at field %i', (index) => {
    for (const list of [[], [EMPTY], [[EMPTY]]]) {
      expect(() => readBlockHeader(encodeHeader({ [index]: list }))).toThrow(InvalidValueError)
    }
  })

  test('takes no string instead of a list, and no list around the header', () => {
    expect(() => readBlockHeader(encodeRlp(encodeHeader()))).toThrow('expected a header list')
    expect(() => readBlockHeader(encodeRlp([MAINNET_BLOCK_1]))).toThrow(InvalidValueError)
  })

  test('takes nothing before, behind or instead of the canonical bytes', () => {
    const rlp = encodeHeader()
    const longer = concatBytes(Uint8Array.of(0xfa, 0), rlp.subarray(1))
    for (const bytes of [
      EMPTY,
      concatBytes(rlp, Uint8Array.of(0)),
      rlp.subarray(0, -1),
      rlp.subarray(1),
      concatBytes(rlp, rlp),
      longer,
    ]) {
      expect(() => readBlockHeader(bytes)).toThrow(InvalidValueError)
    }
  })

  test('either refuses changed bytes or reads another hash from them', () => {
    const rlp = encodeHeader()
    fc.assert(
      fc.property(fc.nat({ max: rlp.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Uint8Array.from(rlp, (byte, i) => (i === at ? byte ^ flip : byte))
        expect(tryHash(bytes)).not.toBe(MAINNET_BLOCK_1_HASH)
      }),
      { seed: 1, numRuns: 2000 },
    )
  })

  test('reads back what any well-formed header says', () => {
    const integer = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(integer, integer, fc.uint8Array({ maxLength: 200 }), (number, time, extra) => {
        const rlp = encodeHeader({ 8: toInteger(number), 11: toInteger(time), 12: extra })
        expect(readBlockHeader(rlp)).toMatchObject({
          number,
          timestamp: time,
          hash: keccak256(rlp),
        })
      }),
      { seed: 1 },
    )
  })
})

/** The hash that is read, or that nothing but a refusal was thrown. */
function tryHash(bytes: Uint8Array): string {
  try {
    return readBlockHeader(bytes).hash
  } catch (error) {
    if (error instanceof InvalidValueError) return 'refused'
    throw error
  }
}

function withFields(count: number): readonly RlpItem[] {
  return Array.from({ length: count }, (_, index) => MAINNET_BLOCK_1[index] ?? filled(32))
}

function filled(size: number): Uint8Array {
  return new Uint8Array(size).fill(0xff)
}

function toInteger(value: bigint): Uint8Array {
  if (value === 0n) return EMPTY
  const digits = value.toString(16)
  const bytes = hexToBytes(`0x${digits.length % 2 === 0 ? '' : '0'}${digits}`)
  expect(bytesToHex(bytes)).not.toMatch(/^0x00/)
  return bytes
}
