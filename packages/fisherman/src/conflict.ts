import { findOffence } from '@mosaic/finality'
import type { Evidence, SignedVote } from './evidence.ts'

/** Those votes of one validator about one chain that lie next to a further one. */
export type Neighbours = {
  /** With the same target height; the others do not matter then. */
  readonly same: SignedVote | undefined
  /** With the greatest target height below. */
  readonly below: SignedVote | undefined
  /** With the least target height above. */
  readonly above: SignedVote | undefined
  /** Any one with the same source. */
  readonly sameSource: SignedVote | undefined
}

/**
 * What a vote offends against, if anything, among earlier votes of the same validator about the same chain of which no two offend.
 *
 * Four neighbours stand for all of them. No two of them have one target height (condition 1). In the order of their targets, no source is
 * below an earlier one, or the later vote would surround the earlier (condition 2): so of all votes with lower targets the nearest has the
 * highest source, and of all with higher targets the nearest has the lowest. All with one source have one T̃ (condition 3).
 */
export function findConflict(
  vote: SignedVote,
  { same, below, above, sameSource }: Neighbours,
): Evidence | undefined {
  for (const earlier of [same, below, above, sameSource]) {
    const offence = earlier && findOffence(earlier.vote, vote.vote)
    if (earlier !== undefined && offence !== undefined) return { offence, votes: [earlier, vote] }
  }
  return undefined
}
