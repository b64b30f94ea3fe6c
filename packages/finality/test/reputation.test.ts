import { toWeight } from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reputedWeight, WHOLE_REPUTATION } from '../src/index.ts'

const stakes = fc.bigInt({ min: 0n, max: 2n ** 94n - 1n }).map(toWeight)
const reputations = fc.bigInt({ min: 0n, max: WHOLE_REPUTATION })

describe('reputedWeight', () => {
  test.each([
    [0n, 10_000n, 0n],
    [1n, 9_999n, 0n],
    [1n, 10_000n, 1n],
    [10_000n, 1n, 1n],
    [9_999n, 1n, 0n],
    [10_000n, 10_001n, 10_000n],
    [10_000n, 2n ** 256n - 1n, 10_000n],
  ])('of %i at %i is %i', (stake, reputation, weight) => {
    expect(reputedWeight(toWeight(stake), reputation)).toBe(weight)
  })

  test('never exceeds the stake, and grows with the reputation', () => {
    fc.assert(
      fc.property(stakes, reputations, reputations, (stake, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        expect(reputedWeight(stake, less)).toBeLessThanOrEqual(reputedWeight(stake, more))
        expect(reputedWeight(stake, more)).toBeLessThanOrEqual(stake)
      }),
      { seed: 7 },
    )
  })

  test('refuses a negative reputation', () => {
    expect(() => reputedWeight(toWeight(1n), -1n)).toThrow('reputation')
  })
})
