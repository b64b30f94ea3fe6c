import { Account, createAccountFromRLP } from '@ethereumjs/util'
import { bytesToBigint, bytesToHex, InvalidValueError } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { decodeAccount, encodeAccount } from '../src/account-encoding.ts'
import { seeded } from './seeded.ts'

describe('encodeAccount', () => {
  test('gives the bytes that EthereumJS gives, and decodeAccount reads them', () => {
    const random = seeded(41)
    const integer = (most: number): bigint => bytesToBigint(random.bytes(random.below(most + 1)))
    const bounds = [0n, 1n, 0x7fn, 0x80n, 0xffn, 2n ** 64n - 1n, 2n ** 64n, 2n ** 128n, 2n ** 192n]
    for (let i = 0; i < 2000; i++) {
      const nonce = random.below(2) === 0 ? integer(8) : (bounds[random.below(6)] ?? 0n)
      const balance =
        random.below(2) === 0 ? integer(32) : random.pick([...bounds, 2n ** 256n - 1n])
      const account =
        random.below(2) === 0
          ? new Account(nonce, balance)
          : new Account(nonce, balance, random.bytes(32), random.bytes(32))
      const bytes = encodeAccount(account)
      expect(bytesToHex(bytes)).toBe(bytesToHex(account.serialize()))
      expect(decodeAccount(bytes)).toEqual(createAccountFromRLP(bytes))
    }
  })

  test('refuses what is no account', () => {
    const bytes = encodeAccount(new Account(5n, 6n))
    for (let size = 0; size < bytes.length; size++) {
      expect(() => decodeAccount(bytes.slice(0, size))).toThrow(InvalidValueError)
    }
    expect(() => decodeAccount(Uint8Array.of(...bytes, 0))).toThrow(InvalidValueError)
  })
})
