import type { HaltReason } from '@mosaic/contracts'
import {
  type CoreLog,
  type EthereumClient,
  followKernel,
  type OpenedKernel,
  readCoreLogs,
} from '@mosaic/origin'
import {
  type Address,
  type BlockNumber,
  type Dynasty,
  type Hash32,
  type Height,
  type MetaHeight,
  toBlockNumber,
  toDynasty,
  toGas,
  toHeight,
  toMetaHeight,
} from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT, type TransitionObject } from '@mosaic/protocol'

/** A meta-block that the core took. */
export type CommittedMetaBlock = {
  readonly height: MetaHeight
  readonly transition: TransitionObject
  /** Height of the checkpoint that it closed with. */
  readonly sourceHeight: Height
  /** Undefined for genesis. */
  readonly seal:
    | {
        readonly transitionHash: Hash32
        readonly source: Hash32
        readonly target: Hash32
        readonly transaction: Hash32
      }
    | undefined
}

/** A proposal for the open height that was not struck. */
type StandingProposal = {
  readonly transitionHash: Hash32
  readonly transition: TransitionObject
  /** Seconds since 1970. */
  readonly challengeEnd: bigint
}

/** What the validators of one height lose because their gas target was missed, as far as it was proven. */
type ProvenLoss = {
  readonly challenger: Address
  /** Millionths of each stake. */
  readonly fraction: bigint
  readonly validators: readonly Address[]
}

/** What a core's logs say, as far as a fisherman needs it. */
type CoreStory = {
  /** The last kernels, the open one at the end. */
  readonly kernels: readonly OpenedKernel[]
  /** The last meta-blocks, genesis among them, the newest at the end. */
  readonly commits: readonly CommittedMetaBlock[]
  readonly proposals: readonly StandingProposal[]
  /** The ceiling of the open height. */
  readonly ceiling: { readonly dynasty: Dynasty; readonly challenger: Address } | undefined
  readonly losses: ReadonlyMap<MetaHeight, ProvenLoss>
  /** How many losses of each validator were settled, by challenger and validator. */
  readonly settled: ReadonlyMap<string, number>
  /** Reporters by validator. */
  readonly slashed: ReadonlyMap<Address, Address>
  /** Validators whose entry was paid out. */
  readonly paid: ReadonlySet<Address>
  /** Struck proposals with their challengers. */
  readonly struck: ReadonlyMap<Hash32, Address>
  readonly halt: { readonly reason: HaltReason; readonly reporter: Address } | undefined
}

/** A story and the origin block up to which it was told. */
export type ToldStory = CoreStory & {
  readonly blockNumber: BlockNumber
  /** Seconds since 1970. */
  readonly timestamp: bigint
}

/** Follows the logs of one core. @throws what the endpoint throws. */
export type CoreFollower = { readonly read: () => Promise<ToldStory> }

/** The open kernel, that of the height before, and what is asked about them. */
const KEPT = 4
const EVENTS = [
  'CoreOpened',
  'KernelOpened',
  'MetaBlockProposed',
  'MetaBlockCommitted',
  'DynastyCapped',
  'ProposalStruck',
  'GasTargetMissed',
  'StakeReduced',
  'ValidatorSlashed',
  'StakeWithdrawn',
  'Halted',
] as const
const NOTHING: CoreStory = {
  kernels: [],
  commits: [],
  proposals: [],
  ceiling: undefined,
  losses: new Map(),
  settled: new Map(),
  slashed: new Map(),
  paid: new Set(),
  struck: new Map(),
  halt: undefined,
}

/**
 * Follows a core from its creation. What final blocks say is read once; what later blocks say is read for each new head. When the block up
 * to which it has read is no longer there, it begins again.
 */
