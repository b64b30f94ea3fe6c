import type { Address, Hash32, Height } from '@mosaic/primitives'
import type { Challenge, ChallengeFacts, OpenProposal } from './challenge.ts'
import type { Evidence } from './evidence.ts'

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
  /** Sends the evidence and waits until it is included. @throws if the chain would refuse it, before anything is sent. */
  readonly report: (evidence: Evidence) => Promise<void>
}

/** The core, as far as proposals can be challenged there. */
export type ChallengePort = {
  /** Proposals in their challenge period that nobody has challenged. */
  readonly proposals: () => Promise<readonly OpenProposal[]>
  /** What this node knows for sure: of its own auxiliary chain and through its own origin endpoint. */
  readonly facts: () => Promise<ChallengeFacts>
  /** What the challenger would have more afterwards than before, in base units of its stake, on the newest state; undefined if it would fail. */
  readonly dryRun: (challenge: Challenge) => Promise<bigint | undefined>
  readonly send: (challenge: Challenge) => Promise<void>
}

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
  readonly courts: readonly Court[]
  /** Undefined: does not challenge. */
  readonly challenges: ChallengePort | undefined
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    event: string,
    fields: Record<string, unknown>,
  ) => void
}
