import { type MetaHeight, toMetaHeight, toWeight } from '@mosaic/primitives'
import { applyUpdates, NO_END_HEIGHT } from '@mosaic/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  diffValidatorSets,
  effectiveWeights,
  isMember,
  seatAt,
  sumWeights,
  type ValidatorRecord,
  validatorSetAt,
} from '../src/index.ts'
import { addressAt, seatOf } from './world.ts'

const RECORD = recordOf(0, 5, { start: 2, end: 4 })

/** Lives of validators, one after the other in each seat, as the registry of the core allows. */
const histories = fc
  .array(
    fc.array(
      fc.record({
        wait: fc.nat({ max: 2 }),
        stay: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 6 }),
        weight: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((seats) => {
    const records: ValidatorRecord[] = []
    for (const [index, lives] of seats.entries()) {
      let free = 0
      for (const { wait, stay, weight } of lives) {
        if (free > 100) break
        const start = free + wait
        const end = stay === undefined ? undefined : start + stay
        records.push({ ...recordOf(records.length, weight, { start, end }), index })
        free = end === undefined ? 1000 : end + 1
      }
    }
    return { records, seats: seats.length }
  })

describe('a validator', () => {
  test.each([
    [1, undefined, undefined],
    [2, true, false],
    [3, true, true],
    [4, false, true],
    [5, undefined, undefined],
  ])('from height 2 to 4 counts at height %i: forward %s, rear %s', (at, forward, rear) => {
    expect(isMember(RECORD, height(at))).toBe(forward !== undefined)
    const seat = seatAt(RECORD, height(at))
    expect(seat?.forward).toBe(forward)
    expect(seat?.rear).toBe(rear)
  })

  test('that starts and ends at one height counts in no set', () => {
    const record = recordOf(0, 5, { start: 3, end: 3 })
    expect(seatAt(record, height(3))).toMatchObject({ forward: false, rear: false })
  })

  test('that has not logged out counts in both sets for good', () => {
    const record = recordOf(0, 5, { start: 0, end: undefined })
    expect(record.endHeight).toBe(NO_END_HEIGHT)
    expect(seatAt(record, height(10 ** 9))).toMatchObject({ forward: true, rear: true })
  })
})

describe('the set at a height', () => {
  test('holds exactly the members, each in its seat', () => {
    fc.assert(
      fc.property(histories, fc.nat({ max: 12 }), ({ records, seats }, at) => {
        const set = validatorSetAt(records, height(at), seats)
        expect(set).toHaveLength(seats)
        const members = records.filter((record) => isMember(record, height(at)))
        expect(set.filter((seat) => seat !== undefined)).toHaveLength(members.length)
        for (const record of members) expect(set[record.index]?.address).toBe(record.address)
      }),
      { seed: 1 },
    )
  })

  test('is stitched to the next: its forward set is the next rear set (§2.7)', () => {
    fc.assert(
      fc.property(histories, fc.nat({ max: 12 }), ({ records, seats }, at) => {
        const now = validatorSetAt(records, height(at), seats)
        const next = validatorSetAt(records, height(at + 1), seats)
        const forward = now.flatMap((seat) => (seat?.forward ? [seat.address] : []))
        const rear = next.flatMap((seat) => (seat?.rear ? [seat.address] : []))
        expect(new Set(rear)).toEqual(new Set(forward))
        expect(effectiveWeights(next).rear).toBe(effectiveWeights(now).forward)
      }),
      { seed: 2 },
    )
  })

  test('has no two validators in a seat, and none beyond the last', () => {
    const records = [
      recordOf(0, 1, { start: 0, end: undefined }),
      { ...recordOf(1, 1, { start: 3, end: undefined }), index: 0 },
    ]
    expect(validatorSetAt(records, height(2), 1)).toHaveLength(1)
    expect(() => validatorSetAt(records, height(3), 1)).toThrow('expected a free seat below 1')
    expect(() => validatorSetAt(records, height(2), 0)).toThrow('expected a free seat below 0')
  })
})

describe('the difference of two sets', () => {
  test('leads from the one to the other, and names no seat that stayed (eq. 5)', () => {
    fc.assert(
      fc.property(histories, fc.nat({ max: 12 }), ({ records, seats }, at) => {
        const from = validatorSetAt(records, height(at), seats)
        const to = validatorSetAt(records, height(at + 1), seats)
        const updates = diffValidatorSets(from, to, records)
        expect(applyUpdates(from, updates)).toEqual(to)
        for (const { index, seat } of updates) expect(seat).not.toEqual(from[index])
        expect(updates.map(({ index }) => index)).toEqual(
          updates.map(({ index }) => index).toSorted((a, b) => a - b),
        )
        expect(diffValidatorSets(to, to, records)).toEqual([])
      }),
      { seed: 3 },
    )
  })

  test('carries the heights of who comes, and of who goes', () => {
    const leaving = recordOf(0, 1, { start: 0, end: 2 })
    const coming = { ...recordOf(1, 1, { start: 3, end: undefined }), index: 0 }
    const records = [leaving, coming]
    const at = (n: number) => validatorSetAt(records, height(n), 1)
    expect(diffValidatorSets(at(2), at(3), records)).toEqual([
      { index: 0, seat: at(3)[0], startHeight: 3n, endHeight: NO_END_HEIGHT },
    ])
    expect(diffValidatorSets(at(2), [undefined], [leaving])).toEqual([
      { index: 0, seat: undefined, startHeight: 0n, endHeight: 2n },
    ])
  })

  test('is not made up without a record', () => {
    expect(() => diffValidatorSets([], [seatOf(3, 1n)], [])).toThrow(
      `expected a record of ${addressAt(3)} in seat 0`,
    )
  })
})

describe('weights', () => {
  const set = [
    seatOf(0, 5n),
    undefined,
    seatOf(1, 3n, { rear: false }),
    seatOf(2, 2n, { forward: false }),
  ]

  test('are summed over each set', () => {
    expect(effectiveWeights(set)).toEqual({ forward: 8n, rear: 7n })
    expect(sumWeights(set, ({ address }) => address === addressAt(1))).toEqual({
      forward: 3n,
      rear: 0n,
    })
    expect(effectiveWeights([])).toEqual({ forward: 0n, rear: 0n })
  })

  test('of slashed validators are zero', () => {
    expect(effectiveWeights(set, new Set([addressAt(0), addressAt(9)]))).toEqual({
      forward: 3n,
      rear: 2n,
    })
  })
})

function height(value: number): MetaHeight {
  return toMetaHeight(BigInt(value))
}

function recordOf(
  index: number,
  weight: number,
  { start, end }: { readonly start: number; readonly end: number | undefined },
): ValidatorRecord {
  return {
    address: addressAt(index),
    index,
    weight: toWeight(BigInt(weight)),
    startHeight: height(start),
    endHeight: end === undefined ? NO_END_HEIGHT : height(end),
  }
}
