import { findOffence, isSameVote } from '@mosaic/finality'
import type { Address, Hash32, Height, Hex } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { GuardUnusableError, SigningRefusedError } from './guard-errors.ts'
import {
  formatEntry,
  formatHeader,
  type GuardIdentity,
  parseEntry,
  positionAfter,
  positionAfterHeader,
} from './journal-entry.ts'
import type { Journal } from './journal-file.ts'

/** Signs the EIP-712 digest of a vote with one validator's key, wherever that key is. */
export type SignVote = (vote: VoteMessage) => Promise<Hex>

/** The only way to a validator's signature: what would be an offence, or is not on disk, is not signed. */
export type SigningGuard = {
  readonly validator: Address
  /**
   * Records the vote durably, then signs it. Calls run one after the other. The very message signed last on its chain is signed again
   * without a new record.
   *
   * @throws SigningRefusedError, GuardUnusableError
   */
  readonly sign: (vote: VoteMessage) => Promise<Hex>
  /** Highest target signed so far on a chain. */
  readonly highestTarget: (chain: Hash32) => Height | undefined
  /** The vote recorded last on each chain; after a restart, those that may have been lost on their way out. */
  readonly lastVotes: () => readonly VoteMessage[]
  readonly close: () => Promise<void>
}

/** What the guard keeps of a chain. */
type ChainHistory = {
  last: VoteMessage
  /** T̃ signed for each source. Kept for good: condition 3 knows no heights. */
  readonly transitions: Map<Hash32, Hash32>
}

/**
 * Opens the guard of one validator on its journal. A journal belongs to one key and one signing domain: its first line names both.
 *
 * The rule is stricter than the slashing conditions: per chain the target height must rise, and a source below the last one would
 * surround it, so sources never fall and the last vote stands for all before it in conditions 1 and 2; condition 3 is compared with
 * every source ever signed.
 *
 * @throws GuardUnusableError if a line is damaged, missing or of another key.
 */
export async function openSigningGuard(
  journal: Journal,
  identity: GuardIdentity,
  signVote: SignVote,
): Promise<SigningGuard> {
  const header = formatHeader(identity)
  if (journal.lines.length === 0) await journal.append(header)
  else if (journal.lines[0] !== header) {
    throw new GuardUnusableError(
      `expected a journal that begins with ${header}, received ${journal.lines[0]}`,
    )
  }
  const histories = new Map<Hash32, ChainHistory>()
  let position = positionAfterHeader(header)
  for (const line of journal.lines.slice(1)) {
    record(histories, parseEntry(line, position))
    position = positionAfter(position, line)
  }

  let queue: Promise<unknown> = Promise.resolve()
  const exclusive = <T>(step: () => Promise<T>): Promise<T> => {
    const result = queue.then(step)
    queue = result.catch(() => undefined)
    return result
  }

  return {
    validator: identity.validator,
    sign: (vote) =>
      exclusive(async () => {
        const history = histories.get(vote.chain)
        if (history === undefined || !isSameVote(history.last, vote)) {
          if (history !== undefined) requireHarmless(history, vote)
          const line = formatEntry(position, vote)
          await journal.append(line)
          record(histories, vote)
          position = positionAfter(position, line)
        }
        return signVote(vote)
      }),
    highestTarget: (chain) => histories.get(chain)?.last.targetHeight,
    lastVotes: () => [...histories.values()].map(({ last }) => last),
    close: async () => {
      await queue
      await journal.close()
    },
  }
}

function requireHarmless({ last, transitions }: ChainHistory, vote: VoteMessage): void {
  const offence = findOffence(last, vote)
  if (offence !== undefined) throw new SigningRefusedError(offence, vote, last)
  if (vote.targetHeight <= last.targetHeight) {
    throw new SigningRefusedError('target-not-above-watermark', vote, last)
  }
  const signed = transitions.get(vote.source)
  if (signed !== undefined && signed !== vote.transitionHash) {
    throw new SigningRefusedError('contradicting-transition', vote, last)
  }
}

function record(histories: Map<Hash32, ChainHistory>, vote: VoteMessage): void {
  const history = histories.get(vote.chain)
  if (history === undefined) {
    const transitions = new Map([[vote.source, vote.transitionHash]])
    histories.set(vote.chain, { last: vote, transitions })
    return
  }
  history.last = vote
  history.transitions.set(vote.source, vote.transitionHash)
}
