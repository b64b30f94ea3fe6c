import {
  type Address,
  type BlockNumber,
  type Dynasty,
  type Gas,
  type Hash32,
  type Height,
  type Hex,
  type MetaHeight,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toHex,
  toMetaHeight,
  toWeight,
  type Weight,
} from '@mosaic/primitives'
import type { Kernel, TransitionObject, VoteMessage } from '@mosaic/protocol'
import type { Result } from 'ethers'
import {
  createEventDecoder,
  createView,
  type EncodedLog,
  encodeCreation,
  encodeFunction,
  type NamedEvent,
  type View,
} from './abi-codec.ts'
import { coreAbi } from './core-abi.ts'
import { eventTopic } from './event-topic.ts'
import { encodeSignerBitmap, readKernel, readTransition } from './fields.ts'
import { coreCreationCode } from './generated/core.ts'
import { coreFactoryAbi, coreFactoryCreationCode } from './generated/core-factory.ts'
import { lazyInterface } from './lazy-interface.ts'
import { type SlashedOffence, toSlashedOffence } from './offence-codec.ts'

/** What a core is created with and never changes. */
export type CoreParameters = {
  readonly token: Address
  /** Contract that decides how much of each stake counts. */
  readonly reputation: Address
  readonly minimumStake: Weight
  readonly auxiliaryChainId: bigint
  readonly epochLength: bigint
  readonly originEpochLength: bigint
  readonly maxVoteAge: bigint
  readonly gasTarget: Gas
  /** Seconds between proposal and commit. */
  readonly challengePeriod: bigint
  /** Seconds between removal and withdrawal of a stake. */
  readonly withdrawalDelay: bigint
  /** Wei. */
  readonly proposalBond: bigint
  readonly maxJoins: bigint
  readonly maxLogouts: bigint
  /** Share of a slashed stake that the reporter receives, in basis points; 5,000 at most. */
  readonly reporterShare: bigint
  /** Part of their stake that the validators of a height lose per dynasty by which they missed their gas target, in millionths. */
  readonly missedDynastyLoss: bigint
}

/** State of a core's life. */
export type CorePhase = 'creation' | 'open' | 'halted'

/** Where a core stands. */
export type CoreHead = {
  readonly phase: CorePhase
  readonly height: MetaHeight
  readonly dynasty: Dynasty
  readonly accumulatedGas: Gas
  readonly queuedChanges: bigint
  /** Seats of the open kernel whose validator is slashed; the next kernel has them empty. */
  readonly slashedSeats: bigint
  /** Whether the validators of the height before lose stake; the next kernel has their weights lower. */
  readonly lossPending: boolean
}

/** State of a validator's life in the core's registry. */
export type ValidatorStatus =
  | 'unknown'
  | 'queued'
  | 'seated'
  | 'logout-queued'
  | 'leaving'
  | 'removed'
  | 'withdrawn'
  | 'slashed'

/** What the core keeps of a validator. */
export type RegisteredValidator = {
  /** Once slashed: what of it the reporter receives, until it is paid. */
  readonly stake: Weight
  /** Who receives the stake. Once slashed: the reporter. */
  readonly withdrawal: Address
  readonly startHeight: MetaHeight
  readonly endHeight: MetaHeight
  readonly index: number
  /** Seconds since 1970; 0 until it is removed. */
  readonly removedAt: bigint
  readonly status: ValidatorStatus
  /** Whether its weight is kept apart from its stake, see {@link Weighting}; else the weight is the stake. */
  readonly isWeighted: boolean
}

/** The weight of a validator whose reputation is or was not the whole. */
export type Weighting = {
  /** In the set of the open kernel; of a queued validator what it will join with. */
  readonly weight: Weight
  /** In the sets before `changedAt`. */
  readonly previous: Weight
  /** Height of the last kernel that changed it; 0 if none did. */
  readonly changedAt: MetaHeight
  /** Reputation in basis points that waits for the next kernel. */
  readonly queued: bigint | undefined
}

