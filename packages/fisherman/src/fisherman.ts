import { type CaseBook, openCaseBook } from './case-book.ts'
import { findChallenge } from './challenge.ts'
import { createDetector } from './detector.ts'
import { type Evidence, offenderOf, type SignedVote } from './evidence.ts'
import type { ChallengePort, Court, FishermanPorts } from './ports.ts'
import {
  createVoteHistory,
  DEFAULT_LIMITS,
  type HistoryLimits,
  type VoteHistory,
} from './vote-history.ts'
import { openWaitingVotes } from './waiting-votes.ts'

/** Watches votes and proposals, and brings what it finds to both chains. */
export type Fisherman = {
  /** Takes a vote from anywhere: gossip, a block, a commit, this node's own past. The caller has checked signature and chain. */
  readonly see: (vote: SignedVote) => Promise<Evidence | undefined>
  /**
   * Does what is due: reports each offender wherever it can still be slashed, and challenges what this node is sure about. What fails is logged and
   * tried again the next time. Calls that overlap are one.
   */
  readonly performDuties: () => Promise<void>
  /** What was found so far, also before a restart. */
  readonly evidence: () => readonly Evidence[]
}

/** Opens the fisherman of a node on its store. @throws InvalidValueError if the store holds something else. */
export async function openFisherman(
  ports: FishermanPorts,
  limits: HistoryLimits = DEFAULT_LIMITS,
): Promise<Fisherman> {
  const { store, courts, challenges, log } = ports
  const book = await openCaseBook(store)
  const history = createVoteHistory(store, limits)
  const detector = createDetector(ports, history, book, await openWaitingVotes(store))
  const tell = (evidence: Evidence): Evidence => {
    log('warn', 'offence found', { offence: evidence.offence, validator: offenderOf(evidence) })
    return evidence
  }

  const duties = async (): Promise<void> => {
    for (const evidence of await detector.seeAgain()) tell(evidence)
    await reportAll(book, courts, history, log)
    if (challenges !== undefined) await challengeAll(challenges, log)
  }

  let running: Promise<void> | undefined
  return {
    see: async (vote) => {
      const evidence = await detector.see(vote)
      return evidence && tell(evidence)
    },
    performDuties: () => {
      running ??= duties().finally(() => {
        running = undefined
      })
      return running
    },
    evidence: () => book.cases().map(({ evidence }) => evidence),
  }
}

async function reportAll(
  book: CaseBook,
  courts: readonly Court[],
  history: VoteHistory,
  log: FishermanPorts['log'],
): Promise<void> {
  for (const { evidence, settled } of book.cases()) {
    for (const court of courts.filter(({ name }) => !settled.has(name))) {
      const validator = offenderOf(evidence)
      const fields = { court: court.name, validator, offence: evidence.offence }
      try {
        const standing = await court.standing(validator)
        if (standing === 'settled') {
          await book.settle(validator, court.name)
          const isSettled = courts.every(({ name }) => book.of(validator)?.settled.has(name))
          if (isSettled) await history.forget(validator)
        }
        if (standing !== 'slashable') continue
        await court.report(evidence)
        log('info', 'offence reported', fields)
      } catch (error) {
        log('warn', 'offence not reported', { ...fields, error })
      }
    }
  }
}

async function challengeAll(port: ChallengePort, log: FishermanPorts['log']): Promise<void> {
  try {
    const proposals = await port.proposals()
    if (proposals.length === 0) return
    const facts = await port.facts()
    for (const proposal of proposals) {
      const challenge = await findChallenge(proposal, facts)
      if (challenge === undefined) continue
      const { kind } = challenge
      const gain = await port.dryRun(challenge)
      // Who is refused loses nothing; who gains nothing would pay for others.
      if (gain === undefined || gain <= 0n) continue
      await port.send(challenge)
      log('info', 'proposal challenged', { kind, transitionHash: proposal.transitionHash, gain })
    }
  } catch (error) {
    log('warn', 'proposals not challenged', { error })
  }
}
