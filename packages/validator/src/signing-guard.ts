import { findOffence, isSameVote } from '@mosaic/finality'
import {
  type Address,
  createQueue,
  type Hash32,
  type Height,
  type Hex,
  toHeight,
} from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { SigningRefusedError } from './guard-errors.ts'
import type { Journal } from './journal-file.ts'
import { openRecordLog } from './record-log.ts'
import {
  type GuardIdentity,
  type KnownTransition,
  type VoteFloor,
  type VoteRecord,
  voteHeader,
  voteRecordCodec,
} from './vote-record.ts'

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
  /** No later vote on a chain may have a target that is not above this one: the highest that was signed or taken over. */
  readonly highestTarget: (chain: Hash32) => Height | undefined
  /** The vote recorded last on each chain; after a restart, those that may have been lost on their way out. */
  readonly lastVotes: () => readonly VoteMessage[]
  /** What another program must know of this key to go on with it. */
  readonly history: () => GuardHistory
  /** Takes over what another program knows of this key, durably: from then on the guard is as careful as both. @throws GuardUnusableError */
  readonly takeOver: (history: GuardHistory) => Promise<void>
  readonly close: () => Promise<void>
}

/** What must be known of a key's votes, on all chains. */
export type GuardHistory = {
  readonly floors: readonly VoteFloor[]
  /** Kept for good: condition 3 knows no heights. */
  readonly transitions: readonly KnownTransition[]
}

/** What the guard keeps of a chain. */
type ChainHistory = {
  last: VoteMessage | undefined
  sourceHeight: Height
  targetHeight: Height
  /** T̃ signed for each source. More than one, if two programs contradicted each other: then none is signed any more. */
  readonly transitions: Map<Hash32, Set<Hash32>>
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
  const log = await openRecordLog(journal, voteHeader(identity), voteRecordCodec)
  const histories = new Map<Hash32, ChainHistory>()
  for (const each of log.records) apply(histories, each)
  const record = async (each: VoteRecord): Promise<void> => {
    await log.append(each)
    apply(histories, each)
  }
  const { exclusive, idle } = createQueue()

  return {
    validator: identity.validator,
    sign: (vote) =>
      exclusive(async () => {
        const history = histories.get(vote.chain)
        if (history?.last === undefined || !isSameVote(history.last, vote)) {
          if (history !== undefined) requireHarmless(history, vote)
          await record({ kind: 'vote', vote })
        }
        return signVote(vote)
      }),
    highestTarget: (chain) => histories.get(chain)?.targetHeight,
    lastVotes: () => [...histories.values()].flatMap(({ last }) => last ?? []),
    history: () => ({
      floors: [...histories].map(([chain, { sourceHeight, targetHeight }]) => ({
        chain,
        sourceHeight,
        targetHeight,
      })),
      transitions: [...histories].flatMap(([chain, { transitions }]) =>
        [...transitions].flatMap(([source, hashes]) =>
          [...hashes].map((transitionHash) => ({ chain, source, transitionHash })),
        ),
      ),
    }),
    takeOver: ({ floors, transitions }) =>
      exclusive(async () => {
        for (const floor of floors) {
          const known = histories.get(floor.chain)
          const isNews =
            known === undefined ||
            known.sourceHeight < floor.sourceHeight ||
            known.targetHeight < floor.targetHeight
          if (isNews) await record({ kind: 'floor', floor })
        }
        for (const known of transitions) {
          const hashes = histories.get(known.chain)?.transitions.get(known.source)
          if (hashes?.has(known.transitionHash) !== true) await record({ kind: 'known', known })
        }
      }),
    close: async () => {
      await idle()
      await log.close()
    },
  }
}

function requireHarmless(history: ChainHistory, vote: VoteMessage): void {
  const { last, transitions } = history
  const offence = last === undefined ? undefined : findOffence(last, vote)
  if (offence !== undefined) throw new SigningRefusedError(offence, vote, history)
  if (vote.targetHeight <= history.targetHeight) {
    throw new SigningRefusedError('target-not-above-watermark', vote, history)
  }
  if (vote.sourceHeight < history.sourceHeight) {
    throw new SigningRefusedError('source-below-watermark', vote, history)
  }
  for (const signed of transitions.get(vote.source) ?? []) {
    if (signed !== vote.transitionHash) {
      throw new SigningRefusedError('contradicting-transition', vote, history)
    }
  }
}

function apply(histories: Map<Hash32, ChainHistory>, record: VoteRecord): void {
  switch (record.kind) {
    case 'vote': {
      const history = historyOf(histories, record.vote.chain)
      raise(history, record.vote)
      history.last = record.vote
      know(history, record.vote)
      return
    }
    case 'floor':
      raise(historyOf(histories, record.floor.chain), record.floor)
      return
    case 'known':
      know(historyOf(histories, record.known.chain), record.known)
      return
    default:
      record satisfies never
  }
}

function historyOf(histories: Map<Hash32, ChainHistory>, chain: Hash32): ChainHistory {
  const known = histories.get(chain)
  if (known !== undefined) return known
  const begun: ChainHistory = {
    last: undefined,
    sourceHeight: toHeight(0n),
    targetHeight: toHeight(0n),
    transitions: new Map(),
  }
  histories.set(chain, begun)
  return begun
}

function raise(history: ChainHistory, floor: Omit<VoteFloor, 'chain'>): void {
  if (floor.sourceHeight > history.sourceHeight) history.sourceHeight = floor.sourceHeight
  if (floor.targetHeight > history.targetHeight) history.targetHeight = floor.targetHeight
}

function know({ transitions }: ChainHistory, known: Omit<KnownTransition, 'chain'>): void {
  const hashes = transitions.get(known.source) ?? new Set()
  transitions.set(known.source, hashes.add(known.transitionHash))
}
