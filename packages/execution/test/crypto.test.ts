import {
  bigintToBytes,
  bytesToHash32,
  bytesToHex,
  hexToBytes,
  keccak256Bytes,
} from '@mosaic/primitives'
import { signDigest } from '@mosaic/protocol'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { loadRecoverers, type Recoverer } from '../src/crypto.ts'
import { loadCrypto } from '../src/index.ts'
import { seeded } from './seeded.ts'

const recoverers = await loadRecoverers()
const crypto = await loadCrypto()
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** A third implementation, for the other two to be compared with. */
const noble: Omit<Recoverer, 'sign'> = {
  name: 'noble',
  recover: (digest, r, s, recovery) => {
    const compact = new Uint8Array(64)
    compact.set(r, 32 - r.length)
    compact.set(s, 64 - s.length)
    const signature = secp256k1.Signature.fromBytes(compact, 'compact').addRecoveryBit(recovery)
    return signature.recoverPublicKey(digest).toBytes(false).subarray(1)
  },
}

function outcome(
  { recover }: Pick<Recoverer, 'recover'>,
  input: Parameters<Recoverer['recover']>,
): string {
  try {
    return bytesToHex(recover(...input))
  } catch {
    return 'none'
  }
}

describe('signing', () => {
  test('gives the same signature in every implementation', () => {
    const random = seeded(5)
    for (let i = 0; i < 20; i++) {
      const digest = random.bytes(32)
      const key = random.bytes(32)
      const expected = hexToBytes(signDigest(bytesToHash32(digest), key))
      for (const { name, sign } of recoverers) {
        const { compact, recovery } = sign(digest, key)
        const marked = compact.slice()
        marked[32] = (marked[32] ?? 0) | (recovery << 7)
        expect([name, bytesToHex(marked)]).toEqual([name, bytesToHex(expected)])
      }
    }
  })

  test('refuses what is no key', () => {
    for (const { sign } of recoverers) {
      expect(() => sign(new Uint8Array(32).fill(1), new Uint8Array(32))).toThrow(/key/i)
    }
  })
})

describe('public-key recovery', () => {
  test('is done by at least one implementation, which is named', () => {
    expect(crypto.chosen.secp256k1).toBe(recoverers[0].name)
    expect(recoverers.at(-1)?.name).toBe('libauth-wasm')
  })

  test('gives the same key, or none, in every implementation', () => {
    const random = seeded(21)
    const edges = [
      0n,
      1n,
      2n,
      ORDER / 2n,
      ORDER / 2n + 1n,
      ORDER - 1n,
      ORDER,
      ORDER + 1n,
      2n ** 256n - 1n,
    ]
    let recovered = 0
    for (let i = 0; i < 60; i++) {
      const digest = random.bytes(32)
      const signature = secp256k1.sign(digest, random.bytes(32), { prehash: false })
      const proper = [signature.subarray(0, 32), signature.subarray(32)] as const
      const high = [proper[0], bigintToBytes(ORDER - BigInt(bytesToHex(proper[1])), 32)] as const
      const edge = [
        bigintToBytes(random.pick(edges), 32),
        bigintToBytes(random.pick(edges), 32),
      ] as const
      const short = [proper[0], random.bytes(1 + random.below(31))] as const
      for (const [r, s] of [
        proper,
        high,
        edge,
        short,
        [random.bytes(32), random.bytes(32)],
      ] as const) {
        for (const recovery of [0, 1] as const) {
          const expected = outcome(noble, [digest, r, s, recovery])
          if (expected !== 'none') recovered += 1
          for (const recoverer of recoverers) {
            expect([recoverer.name, outcome(recoverer, [digest, r, s, recovery])]).toEqual([
              recoverer.name,
              expected,
            ])
          }
        }
      }
    }
    expect(recovered).toBeGreaterThan(200)
  })
})

describe('keccak256', () => {
  test('is the same as the plain one for every length around a block', () => {
    const random = seeded(4)
    for (let length = 0; length < 300; length++) {
      const bytes = random.bytes(length)
      expect(crypto.keccak256(bytes)).toEqual(keccak256Bytes(bytes))
    }
    expect(crypto.keccak256(hexToBytes('0x'))).toHaveLength(32)
  })

  test('gives bytes that a later hash does not change', () => {
    const first = crypto.keccak256(Uint8Array.of(1))
    const copy = first.slice()
    crypto.keccak256(Uint8Array.of(2))
    expect(first).toEqual(copy)
  })
})
