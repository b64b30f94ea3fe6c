import { createQueue } from '@mosaic/primitives'
import type { CaseBook } from './case-book.ts'
import { findConflict } from './conflict.ts'
import { type Evidence, offenderOf, type SignedVote } from './evidence.ts'
import type { GuiltyVotes } from './guilty-votes.ts'
import type { FishermanPorts } from './ports.ts'
import type { VoteHistory } from './vote-history.ts'
import type { WaitingVotes } from './waiting-votes.ts'

/** Compares each vote with all that its validator signed before. */
export type Detector = {
  /** Evidence against the signer, if this vote completes it; it is on disk then. One vote after the other. */
  readonly see: (vote: SignedVote) => Promise<Evidence | undefined>
  /** Looks again at votes whose source was not known; the evidence that came of it. */
  readonly seeAgain: () => Promise<readonly Evidence[]>
}

/** Creates a detector over a history. */
export function createDetector(
  { transitionHash, horizon }: Pick<FishermanPorts, 'transitionHash' | 'horizon'>,
  history: VoteHistory,
  book: CaseBook,
  waiting: WaitingVotes,
  guilty: GuiltyVotes,
): Detector {
  /**
   * Two votes convict wherever they are shown; that a T̃ is false has to be proven with state that another may not have. So a validator
   * with a case of that kind is still watched for one of the other.
   */
  const isDone = (validator: SignedVote['validator']): boolean => {
    const found = book.of(validator)
    return found !== undefined && found.evidence.offence !== 'false-transition'
  }

  /** Condition 4. */
  const judge = async ({ vote }: SignedVote): Promise<'false' | 'true' | 'unknown'> => {
    const own = await transitionHash(vote.chain, vote.source)
    if (own === undefined) return 'unknown'
    return own === vote.transitionHash ? 'true' : 'false'
  }

  const convict = async (evidence: Evidence): Promise<Evidence> => {
    await book.open(evidence)
    await waiting.remove(waiting.of(offenderOf(evidence)))
    return evidence
  }

  const seeNow = async (vote: SignedVote): Promise<Evidence | undefined> => {
    const { chain } = vote.vote
    const { validator } = vote
    const conflict = findConflict(vote, await history.neighbours(vote))
    if (isDone(validator)) {
      for (const shared of conflict?.votes ?? [vote]) await guilty.add(shared)
      return undefined
    }
    if (conflict !== undefined) return convict(conflict)
    const isKept = await history.add(vote, horizon(chain))
    if (book.of(validator) !== undefined) return undefined
    const truth = await judge(vote)
    if (truth === 'false') return convict({ offence: 'false-transition', votes: [vote] })
    if (truth === 'unknown' && isKept) await waiting.add(vote)
    return undefined
  }

  const { exclusive } = createQueue()

  return {
    see: (vote) => exclusive(() => seeNow(vote)),
    seeAgain: () =>
      exclusive(async () => {
        const found: Evidence[] = []
        for (const vote of waiting.all()) {
          const truth = await judge(vote)
          if (truth !== 'unknown') await waiting.remove([vote])
          if (truth === 'false' && book.of(vote.validator) === undefined)
            found.push(await convict({ offence: 'false-transition', votes: [vote] }))
        }
        return found
      }),
  }
}