/** A proposal that waits for its commit. */
export type Proposal = {
  readonly proposer: Address
  /** Seconds since 1970. */
  readonly challengeEnd: bigint
  readonly height: MetaHeight
}

/** Where the staked tokens of a core are, in base units of the token. */
export type CoreLedger = {
  /** Stakes of all validators, and rewards of reporters that are not paid yet. */
  readonly staked: Weight
  /** Stakes lost for good. */
  readonly burned: Weight
  /** Time when the core halted, in seconds since 1970; 0 if it did not. */
  readonly haltedAt: bigint
}

/** Why a core halted, in the order of the Solidity enumeration. */
export const HALT_REASONS = [
  'safety-threshold',
  'conflicting-links',
  'contradicting-observation',
] as const

/** Why a core halted. */
export type HaltReason = (typeof HALT_REASONS)[number]

/** A link with the votes for it, of 64 bytes each, in any order. */
export type VotedLink = {
  readonly vote: VoteMessage
  readonly votes: readonly SeatVote[]
}

/** The link over one epoch that finalizes an auxiliary checkpoint, and who voted for it. */
export type FinalizingLink = {
  readonly source: Hash32
  readonly target: Hash32
  readonly sourceHeight: Height
  readonly votes: readonly SeatVote[]
}

/** What all validators of one meta-block height lose because their gas target was missed. */
export type StakeLoss = {
  readonly challenger: Address
  readonly height: MetaHeight
  /** Millionths of each stake. */
  readonly fraction: bigint
}

/** A signature of 64 bytes (EIP-2098) by the validator in a seat. */
export type SeatVote = { readonly validatorIndex: number; readonly signature: Hex }

/** A vote with its signature of 64 (EIP-2098) or 65 bytes. */
export type SignedVote = { readonly vote: VoteMessage; readonly signature: Hex }

/** What shows T̃ of a source. */
export type TransitionEvidence = {
  /** RLP of the source's header. */
  readonly header: Hex
  /** Nodes to the account of TransitionTracker as `eth_getProof` gives them; none if the source is a block of origin. */
  readonly accountProof: readonly Hex[]
  /** Nodes to its slot 0; none if the source is a block of origin, or there is no such account. */
  readonly storageProof: readonly Hex[]
}

/** All that `Core.commit` takes. */
export type CommitArguments = {
  readonly transition: TransitionObject
  readonly kernel: Kernel
  /** Validator words of the open kernel. */
  readonly validatorSet: Hex
  /** RLP of the source's header. */
  readonly header: Hex
  /** Block hash of the checkpoint after the source. */
  readonly target: Hash32
  /** 64-byte signatures of the link, in any order; one per seat. */
  readonly votes: readonly SeatVote[]
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly Hex[]
}

