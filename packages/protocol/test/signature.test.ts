import {
  bigintToBytes,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  type Hash32,
  type Hex,
  hexToBytes,
  keccak256,
  toHash32,
  utf8ToBytes,
} from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  normaliseSignature,
  publicKeyToAddress,
  recoverSigner,
  secretKeyToAddress,
  signDigest,
} from '../src/signature.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const HALF_ORDER = ORDER / 2n

/** The test vectors of EIP-2098, and the example of EIP-712 (its key is keccak256("cow")). */
const VECTORS = [
  {
    name: 'EIP-2098, y even',
    key: `0x${'1234567890'.repeat(6)}1234`,
    digest: personalDigest('Hello World'),
    r: '68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90',
    s: '7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064',
    v: 27,
  },
  {
    name: 'EIP-2098, y odd',
    key: `0x${'1234567890'.repeat(6)}1234`,
    digest: personalDigest("It's a small(er) world"),
    r: '9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76',
    s: '139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793',
    v: 28,
  },
  {
    name: 'EIP-712',
    key: keccak256(utf8ToBytes('cow')),
    digest: toHash32('0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2'),
    r: '4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d',
    s: '07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562',
    v: 28,
  },
]

const digests = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => bytesToHash32(b))
const keys = fc.bigInt({ min: 1n, max: ORDER - 1n }).map((key) => bigintToBytes(key, 32))

describe('addresses', () => {
  test('belong to their keys', () => {
    expect(secretKeyToAddress(bigintToBytes(1n, 32))).toBe(
      '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
    )
    expect(secretKeyToAddress(hexToBytes(keccak256(utf8ToBytes('cow'))))).toBe(
      '0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826',
    )
  })

  test('are those of the compressed public key too', () => {
    const generator = '0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
    expect(publicKeyToAddress(hexToBytes(generator))).toBe(
      secretKeyToAddress(bigintToBytes(1n, 32)),
    )
  })

  test.each([0n, ORDER, 2n ** 256n - 1n])('do not exist for the secret %i', (key) => {
    expect(() => secretKeyToAddress(bigintToBytes(key, 32))).toThrow(/invalid|expected/)
  })
})

describe('signDigest', () => {
  test.each(VECTORS)('gives the bytes of $name', ({ key, digest, r, s, v }) => {
    const parity = BigInt(v - 27) << 255n
    expect(signDigest(digest, hexToBytes(key))).toBe(
      `0x${r}${(BigInt(`0x${s}`) | parity).toString(16).padStart(64, '0')}`,
    )
  })

  test('is recovered, has a low s, and is the same every time', () => {
    fc.assert(
      fc.property(digests, keys, (digest, key) => {
        const signature = signDigest(digest, key)
        expect(signDigest(digest, key)).toBe(signature)
        expect(recoverSigner(digest, signature)).toBe(secretKeyToAddress(key))
        expect(partsOf(signature).s).toBeLessThanOrEqual(HALF_ORDER)
        expect(normaliseSignature(signature)).toBe(signature)
      }),
      { seed: 1, numRuns: 40 },
    )
  })
})

