import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hexToBytes } from '../src/bytes.ts'
import { InvalidValueError } from '../src/errors.ts'
import { decodeRlp, encodeRlp, integerToRlp, type RlpItem, splitRlpList } from '../src/rlp.ts'
import { bytesToHex } from '../src/values.ts'

const { item } = fc.letrec<{ item: RlpItem; list: readonly RlpItem[] }>((tie) => ({
  item: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.uint8Array(), tie('list')),
  list: fc.array(tie('item'), { maxLength: 6 }),
}))

describe('encodeRlp and decodeRlp', () => {
  test.each<[string, RlpItem, string]>([
    ['no bytes', new Uint8Array(), '0x80'],
    ['the byte zero', Uint8Array.of(0), '0x00'],
    ['the largest byte that is itself', Uint8Array.of(0x7f), '0x7f'],
    ['the smallest byte with a prefix', Uint8Array.of(0x80), '0x8180'],
    ['dog', new TextEncoder().encode('dog'), '0x83646f67'],
    ['55 bytes', new Uint8Array(55), `0xb7${'00'.repeat(55)}`],
    ['56 bytes', new Uint8Array(56), `0xb838${'00'.repeat(56)}`],
    ['256 bytes', new Uint8Array(256), `0xb90100${'00'.repeat(256)}`],
    ['an empty list', [], '0xc0'],
    ['the set of three', [[], [[]], [[], [[]]]], '0xc7c0c1c0c3c0c1c0'],
  ])('agree with the yellow paper on %s', (_, value, encoded) => {
    expect(bytesToHex(encodeRlp(value))).toBe(encoded)
    expect(decodeRlp(hexToBytes(encoded))).toEqual(value)
  })

  test('are each other’s inverse', () => {
    fc.assert(
      fc.property(item, (value) => {
        expect(decodeRlp(encodeRlp(value), 64)).toEqual(value)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('know exactly one encoding of anything', () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(mutated(), fc.uint8Array({ maxLength: 12 })), (bytes) => {
        const decoded = tryDecode(bytes)
        if (decoded === undefined) return
        accepted++
        expect(bytesToHex(encodeRlp(decoded))).toBe(bytesToHex(bytes))
      }),
      { seed: 2, numRuns: 3000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  test.each([
    ['nothing', '0x'],
    ['surplus bytes', '0x8000'],
    ['a truncated string', '0x83646f'],
    ['a truncated list', '0xc3c0'],
    ['a truncated length', '0xb9'],
    ['a single byte with a prefix', '0x8100'],
    ['the long form of a short string', `0xb837${'00'.repeat(55)}`],
    ['the long form of a short list', '0xf801c0'],
    ['a length with a leading zero', `0xb90038${'00'.repeat(56)}`],
    ['a length of 2^64 - 1', '0xbfffffffffffffffff'],
    ['a length of 2^48', '0xbe01000000000000'],
    ['an item that ends behind its list', '0xc18183'],
  ])('refuse %s', (_, hex) => {
    expect(() => decodeRlp(hexToBytes(hex))).toThrow(InvalidValueError)
  })

  test('refuse more nesting than allowed, without running out of stack', () => {
    expect(() => decodeRlp(hexToBytes('0xc1c0'), 0)).toThrow(InvalidValueError)
    expect(decodeRlp(hexToBytes('0xc1c0'), 2)).toEqual([[]])
    const bomb = Uint8Array.from({ length: 100_000 }, () => 0xf8)
    expect(() => decodeRlp(bomb)).toThrow(InvalidValueError)
  })
})

describe('splitRlpList', () => {
  test('gives the encodings of the items of every list', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), (items) => {
        expect(splitRlpList(encodeRlp(items))).toEqual(items.map(encodeRlp))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('takes apart what can be decoded, and nothing of which the prefixes are wrong', () => {
    fc.assert(
      fc.property(mutated(), (bytes) => {
        const whole = tryDecode(bytes)
        if (whole === undefined || whole instanceof Uint8Array) return
        expect(splitRlpList(bytes).map((part) => decodeRlp(part))).toEqual(whole)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test.each(['0x', '0x80', '0xc1', '0xc000', '0xf80100', '0xc28100', '0xc283'])(
    'refuses %s',
    (wrong) => {
      expect(() => splitRlpList(hexToBytes(wrong))).toThrow(InvalidValueError)
    },
  )

  test('looks at no more items than are allowed', () => {
    const bytes = encodeRlp([Uint8Array.of(1), Uint8Array.of(2)])
    expect(splitRlpList(bytes, 2)).toHaveLength(2)
    expect(() => splitRlpList(bytes, 1)).toThrow('an RLP list of at most 1 items')
  })
})

describe('integerToRlp', () => {
  test.each([
    [0n, '0x'],
    [1n, '0x01'],
    [255n, '0xff'],
    [256n, '0x0100'],
    [2n ** 256n - 1n, `0x${'ff'.repeat(32)}`],
  ])('writes %i in its shortest form', (value, hex) => {
    expect(bytesToHex(integerToRlp(value))).toBe(hex)
  })

  test('refuses what is negative', () => {
    expect(() => integerToRlp(-1n)).toThrow(InvalidValueError)
  })
})

/** Encodings with one byte changed, put in or taken out. */
function mutated(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(item, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2))
    .map(([value, position, byte, kind]) => {
      const bytes = [...encodeRlp(value)]
      bytes.splice(position % bytes.length, kind === 1 ? 0 : 1, ...(kind === 2 ? [] : [byte]))
      return Uint8Array.from(bytes)
    })
}

function tryDecode(bytes: Uint8Array): RlpItem | undefined {
  try {
    return decodeRlp(bytes)
  } catch (error) {
    if (error instanceof InvalidValueError) return undefined
    throw error
  }
}