type CoreEvents = {
  CoreCreated: {
    readonly creator: Address
    readonly definitionHash: Hash32
    readonly parameters: CoreParameters
    readonly definition: Hex
  }
  CoreOpened: {
    readonly rootNumber: BlockNumber
    readonly rootHash: Hash32
    readonly genesisKernelHash: Hash32
    readonly genesisTransitionHash: Hash32
  }
  KernelOpened: {
    readonly height: MetaHeight
    readonly kernelHash: Hash32
    readonly kernel: Kernel
    /** ΔV, see `decodeUpdates` of @mosaic/protocol. */
    readonly updates: Hex
  }
  MetaBlockProposed: {
    readonly height: MetaHeight
    readonly transitionHash: Hash32
    readonly transition: TransitionObject
    readonly proposer: Address
    /** Seconds since 1970. */
    readonly challengeEnd: bigint
  }
  MetaBlockCommitted: {
    readonly height: MetaHeight
    readonly transitionHash: Hash32
    readonly source: Hash32
    readonly target: Hash32
    readonly sourceHeight: Height
    readonly stateRoot: Hash32
  }
  ValidatorDeposited: {
    readonly validator: Address
    readonly withdrawal: Address
    readonly stake: Weight
    readonly payer: Address
  }
  LogoutRequested: { readonly validator: Address }
  ReweighRequested: {
    readonly validator: Address
    /** Basis points. */
    readonly reputation: bigint
    /** By that reputation and the stake as it is now; the next kernel has it, or the validator leaves if it is zero. */
    readonly weight: Weight
  }
  ValidatorRemoved: { readonly validator: Address }
  StakeWithdrawn: {
    readonly validator: Address
    readonly withdrawal: Address
    readonly stake: Weight
  }
  ValidatorSlashed: {
    readonly validator: Address
    readonly offence: SlashedOffence
    /** What it lost. */
    readonly stake: Weight
    readonly reporter: Address
    /** What of it `withdraw` pays to the reporter; the rest is burned. */
    readonly reward: Weight
  }
  Halted: {
    readonly height: MetaHeight
    readonly reason: HaltReason
    readonly reporter: Address
  }
  DynastyCapped: {
    readonly height: MetaHeight
    /** Dynasty of the proven checkpoint, above which nothing can close the height any more. */
    readonly dynasty: Dynasty
    readonly challenger: Address
  }
  ProposalStruck: {
    readonly height: MetaHeight
    /** The proposal, whose bond is the challenger's to reclaim. */
    readonly transitionHash: Hash32
    readonly challenger: Address
  }
  GasTargetMissed: {
    readonly height: MetaHeight
    readonly missedDynasties: bigint
    /** Millionths of each stake. */
    readonly fraction: bigint
    readonly challenger: Address
  }
  StakeReduced: {
    readonly validator: Address
    readonly loss: Weight
    readonly challenger: Address
    /** What of the loss `claimReward` pays to the challenger; the rest is burned. */
    readonly reward: Weight
  }
  RewardPaid: { readonly account: Address; readonly reward: Weight }
  OriginHashAnchored: { readonly number: BlockNumber; readonly blockHash: Hash32 }
  BondReturned: {
    readonly proposer: Address
    /** Wei. */
    readonly bond: bigint
    readonly paid: boolean
  }
}

/** An event of a core. */
export type CoreEvent = NamedEvent<CoreEvents>

const core = lazyInterface(coreAbi)
const factory = lazyInterface(coreFactoryAbi)

const PHASES: readonly CorePhase[] = ['creation', 'open', 'halted']
const STATUSES: readonly ValidatorStatus[] = [
  'unknown',
  'queued',
  'seated',
  'logout-queued',
  'leaving',
  'removed',
  'withdrawn',
  'slashed',
]

/** Creation calldata of a core: code, parameters, arbiter, creator, auxiliary definition. */
export function encodeCoreCreation(
  parameters: CoreParameters,
  arbiter: Address,
  creator: Address,
  definition: Hex,
): Hex {
  return encodeCreation(core, coreCreationCode, [parameters, arbiter, creator, definition])
}

/** Creation calldata of the factory that makes cores of `coreCreationCodeHash`, all with one arbiter. */
export function encodeCoreFactoryCreation(coreCreationCodeHash: Hash32, arbiter: Address): Hex {
  return encodeCreation(factory, coreFactoryCreationCode, [coreCreationCodeHash, arbiter])
}

/** `CoreFactory.createCore`. The creator is the sender. */
export function encodeCreateCore(parameters: CoreParameters, definition: Hex, salt: Hash32): Hex {
  return encodeFunction(factory, 'createCore', [coreCreationCode, parameters, definition, salt])
}

/** `CoreFactory.predictCore`: the address that `createCore` gives. */
export const predictCore: View<
  [parameters: CoreParameters, creator: Address, definition: Hex, salt: Hash32],
  Address