describe('recoverSigner', () => {
  test.each(VECTORS)('takes both forms of $name', ({ key, digest, r, s, v }) => {
    const signer = secretKeyToAddress(hexToBytes(key))
    const long: Hex = `0x${r}${s}${v.toString(16)}`
    expect(recoverSigner(digest, long)).toBe(signer)
    expect(recoverSigner(digest, signDigest(digest, hexToBytes(key)))).toBe(signer)
    expect(normaliseSignature(long)).toBe(signDigest(digest, hexToBytes(key)))
  })

  test('takes no malleated twin in either form', () => {
    fc.assert(
      fc.property(digests, keys, (digest, key) => {
        const { r, s, parity } = partsOf(signDigest(digest, key))
        const twin = { r, s: ORDER - s, parity: 1 - parity }
        expect(normaliseSignature(toLong(twin))).toBeUndefined()
        expect(recoverSigner(digest, toLong(twin))).toBeUndefined()
        // Such an s reaches into the bit of the parity, so the short form is another signature, if any.
        expect(recoverSigner(digest, toCompact(twin))).not.toBe(secretKeyToAddress(key))
      }),
      { seed: 2, numRuns: 40 },
    )
  })

  test('takes an s of exactly half the order, and none above', () => {
    const digest = keccak256(Uint8Array.of(1))
    const { r } = partsOf(signDigest(digest, bigintToBytes(1n, 32)))
    expect(recoverSigner(digest, toLong({ r, s: HALF_ORDER, parity: 0 }))).toMatch(/^0x/)
    expect(recoverSigner(digest, toCompact({ r, s: HALF_ORDER, parity: 1 }))).toMatch(/^0x/)
    for (const s of [0n, HALF_ORDER + 1n, ORDER - 1n]) {
      expect(recoverSigner(digest, toLong({ r, s, parity: 0 }))).toBeUndefined()
    }
  })

  test('takes no r that is zero, no x of a point, or not below the order', () => {
    const digest = keccak256(Uint8Array.of(1))
    for (const r of [0n, 5n, ORDER, 2n ** 256n - 1n]) {
      expect(recoverSigner(digest, toLong({ r, s: 1n, parity: 0 }))).toBeUndefined()
      expect(recoverSigner(digest, toCompact({ r, s: 1n, parity: 0 }))).toBeUndefined()
    }
  })

  test('takes v of 27 and 28 only', () => {
    const digest = keccak256(Uint8Array.of(1))
    const { r, s } = partsOf(signDigest(digest, bigintToBytes(1n, 32)))
    const body = concatBytes(bigintToBytes(r, 32), bigintToBytes(s, 32))
    const accepted = Array.from({ length: 256 }, (_, v) => v).filter(
      (v) => recoverSigner(digest, bytesToHex(concatBytes(body, Uint8Array.of(v)))) !== undefined,
    )
    expect(accepted).toEqual([27, 28])
  })

  test('takes no s with the highest bit set in the long form', () => {
    const digest = keccak256(Uint8Array.of(1))
    const { r, s } = partsOf(signDigest(digest, bigintToBytes(1n, 32)))
    expect(recoverSigner(digest, toLong({ r, s: s | (1n << 255n), parity: 0 }))).toBeUndefined()
  })

  test.each([0, 1, 32, 63, 66, 128])('takes nothing of %i bytes', (size) => {
    const signature = bytesToHex(new Uint8Array(size).fill(1))
    expect(recoverSigner(keccak256(Uint8Array.of(1)), signature)).toBeUndefined()
    expect(normaliseSignature(signature)).toBeUndefined()
  })

  test('never finds the signer in a signature of another digest or with another bit', () => {
    const key = bigintToBytes(7n, 32)
    const digest = keccak256(Uint8Array.of(1))
    const signer = secretKeyToAddress(key)
    const signature = hexToBytes(signDigest(digest, key))
    expect(recoverSigner(keccak256(Uint8Array.of(2)), bytesToHex(signature))).not.toBe(signer)
    fc.assert(
      fc.property(fc.nat({ max: 511 }), (bit) => {
        const flipped = signature.map((byte, i) =>
          i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
        )
        expect(recoverSigner(digest, bytesToHex(flipped))).not.toBe(signer)
      }),
      { seed: 3, numRuns: 120 },
    )
  })
})

type Parts = { readonly r: bigint; readonly s: bigint; readonly parity: number }

function partsOf(signature: Hex): Parts {
  const bytes = hexToBytes(signature)
  const word = bytesToBigint(bytes.subarray(32))
  return {
    r: bytesToBigint(bytes.subarray(0, 32)),
    s: word & ((1n << 255n) - 1n),
    parity: Number(word >> 255n),
  }
}

function toLong({ r, s, parity }: Parts): Hex {
  return bytesToHex(
    concatBytes(bigintToBytes(r, 32), bigintToBytes(s, 32), Uint8Array.of(27 + parity)),
  )
}

function toCompact({ r, s, parity }: Parts): Hex {
  return bytesToHex(
    concatBytes(bigintToBytes(r, 32), bigintToBytes(s | (BigInt(parity) << 255n), 32)),
  )
}

function personalDigest(text: string): Hash32 {
  return keccak256(utf8ToBytes(`\u0019Ethereum Signed Message:\n${text.length}${text}`))
}
