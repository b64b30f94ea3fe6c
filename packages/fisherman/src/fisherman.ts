import type { Address } from '@mosaic/primitives'
import { type CaseBook, openCaseBook } from './case-book.ts'
import type { CoreFacts } from './challenge.ts'
import { createChallengeBook } from './challenge-book.ts'
import { challengeAll } from './challenger.ts'
import { createDetector } from './detector.ts'
import { type Evidence, offenderOf, type SignedVote } from './evidence.ts'
import { openGuiltyVotes } from './guilty-votes.ts'
import type { Court, FishermanPorts, RewardPort } from './ports.ts'
import { findSharedGuilt } from './shared-guilt.ts'
import { createTurns, type Turns } from './turn.ts'
import { createVoteHistory, DEFAULT_LIMITS, type HistoryLimits } from './vote-history.ts'
import { openWaitingVotes } from './waiting-votes.ts'

/** Rewards wait: nobody else can take them. */
const ROUNDS_PER_COLLECTION = 5

/** Watches votes and proposals, and brings what it finds to both chains. */
export type Fisherman = {
  /** Takes a vote from anywhere: gossip, a block, a commit, this node's own past. The caller has checked signature and chain. */
  readonly see: (vote: SignedVote) => Promise<Evidence | undefined>
  /**
   * Does what is due: challenges what this node is sure about, reports each offender wherever it can still be slashed, and collects what it has
   * earned. What fails is logged and tried again the next time. Calls that overlap are one.
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
  const { store, courts, challenges, rewards, log } = ports
  const book = await openCaseBook(store)
  const history = createVoteHistory(store, limits)
  const guilty = await openGuiltyVotes(store)
  const detector = createDetector(ports, history, book, await openWaitingVotes(store), guilty)
  const turns = createTurns(ports.account)
  const challenger = challenges && {
    port: challenges,
    book: createChallengeBook(store),
    turns,
    sharedGuilt: (facts: CoreFacts) =>
      findSharedGuilt(
        facts,
        book.cases().map(({ evidence }) => evidence),
        guilty.of,
      ),
    log,
  }
  const forget = async (validator: Address): Promise<void> => {
    await history.forget(validator)
    await guilty.forget(validator)
  }
  const tell = (evidence: Evidence): Evidence => {
    log('warn', 'offence found', { offence: evidence.offence, validator: offenderOf(evidence) })
    return evidence
  }

  let round = 0
  const duties = async (): Promise<void> => {
    for (const evidence of await detector.seeAgain()) tell(evidence)
    // First: what halts the core in one stroke costs less than slashing one by one.
    const isHalting = challenger !== undefined && (await challengeAll(challenger))
    const open = isHalting ? courts.filter(({ name }) => name !== 'origin') : courts
    await reportAll(book, { all: courts, open }, turns, forget, log)
    if (rewards !== undefined && round++ % ROUNDS_PER_COLLECTION === 0)
      await collectAll(rewards, log)
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
  courts: { readonly all: readonly Court[]; readonly open: readonly Court[] },
  turns: Turns,
  forget: (validator: Address) => Promise<void>,
  log: FishermanPorts['log'],
): Promise<void> {
  for (const { evidence, settled } of book.cases()) {
    for (const court of courts.open.filter(({ name }) => !settled.has(name))) {
      const validator = offenderOf(evidence)
      const fields = { court: court.name, validator, offence: evidence.offence }
      try {
        const standing = await court.standing(validator)
        if (standing === 'settled') {
          await book.settle(validator, court.name)
          const isSettled = courts.all.every(({ name }) => book.of(validator)?.settled.has(name))
          if (isSettled) await forget(validator)
        }
        if (standing !== 'slashable' || !turns.isOurs(`${court.name} ${validator}`)) continue
        if (!(await court.wouldTake(evidence))) {
          log('debug', 'offence would be refused', fields)
          continue
        }
        await court.report(evidence)
        log('info', 'offence reported', fields)
      } catch (error) {
        log('warn', 'offence not reported', { ...fields, error })
      }
    }
  }
}

async function collectAll(port: RewardPort, log: FishermanPorts['log']): Promise<void> {
  try {
    for (const collection of await port.due()) {
      await port.collect(collection)
      log('info', 'reward collected', collection)
    }
  } catch (error) {
    log('warn', 'rewards not collected', { error })
  }
}