> = {
  encode: (parameters, creator, definition, salt) =>
    encodeFunction(factory, 'predictCore', [
      coreCreationCode,
      parameters,
      creator,
      definition,
      salt,
    ]),
  decode: (data) => toAddress(factory().decodeFunctionResult('predictCore', data)[0]),
}

/** `Core.deposit`; the signature of the registration is empty (`0x`) when the validator is the sender. */
export function encodeDeposit(
  validator: Address,
  withdrawal: Address,
  amount: Weight,
  signature: Hex,
): Hex {
  return encodeFunction(core, 'deposit', [validator, withdrawal, amount, signature])
}

/** `Core.open`. */
export function encodeOpen(): Hex {
  return encodeFunction(core, 'open', [])
}

/** `Core.logout`. */
export function encodeLogout(validator: Address): Hex {
  return encodeFunction(core, 'logout', [validator])
}

/** `reweigh` of a core: the next kernel follows the validator's reputation. */
export function encodeReweigh(validator: Address): Hex {
  return encodeFunction(core, 'reweigh', [validator])
}

/** `Core.withdraw`: the stake of a removed validator, or the reward for a slashed one. */
export function encodeWithdraw(validator: Address): Hex {
  return encodeFunction(core, 'withdraw', [validator])
}

/** `Core.propose`, which is sent with the proposal bond. */
export function encodePropose(transition: TransitionObject): Hex {
  return encodeFunction(core, 'propose', [transition])
}

/** `Core.commit`. */
export function encodeCommit(commit: CommitArguments): Hex {
  return encodeFunction(core, 'commit', [
    commit.transition,
    commit.kernel,
    commit.validatorSet,
    commit.header,
    { target: commit.target, ...toLinkVotes(commit.votes) },
    commit.accountProof,
    commit.storageProof,
  ])
}

/** `Core.anchorOriginHash`. */
export function encodeAnchorOriginHash(number: BlockNumber): Hex {
  return encodeFunction(core, 'anchorOriginHash', [number])
}

/** `Core.reclaimBond`. */
export function encodeReclaimBond(transitionHash: Hash32): Hex {
  return encodeFunction(core, 'reclaimBond', [transitionHash])
}

/** `Core.claimBonds`. */
export function encodeClaimBonds(recipient: Address): Hex {
  return encodeFunction(core, 'claimBonds', [recipient])
}

/** `slash` of a core or of the gadget: two votes of one validator that break condition 1, 2 or 3 together, in any order. */
export function encodeSlash(first: SignedVote, second: SignedVote): Hex {
  return encodeFunction(core, 'slash', [first.vote, first.signature, second.vote, second.signature])
}

/** `slashFalseTransition` of a core or of the gadget: a vote, and what shows that its T̃ is false under its own source. */
export function encodeSlashFalseTransition(vote: SignedVote, truth: TransitionEvidence): Hex {
  return encodeFunction(core, 'slashFalseTransition', [
    vote.vote,
    vote.signature,
    truth.header,
    truth.accountProof,
    truth.storageProof,
  ])
}

/**
 * `haltByConflict`: two links whose votes break a slashing condition together. Only the votes of seats that voted for both are
 * sent; of two supermajorities that is more than a third.
 */
export function encodeHaltByConflict(
  kernel: Kernel,
  validatorSet: Hex,
  first: VotedLink,
  second: VotedLink,
): Hex {
  const ofFirst = toLinkVotes(keepCommon(first.votes, second.votes))
  const ofSecond = toLinkVotes(keepCommon(second.votes, first.votes))
  return encodeFunction(core, 'haltByConflict', [
    kernel,
    validatorSet,
    first.vote,
    second.vote,
    ofFirst.signers,
    ofFirst.signatures,
    ofSecond.signatures,
  ])
}

