import type { Address, BlockNumber, Hash32, Height } from '@mosaic/primitives'
import type { ValidatorSet } from '@mosaic/protocol'
import type {
  Challenge,
  Checkpoint,
  CoreFacts,
  FinalizedCheckpoint,
  LinkVotes,
} from './challenge.ts'
import type { Evidence, SignedVote } from './evidence.ts'
import type { Challenger } from './gain.ts'

/** One change of the store; a key without a value goes. */
export type FishermanWrite = { readonly key: Uint8Array; readonly value: Uint8Array | undefined }

/** Bytes in the order of their keys, changed by atomic batches. Nobody else writes there. */
export type FishermanStore = {
  readonly get: (key: Uint8Array) => Uint8Array | undefined
  readonly batch: (
    writes: readonly FishermanWrite[],
    options?: { readonly sync?: boolean },
  ) => Promise<void>
  /** Entries from `from` (inclusive) to `to` (exclusive), descending if `reverse`. */
  readonly entries: (range: {
    readonly from: Uint8Array
    readonly to: Uint8Array
    readonly limit?: number
    readonly reverse?: boolean
  }) => AsyncIterable<readonly [Uint8Array, Uint8Array]>
}

/** What a chain's state says of a validator. */
export type Standing =
  /** It has something to lose there, and evidence would be taken now. */
  | 'slashable'
  /** Not now: it may be later. */
  | 'out-of-reach'
  /** It is slashed in the newest state, which is not final. */
  | 'slashed'
  /** It is slashed in a final state, or has nothing left to lose for good. */
  | 'settled'

/** A chain on which validators are slashed. */
export type Court = {
  readonly name: 'origin' | 'auxiliary'
  readonly standing: (validator: Address) => Promise<Standing>
  /** Whether the chain would take the evidence, on the state that includes what waits for the next block. */
  readonly wouldTake: (evidence: Evidence) => Promise<boolean>
  /** Sends the evidence and waits until it is included. @throws if the chain would refuse it, before anything is sent. */
  readonly report: (evidence: Evidence) => Promise<void>
}

/** The core, as far as a fisherman can show it something, and what this node knows for sure: of its own chain and through its own endpoint. */
export type ChallengePort = {
  readonly self: Challenger
  /** Stake of its validator in base units of the token; 0 without one. */
  readonly ownStake: () => Promise<bigint>
  /** The newest state of the core; undefined unless it takes meta-blocks. */
  readonly facts: () => Promise<CoreFacts | undefined>
  /** Checkpoints on the branch that this node has finalized, lowest first: all since the commit before the closed height's. */
  readonly checkpoints: () => Promise<readonly Checkpoint[]>
  /** The link over one epoch that finalized a checkpoint, if a supermajority of these validators voted for it. */
  readonly finalizingLink: (
    checkpoint: Checkpoint,
    validators: ValidatorSet,
    slashed: ReadonlySet<Address>,
  ) => Promise<FinalizedCheckpoint | undefined>
  /** A finalized observation that is not in origin's history, though origin is final there. */
  readonly foreignObservation: (
    facts: CoreFacts,
  ) => Promise<{ readonly link: LinkVotes; readonly originHash: Hash32 } | undefined>
  /** Wei that the gas would cost, tried on the state that includes what waits for the next block; undefined if it would be refused. */
  readonly dryRun: (challenge: Challenge) => Promise<bigint | undefined>
  /** Sends, and waits until it is included; the number of that block. */
  readonly send: (challenge: Challenge) => Promise<BlockNumber>
}

/** What a fisherman has earned on the core and not been paid. */
export type RewardPort = {
  /** Calls that bring it nearer, each of which would succeed now. */
  readonly due: () => Promise<readonly Collection[]>
  readonly collect: (collection: Collection) => Promise<void>
}

/** A call that pays a fisherman, or a step towards it. */
export type Collection =
  /** The share of a stake that was lost by this fisherman's report, or by the verdict it obtained. */
  | { readonly kind: 'withdraw'; readonly validator: Address }
  /** What the verdict it obtained takes from one validator. */
  | { readonly kind: 'execute-verdict'; readonly validator: Address }
  /** What validators lost by a gas target that this fisherman showed to be missed. */
  | { readonly kind: 'settle-losses'; readonly validators: readonly Address[] }
  /** The bond of a proposal that it struck. */
  | { readonly kind: 'reclaim-bond'; readonly transitionHash: Hash32 }
  /** All that it earned by challenges. */
  | { readonly kind: 'claim-reward' }

/** What a fisherman needs from the node around it. */
export type FishermanPorts = {
  readonly store: FishermanStore
  /**
   * T̃ under the state of a vote's source, as this node has it: for auxiliary what slot 0 of TransitionTracker holds in the state of
   * that block, for origin the hash over number, block hash and state root. Undefined while the block is not known.
   */
  readonly transitionHash: (chain: Hash32, source: Hash32) => Promise<Hash32 | undefined>
  /** The highest target of a chain that an honest vote may have by now. */
  readonly horizon: (chain: Hash32) => Height
  /** Votes that were shown to origin alone and not read yet, signatures checked. */
  readonly hiddenVotes: () => Promise<readonly SignedVote[]>
  readonly courts: readonly Court[]
  /** Undefined: does not challenge. */
  readonly challenges: ChallengePort | undefined
  /** Undefined: collects nothing. */
  readonly rewards: RewardPort | undefined
  /** Pays for reports; keeps fishermen from getting in each other's way. Undefined: does not wait for others. */
  readonly account: Address | undefined
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    event: string,
    fields: Record<string, unknown>,
  ) => void
}
