import {
  EVMError,
  NobleBLS,
  NobleBN254,
  type PrecompileFunc,
  type PrecompileInput,
} from '@ethereumjs/evm'
import { bigintToBytes, bytesToBigint, concatBytes } from '@mosaic/primitives'
import { pippenger } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { createCompress } from './blake2f.ts'

const BLAKE2F_ADDRESS = `0x${'09'.padStart(40, '0')}` as const
const BLAKE2F_INPUT_BYTES = 213
const compress = createCompress()

/** Precompiles that give the same as EthereumJS's own, faster. */
export const FAST_PRECOMPILES: {
  readonly address: `0x${string}`
  readonly function: PrecompileFunc
}[] = [{ address: BLAKE2F_ADDRESS, function: runBlake2f }]

/** EIP-152. */
function runBlake2f({ data, gasLimit, common }: PrecompileInput): ReturnType<PrecompileFunc> {
  const failed = (reason: 'OUT_OF_RANGE' | 'OUT_OF_GAS'): ReturnType<PrecompileFunc> => ({
    returnValue: new Uint8Array(),
    executionGasUsed: gasLimit,
    exceptionError: new EVMError(EVMError.errorMessages[reason]),
  })
  const flag = data[BLAKE2F_INPUT_BYTES - 1] ?? 0
  if (data.length !== BLAKE2F_INPUT_BYTES || flag > 1) return failed('OUT_OF_RANGE')
  const rounds = new DataView(data.buffer, data.byteOffset).getUint32(0)
  const gas = common.param('blake2RoundGas') * BigInt(rounds)
  if (gas > gasLimit) return failed('OUT_OF_GAS')
  const returnValue = compress(rounds, data.subarray(4, BLAKE2F_INPUT_BYTES - 1), flag === 1)
  return { executionGasUsed: gas, returnValue }
}

/** bn254 with a multiplication that need not hide its scalar from anybody. */
export class FastBn254 extends NobleBN254 {
  override mul(input: Uint8Array): Uint8Array {
    const x = bytesToBigint(input.subarray(0, 32))
    const y = bytesToBigint(input.subarray(32, 64))
    const scalar = bn254.fields.Fr.create(bytesToBigint(input.subarray(64, 96)))
    if (x === 0n && y === 0n) return new Uint8Array(64)
    const point = bn254.G1.Point.fromAffine({ x, y })
    point.assertValidity()
    const product = point.multiplyUnsafe(scalar).toAffine()
    return concatBytes(bigintToBytes(product.x, 32), bigintToBytes(product.y, 32))
  }
}

/**
 * BLS12-381 with additions that check for the curve alone, as EIP-2537 says, and multiplications that are done together. EthereumJS's
 * additions look for the subgroup and ignore what they find: 30 million gas of them took 170 s.
 */
export class FastBls extends NobleBLS {
  override addG1(input: Uint8Array): Uint8Array {
    const sum = toG1(input.subarray(0, 128))
      .add(toG1(input.subarray(128, 256)))
      .toAffine()
    return concatBytes(bigintToBytes(sum.x, 64), bigintToBytes(sum.y, 64))
  }

  override addG2(input: Uint8Array): Uint8Array {
    const sum = toG2(input.subarray(0, 256))
      .add(toG2(input.subarray(256, 512)))
      .toAffine()
    return encodeG2(sum)
  }

  override msmG1(input: Uint8Array): Uint8Array {
    const { points, scalars } = readPairs(input, 128, toG1)
    const sum = (
      points.length < FEWEST_TOGETHER
        ? multiplyEach(points, scalars, G1.Point.ZERO)
        : pippenger(G1.Point, points, scalars)
    ).toAffine()
    return concatBytes(bigintToBytes(sum.x, 64), bigintToBytes(sum.y, 64))
  }

  override msmG2(input: Uint8Array): Uint8Array {
    const { points, scalars } = readPairs(input, 256, toG2)
    const sum =
      points.length < FEWEST_TOGETHER
        ? multiplyEach(points, scalars, G2.Point.ZERO)
        : pippenger(G2.Point, points, scalars)
    return encodeG2(sum.toAffine())
  }
}

/** Below this, multiplying together takes longer than one after the other. */
const FEWEST_TOGETHER = 4

function multiplyEach<
  P extends { readonly add: (other: P) => P; readonly multiplyUnsafe: (scalar: bigint) => P },
>(points: readonly P[], scalars: readonly bigint[], zero: P): P {
  return points.reduce((sum, point, i) => sum.add(point.multiplyUnsafe(scalars[i] ?? 0n)), zero)
}

const { Fp, Fp2, Fr } = bls12_381.fields
const { G1, G2 } = bls12_381

const SCALAR_BYTES = 32

/** Points with their scalars. @throws unless all points are in the subgroup of prime order. */
function readPairs<P extends { readonly isTorsionFree: () => boolean }>(
  input: Uint8Array,
  pointBytes: number,
  toPoint: (bytes: Uint8Array) => P,
): { readonly points: P[]; readonly scalars: bigint[] } {
  const points: P[] = []
  const scalars: bigint[] = []
  for (let at = 0; at < input.length; at += pointBytes + SCALAR_BYTES) {
    const point = toPoint(input.subarray(at, at + pointBytes))
    if (!point.isTorsionFree()) throw new RangeError('expected a point of the subgroup')
    points.push(point)
    const scalar = input.subarray(at + pointBytes, at + pointBytes + SCALAR_BYTES)
    scalars.push(Fr.create(bytesToBigint(scalar)))
  }
  return { points, scalars }
}

function encodeG2({ x, y }: ReturnType<typeof G2.Point.BASE.toAffine>): Uint8Array {
  const coordinates = [x.c0, x.c1, y.c0, y.c1]
  return concatBytes(...coordinates.map((coordinate) => bigintToBytes(coordinate, 64)))
}

/** A point of the curve of G1. @throws if it is none. */
function toG1(bytes: Uint8Array): typeof G1.Point.BASE {
  const x = bytesToBigint(bytes.subarray(0, 64))
  const y = bytesToBigint(bytes.subarray(64, 128))
  if (x === 0n && y === 0n) return G1.Point.ZERO
  const point = G1.Point.fromAffine({ x, y })
  const right = Fp.add(Fp.mul(Fp.sqr(x), x), G1.Point.CURVE().b)
  if (!Fp.eql(Fp.sqr(y), right)) throw new RangeError('expected a point of the curve of G1')
  return point
}

/** A point of the curve of G2. @throws if it is none. */
function toG2(bytes: Uint8Array): typeof G2.Point.BASE {
  const [a, b, c, d] = [0, 64, 128, 192].map((at) => bytesToBigint(bytes.subarray(at, at + 64)))
  if (a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new RangeError('expected four coordinates')
  }
  if ([a, b, c, d].every((coordinate) => coordinate === 0n)) return G2.Point.ZERO
  if (![a, b, c, d].every((coordinate) => Fp.isValid(coordinate))) {
    throw new RangeError('expected coordinates below the modulus')
  }
  const x = Fp2.fromBigTuple([a, b])
  const y = Fp2.fromBigTuple([c, d])
  const point = G2.Point.fromAffine({ x, y })
  const right = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.Point.CURVE().b)
  if (!Fp2.eql(Fp2.sqr(y), right)) throw new RangeError('expected a point of the curve of G2')
  return point
}
