import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isGasLimitAllowed, nextBaseFee, nextGasLimit } from '../src/gas.ts'

describe('nextBaseFee', () => {
  test.each<[string, bigint, bigint, bigint | undefined, bigint]>([
    ['stays at the target', 20_000_000n, 10_000_000n, 1_000_000_000n, 1_000_000_000n],
    ['falls by an eighth after an empty block', 20_000_000n, 0n, 1_000_000_000n, 875_000_000n],
    [
      'rises by an eighth after a full block',
      20_000_000n,
      20_000_000n,
      1_000_000_000n,
      1_125_000_000n,
    ],
    ['falls in proportion', 20_000_000n, 9_000_000n, 1_000_000_000n, 987_500_000n],
    ['rises in proportion', 20_000_000n, 11_000_000n, 1_000_000_000n, 1_012_500_000n],
    ['rises by at least 1', 20_000_000n, 10_000_001n, 1n, 2n],
    ['stays below 8 after an empty block', 20_000_000n, 0n, 7n, 7n],
    ['rises from 0', 20_000_000n, 20_000_000n, 0n, 1n],
    ['rounds an odd target down', 10_001n, 5000n, 800n, 800n],
    ['begins at 1 gwei', 20_000_000n, 0n, undefined, 1_000_000_000n],
    ['stays without a target', 1n, 1n, 7n, 7n],
  ])('%s', (_, gasLimit, gasUsed, baseFeePerGas, expected) => {
    const parent = baseFeePerGas === undefined ? {} : { baseFeePerGas }
    expect(nextBaseFee({ gasLimit, gasUsed, ...parent })).toBe(expected)
  })
})

describe('nextGasLimit', () => {
  test.each<[bigint, bigint, bigint]>([
    [30_000_000n, 30_000_000n, 30_000_000n],
    [30_000_000n, 30_029_295n, 30_029_295n],
    [30_000_000n, 60_000_000n, 30_029_295n],
    [30_000_000n, 0n, 29_970_705n],
    [5000n, 0n, 5000n],
    [5001n, 0n, 5000n],
    [2n ** 63n - 1n, 2n ** 64n, 2n ** 63n - 1n],
  ])('from %i towards %i is %i', (gasLimit, desired, expected) => {
    expect(nextGasLimit({ gasLimit }, desired)).toBe(expected)
  })

  test('is always allowed, and nothing nearer is', () => {
    const limit = fc.oneof(
      fc.bigInt({ min: 5000n, max: 20_000n }),
      fc.bigInt({ min: 5000n, max: 2n ** 63n - 1n }),
    )
    fc.assert(
      fc.property(limit, limit, (gasLimit, desired) => {
        const next = nextGasLimit({ gasLimit }, desired)
        expect(isGasLimitAllowed({ gasLimit }, next)).toBe(true)
        const nearer = next < desired ? next + 1n : next - 1n
        expect(next !== desired && isGasLimitAllowed({ gasLimit }, nearer)).toBe(false)
      }),
      { seed: 1 },
    )
  })
})
