import { type Address, toWeight, type Weight } from '@mosaic/primitives'
import type { ValidatorSet } from '@mosaic/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ActiveSet,
  countVote,
  type FinalityState,
  isStitchedSupermajority,
  type StitchedWeight,
} from '../src/index.ts'
import { activeSet, addressAt, atKernel, EMPTY, linkOf, seatOf, viewOf, votedBy } from './world.ts'

const LINK = linkOf(0, 1)

describe('a slashing between the votes for a link', () => {
  const before = activeSet([60n, 30n, 10n])
  const after: ActiveSet = { ...before, slashed: new Set([addressAt(0)]) }

  test('takes the weight out of the votes with the next of them', () => {
    const two = vote(vote(EMPTY, 1, before), 0, before)
    expect(tallyOf(two)).toEqual({ forward: 90n, rear: 90n })
    expect(tallyOf(vote(two, 2, after))).toEqual({ forward: 40n, rear: 40n })
    expect(tallyOf(vote(two, 1, after))).toEqual({ forward: 30n, rear: 30n })
  })

  test('lets a vote that was counted before conclude the link under the same kernel', () => {
    const one = vote(EMPTY, 1, before)
    expect(one.justified.size).toBe(1)
    // 30 of 40 are a supermajority, 30 of 100 are not.
    const concluded = vote(one, 1, after)
    expect(concluded.justified.size).toBe(2)
    expect(concluded.finalized.size).toBe(1)
    expect(vote(concluded, 1, after)).toBe(concluded)
  })

  test('undoes nothing', () => {
    const done = vote(vote(EMPTY, 0, before), 1, before)
    const later = vote(done, 2, after)
    expect(done.justified.size).toBe(2)
    expect(later.justified).toBe(done.justified)
    expect(later.finalized).toBe(done.finalized)
  })
})

describe('whatever votes, kernels and slashings follow each other', () => {
  const flags = fc.constantFrom({}, {}, { forward: false }, { rear: false })
  const sets: fc.Arbitrary<ValidatorSet> = fc
    .uniqueArray(fc.tuple(fc.nat({ max: 5 }), fc.bigInt({ min: 1n, max: 50n }), flags), {
      selector: ([validator]) => validator,
      maxLength: 6,
    })
    .map((seats) => seats.map(([validator, weight, counts]) => seatOf(validator, weight, counts)))
  const histories = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ voter: fc.nat({ max: 6 }) }) },
      { weight: 1, arbitrary: fc.record({ kernel: sets }) },
      { weight: 1, arbitrary: fc.record({ offender: fc.nat({ max: 5 }) }) },
    ),
    { minLength: 5, maxLength: 50 },
  )

  test('a link holds the effective weight of its voters, each once, and is decided by it alone', () => {
    let concluded = 0
    fc.assert(
      fc.property(sets, histories, (genesis, history) => {
        const steps = replay(genesis, history)
        expect(steps.map(({ given }) => given)).toEqual(steps.map(({ expected }) => expected))
        if (steps.some(({ expected }) => expected.justified === 2)) concluded++
      }),
      { seed: 1, numRuns: 500 },
    )
    expect(concluded).toBeGreaterThan(50)
  })
})

type Event =
  | { readonly voter: number }
  | { readonly kernel: ValidatorSet }
  | { readonly offender: number }

/** What is seen of the link after a vote; without weight before the first one that counts. */
type Step = {
  readonly counts: boolean
  readonly voted: StitchedWeight | undefined
  readonly justified: number
  readonly finalized: number
}

/** After every vote, what `countVote` gives and what the definitions say. */
function replay(
  genesis: ValidatorSet,
  history: readonly Event[],
): readonly { readonly given: Step; readonly expected: Step }[] {
  let active = atKernel(1, genesis)
  let state = EMPTY
  let voted: StitchedWeight | undefined
  let isConcluded = false
  const voters = new Set<Address>()
  const steps: { given: Step; expected: Step }[] = []
  for (const event of history) {
    if ('kernel' in event) {
      active = atKernel(Number(active.kernelHeight) + 1, event.kernel)
      continue
    }
    if ('offender' in event) {
      active = { ...active, slashed: new Set(active.slashed).add(addressAt(event.offender)) }
      continue
    }
    const verdict = countVote(state, votedBy(event.voter, LINK), viewOf(), active)
    if (verdict.ok) state = verdict.value
    const counts = mayVote(active, addressAt(event.voter))
    if (counts) {
      voters.add(addressAt(event.voter))
      voted = weigh(active, (address) => voters.has(address))
      const total = weigh(active, () => true)
      isConcluded ||= isStitchedSupermajority(voted, total)
    }
    steps.push({
      given: {
        counts: verdict.ok,
        voted: tallyOf(state),
        justified: state.justified.size,
        finalized: state.finalized.size,
      },
      expected: { counts, voted, justified: isConcluded ? 2 : 1, finalized: isConcluded ? 1 : 0 },
    })
  }
  return steps
}

function vote(state: FinalityState, validator: number, active: ActiveSet): FinalityState {
  const verdict = countVote(state, votedBy(validator, LINK), viewOf(), active)
  if (!verdict.ok) throw new Error(`expected a vote that counts, received ${verdict.fault.code}`)
  return verdict.value
}

function tallyOf(state: FinalityState): StitchedWeight | undefined {
  return [...state.links.values()][0]?.voted
}

function mayVote({ validators, slashed }: ActiveSet, address: Address): boolean {
  return validators.some((seat) => seat?.address === address) && !slashed.has(address)
}

/** Eq. 6 and 7 with θ, from the seats alone. */
function weigh(
  { validators, slashed }: ActiveSet,
  counts: (address: Address) => boolean,
): StitchedWeight {
  const sum = (set: 'forward' | 'rear'): Weight => {
    const counted = validators.flatMap((seat) =>
      seat?.[set] && !slashed.has(seat.address) && counts(seat.address) ? [seat.weight] : [],
    )
    return toWeight(counted.reduce((total, weight) => total + weight, 0n))
  }
  return { forward: sum('forward'), rear: sum('rear') }
}
