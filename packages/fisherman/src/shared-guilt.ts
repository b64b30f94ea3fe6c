import { exceedsSafetyThreshold, isSameVote, sumWeights } from '@mosaic/finality'
import type { Address } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import type { Challenge, CoreFacts } from './challenge.ts'
import { type Evidence, offenderOf, type SignedVote } from './evidence.ts'

type ConflictingLinks = Extract<Challenge, { kind: 'conflicting-links' }>

/** Votes that a guilty validator signed, as far as they were kept. */
type VotesOf = (validator: Address) => readonly SignedVote[]

/**
 * Two links that exclude each other and that more than a third of the open kernel's weight voted for, those included that are slashed
 * already. Of several pairs the one with the most signers. Undefined unless at least two signers can still be slashed: for one alone
 * `slash` does the same for less.
 *
 * Two supermajorities share more than a third, and only who signed both is guilty; so only the guilty need be looked through.
 */
export function findSharedGuilt(
  { open }: CoreFacts,
  cases: readonly Evidence[],
  votesOf: VotesOf,
): ConflictingLinks | undefined {
  const seats = new Set(open.validators.flatMap((seat) => (seat ? [seat.address] : [])))
  const suspects = cases.filter((each) => {
    const offender = offenderOf(each)
    return each.offence !== 'false-transition' && seats.has(offender) && !open.slashed.has(offender)
  })
  let best: ConflictingLinks | undefined
  for (const { votes } of suspects) {
    const [one, other] = votes
    if (other === undefined || isKnown(best, one.vote, other.vote)) continue
    const pairs = suspects.flatMap((each) => {
      const own = [...each.votes, ...votesOf(offenderOf(each))]
      const first = own.find(({ vote }) => isSameVote(vote, one.vote))
      const second = own.find(({ vote }) => isSameVote(vote, other.vote))
      return first === undefined || second === undefined ? [] : [[first, second] as const]
    })
    if (pairs.length < 2 || pairs.length <= (best?.first.votes.length ?? 0)) continue
    if (!exceedsThird(open, new Set(pairs.map(([{ validator }]) => validator)))) continue
    best = {
      kind: 'conflicting-links',
      height: open.height,
      first: { vote: one.vote, votes: pairs.map(([first]) => first) },
      second: { vote: other.vote, votes: pairs.map(([, second]) => second) },
    }
  }
  return best
}

function isKnown(pair: ConflictingLinks | undefined, a: VoteMessage, b: VoteMessage): boolean {
  return pair !== undefined && isSameVote(pair.first.vote, a) && isSameVote(pair.second.vote, b)
}

function exceedsThird(
  { validators, slashed }: CoreFacts['open'],
  guilty: ReadonlySet<Address>,
): boolean {
  const lost = sumWeights(validators, ({ address }) => guilty.has(address) || slashed.has(address))
  return exceedsSafetyThreshold(
    lost,
    sumWeights(validators, () => true),
  )
}
