import type {
  Address,
  BlockNumber,
  Dynasty,
  Gas,
  Hash32,
  Height,
  MetaHeight,
} from '@mosaic/primitives'
import type { TransitionObject, ValidatorSet, VoteMessage } from '@mosaic/protocol'
import type { SignedVote } from './evidence.ts'

/** A link, with votes for it by validators of one set. */
export type LinkVotes = { readonly vote: VoteMessage; readonly votes: readonly SignedVote[] }

/** A proposal that stands on the core. */
export type OpenProposal = {
  readonly transitionHash: Hash32
  readonly transition: TransitionObject
  /** Seconds since 1970. */
  readonly challengeEnd: bigint
}

/** A checkpoint on the branch that this node has finalized, with T as it computed it. */
export type Checkpoint = { readonly height: Height; readonly transition: TransitionObject }

/** A checkpoint with the link over one epoch that finalized it. */
export type FinalizedCheckpoint = Checkpoint & { readonly link: LinkVotes }

/** A meta-block height on the core. */
export type HeightFacts = {
  readonly height: MetaHeight
  readonly kernelHash: Hash32
  /** V of its kernel. */
  readonly validators: ValidatorSet
  /** Gas from the commit before on that a transition object has to reach (§2.5). */
  readonly gasTarget: Gas
  /** Dynasty and gas of the commit before. */
  readonly previous: Pick<TransitionObject, 'dynasty' | 'accumulatedGas'>
}

/** What the core says, all at one origin block. */
export type CoreFacts = {
  readonly blockNumber: BlockNumber
  /** Time of that block, in seconds since 1970. */
  readonly timestamp: bigint
  readonly open: HeightFacts & {
    /** Validators of the core that are slashed. */
    readonly slashed: ReadonlySet<Address>
    /** Dynasty above which nothing can close the height any more, and who proved it. */
    readonly ceiling: { readonly dynasty: Dynasty; readonly challenger: Address } | undefined
    /** Those that can still be committed or struck. */
    readonly proposals: readonly OpenProposal[]
  }
  /** The height before; undefined while that is genesis. */
  readonly closed:
    | (HeightFacts & {
        /** Dynasty with which it was closed. */
        readonly dynasty: Dynasty
        /** Millionths of their stake that its validators lose by what was proven so far. */
        readonly proven: bigint
      })
    | undefined
  readonly terms: CoreTerms
}

/** Parameters of the core that a challenge is measured by. */
export type CoreTerms = {
  /** Wei. */
  readonly proposalBond: bigint
  /** Seconds. */
  readonly challengePeriod: bigint
  /** Basis points. */
  readonly reporterShare: bigint
  /** Millionths of a stake per dynasty. */
  readonly missedDynastyLoss: bigint
}

/** What the core can be shown, so that it halts, strikes, or takes stake. All but the last are about the open height. */
export type Challenge = { readonly height: MetaHeight } & (
  | {
      /** A finalized observation is not in origin's history (§2.3): halts. */
      readonly kind: 'foreign-observation'
      readonly link: LinkVotes
      /** What origin has there, through this node's own endpoint. */
      readonly originHash: Hash32
    }
  | {
      /** More than a third of the weight voted for two links that exclude each other (§2.5): halts. */
      readonly kind: 'conflicting-links'
      readonly first: LinkVotes
      /** By the same validators, in the same order. */
      readonly second: LinkVotes
    }
  | {
      /** A checkpoint finalized before those that are proposed had met the gas target (§2.5): nothing later closes the height. */
      readonly kind: 'gas-target'
      readonly earlier: FinalizedCheckpoint
      readonly late: readonly OpenProposal[]
    }
  | {
      /** A proposal above the ceiling that this fisherman proved: its bond is the fisherman's. */
      readonly kind: 'late-proposal'
      readonly proposal: OpenProposal
    }
  | {
      /** A checkpoint finalized before the committed one had met the gas target (§2.5): all validators of the height lose. */
      readonly kind: 'late-commit'
      readonly earlier: FinalizedCheckpoint
      /** Millionths of each stake. */
      readonly fraction: bigint
    }
)

/** Most that a height can lose by missing its gas target, in millionths. */
const MAX_LOSS = 500_000n

/** Names a challenge: what has one name is brought once. */
export function nameOf(challenge: Challenge): string {
  const { kind, height } = challenge
  switch (kind) {
    case 'foreign-observation':
    case 'conflicting-links':
      return `${kind} ${height}`
    case 'gas-target':
      return `${kind} ${height} ${challenge.earlier.transition.dynasty}`
    case 'late-proposal':
      return `${kind} ${challenge.proposal.transitionHash}`
    case 'late-commit':
      return `${kind} ${height} ${challenge.fraction}`
  }
}

/** Proposals of the open height that would close it later than an earlier checkpoint had to. */
export function findLate(
  { open: { proposals, ceiling } }: CoreFacts,
  { transition: { dynasty } }: Checkpoint,
): readonly OpenProposal[] {
  if (ceiling !== undefined && ceiling.dynasty <= dynasty) return []
  return proposals.filter(({ transition }) => transition.dynasty > dynasty)
}

/** Proposals above the ceiling that `challenger` proved. */
export function findStrikable(
  { open: { ceiling, proposals } }: CoreFacts,
  challenger: Address,
): readonly OpenProposal[] {
  if (ceiling?.challenger !== challenger) return []
  return proposals.filter(({ transition }) => transition.dynasty > ceiling.dynasty)
}

/** What the validators of the closed height lose for having passed over a checkpoint; undefined if that is no more than they do already. */
export function findLoss(
  { closed, terms }: CoreFacts,
  { transition: { dynasty } }: Checkpoint,
): bigint | undefined {
  if (closed === undefined || dynasty >= closed.dynasty) return undefined
  const fraction = (closed.dynasty - dynasty) * terms.missedDynastyLoss
  const bounded = fraction < MAX_LOSS ? fraction : MAX_LOSS
  return bounded > closed.proven ? bounded : undefined
}

/** Those checkpoints that had met the gas target of a height, the earliest first. Not all of them need be finalized themselves. */
export function findDue(
  { kernelHash, gasTarget, previous }: HeightFacts,
  checkpoints: readonly Checkpoint[],
): readonly Checkpoint[] {
  return checkpoints.filter(({ transition }) => {
    const gas = transition.accumulatedGas - previous.accumulatedGas
    return (
      transition.kernelHash === kernelHash &&
      transition.dynasty > previous.dynasty &&
      gas > 0n &&
      gas >= gasTarget
    )
  })
}
