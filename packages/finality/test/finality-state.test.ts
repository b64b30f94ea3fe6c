import { toHeight } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type ActiveSet,
  type CountedVote,
  countVote,
  countVotes,
  dynastyOf,
  type FinalityState,
  highestFinalized,
  highestJustified,
  type VoteFault,
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
  viewOf,
  votedBy,
} from './world.ts'

const FOUR = activeSet([1n, 1n, 1n, 1n])

describe('countVote', () => {
  test('justifies a target by more than two thirds, and finalizes the source of a link over one height', () => {
    const two = voteAll(EMPTY, [0, 1], linkOf(0, 1))
    expect(highestJustified(two)).toEqual(ROOT)
    expect(dynastyOf(two)).toBe(0n)
    const three = voteAll(two, [2], linkOf(0, 1))
    expect(highestJustified(three)).toEqual({ height: 1n, hash: checkpointAt(1) })
    expect(highestFinalized(three)).toEqual(ROOT)
    expect(dynastyOf(three)).toBe(1n)
  })

  test('finalizes nothing by a link over two heights', () => {
    const state = voteAll(EMPTY, [0, 1, 2], linkOf(0, 2))
    expect(highestJustified(state)?.height).toBe(2n)
    expect(highestFinalized(state)).toBeUndefined()
  })

  test('finalizes once, whichever links lead there', () => {
    const first = voteAll(EMPTY, [0, 1, 2, 3], linkOf(0, 1))
    const second = voteAll(first, [0, 1, 2, 3], linkOf(1, 2))
    expect(dynastyOf(second)).toBe(2n)
    expect([...second.finalized.keys()]).toEqual([0n, 1n])
  })

  test('returns the very same state for a vote that is counted', () => {
    const state = voteAll(EMPTY, [0, 1, 2], linkOf(0, 1))
    const again = countVote(state, votedBy(1, linkOf(0, 1)), viewOf(), FOUR)
    expect(again.ok && again.value).toBe(state)
  })

  test('leaves the state before as it was', () => {
    const before = voteAll(EMPTY, [0, 1], linkOf(0, 1))
    const copy = structuredClone(before)
    voteAll(before, [2, 3], linkOf(0, 1))
    expect(before).toEqual(copy)
  })

  const main = voteAll(EMPTY, [0, 1, 2], linkOf(0, 1))
  const both = viewOf(['main', 'other'])
  test.each<[string, CountedVote, VoteFault]>([
    [
      'about another chain',
      votedBy(0, linkOf(0, 1, { chain: hashOf('x') })),
      { code: 'VOTE_FOREIGN_CHAIN', chain: hashOf('x') },
    ],
    [
      'with equal heights',
      votedBy(0, linkOf(1, 1)),
      { code: 'VOTE_HEIGHTS_NOT_RISING', source: toHeight(1n), target: toHeight(1n) },
    ],
    [
      'with falling heights',
      votedBy(0, linkOf(1, 0)),
      { code: 'VOTE_HEIGHTS_NOT_RISING', source: toHeight(1n), target: toHeight(0n) },
    ],
    [
      'by a stranger',
      votedBy(9, linkOf(0, 1)),
      { code: 'VOTE_NOT_A_VALIDATOR', validator: addressAt(9) },
    ],
    [
      'from a source that is not justified',
      votedBy(0, linkOf(2, 3)),
      { code: 'VOTE_SOURCE_NOT_JUSTIFIED', height: toHeight(2n), hash: checkpointAt(2) },
    ],
    [
      'from another source at a justified height',
      votedBy(0, linkOf(1, 2, { branch: 'other' })),
      {
        code: 'VOTE_SOURCE_NOT_JUSTIFIED',
        height: toHeight(1n),
        hash: checkpointAt(1, 'other'),
      },
    ],
    [
      'from a justified source under another height',
      votedBy(0, linkOf(0, 2, { sourceHeight: toHeight(1n) })),
      { code: 'VOTE_SOURCE_NOT_JUSTIFIED', height: toHeight(1n), hash: ROOT.hash },
    ],
    [
      'for a target that is no checkpoint',
      votedBy(0, linkOf(1, 2, { target: hashOf('x') })),
      { code: 'VOTE_UNKNOWN_TARGET', height: toHeight(2n), hash: hashOf('x') },
    ],
    [
      'for a target under another height',
      votedBy(0, linkOf(1, 2, { targetHeight: toHeight(3n) })),
      { code: 'VOTE_UNKNOWN_TARGET', height: toHeight(3n), hash: checkpointAt(2) },
    ],
    [
      'with a T̃ that the chain did not compute',
      votedBy(0, linkOf(1, 2, { transitionHash: hashOf('x') })),
      {
        code: 'VOTE_WRONG_TRANSITION',
        expected: linkOf(1, 2).transitionHash,
        received: hashOf('x'),
      },
    ],
    [
      'for a target against a justified one',
      votedBy(3, linkOf(0, 1, { branch: 'other' })),
      { code: 'VOTE_CONFLICTING_TARGET', justified: checkpointAt(1) },
    ],
  ])('refuses a vote %s', (_, vote, fault) => {
    expect(countVote(main, vote, both, FOUR)).toEqual({ ok: false, fault })
  })

  test('refuses a vote when the chain computed no T̃', () => {
    const view = viewOf(['main'], { transitionHash: () => undefined })
    expect(countVote(EMPTY, votedBy(0, linkOf(0, 1)), view, FOUR)).toMatchObject({
      fault: { code: 'VOTE_WRONG_TRANSITION', expected: undefined },
    })
  })

  test('refuses a vote by a slashed validator', () => {
    const active = activeSet([1n, 1n, 1n, 1n], { slashed: new Set([addressAt(0)]) })
    expect(countVote(EMPTY, votedBy(0, linkOf(0, 1)), viewOf(), active)).toMatchObject({
      fault: { code: 'VOTE_NOT_A_VALIDATOR', validator: addressAt(0) },
    })
  })

  test.each([
    [5n, true],
    [6n, true],
    [7n, true],
    [8n, false],
  ])('takes a vote for height 2 with an allowed age of 5 at height %i: %s', (current, ok) => {
    const view = viewOf(['main'], { currentHeight: toHeight(current), maxVoteAge: 5n })
    expect(countVote(EMPTY, votedBy(0, linkOf(0, 2)), view, FOUR).ok).toBe(ok)
  })

  test('counts a conflicting link until one of the two is justified', () => {
    const split = voteAll(EMPTY, [3], linkOf(0, 1, { branch: 'other' }), FOUR)
    const settled = voteAll(split, [0, 1, 2], linkOf(0, 1))
    expect(settled.justified.get(toHeight(1n))).toBe(checkpointAt(1))
    const late = votedBy(2, linkOf(0, 1, { branch: 'other' }))
    expect(countVote(settled, late, both, FOUR)).toMatchObject({
      fault: { code: 'VOTE_CONFLICTING_TARGET' },
    })
  })
})

