import { bytesToHex, InvalidValueError, toAddress, toHash32 } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { encodeWords, hashStruct, typeHash } from '../src/encoding.ts'

describe('encodeWords', () => {
  test('pads integers and addresses on the left, as abi.encode does', () => {
    const words = encodeWords(
      1n,
      2n ** 256n - 1n,
      toAddress(`0x${'ab'.repeat(20)}`),
      toHash32(`0x${'cd'.repeat(32)}`),
    )
    expect(bytesToHex(words)).toBe(
      `0x${'0'.repeat(63)}1${'f'.repeat(64)}${'0'.repeat(24)}${'ab'.repeat(20)}${'cd'.repeat(32)}`,
    )
    expect(encodeWords()).toEqual(new Uint8Array())
  })

  test('refuses integers that no word holds', () => {
    expect(() => encodeWords(2n ** 256n)).toThrow(InvalidValueError)
    expect(() => encodeWords(-1n)).toThrow(InvalidValueError)
  })
})

describe('typeHash and hashStruct', () => {
  test('give the hashes in the example of EIP-712', () => {
    const person = typeHash('Person(string name,address wallet)')
    expect(bytesToHex(person)).toBe(
      '0xb9d8c78acf9b987311de6c7b45bb6a9c8e1bf361fa7fd3467a2163f994c79500',
    )
    const cow = hashStruct(
      person,
      toHash32('0x8c1d2bd5348394761719da11ec67eedae9502d137e8940fee8ecd6f641ee1648'),
      toAddress('0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826'),
    )
    expect(cow).toBe('0xfc71e5fa27ff56c350aa531bc129ebdf613b772b6604664f5d8dbe21b85eb0c8')
  })
})
