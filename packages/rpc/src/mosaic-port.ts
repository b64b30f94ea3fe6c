import type {
  Address,
  BlockNumber,
  Dynasty,
  Hash32,
  Height,
  Hex,
  MetaHeight,
  Weight,
} from '@mosaic/primitives'
import type { Kernel, TransitionObject, ValidatorSet, VoteMessage } from '@mosaic/protocol'
import type { AccountProofView } from './views.ts'

/** What this node knows of the protocol. Everything is undefined when it is not known, or not yet. */
export type MosaicPort = {
  readonly status: () => Promise<MosaicStatusView>
  readonly checkpoint: (height: Height) => Promise<CheckpointView | undefined>
  readonly transitionObject: (height: Height) => Promise<TransitionView | undefined>
  readonly votes: (query: VoteQuery) => Promise<readonly VoteView[]>
  /** At a meta-block height; the active one when not given. */
  readonly validatorSet: (height?: MetaHeight) => Promise<ValidatorSetView | undefined>
  /** At a meta-block height; the active one when not given. */
  readonly kernel: (height?: MetaHeight) => Promise<KernelView | undefined>
  readonly metaBlock: (height: MetaHeight) => Promise<MetaBlockView | undefined>
  /** Takes a vote of any validator, and gossips it. */
  readonly sendVote: (vote: SignedVoteView) => Promise<SendVoteOutcome>
  /** Proves slots of an auxiliary account against the state root that a committed meta-block anchors on origin. */
  readonly proof: (
    address: Address,
    slots: readonly Hash32[],
    height: MetaHeight,
  ) => Promise<AnchoredProofView | undefined>
}

/** A chain that is voted about. */
export type ChainName = 'auxiliary' | 'origin'

/** A checkpoint by height and block. */
export type CheckpointReference = {
  readonly height: Height
  readonly number: BlockNumber
  readonly hash: Hash32
}

/** Where the node and its chain stand. */
export type MosaicStatusView = {
  readonly coreIdentifier: Hash32
  readonly originChainId: bigint
  readonly core: Address
  /** A: blocks per checkpoint on auxiliary. */
  readonly epochLength: bigint
  /** O: blocks per checkpoint on origin. */
  readonly originEpochLength: bigint
  readonly genesisHash: Hash32
  readonly head: { readonly number: BlockNumber; readonly hash: Hash32 }
  readonly justified: CheckpointReference
  readonly finalized: CheckpointReference
  readonly dynasty: Dynasty
  /** Height of the active kernel. */
  readonly kernelHeight: MetaHeight
  /** O_f. */
  readonly observation: { readonly number: BlockNumber; readonly hash: Hash32 }
  /** The account this node votes for. */
  readonly validator: Address | undefined
  /** The account this node seals for. */
  readonly signer: Address | undefined
  /** What the core on origin says; undefined while the node has not reached it. */
  readonly accountability: AccountabilityView | undefined
}

/** Who was punished on origin, and whether the core still takes meta-blocks. */
export type AccountabilityView = {
  readonly phase: 'creation' | 'open' | 'halted'
  /** Oldest first. */
  readonly slashed: readonly {
    readonly validator: Address
    readonly offence: string
    /** What it lost, in base units of the token. */
    readonly stake: Weight
    readonly reporter: Address
    readonly transaction: Hash32
  }[]
  readonly halt:
    | {
        readonly height: MetaHeight
        readonly reason: string
        readonly reporter: Address
        readonly transaction: Hash32
      }
    | undefined
}

/** A checkpoint of auxiliary on the canonical chain. */
export type CheckpointView = CheckpointReference & {
  readonly stage: 'proposed' | 'justified' | 'finalized'
  readonly dynasty: Dynasty
  /** T̃ at this checkpoint. */
  readonly transitionHash: Hash32
}

/** T at a checkpoint, and its hash. */
export type TransitionView = {
  readonly height: Height
  readonly hash: Hash32
  readonly transition: TransitionObject
}

/** Votes by their target, or by what they say. */
export type VoteQuery =
  | { readonly chain: ChainName; readonly height: Height }
  | { readonly link: Hash32 }

/** A vote as it travels. */
export type SignedVoteView = {
  readonly message: VoteMessage
  /** 64 or 65 bytes. */
  readonly signature: Hex
}

/** A vote that this node has seen. */
export type VoteView = SignedVoteView & {
  /** The digest that is signed. */
  readonly link: Hash32
  readonly validator: Address
  /** The auxiliary block that counted it; undefined while it waits. */
  readonly blockNumber: BlockNumber | undefined
}

/** V_n by index; empty seats are undefined. */
export type ValidatorSetView = {
  readonly height: MetaHeight
  readonly hash: Hash32
  readonly seats: ValidatorSet
  readonly forwardWeight: Weight
  readonly rearWeight: Weight
}

/** K_n, its hash, and whether auxiliary has activated it. */
export type KernelView = {
  readonly hash: Hash32
  readonly kernel: Kernel
  readonly active: boolean
}

/** B_n. */
export type MetaBlockView = {
  readonly height: MetaHeight
  readonly hash: Hash32
  readonly kernel: Kernel
  readonly kernelHash: Hash32
  /** T as committed. */
  readonly transition: TransitionObject
  readonly transitionHash: Hash32
  /** The checkpoint s whose T is committed; undefined for B_0. */
  readonly checkpoint: CheckpointReference | undefined
  /** The votes of the seal; none for B_0. */
  readonly seal: readonly VoteView[]
  /** The state root that is anchored on origin. */
  readonly stateRoot: Hash32
  /** The origin transaction that committed it, if this node knows. */
  readonly commitTransaction: Hash32 | undefined
}

/** What became of a vote that was sent in. */
export type SendVoteOutcome =
  | { readonly kind: 'accepted'; readonly link: Hash32 }
  /** Not now: the message says what is missing. The vote may be sent again. */
  | { readonly kind: 'deferred'; readonly message: string }
  /** Never. */
  | { readonly kind: 'rejected'; readonly message: string }

/** An account proof, and the header that ties it to the anchored state root. */
export type AnchoredProofView = {
  readonly height: MetaHeight
  readonly blockNumber: BlockNumber
  readonly blockHash: Hash32
  readonly stateRoot: Hash32
  /** The RLP of the block's header. */
  readonly header: Hex
  readonly proof: AccountProofView
}
