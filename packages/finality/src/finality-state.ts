import {
  type Address,
  accept,
  type Dynasty,
  type Hash32,
  type Height,
  type MetaHeight,
  refuse,
  toDynasty,
  type Verdict,
} from '@mosaic/primitives'
import type { ValidatorSet, VoteMessage } from '@mosaic/protocol'
import { isStitchedSupermajority, type StitchedWeight } from './supermajority.ts'
import { effectiveWeights, sumWeights } from './validator-set.ts'

/** The set that votes are tallied against. */
export type ActiveSet = {
  readonly kernelHeight: MetaHeight
  readonly validators: ValidatorSet
  /** Validators with θ = 0. */
  readonly slashed: ReadonlySet<Address>
}

/** What the counting chain itself knows of the checkpoints of the chain voted about. */
export type CheckpointView = {
  /** Identifier of the chain voted about. */
  readonly chain: Hash32
  /** Block hash of the checkpoint at a height, if the counting chain has it. For origin several reports may stand at one height. */
  readonly isCheckpoint: (height: Height, hash: Hash32) => boolean
  /** T̃ that the counting chain computed for a checkpoint. */
  readonly transitionHash: (height: Height, hash: Hash32) => Hash32 | undefined
  /** Height against which the age of a vote is measured. */
  readonly currentHeight: Height
  /** A vote counts while currentHeight ≤ targetHeight + maxVoteAge (§2.9). */
  readonly maxVoteAge: bigint
}

/** A vote whose signature has been checked. */
export type CountedVote = {
  readonly vote: VoteMessage
  /** EIP-712 digest of the vote. */
  readonly link: Hash32
  readonly validator: Address
}

/** Votes of one link, with the weights they had under the kernel at which they were last tallied. */
export type LinkTally = {
  readonly vote: VoteMessage
  readonly voters: ReadonlySet<Address>
  readonly voted: StitchedWeight
  readonly kernelHeight: MetaHeight
}

/** Justified and finalized checkpoints of one chain as seen on the counting chain, and the tallies behind them. */
export type FinalityState = {
  readonly justified: ReadonlyMap<Height, Hash32>
  readonly finalized: ReadonlyMap<Height, Hash32>
  readonly links: ReadonlyMap<Hash32, LinkTally>
}

/** Why a vote does not count (yet). */
export type VoteFault =
  /** The sender: the vote is about another chain. */
  | { readonly code: 'VOTE_FOREIGN_CHAIN'; readonly chain: Hash32 }
  /** The sender: h_t is not above h_s. */
  | { readonly code: 'VOTE_HEIGHTS_NOT_RISING'; readonly source: Height; readonly target: Height }
  /** The sender: the signer is not in the active set, or slashed. */
  | { readonly code: 'VOTE_NOT_A_VALIDATOR'; readonly validator: Address }
  /** Nobody: the source may be justified later. */
  | { readonly code: 'VOTE_SOURCE_NOT_JUSTIFIED'; readonly height: Height; readonly hash: Hash32 }
  /** Nobody: we may be behind, or on another branch. */
  | { readonly code: 'VOTE_UNKNOWN_TARGET'; readonly height: Height; readonly hash: Hash32 }
  /** The sender, if the source is ours: T̃ is not what the chain computed (condition 4). */
  | {
      readonly code: 'VOTE_WRONG_TRANSITION'
      readonly expected: Hash32 | undefined
      readonly received: Hash32
    }
  /** The voters: another checkpoint is justified at the target's height. */
  | { readonly code: 'VOTE_CONFLICTING_TARGET'; readonly justified: Hash32 }
  /** Nobody: too late. */
  | { readonly code: 'VOTE_TOO_OLD'; readonly current: Height }

/** The state before any vote: the root alone is justified. */
export function initialFinality(root: {
  readonly height: Height
  readonly hash: Hash32
}): FinalityState {
  return { justified: new Map([[root.height, root.hash]]), finalized: new Map(), links: new Map() }
}

/** Number of finalized checkpoints (§2.4). */
export function dynastyOf(state: FinalityState): Dynasty {
  return toDynasty(BigInt(state.finalized.size))
}

/** The justified checkpoint with the greatest height. */
export function highestJustified(
  state: FinalityState,
): { height: Height; hash: Hash32 } | undefined {
  return highest(state.justified)
}

/** The finalized checkpoint with the greatest height. */
export function highestFinalized(
  state: FinalityState,
): { height: Height; hash: Hash32 } | undefined {
  return highest(state.finalized)
}

