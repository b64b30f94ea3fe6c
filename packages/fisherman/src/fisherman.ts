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
   * Does what is due on one chain, so that one that stands still holds up nothing on the other: reports each offender who can still be slashed
   * there; on origin it also challenges what this node is sure about, and collects what it has earned. What fails is logged and tried
   * again the next time. Calls that overlap are one.
   */
  readonly performDuties: (where: Court['name']) => Promise<void>
  /** Who pays for reports; undefined if offences are only found and kept. */
  readonly account: Address | undefined
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
  const tell = (evidence: Evidence): Evidence => {
    log('warn', 'offence found', { offence: evidence.offence, validator: offenderOf(evidence) })
    return evidence
  }

  const seeHidden = async (): Promise<void> => {
    try {
      for (const vote of await ports.hiddenVotes()) {
        const evidence = await detector.see(vote)
        if (evidence !== undefined) tell(evidence)
      }
    } catch (error) {
      log('warn', 'commits not read', { error })
    }
  }

  let rounds = 0
  const duties: Readonly<Record<Court['name'], () => Promise<void>>> = {
    origin: async () => {
      for (const evidence of await detector.seeAgain()) tell(evidence)
      await seeHidden()
      // First: what halts the core in one stroke costs less than slashing one by one.
      const isHalting = challenger !== undefined && (await challengeAll(challenger))
      if (!isHalting) await report('origin')
      if (rewards !== undefined && rounds++ % ROUNDS_PER_COLLECTION === 0)
        await collectAll(rewards, log)
    },
    auxiliary: () => report('auxiliary'),
  }
  const report = async (name: Court['name']): Promise<void> => {
    for (const court of courts) {
      if (court.name === name) await reportAll(book, court, turns, settle, log)
    }
  }
  const settle = async (validator: Address, name: Court['name']): Promise<void> => {
    await book.settle(validator, name)
    const settled = book.of(validator)?.settled
    if (!courts.every((court) => settled?.has(court.name))) return
    await history.forget(validator)
    await guilty.forget(validator)
  }

  const running = new Map<Court['name'], Promise<void>>()
  const performDuties = (where: Court['name']): Promise<void> => {
    const round =
      running.get(where) ??
      duties[where]().finally(() => {
        running.delete(where)
      })
    running.set(where, round)
    return round
  }
  return {
    see: async (vote) => {
      const evidence = await detector.see(vote)
      return evidence && tell(evidence)
    },
    performDuties,
    account: ports.account,
    evidence: () => book.cases().map(({ evidence }) => evidence),
  }
}

async function reportAll(
  book: CaseBook,
  court: Court,
  turns: Turns,
  settle: (validator: Address, name: Court['name']) => Promise<void>,
  log: FishermanPorts['log'],
): Promise<void> {
  for (const { evidence, settled } of book.cases()) {
    if (settled.has(court.name)) continue
    const validator = offenderOf(evidence)
    const fields = { court: court.name, validator, offence: evidence.offence }
    try {
      const standing = await court.standing(validator)
      if (standing === 'settled') await settle(validator, court.name)
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
