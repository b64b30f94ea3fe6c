import { toWeight, type Weight } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  countVote,
  exceedsSafetyThreshold,
  isStitchedSupermajority,
  isSupermajority,
} from '../src/index.ts'
import { activeSet, addressAt, atKernel, EMPTY, linkOf, seatOf, viewOf, votedBy } from './world.ts'

const K = 10n ** 24n
/** Every residue of 3, the smallest totals and the largest: each boundary is in here. */
const TOTALS = [1n, 2n, 3n, 3n * K, 3n * K + 1n, 3n * K + 2n, 2n ** 128n - 1n]

/** The least weight that is strictly more than two thirds, found without the formula of the rule. */
function leastSupermajority(total: bigint): bigint {
  return total - (total - 1n) / 3n
}

describe('a supermajority', () => {
  test.each([
    [1n, 1n],
    [2n, 2n],
    [3n, 3n],
    [4n, 3n],
    [6n, 5n],
    [9n, 7n],
    [100n, 67n],
  ])('of %i begins at %i', (total, least) => {
    expect(leastSupermajority(total)).toBe(least)
    expect(isSupermajority(weight(least), weight(total))).toBe(true)
    expect(isSupermajority(weight(least - 1n), weight(total))).toBe(false)
  })

  test.each(TOTALS)('of %i is exact', (total) => {
    const least = leastSupermajority(total)
    expect(isSupermajority(weight(least), weight(total))).toBe(true)
    expect(isSupermajority(weight(least - 1n), weight(total))).toBe(false)
    expect(isSupermajority(weight(total), weight(total))).toBe(true)
    expect(isSupermajority(weight(0n), weight(total))).toBe(false)
  })

  test('of nothing does not exist', () => {
    expect(isSupermajority(weight(0n), weight(0n))).toBe(false)
    expect(isSupermajority(weight(5n), weight(0n))).toBe(false)
  })

  test.each(TOTALS)('of %i must be one over both sets', (total) => {
    const least = leastSupermajority(total)
    const [some, enough, all] = [weight(least - 1n), weight(least), weight(total)]
    const totals = { forward: all, rear: all }
    expect(isStitchedSupermajority({ forward: enough, rear: enough }, totals)).toBe(true)
    expect(isStitchedSupermajority({ forward: some, rear: all }, totals)).toBe(false)
    expect(isStitchedSupermajority({ forward: all, rear: some }, totals)).toBe(false)
    expect(isStitchedSupermajority(totals, { ...totals, rear: weight(0n) })).toBe(false)
    expect(isStitchedSupermajority(totals, { ...totals, forward: weight(0n) })).toBe(false)
  })
})

describe.each(TOTALS)('a link with a total weight of %i', (total) => {
  const least = leastSupermajority(total)
  const link = linkOf(0, 1)
  /** Validator 0 has the weight under test in one set and all of it in the other. */
  const SETS = [
    ['forward', { rear: false }, { rear: true, forward: false }],
    ['rear', { forward: false }, { forward: true, rear: false }],
  ] as const

  test.each(SETS)('is justified exactly at the boundary of the %s set', (_, counted, other) => {
    for (const [voted, isJustified] of [
      [least, true],
      [least - 1n, false],
    ] as const) {
      const active = atKernel(1, [
        seatOf(0, voted, counted),
        seatOf(1, total - voted, counted),
        seatOf(2, total, other),
      ])
      const first = countVote(EMPTY, votedBy(0, link), viewOf(), active)
      const second = countVote(first.ok ? first.value : EMPTY, votedBy(2, link), viewOf(), active)
      expect(second.ok && second.value.justified.has(link.targetHeight)).toBe(isJustified)
    }
  })

  test('takes a slashed weight out of both sides', () => {
    // Without validator 1, who has all that validator 0 lacks, validator 0 is everybody.
    const [own, rest] = [least - 1n, total - least + 1n]
    const active = activeSet([own, rest])
    const intact = countVote(EMPTY, votedBy(0, link), viewOf(), active)
    expect(intact.ok && intact.value.justified.size).toBe(1)
    const slashed = { ...active, slashed: new Set([addressAt(1)]) }
    const after = countVote(EMPTY, votedBy(0, link), viewOf(), slashed)
    expect(after.ok && after.value.justified.size).toBe(own > 0n ? 2 : 1)
  })
})

describe('the safety threshold', () => {
  test.each(TOTALS)('of %i is crossed by the least weight above a third', (total) => {
    const most = total / 3n
    const none = weight(0n)
    const totals = { forward: weight(total), rear: weight(total) }
    for (const [slashed, isCrossed] of [
      [most, false],
      [most + 1n, true],
    ] as const) {
      const some = weight(slashed)
      expect(exceedsSafetyThreshold({ forward: some, rear: none }, totals)).toBe(isCrossed)
      expect(exceedsSafetyThreshold({ forward: none, rear: some }, totals)).toBe(isCrossed)
    }
  })
})

function weight(value: bigint): Weight {
  return toWeight(value)
}
