import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromByteKey, toByteKey } from '../src/byte-key.ts'
import {
  bigintToBytes,
  bytesToBigint,
  concatBytes,
  equalBytes,
  hexToBytes,
  toWord,
  utf8ToBytes,
} from '../src/bytes.ts'
import { InvalidValueError } from '../src/errors.ts'
import { keccak256, keccak256Bytes, useKeccak } from '../src/keccak.ts'
import { integerToRlp } from '../src/rlp.ts'
import {
  bytesToAddress,
  bytesToHash32,
  bytesToHex,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toHex,
  toMetaHeight,
  toWeight,
} from '../src/values.ts'

const MAX_UINT64 = 2n ** 64n - 1n

describe('quantities', () => {
  test.each([
    ['toBlockNumber', toBlockNumber, MAX_UINT64],
    ['toHeight', toHeight, MAX_UINT64],
    ['toMetaHeight', toMetaHeight, MAX_UINT64],
    ['toDynasty', toDynasty, MAX_UINT64],
    ['toGas', toGas, MAX_UINT64],
    ['toWeight', toWeight, 2n ** 128n - 1n],
  ])('of %s reach from 0 to their maximum', (_, convert, max) => {
    expect(convert(0n)).toBe(0n)
    expect(convert(max)).toBe(max)
    for (const value of [-1n, max + 1n, 2n ** 256n]) {
      expect(() => convert(value)).toThrow(InvalidValueError)
    }
  })

  test('name what was expected and what came', () => {
    expect(() => toWeight(-5n)).toThrow('expected a weight (uint128), received -5')
  })
})

describe('hex', () => {
  test('comes out in lower case', () => {
    expect(toHex('0xABcd')).toBe('0xabcd')
    expect(toAddress(`0x${'Ab'.repeat(20)}`)).toBe(`0x${'ab'.repeat(20)}`)
    expect(toHash32(`0x${'Ab'.repeat(32)}`)).toBe(`0x${'ab'.repeat(32)}`)
  })

  test.each(['', 'ab', '0x1', '0xg0', '0X00', '0x00\n', ' 0x00', '0x0 '])('is not %j', (text) => {
    expect(() => toHex(text)).toThrow(InvalidValueError)
    expect(() => hexToBytes(text)).toThrow(InvalidValueError)
  })

  test.each([1, 32, 64, 65, 300])(
    'is no text with one letter that is no digit, in %i bytes',
    (size) => {
      const text = '5'.repeat(2 * size)
      for (let at = 0; at < text.length; at++) {
        // The last ends in the bits of a digit.
        for (const letter of ['g', '/', ':', '@', '`', ' ', '\n', '\u0130', '\u0161']) {
          const wrong = `0x${text.slice(0, at)}${letter}${text.slice(at + 1)}`
          expect(() => hexToBytes(wrong)).toThrow(InvalidValueError)
        }
      }
    },
  )

  test.each([19, 21, 31, 33])('of %i bytes is neither an address nor a hash', (size) => {
    const text = `0x${'00'.repeat(size)}`
    expect(() => toAddress(text)).toThrow(InvalidValueError)
    expect(() => toHash32(text)).toThrow(InvalidValueError)
  })

  test('and bytes are each other’s inverse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes)
        expect(hexToBytes(bytesToHex(bytes).toUpperCase().replace('0X', '0x'))).toEqual(bytes)
      }),
      { seed: 1 },
    )
  })
})

describe('bytes', () => {
  test('and integers are each other’s inverse', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        expect(bytesToBigint(toWord(value))).toBe(value)
        expect(bytesToBigint(bigintToBytes(value, 40))).toBe(value)
      }),
      { seed: 1 },
    )
    expect(bytesToBigint(new Uint8Array())).toBe(0n)
  })

  test('of integers around every power of two are their digits', () => {
    const values = Array.from({ length: 265 }, (_, bits) => 2n ** BigInt(bits)).flatMap((power) => [
      power - 1n,
      power,
      power + 1n,
    ])
    for (const value of values) {
      const digits = value === 0n ? '' : value.toString(16)
      const least = Math.ceil(digits.length / 2)
      for (const size of new Set([least, least + 1, Math.max(least, 33), 40])) {
        const bytes = bigintToBytes(value, size)
        expect(Buffer.from(bytes).toString('hex')).toBe(digits.padStart(2 * size, '0'))
        expect(bytesToBigint(bytes)).toBe(value)
      }
      expect(integerToRlp(value)).toEqual(bigintToBytes(value, least))
    }
    for (const value of values.filter((each) => each < 2n ** 256n)) {
      expect(toWord(value)).toEqual(bigintToBytes(value, 32))
    }
    for (const value of values.filter((each) => each > 0n)) {
      const least = integerToRlp(value).length
      expect(() => bigintToBytes(value, least - 1)).toThrow(InvalidValueError)
    }
  })

  test('refuse integers that do not fit', () => {
    expect(() => toWord(2n ** 256n)).toThrow(InvalidValueError)
    expect(() => toWord(-1n)).toThrow(InvalidValueError)
    expect(() => bigintToBytes(256n, 1)).toThrow(InvalidValueError)
    expect(() => bigintToBytes(-1n, 32)).toThrow(InvalidValueError)
    expect(() => bigintToBytes(-(2n ** 256n), 32)).toThrow(InvalidValueError)
  })

  test.each([0, 19, 20, 21, 31, 32, 33, 64, 65])(
    'are their digits as hex, also %i of them',
    (size) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => 255 - i)
      expect(bytesToHex(bytes)).toBe(`0x${Buffer.from(bytes).toString('hex')}`)
    },
  )

  test('are a hash if they are 32, an address if they are 20', () => {
    const bytes = Uint8Array.from({ length: 33 }, (_, i) => 255 - i)
    expect(bytesToHash32(bytes.subarray(0, 32))).toBe(toHash32(bytesToHex(bytes.subarray(0, 32))))
    expect(bytesToAddress(bytes.subarray(0, 20))).toBe(toAddress(bytesToHex(bytes.subarray(0, 20))))
    expect(() => bytesToHash32(bytes)).toThrow('expected 32 bytes, received "0xfffe')
    expect(() => bytesToHash32(bytes.subarray(0, 31))).toThrow(InvalidValueError)
    expect(() => bytesToAddress(bytes)).toThrow('expected 20 bytes, received "0xfffe')
    expect(() => bytesToAddress(bytes.subarray(0, 19))).toThrow(InvalidValueError)
  })

  test('are keys of maps, in the same order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (list) => {
        const keys = list.map(toByteKey)
        expect(keys.map(fromByteKey)).toEqual(list)
        expect(keys.toSorted().map(fromByteKey)).toEqual(
          list.toSorted((a, b) => Buffer.compare(a, b)),
        )
      }),
      { seed: 1 },
    )
  })

  test('compare and join by content', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))).toEqual(
      Uint8Array.of(1, 2, 3),
    )
  })

  test('of text are those of the platform', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect([...utf8ToBytes(text)]).toEqual([...new TextEncoder().encode(text)])
      }),
      { seed: 1 },
    )
  })
})

describe('keccak256', () => {
  test.each([
    ['', '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'],
    ['abc', '0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45'],
  ])('of %j is the one of Ethereum', (text, hash) => {
    expect(keccak256(utf8ToBytes(text))).toBe(hash)
  })

  test('is not replaced by another function', () => {
    expect(() => useKeccak((bytes) => bytes)).toThrow('keccak-256')
    expect(keccak256Bytes(new Uint8Array())).toEqual(
      hexToBytes('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'),
    )
  })
})
