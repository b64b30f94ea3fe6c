import { createHash } from 'node:crypto'
import { createEVM, EVM, getActivePrecompiles, type PrecompileFunc } from '@ethereumjs/evm'
import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  concatBytes,
  hexToBytes,
} from '@mosaic/primitives'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { describe, expect, test } from 'vitest'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import { FAST_PRECOMPILES, FastBls, FastBn254 } from '../src/precompiles.ts'
import { type Seeded, seeded } from './seeded.ts'

const common = createCommon(1n, await loadCrypto())
const fast = new EVM({
  common,
  bls: new FastBls(),
  bn254: new FastBn254(),
  customPrecompiles: FAST_PRECOMPILES,
})
const stock = await createEVM({ common })
const theirs = getActivePrecompiles(common)
const ours = getActivePrecompiles(common, FAST_PRECOMPILES)

/** Return data, gas and success of one precompile. */
async function run(
  set: Map<string, PrecompileFunc>,
  evm: EVM,
  address: string,
  data: Uint8Array,
  gasLimit: bigint,
): Promise<string> {
  const precompile = set.get(address.padStart(40, '0'))
  if (precompile === undefined) throw new Error(`no precompile at ${address}`)
  const result = await precompile({ data, gasLimit, common, _EVM: evm })
  return `${bytesToHex(result.returnValue)} ${result.executionGasUsed} ${result.exceptionError === undefined}`
}

async function runBoth(address: string, data: Uint8Array, gasLimit = 1_000_000n): Promise<string> {
  const results = [
    await run(ours, fast, address, data, gasLimit),
    await run(theirs, stock, address, data, gasLimit),
  ]
  return [...new Set(results)].join(' but ')
}

function blakeInput(random: Seeded, rounds: number, flag: number, size = 213): Uint8Array {
  const input = random.bytes(size)
  input.set(bigintToBytes(BigInt(rounds), 4))
  input[212] = flag
  return input
}

describe('BLAKE2f', () => {
  test('compresses as BLAKE2b does', async () => {
    // The one block of a message of 3 bytes: parameters in h, the message, its length, the last block (RFC 7693, appendix A).
    const iv =
      '08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b'
    const h = bytesToHex(bigintToBytes(BigInt(`0x${iv}`) ^ (0x40n << 504n) ^ (0x0101n << 480n), 64))
    const data = concatBytes(
      bigintToBytes(12n, 4),
      hexToBytes(h),
      Uint8Array.of(0x61, 0x62, 0x63),
      new Uint8Array(125),
      Uint8Array.of(3),
      new Uint8Array(15),
      Uint8Array.of(1),
    )
    const digest = createHash('blake2b512').update('abc').digest('hex')
    expect(await run(ours, fast, '9', data, 100n)).toBe(`0x${digest} 12 true`)
  })

  test('gives what EthereumJS gives for any input', async () => {
    const random = seeded(9)
    for (let i = 0; i < 300; i++) {
      const rounds = i < 40 ? i : random.below(500)
      expect(await runBoth('9', blakeInput(random, rounds, i % 2))).not.toContain('but')
    }
  })

  test('refuses what EthereumJS refuses', async () => {
    const random = seeded(10)
    expect(await runBoth('9', blakeInput(random, 5, 2))).not.toContain('but')
    expect(await runBoth('9', blakeInput(random, 5, 1, 214))).not.toContain('but')
    expect(await runBoth('9', new Uint8Array(212))).not.toContain('but')
    expect(await runBoth('9', new Uint8Array())).not.toContain('but')
    expect(await runBoth('9', blakeInput(random, 5, 1), 4n)).not.toContain('but')
    expect(await runBoth('9', blakeInput(random, 5, 1), 5n)).not.toContain('but')
    expect(await runBoth('9', blakeInput(random, 0xffff_ffff, 1))).not.toContain('but')
  })

  test('reads its input where it stands in a larger buffer', async () => {
    const data = blakeInput(seeded(11), 12, 1)
    const shifted = concatBytes(new Uint8Array(7), data).subarray(7)
    expect(await run(ours, fast, '9', shifted, 100n)).toBe(await run(ours, fast, '9', data, 100n))
  })
})