/** `challengeObservation`: a finalizing link about origin whose source is not origin's block of that height. Halts the core. */
export function encodeChallengeObservation(
  kernel: Kernel,
  validatorSet: Hex,
  link: VotedLink,
): Hex {
  const { signers, signatures } = toLinkVotes(link.votes)
  return encodeFunction(core, 'challengeObservation', [
    kernel,
    validatorSet,
    link.vote,
    signers,
    signatures,
  ])
}

/** `capDynasty`: a finalized checkpoint has met the gas target of the open height, so nothing later can close it. */
export function encodeCapDynasty(challenge: {
  readonly earlier: TransitionObject
  /** What finalized it. */
  readonly link: FinalizingLink
  readonly kernel: Kernel
  readonly validatorSet: Hex
}): Hex {
  return encodeFunction(core, 'capDynasty', [
    challenge.earlier,
    toFinalizingLink(challenge.link),
    challenge.kernel,
    challenge.validatorSet,
  ])
}

/** `strikeProposal`: makes the bond of a proposal above the proven ceiling the challenger's, who gets it by `reclaimBond`. */
export function encodeStrikeProposal(late: TransitionObject): Hex {
  return encodeFunction(core, 'strikeProposal', [late])
}

/** `challengeGasTarget`: an earlier finalized checkpoint had met the gas target of the last committed height. */
export function encodeChallengeGasTarget(challenge: {
  readonly earlier: TransitionObject
  /** What finalized the earlier one. */
  readonly link: FinalizingLink
  /** The kernel of the last committed height, and its validator words. */
  readonly kernel: Kernel
  readonly validatorSet: Hex
  /** T and K̃ of the height before. */
  readonly previous: TransitionObject
  readonly previousKernelHash: Hash32
}): Hex {
  return encodeFunction(core, 'challengeGasTarget', [
    challenge.earlier,
    toFinalizingLink(challenge.link),
    challenge.kernel,
    challenge.validatorSet,
    challenge.previous,
    challenge.previousKernelHash,
  ])
}

/** `settleLosses`: brings stakes up to date with the losses of their heights, which pays the challengers. */
export function encodeSettleLosses(validators: readonly Address[]): Hex {
  return encodeFunction(core, 'settleLosses', [validators])
}

/** `claimReward`: pays an account what it earned by challenges. */
export function encodeClaimReward(account: Address): Hex {
  return encodeFunction(core, 'claimReward', [account])
}

/** `hopOriginHash`: records the hash of an origin block out of the state of a later one (EIP-2935). */
export function encodeHopOriginHash(hop: {
  /** Number of the later block, and RLP of its header. */
  readonly from: BlockNumber
  readonly header: Hex
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly Hex[]
  /** At most 8,191 below. */
  readonly number: BlockNumber
}): Hex {
  return encodeFunction(core, 'hopOriginHash', [
    hop.from,
    hop.header,
    hop.accountProof,
    hop.storageProof,
    hop.number,
  ])
}

/** `executeVerdict`: what the verdict of a halted core means for one validator. */
export function encodeExecuteVerdict(validator: Address): Hex {
  return encodeFunction(core, 'executeVerdict', [validator])
}

