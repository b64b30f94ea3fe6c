import { type BlockNumber, type Hash32, type Height, toHeight } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'

/** A checkpoint by height and block hash. */
export type Checkpoint = { readonly height: Height; readonly hash: Hash32 }

/** What the validator's own node knows of the auxiliary chain at one head. */
export type AuxiliaryView = {
  /** This core's identifier. */
  readonly chain: Hash32
  readonly head: { readonly number: BlockNumber; readonly hash: Hash32 }
  readonly epochLength: bigint
  /** Highest justified checkpoint in the state of the head. */
  readonly justified: Checkpoint
  /** Hash of the checkpoint at a height on the branch of the head. */
  readonly checkpointHash: (height: Height) => Promise<Hash32 | undefined>
  /** T̃ at a checkpoint of this branch, as this node computed it itself. */
  readonly transitionHash: (height: Height) => Promise<Hash32 | undefined>
}

/** What the validator sees of origin: through its own endpoint, and as reported on auxiliary. */
export type OriginView = {
  /** Identifier of the origin chain. */
  readonly chain: Hash32
  readonly epochLength: bigint
  /** Highest justified observation in the state of the auxiliary head. */
  readonly justified: Checkpoint
  /** Newest origin block that this validator itself holds to be final. */
  readonly finalNumber: BlockNumber
  /** Canonical block hash at a checkpoint height, from the validator's own endpoint. */
  readonly checkpointHash: (height: Height) => Promise<Hash32 | undefined>
  /** Whether the header of that hash has been reported in the state of the auxiliary head. */
  readonly isReported: (hash: Hash32) => Promise<boolean>
  /** T̃ of the justified observation, recomputed from the validator's own endpoint. */
  readonly transitionHash: (height: Height) => Promise<Hash32 | undefined>
}

/** How many reported heights below the newest final one are looked at. */
const ORIGIN_LOOK_BACK = 16n

/**
 * The vote an honest validator casts at a head: from the highest justified checkpoint of the head's own state to the newest checkpoint
 * on the head's branch. Undefined when there is nothing newer, or when this node cannot vouch for T̃ itself.
 *
 * Spec: Casper FFG voting rule, §2.1; T̃ of the source, §2.2.
 */
export async function chooseAuxiliaryVote(view: AuxiliaryView): Promise<VoteMessage | undefined> {
  const targetHeight = toHeight(view.head.number / view.epochLength)
  if (targetHeight <= view.justified.height) return undefined
  const target = await view.checkpointHash(targetHeight)
  const source = await view.checkpointHash(view.justified.height)
  if (target === undefined || source !== view.justified.hash) return undefined
  const transitionHash = await view.transitionHash(view.justified.height)
  if (transitionHash === undefined) return undefined
  return {
    chain: view.chain,
    transitionHash,
    source,
    target,
    sourceHeight: view.justified.height,
    targetHeight,
  }
}

/**
 * The vote about origin: from the highest justified observation to the newest reported checkpoint that the validator's own endpoint
 * holds to be final. Undefined when nothing newer is reported, or when the justified observation is not in the validator's own view of
 * origin: it must not build on a history it cannot see (§2.3).
 */
export async function chooseOriginVote(view: OriginView): Promise<VoteMessage | undefined> {
  const newest = view.finalNumber / view.epochLength
  const source = await view.checkpointHash(view.justified.height)
  if (newest <= view.justified.height || source !== view.justified.hash) return undefined
  const floor = newest - ORIGIN_LOOK_BACK
  for (let height = newest; height > view.justified.height && height > floor; height--) {
    const targetHeight = toHeight(height)
    const target = await view.checkpointHash(targetHeight)
    if (target === undefined || !(await view.isReported(target))) continue
    const transitionHash = await view.transitionHash(view.justified.height)
    if (transitionHash === undefined) return undefined
    return {
      chain: view.chain,
      transitionHash,
      source,
      target,
      sourceHeight: view.justified.height,
      targetHeight,
    }
  }
  return undefined
}
