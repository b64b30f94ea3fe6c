import {
  type Address,
  bigintToBytes,
  bytesToAddress,
  type Hash32,
  type Height,
  keccak256,
  type MetaHeight,
  toHeight,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { ValidatorSeat, ValidatorSet, VoteMessage } from '@mosaic/protocol'
import {
  type ActiveSet,
  type CheckpointView,
  type CountedVote,
  type FinalityState,
  initialFinality,
} from '../src/index.ts'

const CHAIN: Hash32 = hashOf('chain')

/** A chain of checkpoints by its name; all chains share the root at height 0. */
export type Branch = string

export const ROOT = { height: toHeight(0n), hash: hashOf('root') }
export const EMPTY: FinalityState = initialFinality(ROOT)

export function hashOf(name: string): Hash32 {
  return keccak256(utf8ToBytes(name))
}

export function addressAt(index: number): Address {
  return bytesToAddress(bigintToBytes(BigInt(index + 1), 20))
}

export function checkpointAt(height: number | bigint, branch: Branch = 'main'): Hash32 {
  return BigInt(height) === 0n ? ROOT.hash : hashOf(`${branch} ${height}`)
}

/** What every honest node computes for a source: a function of the source alone. */
function transitionOf(source: Hash32): Hash32 {
  return keccak256(utf8ToBytes(`transition at ${source}`))
}

/** A link between two checkpoints of a branch; members may be replaced. */
export function linkOf(
  source: number,
  target: number,
  changes: Partial<VoteMessage> & { readonly branch?: Branch } = {},
): VoteMessage {
  const { branch, ...members } = changes
  const from = checkpointAt(source, branch)
  return {
    chain: CHAIN,
    transitionHash: transitionOf(from),
    source: from,
    target: checkpointAt(target, branch),
    sourceHeight: toHeight(BigInt(source)),
    targetHeight: toHeight(BigInt(target)),
    ...members,
  }
}

/** One validator's vote for a link. Two votes name one link exactly if they are one message. */
export function votedBy(validator: number, vote: VoteMessage): CountedVote {
  const text = JSON.stringify(Object.values(vote).map(String))
  return { vote, link: hashOf(text), validator: addressAt(validator) }
}

/** The checkpoints of one branch, or of several at once, as reports about origin allow. */
export function viewOf(
  branches: readonly Branch[] = ['main'],
  changes: Partial<CheckpointView> = {},
): CheckpointView {
  return {
    chain: CHAIN,
    isCheckpoint: (height, hash) =>
      height < 100n && branches.some((branch) => checkpointAt(height, branch) === hash),
    transitionHash: (_, hash) => transitionOf(hash),
    currentHeight: toHeight(0n),
    maxVoteAge: 1000n,
    ...changes,
  }
}

/** Validators that count in both sets, with these weights. */
export function activeSet(weights: readonly bigint[], changes: Partial<ActiveSet> = {}): ActiveSet {
  const validators = weights.map((weight, index) => seatOf(index, weight))
  return { kernelHeight: toMetaHeight(1n), validators, slashed: new Set(), ...changes }
}

export function seatOf(
  index: number,
  weight: bigint,
  flags: { readonly forward?: boolean; readonly rear?: boolean } = {},
): ValidatorSeat {
  return {
    address: addressAt(index),
    weight: toWeight(weight),
    forward: flags.forward ?? true,
    rear: flags.rear ?? true,
  }
}

export function atKernel(height: number, validators: ValidatorSet): ActiveSet {
  const kernelHeight: MetaHeight = toMetaHeight(BigInt(height))
  return { kernelHeight, validators, slashed: new Set() }
}

/** A state in a form that two states share exactly if they say the same. */
export function summarise(state: FinalityState): unknown {
  return {
    justified: sorted(state.justified),
    finalized: sorted(state.finalized),
    links: [...state.links]
      .map(([link, { voters, voted, kernelHeight }]) => ({
        link,
        voters: [...voters].toSorted(),
        voted,
        kernelHeight,
      }))
      .toSorted((a, b) => (a.link < b.link ? -1 : 1)),
  }
}

function sorted(
  checkpoints: ReadonlyMap<Height, Hash32>,
): readonly (readonly [height: Height, hash: Hash32])[] {
  return [...checkpoints].toSorted(([a], [b]) => Number(a - b))
}
