import type { FinalityState } from '@mosaic/finality'
import {
  type Address,
  type BlockNumber,
  type Dynasty,
  type Hash32,
  type Height,
  type Hex,
  type MetaHeight,
  toAddress,
  toHash32,
} from '@mosaic/primitives'
import type { ValidatorSet, VoteMessage } from '@mosaic/protocol'

/** Identifier of the only chain that is voted about here, and the signing domain. */
export const CHAIN: Hash32 = toHash32(`0x${'c0'.repeat(32)}`)
export const DOMAIN: Hash32 = toHash32(`0x${'d0'.repeat(32)}`)

/** A vote as it travels. */
export type SimVote = {
  readonly vote: VoteMessage
  readonly link: Hash32
  readonly signature: Hex
}

/** A vote whose signer is known. */
export type RecoveredVote = SimVote & { readonly validator: Address }

/** Two messages of one validator that break a slashing condition together. */
export type Evidence = {
  readonly validator: Address
  readonly first: SimVote
  readonly second: SimVote
}

/** A block of the simulated auxiliary chain with the state that follows from it and its ancestors. */
export type SimBlock = {
  readonly hash: Hash32
  readonly parent: SimBlock | undefined
  readonly header: { readonly number: BlockNumber }
  readonly signer: Address | undefined
  readonly snapshot: { readonly signers: readonly Address[] }
  readonly totalDifficulty: bigint
  /** Tells two blocks of one producer apart. */
  readonly salt: number
  readonly votes: readonly RecoveredVote[]
  readonly evidence: readonly Evidence[]
  readonly finality: FinalityState
  readonly auxiliary: { readonly justified: { readonly height: Height; readonly hash: Hash32 } }
  /** Finalized checkpoints before this block began. */
  readonly dynasty: Dynasty
  /** The kernel that is active at the end of this block, and the validators who are slashed. */
  readonly kernelHeight: MetaHeight
  readonly slashed: ReadonlySet<Address>
  /** T̃ of this block, if it is taken as a checkpoint. */
  readonly transitionHash: Hash32
}

/** What a run begins with. */
export type Setting = {
  readonly seed: number
  readonly epochLength: bigint
  readonly maxVoteAge: bigint
  readonly validators: readonly Address[]
  readonly byzantine: ReadonlySet<Address>
  /** V_n by meta-block height, from 1; later heights have the last. */
  readonly sets: readonly ValidatorSet[]
  /** Dynasty from which kernel n+1 may be active, by n - 1. */
  readonly activations: readonly bigint[]
  readonly signers: readonly Address[]
}

/** V_n. */
export function setAt(setting: Setting, height: MetaHeight): ValidatorSet {
  const set = setting.sets[Math.min(Number(height), setting.sets.length) - 1]
  if (set === undefined) throw new RangeError(`expected a validator set at height ${height}`)
  return set
}

/** Distinct 32-byte names by number: stand-ins for hashes, which no rule under test looks into. */
export function nameHash(tag: string, ordinal: number): Hash32 {
  return toHash32(`0x${tag}${ordinal.toString(16).padStart(64 - tag.length, '0')}`)
}

/** The address of a simulated validator. */
export function nameAddress(index: number): Address {
  return toAddress(`0x${(index + 1).toString(16).padStart(40, '0')}`)
}

/**
 * Walks from a block to genesis.
 *
 * @yields the block, its parent, and so on.
 */
export function* ancestry(block: SimBlock): Generator<SimBlock, void> {
  for (let at: SimBlock | undefined = block; at !== undefined; at = at.parent) yield at
}

/** The ancestor of a block (or itself) with a number; undefined if the number is above it. */
export function ancestorAt(block: SimBlock, number: bigint): SimBlock | undefined {
  for (const at of ancestry(block)) if (at.header.number === number) return at
  return undefined
}
