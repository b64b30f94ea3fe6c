import type { Chain, TransactionPool, VoteIntake, VotePool } from '@mosaic/chain'
import type { CoreEvent } from '@mosaic/contracts'
import type { Address, Hash32, MetaHeight } from '@mosaic/primitives'
import type { Kernel, TransitionObject, ValidatorSet } from '@mosaic/protocol'
import type { AccountabilityView, SyncProgress } from '@mosaic/rpc'
import type { Store } from '@mosaic/storage'
import type { TransactionIntake } from './transaction-intake.ts'

/** The parts that JSON-RPC answers from. */
export type RpcContext = {
  readonly chain: Chain
  readonly transactions: TransactionPool
  readonly transactionIntake: TransactionIntake
  /** Gossips a transaction taken from a user. */
  readonly gossipTransaction: (raw: Uint8Array) => Promise<void>
  readonly peerCount: () => number
  /** Undefined when the node is not behind. */
  readonly syncProgress: () => SyncProgress | undefined
  /** The account this node seals for. */
  readonly signer: Address | undefined
  /** Wishes for the signers, shared with the producer. */
  readonly proposals: Map<Address, boolean>
  /** As in `mosaic/0.1.0/linux-x64/node24`. */
  readonly clientVersion: string
  /** What `mosaic_` methods answer from; undefined for a chain that is no auxiliary chain. */
  readonly mosaic: MosaicContext | undefined
}

/** The parts of a node that belong to Mosaic. */
export type MosaicContext = {
  /** The store under the chain. */
  readonly store: Store
  readonly votes: VotePool
  readonly intake: VoteIntake
  /** Gossips a vote taken from a user. */
  readonly gossipVote: (bytes: Uint8Array) => Promise<void>
  /** The account this node votes for. */
  readonly validator: Address | undefined
  /** The core on origin, for past kernels and meta-blocks; without it those are not known. */
  readonly origin: OriginPort | undefined
  /** Who was punished on origin; undefined while that is not known. */
  readonly accountability: () => AccountabilityView | undefined
}

/** Reads the core on origin. Undefined is what origin does not know. Throws RpcError when origin cannot be reached. */
export type OriginPort = {
  readonly kernel: (height: MetaHeight) => Promise<OpenedKernelView | undefined>
  readonly metaBlock: (height: MetaHeight) => Promise<CommittedMetaBlockView | undefined>
}

/** A kernel that the core opened, with the validator set that holds under it. */
type OpenedKernelView = {
  readonly kernel: Kernel
  readonly kernelHash: Hash32
  readonly validatorSet: ValidatorSet
}

/** A meta-block as the core's events tell it. */
type CommittedMetaBlockView = {
  readonly committed: Pick<
    Extract<CoreEvent, { name: 'MetaBlockCommitted' }>,
    'source' | 'target' | 'sourceHeight' | 'stateRoot' | 'transitionHash'
  >
  readonly transition: TransitionObject
  readonly transactionHash: Hash32
}
