import type { Address } from '@mosaic/primitives'
import {
  type Challenge,
  type Checkpoint,
  type CoreFacts,
  type FinalizedCheckpoint,
  findDue,
  findLate,
  findLoss,
  findStrikable,
  nameOf,
} from './challenge.ts'
import type { ChallengeBook } from './challenge-book.ts'
import { gainOf } from './gain.ts'
import type { ChallengePort, FishermanPorts } from './ports.ts'
import type { Turns } from './turn.ts'

/** What a round of challenges works with. */
export type ChallengerParts = {
  readonly port: ChallengePort
  readonly book: ChallengeBook
  readonly turns: Turns
  /** Guilt that is shared by more than a third, from the evidence at hand. */
  readonly sharedGuilt: (facts: CoreFacts) => Challenge | undefined
  readonly log: FishermanPorts['log']
}

const NOBODY: ReadonlySet<Address> = new Set()

/**
 * Everything that this node is sure of and that the core does not know. What it has not finalized itself, and what origin has not, is left
 * alone.
 */
export async function findChallenges(
  facts: CoreFacts,
  port: ChallengePort,
  sharedGuilt: ChallengerParts['sharedGuilt'],
): Promise<readonly Challenge[]> {
  const { height } = facts.open
  // A halted core takes nothing else.
  const guilt = sharedGuilt(facts)
  if (guilt !== undefined) return [guilt]
  const foreign = await port.foreignObservation(facts)
  if (foreign !== undefined) return [{ kind: 'foreign-observation', height, ...foreign }]
  const checkpoints = await port.checkpoints()
  const challenges: Challenge[] = []
  const cap = await findCap(facts, port, checkpoints)
  if (cap !== undefined) challenges.push(cap)
  for (const proposal of findStrikable(facts, port.self.address))
    challenges.push({ kind: 'late-proposal', height, proposal })
  const loss = await findLateCommit(facts, port, checkpoints)
  if (loss !== undefined) challenges.push(loss)
  return challenges
}

/**
 * Brings what pays: each once, and none before it was tried.
 *
 * @returns whether a verdict on shared guilt only waits for its turn: it costs less than to slash one by one.
 */
export async function challengeAll(parts: ChallengerParts): Promise<boolean> {
  const { port, sharedGuilt, log } = parts
  let isWaiting = false
  try {
    const facts = await port.facts()
    if (facts === undefined) return false
    for (const challenge of await findChallenges(facts, port, sharedGuilt)) {
      try {
        const isDone = await bring(challenge, facts, parts)
        if (challenge.kind === 'conflicting-links' && !isDone) isWaiting = true
      } catch (error) {
        log('warn', 'challenge not brought', { kind: challenge.kind, error })
      }
    }
  } catch (error) {
    log('warn', 'core not challenged', { error })
  }
  return isWaiting
}

/** Returns false if it is not yet this fisherman's turn. */
async function bring(
  challenge: Challenge,
  facts: CoreFacts,
  { port, book, turns, log }: ChallengerParts,
): Promise<boolean> {
  const name = nameOf(challenge)
  const brought = book.broughtAt(name)
  // Facts of a later block that still call for it: the block that had it was replaced.
  if (brought !== undefined && facts.blockNumber <= brought) return true
  const gain = gainOf(challenge, facts, { ...port.self, stake: await port.ownStake() })
  if (gain.tokens <= 0n && gain.wei <= 0n) return true
  if (!turns.isOurs(name, isUrgent(challenge, facts))) return false
  const cost = await port.dryRun(challenge)
  if (cost === undefined) {
    log('debug', 'challenge would be refused', { challenge: name })
    return true
  }
  // A ceiling is followed by strikes and the return of bonds, which together cost about as much.
  const price = challenge.kind === 'gas-target' ? 2n * cost : cost
  if (gain.tokens <= 0n && gain.wei <= price) return true
  await book.remember(name, await port.send(challenge))
  log('info', 'challenge brought', { challenge: name, ...gain })
  return true
}

/** With less than half of a challenge period left nobody waits for others, nor where nobody else has anything to win. */
function isUrgent(challenge: Challenge, { timestamp, terms }: CoreFacts): boolean {
  if (challenge.kind === 'late-proposal') return true
  return (
    challenge.kind === 'gas-target' &&
    challenge.late.some(
      ({ challengeEnd }) => 2n * (challengeEnd - timestamp) < terms.challengePeriod,
    )
  )
}

async function findCap(
  facts: CoreFacts,
  port: ChallengePort,
  checkpoints: readonly Checkpoint[],
): Promise<Challenge | undefined> {
  const { open } = facts
  const due = findDue(open, checkpoints).filter((each) => findLate(facts, each).length > 0)
  const earlier = await firstFinalized(due, (each) =>
    port.finalizingLink(each, open.validators, open.slashed),
  )
  return (
    earlier && {
      kind: 'gas-target',
      height: open.height,
      earlier,
      late: findLate(facts, earlier),
    }
  )
}

async function findLateCommit(
  facts: CoreFacts,
  port: ChallengePort,
  checkpoints: readonly Checkpoint[],
): Promise<Challenge | undefined> {
  const { closed } = facts
  if (closed === undefined) return undefined
  const due = findDue(closed, checkpoints).filter((each) => findLoss(facts, each) !== undefined)
  // The core counts nominal weights for a height that is closed.
  const earlier = await firstFinalized(due, (each) =>
    port.finalizingLink(each, closed.validators, NOBODY),
  )
  const fraction = earlier && findLoss(facts, earlier)
  return earlier === undefined || fraction === undefined
    ? undefined
    : { kind: 'late-commit', height: closed.height, earlier, fraction }
}

async function firstFinalized(
  checkpoints: readonly Checkpoint[],
  linkOf: (checkpoint: Checkpoint) => Promise<FinalizedCheckpoint | undefined>,
): Promise<FinalizedCheckpoint | undefined> {
  for (const checkpoint of checkpoints) {
    const found = await linkOf(checkpoint)
    if (found !== undefined) return found
  }
  return undefined
}