/** The views of a core that programs need. */
export const coreViews: {
  readonly head: View<[], CoreHead>
  readonly parameters: View<[], CoreParameters>
  readonly kernelHash: View<[height: MetaHeight], Hash32>
  readonly stateRoot: View<[height: MetaHeight], Hash32>
  readonly validatorOf: View<[validator: Address], RegisteredValidator>
  readonly weightingOf: View<[validator: Address], Weighting>
  readonly proposalOf: View<[transitionHash: Hash32], Proposal>
  readonly bondsOwed: View<[proposer: Address], bigint>
  readonly anchoredOriginHash: View<[number: BlockNumber], Hash32>
  readonly definitionHash: View<[], Hash32>
  readonly ledger: View<[], CoreLedger>
  /** Whether a verdict of the halted core waits to be carried out on a validator. */
  readonly isConvicted: View<[validator: Address], boolean>
  /** Tokens that an account earned by challenges and that are not paid yet. */
  readonly rewardOf: View<[account: Address], Weight>
  /** Number of losses that are in all weights, and the last that was proven; it is open only while `lossPending`. */
  readonly losses: View<[], { readonly closed: bigint; readonly open: StakeLoss }>
} = {
  head: createView(core, 'head', (result) => readHead(result[0])),
  parameters: createView(core, 'parameters', (result) => readParameters(result[0])),
  kernelHash: createView(core, 'kernelHash', (result) => toHash32(result[0])),
  stateRoot: createView(core, 'stateRoot', (result) => toHash32(result[0])),
  validatorOf: createView(core, 'validatorOf', (result) => readValidator(result[0])),
  weightingOf: createView(core, 'weightingOf', (result) => readWeighting(result[0])),
  proposalOf: createView(core, 'proposalOf', (result) => readProposal(result[0])),
  bondsOwed: createView(core, 'bondsOwed', (result) => BigInt(result[0])),
  anchoredOriginHash: createView(core, 'anchoredOriginHash', (result) => toHash32(result[0])),
  definitionHash: createView(core, 'definitionHash', (result) => toHash32(result[0])),
  isConvicted: createView(core, 'isConvicted', (result) => Boolean(result[0])),
  rewardOf: createView(core, 'rewardOf', (result) => toWeight(result[0])),
  losses: createView(core, 'losses', (result) => ({
    closed: BigInt(result[0]),
    open: readLoss(result[1]),
  })),
  ledger: createView(core, 'ledger', readLedger),
}

/** First topics of the core's events, for log filters. */
export const coreEventTopics: { readonly [Name in keyof CoreEvents]: Hash32 } = {
  CoreCreated: eventTopic(coreAbi, 'CoreCreated'),
  CoreOpened: eventTopic(coreAbi, 'CoreOpened'),
  KernelOpened: eventTopic(coreAbi, 'KernelOpened'),
  MetaBlockProposed: eventTopic(coreAbi, 'MetaBlockProposed'),
  MetaBlockCommitted: eventTopic(coreAbi, 'MetaBlockCommitted'),
  ValidatorDeposited: eventTopic(coreAbi, 'ValidatorDeposited'),
  LogoutRequested: eventTopic(coreAbi, 'LogoutRequested'),
  ReweighRequested: eventTopic(coreAbi, 'ReweighRequested'),
  ValidatorRemoved: eventTopic(coreAbi, 'ValidatorRemoved'),
  StakeWithdrawn: eventTopic(coreAbi, 'StakeWithdrawn'),
  ValidatorSlashed: eventTopic(coreAbi, 'ValidatorSlashed'),
  Halted: eventTopic(coreAbi, 'Halted'),
  DynastyCapped: eventTopic(coreAbi, 'DynastyCapped'),
  ProposalStruck: eventTopic(coreAbi, 'ProposalStruck'),
  GasTargetMissed: eventTopic(coreAbi, 'GasTargetMissed'),
  StakeReduced: eventTopic(coreAbi, 'StakeReduced'),
  RewardPaid: eventTopic(coreAbi, 'RewardPaid'),
  OriginHashAnchored: eventTopic(coreAbi, 'OriginHashAnchored'),
  BondReturned: eventTopic(coreAbi, 'BondReturned'),
}