describe('a link that straddles the activation of a kernel', () => {
  const link = linkOf(0, 1)
  const before = atKernel(1, [seatOf(0, 3n), seatOf(1, 3n), seatOf(2, 3n)])

  test('is tallied under the new weights with the next vote', () => {
    const after = atKernel(2, [seatOf(0, 9n), seatOf(1, 3n), seatOf(2, 1n)])
    const one = voteAll(EMPTY, [0], link, before)
    expect(tallyOf(one)).toEqual({ forward: 3n, rear: 3n })
    const two = voteAll(one, [1], link, after)
    expect(tallyOf(two)).toEqual({ forward: 12n, rear: 12n })
    expect(two.justified.size).toBe(2)
  })

  test('is tallied again by a vote that was counted before, but never counts it twice', () => {
    const after = atKernel(2, [seatOf(0, 4n), seatOf(1, 3n), seatOf(2, 3n)])
    const one = voteAll(EMPTY, [0], link, before)
    const again = voteAll(one, [0, 0, 0], link, after)
    expect(tallyOf(again)).toEqual({ forward: 4n, rear: 4n })
    expect(again.justified.size).toBe(1)
    expect(voteAll(again, [0], link, after)).toBe(again)
  })

  test('is concluded by a repeated vote when the new weights make it a supermajority', () => {
    const after = atKernel(2, [seatOf(0, 30n), seatOf(1, 3n), seatOf(2, 3n)])
    const one = voteAll(EMPTY, [0], link, before)
    expect(one.justified.size).toBe(1)
    expect(voteAll(one, [0], link, after).justified.size).toBe(2)
  })

  test('counts whoever left no more, and keeps its vote for no newcomer in its seat', () => {
    const newcomer = { ...seatOf(9, 3n), rear: false }
    const after = atKernel(2, [newcomer, seatOf(1, 3n), seatOf(2, 3n)])
    const one = voteAll(EMPTY, [0], link, before)
    const two = voteAll(one, [1], link, after)
    expect(tallyOf(two)).toEqual({ forward: 3n, rear: 3n })
  })

  test('needs both sets when all of them change at once (P11)', () => {
    // 0..2 leave, 3..5 join: at this height the old are the rear set, the new the forward set.
    const rotation = atKernel(2, [
      ...[0, 1, 2].map((i) => seatOf(i, 1n, { forward: false })),
      ...[3, 4, 5].map((i) => seatOf(i, 1n, { rear: false })),
    ])
    const justifiedBy = (voters: readonly number[]) =>
      voteAll(EMPTY, voters, link, rotation).justified.size === 2
    expect(justifiedBy([0, 1, 2])).toBe(false)
    expect(justifiedBy([3, 4, 5])).toBe(false)
    expect(justifiedBy([0, 1, 2, 3, 4])).toBe(false)
    expect(justifiedBy([0, 1, 3, 4, 5])).toBe(false)
    expect(justifiedBy([0, 1, 2, 3, 4, 5])).toBe(true)
  })
})

describe('countVotes', () => {
  test('finds its way from votes in the worst order', () => {
    const chain = [4, 3, 2, 1, 0].flatMap((height) =>
      [0, 1, 2].map((validator) => votedBy(validator, linkOf(height, height + 1))),
    )
    const state = countVotes(EMPTY, chain, viewOf(), FOUR)
    expect(highestJustified(state)?.height).toBe(5n)
    expect(dynastyOf(state)).toBe(5n)
  })

  test('leaves a state without countable votes as it is', () => {
    expect(countVotes(EMPTY, [], viewOf(), FOUR)).toBe(EMPTY)
    expect(countVotes(EMPTY, [votedBy(9, linkOf(0, 1))], viewOf(), FOUR)).toBe(EMPTY)
  })
})

function voteAll(
  state: FinalityState,
  voters: readonly number[],
  vote: CountedVote['vote'],
  active: ActiveSet = FOUR,
): FinalityState {
  return voters.reduce((current, validator) => {
    const verdict = countVote(current, votedBy(validator, vote), viewOf(['main', 'other']), active)
    if (!verdict.ok) throw new Error(`refused: ${verdict.fault.code}`)
    return verdict.value
  }, state)
}

function tallyOf(state: FinalityState) {
  return [...state.links.values()][0]?.voted
}