export function createCoreFollower(
  origin: EthereumClient,
  core: Address,
  createdAt: BlockNumber,
): CoreFollower {
  let settled = NOTHING
  let anchor: { readonly number: BlockNumber; readonly hash: Hash32 } | undefined

  const follow = async (
    before: CoreStory,
    from: BlockNumber,
    to: BlockNumber,
  ): Promise<CoreStory> =>
    to < from ? before : (await readCoreLogs(origin, core, EVENTS, from, to)).reduce(tellOn, before)
  const next = (): BlockNumber =>
    anchor === undefined ? createdAt : toBlockNumber(anchor.number + 1n)

  const settle = async (): Promise<void> => {
    if (anchor !== undefined && (await origin.header(anchor.number))?.hash !== anchor.hash) {
      settled = NOTHING
      anchor = undefined
    }
    const final = await origin.finalNumber()
    if (final === undefined || final < next()) return
    // Read before the logs: if the chain changes in between, the next call notices.
    const header = await origin.header(final)
    if (header === undefined) return
    settled = await follow(settled, next(), final)
    anchor = { number: final, hash: header.hash }
  }

  let told: { readonly at: Hash32; readonly story: ToldStory } | undefined
  return {
    read: async () => {
      const newest = await origin.header('latest')
      if (newest === undefined) return { ...settled, blockNumber: createdAt, timestamp: 0n }
      const { number, hash, timestamp } = newest
      if (told?.at === hash) return told.story
      await settle()
      const story = { ...(await follow(settled, next(), number)), blockNumber: number, timestamp }
      told = { at: hash, story }
      return story
    },
  }
}

/** How settled losses are counted. */
export function settledKey(challenger: Address, validator: Address): string {
  return `${challenger}${validator}`
}

function tellOn(story: CoreStory, entry: CoreLog): CoreStory {
  const { event } = entry
  switch (event.name) {
    case 'CoreOpened': {
      const transition: TransitionObject = {
        dynasty: toDynasty(0n),
        originBlockNumber: event.rootNumber,
        originBlockHash: event.rootHash,
        accumulatedTransactionRoot: EMPTY_TRIE_ROOT,
        accumulatedGas: toGas(0n),
        kernelHash: event.genesisKernelHash,
      }
      const at = { height: toMetaHeight(0n), sourceHeight: toHeight(0n) }
      const genesis = { ...at, transition, seal: undefined }
      return { ...story, commits: [genesis] }
    }
    case 'KernelOpened': {
      const opened = followKernel(story.kernels.at(-1)?.validatorSet ?? [], entry)
      if (opened === undefined) return story
      const kernels = [...story.kernels, opened].slice(-KEPT)
      return { ...story, kernels, proposals: [], ceiling: undefined }
    }
    case 'MetaBlockProposed': {
      const { transitionHash, transition, challengeEnd } = event
      const proposal = { transitionHash, transition, challengeEnd }
      return { ...story, proposals: [...story.proposals, proposal] }
    }
    case 'MetaBlockCommitted': {
      const { height, transitionHash, sourceHeight, source, target } = event
      const proposal = story.proposals.find((each) => each.transitionHash === transitionHash)
      if (proposal === undefined) return story
      const { transactionHash: transaction } = entry.log
      const seal = { transitionHash, source, target, transaction }
      const commit = { height, transition: proposal.transition, sourceHeight, seal }
      return { ...story, commits: [...story.commits, commit].slice(-KEPT) }
    }
    case 'DynastyCapped': {
      const { dynasty, challenger } = event
      return { ...story, ceiling: { dynasty, challenger } }
    }
    case 'ProposalStruck': {
      const { transitionHash, challenger } = event
      const proposals = story.proposals.filter((each) => each.transitionHash !== transitionHash)
      const struck = new Map(story.struck).set(transitionHash, challenger)
      return { ...story, proposals, struck }
    }
    case 'GasTargetMissed': {
      const { height, fraction, challenger } = event
      const kernel = story.kernels.find((opened) => opened.kernel.height === height)
      const validators = (kernel?.validatorSet ?? []).flatMap((seat) =>
        seat === undefined ? [] : [seat.address],
      )
      const loss = { challenger, fraction, validators }
      return { ...story, losses: new Map(story.losses).set(height, loss) }
    }
    case 'StakeReduced': {
      const key = settledKey(event.challenger, event.validator)
      const count = (story.settled.get(key) ?? 0) + 1
      return { ...story, settled: new Map(story.settled).set(key, count) }
    }
    case 'ValidatorSlashed':
      return { ...story, slashed: new Map(story.slashed).set(event.validator, event.reporter) }
    case 'StakeWithdrawn':
      return { ...story, paid: new Set(story.paid).add(event.validator) }
    case 'Halted':
      return { ...story, halt: { reason: event.reason, reporter: event.reporter } }
    case 'BondReturned':
    case 'CoreCreated':
    case 'LogoutRequested':
    case 'OriginHashAnchored':
    case 'ReweighRequested':
    case 'RewardPaid':
    case 'ValidatorDeposited':
    case 'ValidatorRemoved':
      return story
  }
}