/** Decodes a log of a core; undefined for any other event. @throws if the log's shape is not that of its topic. */
export const decodeCoreEvent: (log: EncodedLog) => CoreEvent | undefined =
  createEventDecoder<CoreEvents>(coreAbi, {
    CoreCreated: (fields) => ({
      creator: toAddress(fields['creator']),
      definitionHash: toHash32(fields['definitionHash']),
      parameters: readParameters(fields['parameters']),
      definition: toHex(fields['definition']),
    }),
    CoreOpened: (fields) => ({
      rootNumber: toBlockNumber(fields['rootNumber']),
      rootHash: toHash32(fields['rootHash']),
      genesisKernelHash: toHash32(fields['genesisKernelHash']),
      genesisTransitionHash: toHash32(fields['genesisTransitionHash']),
    }),
    KernelOpened: (fields) => ({
      height: toMetaHeight(fields['height']),
      kernelHash: toHash32(fields['kernelHash']),
      kernel: readKernel(fields['kernel']),
      updates: toHex(fields['updates']),
    }),
    MetaBlockProposed: (fields) => ({
      height: toMetaHeight(fields['height']),
      transitionHash: toHash32(fields['transitionHash']),
      transition: readTransition(fields['transition']),
      proposer: toAddress(fields['proposer']),
      challengeEnd: BigInt(fields['challengeEnd']),
    }),
    MetaBlockCommitted: (fields) => ({
      height: toMetaHeight(fields['height']),
      transitionHash: toHash32(fields['transitionHash']),
      source: toHash32(fields['source']),
      target: toHash32(fields['target']),
      sourceHeight: toHeight(fields['sourceHeight']),
      stateRoot: toHash32(fields['stateRoot']),
    }),
    ValidatorDeposited: (fields) => ({
      validator: toAddress(fields['validator']),
      withdrawal: toAddress(fields['withdrawal']),
      stake: toWeight(fields['stake']),
      payer: toAddress(fields['payer']),
    }),
    LogoutRequested: (fields) => ({ validator: toAddress(fields['validator']) }),
    ReweighRequested: (fields) => ({
      validator: toAddress(fields['validator']),
      reputation: BigInt(fields['reputation']),
      weight: toWeight(fields['weight']),
    }),
    ValidatorRemoved: (fields) => ({ validator: toAddress(fields['validator']) }),
    StakeWithdrawn: (fields) => ({
      validator: toAddress(fields['validator']),
      withdrawal: toAddress(fields['withdrawal']),
      stake: toWeight(fields['stake']),
    }),
    ValidatorSlashed: (fields) => ({
      validator: toAddress(fields['validator']),
      offence: toSlashedOffence(fields['offence']),
      stake: toWeight(fields['stake']),
      reporter: toAddress(fields['reporter']),
      reward: toWeight(fields['reward']),
    }),
    Halted: (fields) => ({
      height: toMetaHeight(fields['height']),
      reason: pick(HALT_REASONS, fields['reason']),
      reporter: toAddress(fields['reporter']),
    }),
    DynastyCapped: (fields) => ({
      height: toMetaHeight(fields['height']),
      dynasty: toDynasty(fields['dynasty']),
      challenger: toAddress(fields['challenger']),
    }),
    ProposalStruck: (fields) => ({
      height: toMetaHeight(fields['height']),
      transitionHash: toHash32(fields['transitionHash']),
      challenger: toAddress(fields['challenger']),
    }),
    GasTargetMissed: (fields) => ({
      height: toMetaHeight(fields['height']),
      missedDynasties: BigInt(fields['missedDynasties']),
      fraction: BigInt(fields['fraction']),
      challenger: toAddress(fields['challenger']),
    }),
    StakeReduced: (fields) => ({
      validator: toAddress(fields['validator']),
      loss: toWeight(fields['loss']),
      challenger: toAddress(fields['challenger']),
      reward: toWeight(fields['reward']),
    }),
    RewardPaid: (fields) => ({
      account: toAddress(fields['account']),
      reward: toWeight(fields['reward']),
    }),
    OriginHashAnchored: (fields) => ({
      number: toBlockNumber(fields['number']),
      blockHash: toHash32(fields['blockHash']),
    }),
    BondReturned: (fields) => ({
      proposer: toAddress(fields['proposer']),
      bond: BigInt(fields['bond']),
      paid: Boolean(fields['paid']),
    }),
  })

function readLoss(fields: Result): StakeLoss {
  return {
    challenger: toAddress(fields['challenger']),
    height: toMetaHeight(fields['height']),
    fraction: BigInt(fields['fraction']),
  }
}

