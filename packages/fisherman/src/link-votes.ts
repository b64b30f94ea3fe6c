import { effectiveWeights, isSameVote, isStitchedSupermajority, sumWeights } from '@mosaic/finality'
import type { Address } from '@mosaic/primitives'
import type { ValidatorSet } from '@mosaic/protocol'
import type { LinkVotes } from './challenge.ts'
import type { SignedVote } from './evidence.ts'

/**
 * Of all links that are voted for the one with both supermajorities of a set, with the votes of its members, each once. Slashed validators
 * neither vote nor are voted against.
 *
 * Spec: §2.1, §2.7. Twin of SealedLinks.sol.
 */
export function findSealedLink(
  votes: readonly SignedVote[],
  validators: ValidatorSet,
  slashed: ReadonlySet<Address>,
): LinkVotes | undefined {
  const members = new Set(validators.flatMap((seat) => (seat ? [seat.address] : [])))
  const links: { readonly vote: LinkVotes['vote']; readonly votes: SignedVote[] }[] = []
  for (const each of votes) {
    if (!members.has(each.validator)) continue
    const link = links.find(({ vote }) => isSameVote(vote, each.vote))
    if (link === undefined) links.push({ vote: each.vote, votes: [each] })
    else if (link.votes.every(({ validator }) => validator !== each.validator))
      link.votes.push(each)
  }
  const total = effectiveWeights(validators, slashed)
  return links.find((link) => {
    const voters = new Set(link.votes.map(({ validator }) => validator))
    const voted = sumWeights(
      validators,
      ({ address }) => voters.has(address) && !slashed.has(address),
    )
    return isStitchedSupermajority(voted, total)
  })
}
