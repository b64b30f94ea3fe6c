import {
  type CoreParameters,
  coreViews,
  encodeCapDynasty,
  encodeChallengeGasTarget,
  encodeChallengeObservation,
  encodeHaltByConflict,
  encodeStrikeProposal,
  type FinalizingLink,
  type SeatVote,
} from '@mosaic/contracts'
import type {
  Challenge,
  ChallengePort,
  CoreFacts,
  FinalizedCheckpoint,
  LinkVotes,
} from '@mosaic/fisherman'
import {
  type EthereumClient,
  type OpenedKernel,
  RpcError,
  readView,
  type TransactionSender,
  toQuantity,
} from '@mosaic/origin'
import {
  type Address,
  bytesToHex,
  type Hex,
  InvalidValueError,
  type MetaHeight,
  toHeight,
} from '@mosaic/primitives'
import { encodeValidatorSet, type ValidatorSet } from '@mosaic/protocol'
import type { CommittedMetaBlock, CoreFollower, ToldStory } from './fisherman-core.ts'
import type { LinkReader } from './fisherman-links.ts'

/** What challenges are made from. */
export type ChallengeParts = {
  readonly origin: EthereumClient
  readonly core: Address
  readonly follower: CoreFollower
  readonly links: LinkReader
  readonly sender: TransactionSender
  /** The validator of the same owner. */
  readonly validator: Address | undefined
}

/** The core as a fisherman can challenge it. What it sends is about the core as `facts` last told it. */
export function createChallengePort({
  origin,
  core,
  follower,
  links,
  sender,
  validator,
}: ChallengeParts): ChallengePort {
  let parameters: CoreParameters | undefined
  let told: ToldStory | undefined

  return {
    self: { address: sender.address, validator },
    ownStake: async () =>
      validator === undefined
        ? 0n
        : (await readView(origin, core, coreViews.validatorOf, [validator])).stake,
    facts: async () => {
      told = await follower.read()
      parameters ??= await readView(origin, core, coreViews.parameters, [])
      return toFacts(told, parameters)
    },
    checkpoints: async () => links.checkpoints(told?.commits.at(-2)?.sourceHeight ?? toHeight(0n)),
    finalizingLink: links.finalizingLink,
    foreignObservation: links.foreignObservation,
    dryRun: (challenge) => estimateCost(origin, sender.address, core, encode(challenge, told)),
    send: async (challenge) => {
      const { blockNumber } = await sender.send({ to: core, data: encode(challenge, told) })
      return blockNumber
    },
  }
}

/**
 * Wei for the gas of a call, tried on the block that the endpoint would make next: what others have sent and is not included is seen, too.
 * Undefined if the call would be refused.
 */
export async function estimateCost(
  client: EthereumClient,
  from: Address,
  to: Address,
  data: Hex,
): Promise<bigint | undefined> {
  try {
    const gas = toQuantity(
      await client.request('eth_estimateGas', [{ from, to, data }, 'pending']),
      'eth_estimateGas',
    )
    return gas * toQuantity(await client.request('eth_gasPrice', []), 'eth_gasPrice')
  } catch (error) {
    if (error instanceof RpcError) return undefined
    throw error
  }
}

function toFacts(story: ToldStory, parameters: CoreParameters): CoreFacts | undefined {
  const { kernels, commits, proposals, ceiling, losses, slashed, halt } = story
  const opened = kernels.at(-1)
  const last = commits.at(-1)
  if (opened === undefined || last === undefined || halt !== undefined) return undefined
  const before = commits.at(-2)
  const closing = kernels.find(({ kernel }) => kernel.height === last.height)
  return {
    blockNumber: story.blockNumber,
    timestamp: story.timestamp,
    terms: parameters,
    open: {
      ...toHeightFacts(opened, last),
      slashed: new Set(slashed.keys()),
      ceiling,
      proposals,
    },
    closed:
      before === undefined || closing === undefined
        ? undefined
        : {
            ...toHeightFacts(closing, before),
            dynasty: last.transition.dynasty,
            proven: losses.get(last.height)?.fraction ?? 0n,
          },
  }
}

function toHeightFacts(
  { kernel, kernelHash, validatorSet }: OpenedKernel,
  { transition }: CommittedMetaBlock,
): Omit<NonNullable<CoreFacts['closed']>, 'dynasty' | 'proven'> {
  const { height, gasTarget } = kernel
  return { height, kernelHash, validators: validatorSet, gasTarget, previous: transition }
}

function encode(challenge: Challenge, story: ToldStory | undefined): Hex {
  const opened = requireKernel(challenge.height, story)
  const { kernel, validatorSet: validators } = opened
  const validatorSet = bytesToHex(encodeValidatorSet(validators))
  switch (challenge.kind) {
    case 'foreign-observation':
      return encodeChallengeObservation(kernel, validatorSet, toVotedLink(challenge.link, opened))
    case 'conflicting-links':
      return encodeHaltByConflict(
        kernel,
        validatorSet,
        toVotedLink(challenge.first, opened),
        toVotedLink(challenge.second, opened),
      )
    case 'gas-target': {
      const { earlier } = challenge
      const link = toFinalizingLink(earlier, validators)
      return encodeCapDynasty({ earlier: earlier.transition, link, kernel, validatorSet })
    }
    case 'late-proposal':
      return encodeStrikeProposal(challenge.proposal.transition)
    case 'late-commit': {
      const { earlier } = challenge
      const before = story?.commits.find(({ height }) => height + 1n === challenge.height)
      if (before === undefined)
        throw new InvalidValueError(`the meta-block before ${challenge.height}`, undefined)
      return encodeChallengeGasTarget({
        earlier: earlier.transition,
        link: toFinalizingLink(earlier, validators),
        kernel,
        validatorSet,
        previous: before.transition,
        previousKernelHash: before.transition.kernelHash,
      })
    }
  }
}

function requireKernel(height: MetaHeight, story: ToldStory | undefined): OpenedKernel {
  const found = story?.kernels.find(({ kernel }) => kernel.height === height)
  if (found === undefined) throw new InvalidValueError(`kernel ${height}`, undefined)
  return found
}

function toVotedLink(
  { vote, votes }: LinkVotes,
  { validatorSet }: OpenedKernel,
): { readonly vote: LinkVotes['vote']; readonly votes: readonly SeatVote[] } {
  return { vote, votes: toSeatVotes(votes, validatorSet) }
}

function toFinalizingLink({ link }: FinalizedCheckpoint, set: ValidatorSet): FinalizingLink {
  const { source, target, sourceHeight } = link.vote
  return { source, target, sourceHeight, votes: toSeatVotes(link.votes, set) }
}

function toSeatVotes(votes: LinkVotes['votes'], set: ValidatorSet): readonly SeatVote[] {
  return votes.flatMap(({ validator, signature }) => {
    const validatorIndex = set.findIndex((seat) => seat?.address === validator)
    return validatorIndex < 0 ? [] : [{ validatorIndex, signature }]
  })
}
