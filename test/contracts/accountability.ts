import {
  encodeCapDynasty,
  encodeChallengeGasTarget,
  encodeChallengeObservation,
  encodeHaltByConflict,
  encodeSlash,
  encodeSlashFalseTransition,
  type FinalizingLink,
  type SeatVote,
  type SignedVote,
} from '@mosaic/contracts'
import {
  bytesToHex,
  type Hash32,
  type Hex,
  keccak256,
  toDynasty,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  encodeValidatorSet,
  kernelHash,
  originIdentifier,
  signDigest,
  type TransitionObject,
  transitionHash,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import type { Anvil } from './anvil.ts'
import { getHeader } from './anvil-header.ts'
import type { AccountabilityAction } from './gas-targets.ts'
import {
  closeMetaBlock,
  mineTransition,
  nextTransition,
  ORIGIN_CHAIN_ID,
  openCore,
  type RunningCore,
} from './meta-block.ts'

/** Sends the last transaction of an action and returns its gas. */
type Measure = (anvil: Anvil, core: RunningCore) => Promise<bigint>

/** Gas of an action on a new core with `size` validators, at its dearest: nothing was slashed or earned before. */
export async function measureAction(
  anvil: Anvil,
  action: AccountabilityAction,
  size: number,
): Promise<bigint> {
  return await MEASURES[action](anvil, await openCore(anvil, size))
}

const measureSlash: Measure = async (anvil, core) => {
  const [outer, inner] = [voteOf(core, 1n, 4n), voteOf(core, 2n, 3n)]
  return await send(anvil, core, encodeSlash(signByLast(core, outer), signByLast(core, inner)))
}

const measureSlashFalseTransition: Measure = async (anvil, core) => {
  const truth = hashOf('truth')
  const { header, accountProof, storageProof } = await mineTransition(anvil, truth)
  const vote = { ...voteOf(core, header.number, header.number + 1n), source: header.hash }
  const evidence = { header: header.rlp, accountProof, storageProof }
  return await send(anvil, core, encodeSlashFalseTransition(signByLast(core, vote), evidence))
}

/** Each link with just more than two thirds of the votes, and as few as possible for both. */
const measureHaltByConflict: Measure = async (anvil, core) => {
  const [outer, inner] = [voteOf(core, 1n, 4n), voteOf(core, 2n, 3n)]
  const quorum = quorumOf(core)
  const data = encodeHaltByConflict(
    core.kernel,
    wordsOf(core),
    { vote: outer, votes: signByMany(core, outer, 0, quorum) },
    { vote: inner, votes: signByMany(core, inner, core.keys.length - quorum, core.keys.length) },
  )
  return await send(anvil, core, data)
}

const measureChallengeObservation: Measure = async (anvil, core) => {
  const number = (await getHeader(anvil, 'latest')).number - 1n
  const vote = { ...voteOf(core, number, number + 1n), chain: originIdentifier(ORIGIN_CHAIN_ID) }
  const votes = signByMany(core, vote, 0, quorumOf(core))
  return await send(
    anvil,
    core,
    encodeChallengeObservation(core.kernel, wordsOf(core), { vote, votes }),
  )
}

const measureCapDynasty: Measure = async (anvil, core) => {
  const { core: second } = await closeMetaBlock(anvil, core)
  const earlier = await nextTransition(anvil, second)
  const link = finalize(second, earlier)
  const { kernel } = second
  const data = encodeCapDynasty({ earlier, link, kernel, validatorSet: wordsOf(second) })
  return await send(anvil, second, data)
}

const measureChallengeGasTarget: Measure = async (anvil, core) => {
  const first = await closeMetaBlock(anvil, core)
  const second = await closeMetaBlock(anvil, first.core)
  const earlier = { ...second.transition, dynasty: toDynasty(second.transition.dynasty - 1n) }
  const data = encodeChallengeGasTarget({
    earlier,
    link: finalize(first.core, earlier),
    kernel: first.core.kernel,
    validatorSet: wordsOf(first.core),
    previous: first.transition,
    previousKernelHash: kernelHash(core.kernel),
  })
  return await send(anvil, second.core, data)
}

const MEASURES: Record<AccountabilityAction, Measure> = {
  slash: measureSlash,
  slashFalseTransition: measureSlashFalseTransition,
  haltByConflict: measureHaltByConflict,
  challengeObservation: measureChallengeObservation,
  capDynasty: measureCapDynasty,
  challengeGasTarget: measureChallengeGasTarget,
}

async function send(anvil: Anvil, core: RunningCore, data: Hex): Promise<bigint> {
  const { gasUsed } = await anvil.send({ to: core.address, data })
  return gasUsed
}

/** Just more than two thirds of the seats, which have equal weights. */
function quorumOf(core: RunningCore): number {
  return Math.floor((2 * core.keys.length) / 3) + 1
}

function wordsOf(core: RunningCore): Hex {
  return bytesToHex(encodeValidatorSet(core.validators))
}

/** The link that finalizes a checkpoint with a transition object, by just more than two thirds. */
function finalize(core: RunningCore, transition: TransitionObject): FinalizingLink {
  const vote = { ...voteOf(core, 7n, 8n), transitionHash: transitionHash(transition) }
  const { source, target, sourceHeight } = vote
  return { source, target, sourceHeight, votes: signByMany(core, vote, 0, quorumOf(core)) }
}

function voteOf(core: RunningCore, source: bigint, target: bigint): VoteMessage {
  return {
    chain: coreIdentifier({ originChainId: ORIGIN_CHAIN_ID, core: core.address }),
    transitionHash: hashOf(`transition ${source}`),
    source: hashOf(`checkpoint ${source}`),
    target: hashOf(`checkpoint ${target}`),
    sourceHeight: toHeight(source),
    targetHeight: toHeight(target),
  }
}

function signByLast(core: RunningCore, vote: VoteMessage): SignedVote {
  const [last] = signByMany(core, vote, core.keys.length - 1, core.keys.length)
  return { vote, signature: last?.signature ?? '0x' }
}

/** Votes of the seats from `first` up to and without `end`. */
function signByMany(
  core: RunningCore,
  vote: VoteMessage,
  first: number,
  end: number,
): readonly SeatVote[] {
  const domain = domainSeparator({ originChainId: ORIGIN_CHAIN_ID, core: core.address })
  const link = voteDigest(domain, vote)
  return core.keys.slice(first, end).map((key, i) => ({
    validatorIndex: first + i,
    signature: signDigest(link, key),
  }))
}

function hashOf(text: string): Hash32 {
  return keccak256(utf8ToBytes(text))
}