function toFinalizingLink({ source, target, sourceHeight, votes }: FinalizingLink): object {
  return { source, target, sourceHeight, ...toLinkVotes(votes) }
}

function keepCommon(votes: readonly SeatVote[], others: readonly SeatVote[]): readonly SeatVote[] {
  const seats = new Set(others.map(({ validatorIndex }) => validatorIndex))
  return votes.filter(({ validatorIndex }) => seats.has(validatorIndex))
}

function toLinkVotes(votes: readonly SeatVote[]): {
  readonly signers: readonly bigint[]
  readonly signatures: Hex
} {
  const sorted = votes.toSorted((a, b) => a.validatorIndex - b.validatorIndex)
  return {
    signers: encodeSignerBitmap(sorted.map(({ validatorIndex }) => validatorIndex)),
    signatures: toHex(`0x${sorted.map(({ signature }) => signature.slice(2)).join('')}`),
  }
}

function readParameters(fields: Result): CoreParameters {
  return {
    token: toAddress(fields['token']),
    reputation: toAddress(fields['reputation']),
    minimumStake: toWeight(fields['minimumStake']),
    auxiliaryChainId: BigInt(fields['auxiliaryChainId']),
    epochLength: BigInt(fields['epochLength']),
    originEpochLength: BigInt(fields['originEpochLength']),
    maxVoteAge: BigInt(fields['maxVoteAge']),
    gasTarget: toGas(fields['gasTarget']),
    challengePeriod: BigInt(fields['challengePeriod']),
    withdrawalDelay: BigInt(fields['withdrawalDelay']),
    proposalBond: BigInt(fields['proposalBond']),
    maxJoins: BigInt(fields['maxJoins']),
    maxLogouts: BigInt(fields['maxLogouts']),
    reporterShare: BigInt(fields['reporterShare']),
    missedDynastyLoss: BigInt(fields['missedDynastyLoss']),
  }
}

function readHead(fields: Result): CoreHead {
  return {
    phase: pick(PHASES, fields['phase']),
    height: toMetaHeight(fields['height']),
    dynasty: toDynasty(fields['dynasty']),
    accumulatedGas: toGas(fields['accumulatedGas']),
    queuedChanges: BigInt(fields['queuedChanges']),
    slashedSeats: BigInt(fields['slashedSeats']),
    lossPending: Boolean(fields['lossPending']),
  }
}

function readLedger(fields: Result): CoreLedger {
  return {
    staked: toWeight(fields['staked']),
    burned: toWeight(fields['burned']),
    haltedAt: BigInt(fields['haltedAt']),
  }
}

function readValidator(fields: Result): RegisteredValidator {
  return {
    stake: toWeight(fields['stake']),
    withdrawal: toAddress(fields['withdrawal']),
    startHeight: toMetaHeight(fields['startHeight']),
    endHeight: toMetaHeight(fields['endHeight']),
    index: Number(fields['index']),
    removedAt: BigInt(fields['removedAt']),
    status: pick(STATUSES, fields['status']),
    isWeighted: Boolean(fields['isWeighted']),
  }
}

function readWeighting(fields: Result): Weighting {
  const queued = BigInt(fields['queued'])
  return {
    weight: toWeight(fields['weight']),
    previous: toWeight(fields['previous']),
    changedAt: toMetaHeight(fields['changedAt']),
    queued: queued === 0n ? undefined : queued - 1n,
  }
}

function readProposal(fields: Result): Proposal {
  return {
    proposer: toAddress(fields['proposer']),
    challengeEnd: BigInt(fields['challengeEnd']),
    height: toMetaHeight(fields['height']),
  }
}

function pick<T>(names: readonly T[], ordinal: unknown): T {
  const name = names[Number(ordinal)]
  if (name === undefined) throw new RangeError(`no member ${String(ordinal)} of an enumeration`)
  return name
}
