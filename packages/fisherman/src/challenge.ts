import type { BlockNumber, Gas, Hash32, Height, MetaHeight } from '@mosaic/primitives'
import type { TransitionObject } from '@mosaic/protocol'

/** A proposal that waits on the core. */
export type OpenProposal = {
  readonly height: MetaHeight
  readonly transitionHash: Hash32
  readonly transition: TransitionObject
}

/** A checkpoint that is finalized in this node's own state, with T as this node computed it. */
export type FinalizedCheckpoint = { readonly height: Height; readonly transition: TransitionObject }

/** What a node knows for sure about the open meta-block height. */
export type ChallengeFacts = {
  readonly height: MetaHeight
  /** K̃ of the open height. */
  readonly kernelHash: Hash32
  /** Gas from the last commit on that a transition object has to reach (§2.5). */
  readonly gasTarget: Gas
  /** Gas and dynasty of the last commit. */
  readonly committed: Pick<TransitionObject, 'dynasty' | 'accumulatedGas'>
  /** Lowest first; all above the last commit that this node has finalized. */
  readonly finalized: readonly FinalizedCheckpoint[]
  /** Newest origin block that is final as this node sees origin. */
  readonly originFinalNumber: BlockNumber
  /** Hash of a final origin block, through this node's own endpoint. */
  readonly originHash: (number: BlockNumber) => Promise<Hash32 | undefined>
}

/** Why a proposal must not be committed. */
export type Challenge =
  /** Its observation is not in origin's history (§2.3). */
  | {
      readonly kind: 'contradicting-observation'
      readonly proposal: OpenProposal
      readonly originHash: Hash32
    }
  /** A checkpoint finalized before it had met the gas target already (§2.5). */
  | {
      readonly kind: 'gas-target'
      readonly proposal: OpenProposal
      readonly earlier: FinalizedCheckpoint
    }

/**
 * The challenge that a proposal deserves, if this node can be sure of it: a challenger that is wrong loses its stake, so what is not final, not known
 * or not of the open height is left alone.
 */
export async function findChallenge(
  proposal: OpenProposal,
  facts: ChallengeFacts,
): Promise<Challenge | undefined> {
  const { transition } = proposal
  if (proposal.height !== facts.height || transition.kernelHash !== facts.kernelHash)
    return undefined
  if (transition.originBlockNumber <= facts.originFinalNumber) {
    const originHash = await facts.originHash(transition.originBlockNumber)
    if (originHash !== undefined && originHash !== transition.originBlockHash)
      return { kind: 'contradicting-observation', proposal, originHash }
  }
  const earlier = facts.finalized.find(
    ({ transition: { kernelHash, dynasty, accumulatedGas } }) =>
      kernelHash === facts.kernelHash &&
      dynasty > facts.committed.dynasty &&
      accumulatedGas - facts.committed.accumulatedGas >= facts.gasTarget,
  )
  if (earlier === undefined || earlier.transition.dynasty >= transition.dynasty) return undefined
  return { kind: 'gas-target', proposal, earlier }
}