describe('bn254 multiplication', () => {
  const order = bn254.fields.Fr.ORDER
  const field = bn254.fields.Fp.ORDER

  test('gives what EthereumJS gives for points and scalars of all kinds', async () => {
    const random = seeded(7)
    const scalar = (): bigint => bytesToBigint(random.bytes(32))
    for (let i = 0; i < 20; i++) {
      const { x, y } = bn254.G1.Point.BASE.multiply((scalar() % (order - 1n)) + 1n).toAffine()
      expect(await runBoth('7', encodeWords(x, y, scalar()))).not.toContain('but')
    }
    const { x, y } = bn254.G1.Point.BASE.toAffine()
    for (const edge of [0n, 1n, 2n, order - 1n, order, order + 1n, 2n * order, 2n ** 256n - 1n]) {
      expect(await runBoth('7', encodeWords(x, y, edge))).not.toContain('but')
      expect(await runBoth('7', encodeWords(0n, 0n, edge))).not.toContain('but')
    }
  })

  test.for([
    ['off the curve', encodeWords(1n, 1n, 2n)],
    ['with y = 0', encodeWords(1n, 0n, 2n)],
    ['with x = 0', encodeWords(0n, 1n, 2n)],
    ['with a coordinate of the modulus', encodeWords(field, 2n, 2n)],
    ['with a coordinate above it', encodeWords(field + 1n, 2n, 2n)],
    ['of nothing', new Uint8Array()],
    ['cut off', encodeWords(1n, 2n).subarray(0, 40)],
    ['with bytes behind it', encodeWords(1n, 2n, 3n, 4n, 5n)],
  ] as const)('treats an input %s alike', async ([, data]) => {
    expect(await runBoth('7', data)).not.toContain('but')
    expect(await runBoth('7', data, 5_999n)).not.toContain('but')
  })
})

