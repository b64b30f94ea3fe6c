import { auxiliaryEventTopics, decodeAuxiliaryEvent, PREDEPLOYS } from '@mosaic/contracts'
import {
  type EthereumClient,
  isRecord,
  type RawHeader,
  toQuantity,
  toQuantityHex,
} from '@mosaic/origin'
import {
  type Gas,
  type Hash32,
  type Height,
  type Hex,
  InvalidValueError,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
} from '@mosaic/primitives'
import {
  type CoreIdentity,
  coreIdentifier,
  domainSeparator,
  type TransitionObject,
  transitionHash,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'

/** A finalized checkpoint of auxiliary with the transition object at it. */
export type FinalizedTransition = {
  readonly height: Height
  readonly transition: TransitionObject
  readonly transitionHash: Hash32
}

/** The votes that finalize a checkpoint: those of the link to its direct child. */
export type SealVotes = {
  readonly header: RawHeader
  readonly target: Hash32
  /** What they say. */
  readonly vote: VoteMessage
  readonly votes: readonly { readonly validatorIndex: number; readonly signature: Hex }[]
}

/**
 * T at a checkpoint, if that checkpoint is finalized. T̃ is recomputed from the answer.
 *
 * @throws InvalidValueError if the node's T does not hash to its T̃.
 */
export async function readFinalizedTransition(
  client: EthereumClient,
  height: Height,
): Promise<FinalizedTransition | undefined> {
  const checkpoint = await client.request('mosaic_checkpoint', [toQuantityHex(height)])
  if (!isRecord(checkpoint) || checkpoint['stage'] !== 'finalized') return undefined
  const answer = await client.request('mosaic_transitionObject', [toQuantityHex(height)])
  if (!isRecord(answer)) return undefined
  const fields = isRecord(answer['transition']) ? answer['transition'] : answer
  const transition: TransitionObject = {
    dynasty: toDynasty(toQuantity(fields['dynasty'], 'dynasty')),
    originBlockNumber: toBlockNumber(toQuantity(fields['originBlockNumber'], 'originBlockNumber')),
    originBlockHash: toHash32(String(fields['originBlockHash'])),
    accumulatedTransactionRoot: toHash32(String(fields['accumulatedTransactionRoot'])),
    accumulatedGas: toGas(toQuantity(fields['accumulatedGas'], 'accumulatedGas')),
    kernelHash: toHash32(String(fields['kernelHash'])),
  }
  const hash = transitionHash(transition)
  if (answer['hash'] !== hash)
    throw new InvalidValueError(`the transition hash ${hash}`, answer['hash'])
  return { height, transition, transitionHash: hash }
}

/** Collects header, target and signatures of the link that finalizes a checkpoint, from blocks and logs. */
export async function readSealVotes(
  client: EthereumClient,
  identity: CoreIdentity,
  epochLength: bigint,
  { height, transitionHash: transition }: FinalizedTransition,
): Promise<SealVotes | undefined> {
  const number = toBlockNumber(height * epochLength)
  const [header, target] = await Promise.all([
    client.header(number),
    client.header(toBlockNumber(number + epochLength)),
  ])
  if (header === undefined || target === undefined) return undefined
  const vote: VoteMessage = {
    chain: coreIdentifier(identity),
    transitionHash: transition,
    source: header.hash,
    target: target.hash,
    sourceHeight: height,
    targetHeight: toNext(height),
  }
  const link = voteDigest(domainSeparator(identity), vote)
  const logs = await client.logs({
    address: PREDEPLOYS.finalityGadget,
    topics: [[auxiliaryEventTopics.VoteRecorded], [link]],
    fromBlock: target.number,
    toBlock: 'latest',
  })
  const votes = new Map<number, Hex>()
  for (const log of logs) {
    const event = decodeAuxiliaryEvent(log)
    if (event?.name === 'VoteRecorded') votes.set(event.validatorIndex, event.signature)
  }
  return {
    header,
    target: target.hash,
    vote,
    votes: [...votes].map(([validatorIndex, signature]) => ({ validatorIndex, signature })),
  }
}

/** Gas used since the last commit. */
export function gasSince(transition: TransitionObject, last: Gas): bigint {
  return transition.accumulatedGas - last
}

function toNext(height: Height): Height {
  return toHeight(height + 1n)
}
