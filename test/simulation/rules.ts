import { compareRecords } from '@mosaic/chain'
import {
  type ActiveSet,
  type CheckpointView,
  type CountedVote,
  countVote,
  type FinalityState,
  findOffence,
  type Offence,
  type VoteFault,
} from '@mosaic/finality'
import { findChallenges, findSealedLink } from '@mosaic/fisherman'
import type { Address, Hash32, Hex, Verdict } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import {
  chooseOriginVote,
  createMemoryJournal,
  openSigningGuard,
  type SigningGuard,
} from '@mosaic/validator'
import { DOMAIN, type SimBlock } from './model.ts'

/** How votes are signed. */
export type Signatures = {
  readonly linkOf: (vote: VoteMessage) => Hash32
  readonly sign: (validator: Address, link: Hash32) => Hex
  /** Who signed a link; undefined if the signature is none. */
  readonly recover: (link: Hash32, signature: Hex) => Address | undefined
  /** What somebody without the key makes up. */
  readonly forge: (validator: Address, link: Hash32) => Hex
}

/** The code under test, each part replaceable by a mutant. */
export type Rules = {
  readonly countVote: (
    state: FinalityState,
    vote: CountedVote,
    view: CheckpointView,
    active: ActiveSet,
  ) => Verdict<FinalityState, VoteFault>
  readonly compareHeads: (a: SimBlock, b: SimBlock) => number
  /** Whether a node whose finalized checkpoint is `finalized` may follow a head. */
  readonly mayFollow: (head: SimBlock, finalized: SimBlock | undefined) => boolean
  readonly openGuard: (
    lines: readonly string[],
    validator: Address,
    sign: (vote: VoteMessage) => Promise<Hex>,
  ) => Promise<{ readonly guard: SigningGuard; readonly written: readonly string[] }>
  readonly findOffence: (a: VoteMessage, b: VoteMessage) => Offence | undefined
  readonly recover: (signatures: Signatures, link: Hash32, signature: Hex) => Address | undefined
  /** Dynasty of a block from the finality of its parent and its own. */
  readonly dynasty: (before: FinalityState, after: FinalityState) => bigint
  readonly chooseOriginVote: typeof chooseOriginVote
  readonly findSealedLink: typeof findSealedLink
  readonly findChallenges: typeof findChallenges
}

/** The rules as the product has them. */
export const REAL_RULES: Rules = {
  countVote,
  compareHeads: (a, b) => compareRecords(a, b, (block) => block.parent ?? block),
  mayFollow: (head, finalized) => {
    if (finalized === undefined) return true
    for (let at: SimBlock | undefined = head; at !== undefined; at = at.parent) {
      if (at.header.number <= finalized.header.number) return at === finalized
    }
    return false
  },
  openGuard: async (lines, validator, sign) => {
    const journal = createMemoryJournal(lines)
    const guard = await openSigningGuard(journal, { validator, domain: DOMAIN }, sign)
    return { guard, written: journal.written }
  },
  findOffence,
  recover: (signatures, link, signature) => signatures.recover(link, signature),
  dynasty: (before) => BigInt(before.finalized.size),
  chooseOriginVote,
  findSealedLink,
  findChallenges,
}