describe('BLS12-381', () => {
  const { G1, G2, fields } = bls12_381
  const { Fp, Fp2 } = fields
  const one = G1.Point.BASE.toAffine()
  const two = G2.Point.BASE.toAffine()
  const g1 = encodeCoordinates(one.x, one.y)
  const g2 = encodeCoordinates(two.x.c0, two.x.c1, two.y.c0, two.y.c1)

  /** Points of the curves which are in no subgroup of prime order: x counts up until there is a y. */
  function stray1(from: bigint): Uint8Array {
    for (let x = from; ; x++) {
      const square = Fp.add(Fp.mul(Fp.sqr(x), x), 4n)
      const y = Fp.pow(square, (Fp.ORDER + 1n) / 4n)
      if (Fp.eql(Fp.sqr(y), square)) return encodeCoordinates(x, y)
    }
  }
  function stray2(from: bigint): Uint8Array {
    for (let i = from; ; i++) {
      const x = Fp2.fromBigTuple([i, 1n])
      try {
        const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.Point.CURVE().b))
        return encodeCoordinates(x.c0, x.c1, y.c0, y.c1)
      } catch {
        // No point with this x.
      }
    }
  }

  test('adds what EthereumJS adds in G1, also outside of the subgroup', async () => {
    const other = G1.Point.BASE.multiply(77n).toAffine()
    const points = [
      g1,
      encodeCoordinates(other.x, other.y),
      encodeCoordinates(one.x, Fp.neg(one.y)),
      new Uint8Array(128),
      stray1(1n),
      stray1(1000n),
    ]
    for (const a of points) {
      for (const b of points) {
        expect(await runBoth('b', concatBytes(a, b))).toMatch(/ 375 true$/)
      }
    }
  })

  test('adds what EthereumJS adds in G2, also outside of the subgroup', async () => {
    const points = [g2, new Uint8Array(256), stray2(1n), stray2(50n)]
    for (const a of points) {
      for (const b of points) {
        expect(await runBoth('d', concatBytes(a, b))).toMatch(/ 600 true$/)
      }
    }
  })

  test('multiplies what EthereumJS multiplies', async () => {
    const random = seeded(12)
    const order = fields.Fr.ORDER
    const scalars = [0n, 1n, order - 1n, order, 2n ** 256n - 1n].map((n) => bigintToBytes(n, 32))
    const pair1 = (): Uint8Array => {
      const { x, y } = G1.Point.BASE.multiply(BigInt(1 + random.below(1e9))).toAffine()
      const point = random.below(8) === 0 ? new Uint8Array(128) : encodeCoordinates(x, y)
      return concatBytes(point, random.pick([...scalars, random.bytes(32)]))
    }
    const pair2 = (): Uint8Array => {
      const { x, y } = G2.Point.BASE.multiply(BigInt(1 + random.below(1e9))).toAffine()
      const point =
        random.below(8) === 0 ? new Uint8Array(256) : encodeCoordinates(x.c0, x.c1, y.c0, y.c1)
      return concatBytes(point, random.pick([...scalars, random.bytes(32)]))
    }
    for (const size of [1, 1, 1, 2, 3, 5, 9, 17]) {
      expect(await runBoth('c', repeat(size, pair1))).toMatch(/ true$/)
      expect(await runBoth('e', repeat(size, pair2))).toMatch(/ true$/)
    }
    const scalar = bigintToBytes(5n, 32)
    for (const [address, data] of [
      ['c', concatBytes(stray1(1n), scalar)],
      ['c', concatBytes(repeat(2, pair1), stray1(1n), scalar)],
      ['c', concatBytes(encodeCoordinates(1n, 1n), scalar)],
      ['c', new Uint8Array()],
      ['c', repeat(2, pair1).subarray(1)],
      ['e', concatBytes(stray2(1n), scalar)],
      ['e', concatBytes(encodeCoordinates(1n, 1n, 1n, 1n), scalar)],
      ['e', new Uint8Array()],
    ] as const) {
      expect(await runBoth(address, data)).toMatch(/^0x 1000000 false$/)
    }
  })

  test.for([
    ['b', 'off the curve', concatBytes(g1, encodeCoordinates(1n, 1n))],
    ['b', 'with y = 0', concatBytes(g1, encodeCoordinates(1n, 0n))],
    ['b', 'with the modulus as a coordinate', concatBytes(g1, encodeCoordinates(Fp.ORDER, 2n))],
    [
      'b',
      'with a coordinate above the modulus',
      concatBytes(encodeCoordinates(one.x + Fp.ORDER, one.y), g1),
    ],
    ['b', 'with a coordinate of 64 bytes', concatBytes(encodeCoordinates(2n ** 511n, 1n), g1)],
    ['b', 'that is short', g1],
    ['b', 'that is long', concatBytes(g1, g1, g1)],
    ['d', 'off the curve', concatBytes(g2, encodeCoordinates(1n, 1n, 1n, 1n))],
    ['d', 'with y = 0', concatBytes(g2, encodeCoordinates(1n, 1n, 0n, 0n))],
    [
      'd',
      'with the modulus as a coordinate',
      concatBytes(encodeCoordinates(Fp.ORDER, 0n, 1n, 1n), g2),
    ],
    [
      'd',
      'with a coordinate above the modulus',
      concatBytes(encodeCoordinates(two.x.c0 + Fp.ORDER, two.x.c1, two.y.c0, two.y.c1), g2),
    ],
    [
      'd',
      'with a coordinate of 64 bytes',
      concatBytes(encodeCoordinates(1n, 2n ** 511n, 1n, 1n), g2),
    ],
    ['d', 'that is short', g2],
  ] as const)('0x%s treats an input %s alike', async ([address, , data]) => {
    expect(await runBoth(address, data)).toMatch(/^0x 1000000 false$/)
  })
})

function encodeWords(...words: readonly bigint[]): Uint8Array {
  return concatBytes(...words.map((word) => bigintToBytes(word, 32)))
}

/** Coordinates as EIP-2537 wants them: 64 bytes each. */
function encodeCoordinates(...coordinates: readonly bigint[]): Uint8Array {
  return concatBytes(...coordinates.map((coordinate) => bigintToBytes(coordinate, 64)))
}

function repeat(size: number, make: () => Uint8Array): Uint8Array {
  return concatBytes(...Array.from({ length: size }, make))
}
