import type { Address, Hash32 } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ActiveSet,
  type CountedVote,
  countVote,
  countVotes,
  type FinalityState,
  findOffence,
} from '../src/index.ts'
import {
  activeSet,
  addressAt,
  atKernel,
  checkpointAt,
  EMPTY,
  hashOf,
  linkOf,
  ROOT,
  seatOf,
  summarise,
  viewOf,
  votedBy,
} from './world.ts'

const MAX_HEIGHT = 5

const weights = fc.array(fc.bigInt({ min: 1n, max: 9n }), { minLength: 1, maxLength: 6 })

/** A link of one branch, now and then broken in one of the ways of P12. */
const links = fc
  .record({
    source: fc.nat({ max: MAX_HEIGHT - 1 }),
    rise: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.integer({ min: -1, max: 3 })),
    defect: fc.oneof(
      { weight: 10, arbitrary: fc.constant({}) },
      fc.constantFrom(
        { chain: hashOf('other chain') },
        { transitionHash: hashOf('false') },
        { source: hashOf('no checkpoint') },
        { target: hashOf('no checkpoint') },
      ),
    ),
  })
  .map(({ source, rise, defect }) => linkOf(source, Math.max(0, source + rise), defect))

/** Votes of validators 0 to 6, the last of which are strangers to smaller sets. Most links get several. */
const votes = fc
  .array(fc.tuple(links, fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 7 })), { maxLength: 14 })
  .map((entries) => entries.flatMap(([link, voters]) => voters.map((v) => votedBy(v, link))))

/** The same votes, some of them several times, in any order. */
const shuffled = votes.chain((list) =>
  fc.tuple(
    fc.constant(list),
    fc
      .tuple(
        fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
        fc.subarray(list),
      )
      .chain(([all, twice]) => {
        const both = [...all, ...twice]
        return fc.shuffledSubarray(both, { minLength: both.length, maxLength: both.length })
      }),
    fc.integer({ min: 1, max: 5 }),
  ),
)

