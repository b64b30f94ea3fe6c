import { bytesToHex, encodeRlp, hexToBytes, integerToRlp, type RlpItem } from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BackwardRlp } from '../src/backward-rlp.ts'

const string = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 5000 }))
const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof({ maxDepth: 4 }, string, fc.array(tie('item'), { maxLength: 6 })),
}))

function write(rlp: BackwardRlp, value: RlpItem): void {
  if (value instanceof Uint8Array) {
    rlp.string(value)
    return
  }
  const mark = rlp.mark()
  for (const each of value.toReversed()) write(rlp, each)
  rlp.list(mark)
}

describe('BackwardRlp', () => {
  test('writes what encodeRlp does', () => {
    const rlp = new BackwardRlp()
    fc.assert(
      fc.property(item, (value) => {
        write(rlp, value)
        expect(rlp.take()).toEqual(encodeRlp(value))
      }),
      { seed: 1 },
    )
  })

  test('grows to megabytes and begins anew after them', () => {
    const rlp = new BackwardRlp()
    const large = Array.from({ length: 3000 }, () => new Uint8Array(2000).fill(7))
    write(rlp, large)
    expect(rlp.take()).toEqual(encodeRlp(large))
    write(rlp, [Uint8Array.of(1)])
    expect(rlp.take()).toEqual(Uint8Array.of(0xc1, 1))
  })

  test('writes integers and hex as the strings that they stand for', () => {
    const rlp = new BackwardRlp()
    const values = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, 2n ** 64n, 2n ** 256n - 1n]
    for (const value of values.toReversed()) rlp.integer(value)
    rlp.hex(`0x${'ab'.repeat(20)}`)
    rlp.list(0)
    rlp.byte(2)
    const strings = [hexToBytes(`0x${'ab'.repeat(20)}`), ...values.map(integerToRlp)]
    expect(bytesToHex(rlp.take())).toBe(bytesToHex(Uint8Array.of(2, ...encodeRlp(strings))))
  })

  test('forgets what was begun before an error', () => {
    const rlp = new BackwardRlp()
    rlp.string(Uint8Array.of(1, 2, 3))
    expect(() => {
      rlp.hex('0xzz')
    }).toThrow('hex digits')
    rlp.reset()
    rlp.list(0)
    expect(rlp.take()).toEqual(Uint8Array.of(0xc0))
  })
})