/**
 * Counts one vote and tallies its link anew under `active`: also for a vote already counted, because kernels and slashings since then
 * change the weights. Returns the same state when nothing changed.
 *
 * Spec: §2.1, §2.2, §2.7; docs/protocol.md §3. Twin of FinalityGadget.sol.
 */
export function countVote(
  state: FinalityState,
  { vote, link, validator }: CountedVote,
  view: CheckpointView,
  active: ActiveSet,
): Verdict<FinalityState, VoteFault> {
  const fault = findFault(state, vote, validator, view, active)
  if (fault !== undefined) return refuse(fault)
  const known = state.links.get(link)
  const voters = known?.voters.has(validator) ? known.voters : new Set(known?.voters).add(validator)
  const voted = sumWeights(
    active.validators,
    ({ address }) => voters.has(address) && !active.slashed.has(address),
  )
  const tally: LinkTally = { vote, voters, voted, kernelHeight: active.kernelHeight }
  const counted = isSameTally(known, tally)
    ? state
    : { ...state, links: new Map(state.links).set(link, tally) }
  const total = effectiveWeights(active.validators, active.slashed)
  return accept(isStitchedSupermajority(voted, total) ? justify(counted, vote) : counted)
}

/** Counts votes in any order until no further one counts: the result is a function of their set. */
export function countVotes(
  state: FinalityState,
  votes: readonly CountedVote[],
  view: CheckpointView,
  active: ActiveSet,
): FinalityState {
  let current = state
  for (;;) {
    const before = current
    for (const vote of votes) {
      const verdict = countVote(current, vote, view, active)
      if (verdict.ok) current = verdict.value
    }
    if (current === before) return current
  }
}

function findFault(
  state: FinalityState,
  vote: VoteMessage,
  validator: Address,
  view: CheckpointView,
  active: ActiveSet,
): VoteFault | undefined {
  if (vote.chain !== view.chain) return { code: 'VOTE_FOREIGN_CHAIN', chain: vote.chain }
  if (vote.targetHeight <= vote.sourceHeight) {
    return {
      code: 'VOTE_HEIGHTS_NOT_RISING',
      source: vote.sourceHeight,
      target: vote.targetHeight,
    }
  }
  const isActive = active.validators.some((seat) => seat?.address === validator)
  if (!isActive || active.slashed.has(validator)) {
    return { code: 'VOTE_NOT_A_VALIDATOR', validator }
  }
  if (view.currentHeight > vote.targetHeight + view.maxVoteAge) {
    return { code: 'VOTE_TOO_OLD', current: view.currentHeight }
  }
  if (state.justified.get(vote.sourceHeight) !== vote.source) {
    return { code: 'VOTE_SOURCE_NOT_JUSTIFIED', height: vote.sourceHeight, hash: vote.source }
  }
  if (!view.isCheckpoint(vote.targetHeight, vote.target)) {
    return { code: 'VOTE_UNKNOWN_TARGET', height: vote.targetHeight, hash: vote.target }
  }
  const expected = view.transitionHash(vote.sourceHeight, vote.source)
  if (expected !== vote.transitionHash) {
    return { code: 'VOTE_WRONG_TRANSITION', expected, received: vote.transitionHash }
  }
  const justified = state.justified.get(vote.targetHeight)
  if (justified !== undefined && justified !== vote.target) {
    return { code: 'VOTE_CONFLICTING_TARGET', justified }
  }
  return undefined
}

function isSameTally(known: LinkTally | undefined, tally: LinkTally): boolean {
  return (
    known !== undefined &&
    known.voters === tally.voters &&
    known.kernelHeight === tally.kernelHeight &&
    known.voted.forward === tally.voted.forward &&
    known.voted.rear === tally.voted.rear
  )
}

function justify(state: FinalityState, vote: VoteMessage): FinalityState {
  const justifies = !state.justified.has(vote.targetHeight)
  const finalizes =
    vote.targetHeight === vote.sourceHeight + 1n && !state.finalized.has(vote.sourceHeight)
  if (!justifies && !finalizes) return state
  return {
    ...state,
    justified: justifies
      ? new Map(state.justified).set(vote.targetHeight, vote.target)
      : state.justified,
    finalized: finalizes
      ? new Map(state.finalized).set(vote.sourceHeight, vote.source)
      : state.finalized,
  }
}

function highest(
  checkpoints: ReadonlyMap<Height, Hash32>,
): { height: Height; hash: Hash32 } | undefined {
  let best: { height: Height; hash: Hash32 } | undefined
  for (const [height, hash] of checkpoints) {
    if (best === undefined || height > best.height) best = { height, hash }
  }
  return best
}