describe('the tally', () => {
  test('is a function of the set of votes: order, duplicates and batches do not matter (P6)', () => {
    let finalized = 0
    fc.assert(
      fc.property(weights, shuffled, (set, [list, disordered, batchSize]) => {
        const active = activeSet(set)
        const expected = countVotes(EMPTY, list, viewOf(), active)
        finalized += expected.finalized.size
        expect(summarise(countVotes(EMPTY, disordered, viewOf(), active))).toEqual(
          summarise(expected),
        )
        expect(summarise(countInBatches(disordered, batchSize, active))).toEqual(
          summarise(expected),
        )
      }),
      { seed: 1, numRuns: 400 },
    )
    expect(finalized).toBeGreaterThan(100)
  })

  test('is what the definitions say of the set of votes (P6, P9, P12)', () => {
    fc.assert(
      fc.property(stitchedSets(), votes, (active, list) => {
        const state = countVotes(EMPTY, list, viewOf(), active)
        const oracle = justifyByDefinition(list, active)
        expect(new Set(state.justified.values())).toEqual(oracle.justified)
        expect(new Set(state.finalized.values())).toEqual(oracle.finalized)
      }),
      { seed: 2, numRuns: 600 },
    )
  })

  test('never takes back what more votes follow (P7)', () => {
    fc.assert(
      fc.property(stitchedSets(), votes, (active, list) => {
        let state = EMPTY
        for (const vote of list) {
          const verdict = countVote(state, vote, viewOf(), active)
          if (!verdict.ok) continue
          requireContained(state, verdict.value)
          state = verdict.value
        }
        requireContained(
          countVotes(EMPTY, list.slice(0, -3), viewOf(), active),
          countVotes(EMPTY, list, viewOf(), active),
        )
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  test('never takes back what was counted under an earlier set, nor under fewer slashed (P7)', () => {
    fc.assert(
      fc.property(votes, votes, stitchedSets(), stitchedSets(), (first, second, before, after) => {
        const early = countVotes(EMPTY, first, viewOf(), before)
        const late = countVotes(early, second, viewOf(), {
          ...after,
          kernelHeight: atKernel(2, []).kernelHeight,
        })
        requireContained(early, late)
        const slashed = new Set(
          before.validators.slice(0, 2).flatMap((seat) => seat?.address ?? []),
        )
        requireContained(early, countVotes(early, second, viewOf(), { ...before, slashed }))
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  test('of a straddling link holds each voter once, with its weight in the newest set', () => {
    const kernels = fc.array(stitchedSets(), { minLength: 2, maxLength: 4 })
    const voters = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(kernels, fc.array(voters, { minLength: 4, maxLength: 4 }), (sets, batches) => {
        let state = EMPTY
        const seen = new Set<Address>()
        for (const [i, set] of sets.entries()) {
          const active = atKernel(i + 1, set.validators)
          for (const voter of batches[i] ?? []) {
            const verdict = countVote(state, votedBy(voter, linkOf(0, 1)), viewOf(), active)
            if (!verdict.ok) continue
            state = verdict.value
            seen.add(addressAt(voter))
            const [tally] = state.links.values()
            expect(tally?.voters).toEqual(seen)
            expect(tally?.voted).toEqual(weighByDefinition(seen, active))
          }
        }
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})

describe('accountable safety (P1 to P3)', () => {
  /** Two branches that part after the root; each validator votes for any of their links. */
  const branchLinks = ['left', 'right'].flatMap((branch) =>
    [
      [0, 1],
      [1, 2],
      [0, 2],
      [2, 3],
      [1, 3],
      [0, 3],
    ].map(([source = 0, target = 0]) => linkOf(source, target, { branch })),
  )
  const choices = fc
    .tuple(
      fc.array(fc.bigInt({ min: 1n, max: 5n }), { minLength: 3, maxLength: 5 }),
      // Most of the validators vote alike on each branch, so that both get their supermajorities often enough.
      fc.array(fc.subarray(branchLinks, { minLength: 3, maxLength: 9 }), {
        minLength: 2,
        maxLength: 2,
      }),
      fc.array(fc.nat({ max: 2 }), { minLength: 5, maxLength: 5 }),
    )
    .map(([set, plans, choice]) => ({
      set,
      votes: set.flatMap((_, validator) => {
        const at = choice[validator] ?? 0
        const chosen = at === 2 ? branchLinks : (plans[at] ?? [])
        return chosen.map((link) => votedBy(validator, link))
      }),
    }))

  test('where it is broken, more than a third of the weight is shown guilty', () => {
    let conflicts = 0
    let broken = 0
    let guiltless = 0
    fc.assert(
      fc.property(choices, ({ set, votes: all }) => {
        const active = activeSet(set)
        const total = set.reduce((sum, weight) => sum + weight, 0n)
        const [left, right] = ['left', 'right'].map((branch) =>
          countVotes(EMPTY, all, viewOf([branch]), active),
        )
        if (left === undefined || right === undefined) throw new Error('expected two branches')
        const isBroken = isDoublyJustified(left, right) || overtakesFinality(left, right)
        if (isDoublyFinalized(left, right)) conflicts++
        if (!isBroken) return
        broken++
        guiltless += 3n * weighGuilty(all, set) > total ? 0 : 1
      }),
      { seed: 6, numRuns: 1500 },
    )
    expect(guiltless).toBe(0)
    expect(conflicts).toBeGreaterThan(50)
    expect(broken).toBeGreaterThan(conflicts)
    expect(broken).toBeLessThan(1500)
  })
})

/** P1: both branches finalized beyond the root, where they have parted. */
function isDoublyFinalized(left: FinalityState, right: FinalityState): boolean {
  return [left, right].every(({ finalized }) => [...finalized.keys()].some((h) => h > ROOT.height))
}

/** P2: two hashes are justified at one height. */
function isDoublyJustified(left: FinalityState, right: FinalityState): boolean {
  return [...left.justified].some(([h, hash]) => (right.justified.get(h) ?? hash) !== hash)
}

/** P3: what one branch finalized, the other branch justified at its height, or jumped over. */
function overtakesFinality(left: FinalityState, right: FinalityState): boolean {
  return [
    [left, right],
    [right, left],
  ].some(([one, other]) =>
    [...(one?.finalized.keys() ?? [])].some(
      (final) =>
        final > ROOT.height && [...(other?.justified.keys() ?? [])].some((h) => h >= final),
    ),
  )
}

function weighGuilty(all: readonly CountedVote[], set: readonly bigint[]): bigint {
  return set.reduce((sum, weight, validator) => {
    const own = all.filter((vote) => vote.validator === addressAt(validator))
    const isGuilty = own.some((a) => own.some((b) => findOffence(a.vote, b.vote) !== undefined))
    return isGuilty ? sum + weight : sum
  }, 0n)
}

/** Sets in which each validator counts in one of the two sets or in both, or the seat is empty. */
function stitchedSets(): fc.Arbitrary<ActiveSet> {
  const seat = fc.record({
    weight: fc.bigInt({ min: 1n, max: 9n }),
    place: fc.constantFrom('both', 'both', 'both', 'forward', 'rear', 'empty'),
  })
  return fc.array(seat, { minLength: 1, maxLength: 7 }).map((seats) =>
    atKernel(
      1,
      seats.map(({ weight, place }, index) =>
        place === 'empty'
          ? undefined
          : seatOf(index, weight, { forward: place !== 'rear', rear: place !== 'forward' }),
      ),
    ),
  )
}

/** Feeds votes as a network does: in batches, each time with all that came before. */
function countInBatches(
  list: readonly CountedVote[],
  batchSize: number,
  active: ActiveSet,
): FinalityState {
  let state = EMPTY
  for (let end = batchSize; end < list.length + batchSize; end += batchSize) {
    state = countVotes(state, list.slice(0, end), viewOf(), active)
  }
  return state
}

/** Justified and finalized checkpoints straight from the definitions of §2.1 and §2.7, by sets. */
function justifyByDefinition(
  list: readonly CountedVote[],
  active: ActiveSet,
): { readonly justified: ReadonlySet<Hash32>; readonly finalized: ReadonlySet<Hash32> } {
  const justified = new Set([ROOT.hash])
  const finalized = new Set<Hash32>()
  const messages = new Map(list.map(({ link, vote }) => [link, vote]))
  const all = weighByDefinition(seated(active), active)
  for (let before = -1; before !== justified.size + finalized.size; ) {
    before = justified.size + finalized.size
    for (const [link, vote] of messages) {
      if (!isWellFormed(vote) || !justified.has(vote.source)) continue
      const voters = new Set(list.filter((v) => v.link === link).map(({ validator }) => validator))
      const { forward, rear } = weighByDefinition(voters, active)
      if (3n * forward <= 2n * all.forward || 3n * rear <= 2n * all.rear) continue
      justified.add(vote.target)
      if (vote.targetHeight - vote.sourceHeight === 1n) finalized.add(vote.source)
    }
  }
  return { justified, finalized }
}

function isWellFormed(vote: VoteMessage): boolean {
  const expected = linkOf(Number(vote.sourceHeight), Number(vote.targetHeight))
  return (
    vote.targetHeight > vote.sourceHeight && votedBy(0, vote).link === votedBy(0, expected).link
  )
}

function seated(active: ActiveSet): ReadonlySet<Address> {
  return new Set(active.validators.flatMap((seat) => seat?.address ?? []))
}

function weighByDefinition(voters: ReadonlySet<Address>, active: ActiveSet) {
  const sum = (side: 'forward' | 'rear') =>
    active.validators.reduce(
      (total, seat) => (seat?.[side] && voters.has(seat.address) ? total + seat.weight : total),
      0n,
    )
  return { forward: sum('forward'), rear: sum('rear') }
}

function requireContained(part: FinalityState, whole: FinalityState): void {
  for (const kind of ['justified', 'finalized'] as const) {
    for (const [height, hash] of part[kind]) expect(whole[kind].get(height)).toBe(hash)
  }
  expect(checkpointAt(0)).toBe(whole.justified.get(ROOT.height))
}
