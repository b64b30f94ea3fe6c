import {
  type Address,
  type BlockNumber,
  bigintToBytes,
  bytesToHex,
  concatBytes,
  type Dynasty,
  type Gas,
  type Hash32,
  type Height,
  type Hex,
  hexToBytes,
  keccak256Bytes,
  type MetaHeight,
  toAddress,
  toBlockNumber,
  toDynasty,
  toHash32,
  toHeight,
  toHex,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
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
import { eventTopic } from './event-topic.ts'
import { readKernel, readTransition, readVote, splitWords } from './fields.ts'
import { finalityGadgetAbi, finalityGadgetCreationCode } from './generated/finality-gadget.ts'
import { kernelRegistryAbi, kernelRegistryCreationCode } from './generated/kernel-registry.ts'
import { originObserverAbi, originObserverCreationCode } from './generated/origin-observer.ts'
import {
  transitionTrackerAbi,
  transitionTrackerCreationCode,
} from './generated/transition-tracker.ts'
import { lazyInterface } from './lazy-interface.ts'
import { type SlashedOffence, toSlashedOffence } from './offence-codec.ts'
import { PREDEPLOYS } from './predeploys.ts'

/** What all predeploys of one auxiliary chain are built from. */
export type AuxiliaryConfiguration = {
  readonly originChainId: bigint
  readonly core: Address
  readonly epochLength: bigint
  readonly originEpochLength: bigint
  readonly maxVoteAge: bigint
  readonly originRootNumber: BlockNumber
  readonly originRootHash: Hash32
  readonly originRootStateRoot: Hash32
}

/** What became of a submitted vote, in the order of the Solidity enumeration. */
export const VOTE_RESULTS = [
  'recorded',
  'already-recorded',
  'signature-invalid',
  'signer-not-seated',
  'signer-slashed',
  'chain-foreign',
  'heights-not-rising',
  'too-old',
  'source-not-justified',
  'target-unknown',
  'transition-wrong',
  'target-conflicts',
] as const

/** What became of a submitted vote. */
export type VoteResult = (typeof VOTE_RESULTS)[number]

/** How far one chain has come. Hashes are zero where there is no such checkpoint yet. */
export type ChainStatus = {
  readonly justifiedHeight: Height
  readonly justifiedHash: Hash32
  readonly finalizedHeight: Height
  readonly finalizedHash: Hash32
  readonly finalizedCount: Dynasty
}

/** The votes for one link, with the weights under the kernel at `kernelHeight`. */
export type StoredTally = {
  readonly forward: Weight
  readonly rear: Weight
  /** 0: no vote was recorded. */
  readonly kernelHeight: MetaHeight
  readonly hasSupermajority: boolean
  /** Number of validators slashed when the weights were taken. */
  readonly slashings: number
}

/** An origin block as the observer knows it; all zero if it does not. */
export type ObservedBlock = {
  readonly number: BlockNumber
  readonly blockHash: Hash32
  readonly stateRoot: Hash32
}

type AuxiliaryEvents = {
  LinkOpened: { readonly link: Hash32; readonly vote: VoteMessage }
  VoteRecorded: {
    readonly link: Hash32
    readonly validatorIndex: number
    /** 64 bytes, EIP-2098. */
    readonly signature: Hex
  }
  CheckpointJustified: {
    readonly chain: Hash32
    readonly height: Height
    readonly hash: Hash32
    readonly link: Hash32
  }
  CheckpointFinalized: {
    readonly chain: Hash32
    readonly height: Height
    readonly hash: Hash32
    readonly dynasty: Dynasty
  }
  ValidatorSlashed: {
    readonly validator: Address
    readonly validatorIndex: number
    readonly offence: SlashedOffence
    readonly reporter: Address
  }
  HeaderReported: {
    readonly number: BlockNumber
    readonly blockHash: Hash32
    readonly stateRoot: Hash32
    readonly reporter: Address
  }
  ObservationFinalized: {
    readonly number: BlockNumber
    readonly blockHash: Hash32
    readonly stateRoot: Hash32
  }
  KernelConfirmed: {
    readonly height: MetaHeight
    readonly kernelHash: Hash32
    readonly dynasty: Dynasty
    readonly kernel: Kernel
  }
  KernelActivated: { readonly height: MetaHeight; readonly kernelHash: Hash32 }
}

/** An event of a predeploy. `KernelActivated` is in no receipt: it is emitted by the call at the end of a block. */
export type AuxiliaryEvent = NamedEvent<AuxiliaryEvents>

const tracker = lazyInterface(transitionTrackerAbi)
const gadget = lazyInterface(finalityGadgetAbi)
const observer = lazyInterface(originObserverAbi)
const registry = lazyInterface(kernelRegistryAbi)

const END_BLOCK = keccak256Bytes(utf8ToBytes('endBlock(bytes32,uint64)')).subarray(0, 4)

/** Creation calldata of TransitionTracker. */
export function encodeTransitionTrackerCreation(
  configuration: AuxiliaryConfiguration,
  genesisTransactionsRoot: Hash32,
  kernelHash: Hash32,
): Hex {
  const values = [configuration, genesisTransactionsRoot, kernelHash]
  return encodeCreation(tracker, transitionTrackerCreationCode, values)
}

/** Creation calldata of FinalityGadget; the validator set is that of kernel 1, as words. */
export function encodeFinalityGadgetCreation(
  configuration: AuxiliaryConfiguration,
  validatorSet: Hex,
): Hex {
  const values = [configuration, splitWords(validatorSet)]
  return encodeCreation(gadget, finalityGadgetCreationCode, values)
}

/** Creation calldata of OriginObserver. */
export function encodeOriginObserverCreation(configuration: AuxiliaryConfiguration): Hex {
  return encodeCreation(observer, originObserverCreationCode, [configuration])
}

/** Creation calldata of KernelRegistry; the kernel is K_1. */
export function encodeKernelRegistryCreation(
  configuration: AuxiliaryConfiguration,
  kernel: Kernel,
): Hex {
  return encodeCreation(registry, kernelRegistryCreationCode, [configuration, kernel])
}

/** `TransitionTracker.endBlock`, written by hand because every block needs it. */
export function encodeEndBlock(transactionsRoot: Hash32, gasUsed: Gas): Uint8Array {
  return concatBytes(END_BLOCK, hexToBytes(transactionsRoot), bigintToBytes(gasUsed, 32))
}

/** `FinalityGadget.submitVotes`. */
export function encodeSubmitVotes(
  votes: readonly { readonly vote: VoteMessage; readonly signature: Hex }[],
): Hex {
  const messages = votes.map(({ vote }) => vote)
  const signatures = votes.map(({ signature }) => signature)
  return encodeFunction(gadget, 'submitVotes', [messages, signatures])
}

/** The results that `FinalityGadget.submitVotes` returns. */
export function decodeSubmitVotes(data: string): readonly VoteResult[] {
  const [results] = gadget().decodeFunctionResult('submitVotes', data)
  return Array.from(results, (ordinal) => {
    const result = VOTE_RESULTS[Number(ordinal)]
    if (result === undefined) throw new RangeError(`no vote result ${String(ordinal)}`)
    return result
  })
}

/** `FinalityGadget.retally`. */
export function encodeRetally(vote: VoteMessage): Hex {
  return encodeFunction(gadget, 'retally', [vote])
}

/** `OriginObserver.reportHeader`. */
export function encodeReportHeader(header: Hex): Hex {
  return encodeFunction(observer, 'reportHeader', [header])
}

/** `KernelRegistry.confirmKernel`, with proofs as `eth_getProof` of the finalized observation gives them. */
export function encodeConfirmKernel(confirmation: {
  readonly kernel: Kernel
  /** Validator words of the kernel. */
  readonly validatorSet: Hex
  readonly originBlockNumber: BlockNumber
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly Hex[]
}): Hex {
  return encodeFunction(registry, 'confirmKernel', [
    confirmation.kernel,
    confirmation.validatorSet,
    confirmation.originBlockNumber,
    confirmation.accountProof,
    confirmation.storageProof,
  ])
}

/** The views of FinalityGadget. */
export const finalityGadgetViews: {
  readonly status: View<[chain: Hash32], ChainStatus>
  readonly justifiedHash: View<[chain: Hash32, height: Height], Hash32>
  readonly dynastyBefore: View<[blockNumber: BlockNumber], Dynasty>
  readonly tally: View<[link: Hash32], StoredTally>
  readonly hasVoted: View<[link: Hash32, validatorIndex: bigint], boolean>
  readonly isSlashed: View<[validatorIndex: bigint], boolean>
  /** The words of the active set, concatenated. */
  readonly validatorSet: View<[], Hex>
  readonly weights: View<
    [],
    { readonly kernelHeight: MetaHeight; readonly forward: Weight; readonly rear: Weight }
  >
} = {
  status: createView(gadget, 'status', (result) => readStatus(result[0])),
  justifiedHash: createView(gadget, 'justifiedHash', (result) => toHash32(result[0])),
  dynastyBefore: createView(gadget, 'dynastyBefore', (result) => toDynasty(result[0])),
  tally: createView(gadget, 'tally', (result) => readTally(result[0])),
  hasVoted: createView(gadget, 'hasVoted', (result) => Boolean(result[0])),
  isSlashed: createView(gadget, 'isSlashed', (result) => Boolean(result[0])),
  validatorSet: createView(gadget, 'validatorWords', (result) =>
    bytesToHex(concatBytes(...Array.from(result[0], (word) => bigintToBytes(toWord(word), 32)))),
  ),
  weights: createView(gadget, 'weights', (result) => ({
    kernelHeight: toMetaHeight(result[0]),
    forward: toWeight(result[1]),
    rear: toWeight(result[2]),
  })),
}

/** The views of TransitionTracker. */
export const transitionTrackerViews: {
  readonly transition: View<[], TransitionObject>
  readonly newestTransitionHash: View<[], Hash32>
  readonly transitionHash: View<[height: Height], Hash32>
  readonly checkpointHash: View<[height: Height], Hash32>
} = {
  transition: createView(tracker, 'transition', (result) => readTransition(result[0])),
  newestTransitionHash: createView(tracker, 'newestTransitionHash', (result) =>
    toHash32(result[0]),
  ),
  transitionHash: createView(tracker, 'transitionHash', (result) => toHash32(result[0])),
  checkpointHash: createView(tracker, 'checkpointHash', (result) => toHash32(result[0])),
}

/** The views of OriginObserver. */
export const originObserverViews: {
  readonly observation: View<[blockHash: Hash32], ObservedBlock>
  readonly latestFinalized: View<[], ObservedBlock>
  readonly finalizedStateRoot: View<[number: BlockNumber], Hash32>
} = {
  observation: createView(observer, 'observation', (result) => readObserved(result[0])),
  latestFinalized: createView(observer, 'latestFinalized', (result) => readObserved(result[0])),
  finalizedStateRoot: createView(observer, 'finalizedStateRoot', (result) => toHash32(result[0])),
}

/** The views of KernelRegistry. */
export const kernelRegistryViews: {
  readonly activeKernel: View<[], { readonly kernel: Kernel; readonly kernelHash: Hash32 }>
  /** Height 0: none is pending. */
  readonly pendingKernel: View<
    [],
    { readonly kernel: Kernel; readonly kernelHash: Hash32; readonly activationDynasty: Dynasty }
  >
} = {
  activeKernel: createView(registry, 'activeKernel', (result) => ({
    kernel: readKernel(result[0]),
    kernelHash: toHash32(result[1]),
  })),
  pendingKernel: createView(registry, 'pendingKernel', (result) => ({
    kernel: readKernel(result[0]),
    kernelHash: toHash32(result[1]),
    activationDynasty: toDynasty(result[2]),
  })),
}

/** First topics of the predeploys' events, for log filters. */
export const auxiliaryEventTopics: { readonly [Name in keyof AuxiliaryEvents]: Hash32 } = {
  LinkOpened: eventTopic(finalityGadgetAbi, 'LinkOpened'),
  VoteRecorded: eventTopic(finalityGadgetAbi, 'VoteRecorded'),
  CheckpointJustified: eventTopic(finalityGadgetAbi, 'CheckpointJustified'),
  CheckpointFinalized: eventTopic(finalityGadgetAbi, 'CheckpointFinalized'),
  ValidatorSlashed: eventTopic(finalityGadgetAbi, 'ValidatorSlashed'),
  HeaderReported: eventTopic(originObserverAbi, 'HeaderReported'),
  ObservationFinalized: eventTopic(originObserverAbi, 'ObservationFinalized'),
  KernelConfirmed: eventTopic(kernelRegistryAbi, 'KernelConfirmed'),
  KernelActivated: eventTopic(kernelRegistryAbi, 'KernelActivated'),
}

type GadgetEventName =
  | 'LinkOpened'
  | 'VoteRecorded'
  | 'CheckpointJustified'
  | 'CheckpointFinalized'
  | 'ValidatorSlashed'
type ObserverEventName = 'HeaderReported' | 'ObservationFinalized'
type RegistryEventName = 'KernelConfirmed' | 'KernelActivated'

const decodeGadgetEvent = createEventDecoder<Pick<AuxiliaryEvents, GadgetEventName>>(
  finalityGadgetAbi,
  {
    LinkOpened: (fields) => ({ link: toHash32(fields['link']), vote: readVote(fields['vote']) }),
    VoteRecorded: (fields) => ({
      link: toHash32(fields['link']),
      validatorIndex: Number(fields['validatorIndex']),
      signature: toHex(`${fields['r']}${String(fields['yParityAndS']).slice(2)}`),
    }),
    CheckpointJustified: (fields) => ({
      chain: toHash32(fields['chain']),
      height: toHeight(fields['height']),
      hash: toHash32(fields['hash']),
      link: toHash32(fields['link']),
    }),
    CheckpointFinalized: (fields) => ({
      chain: toHash32(fields['chain']),
      height: toHeight(fields['height']),
      hash: toHash32(fields['hash']),
      dynasty: toDynasty(fields['dynasty']),
    }),
    ValidatorSlashed: (fields) => ({
      validator: toAddress(fields['validator']),
      validatorIndex: Number(fields['validatorIndex']),
      offence: toSlashedOffence(fields['offence']),
      reporter: toAddress(fields['reporter']),
    }),
  },
)

const decodeObserverEvent = createEventDecoder<Pick<AuxiliaryEvents, ObserverEventName>>(
  originObserverAbi,
  {
    HeaderReported: (fields) => ({
      ...readObserved(fields),
      reporter: toAddress(fields['reporter']),
    }),
    ObservationFinalized: readObserved,
  },
)

const decodeRegistryEvent = createEventDecoder<Pick<AuxiliaryEvents, RegistryEventName>>(
  kernelRegistryAbi,
  {
    KernelConfirmed: (fields) => ({
      height: toMetaHeight(fields['height']),
      kernelHash: toHash32(fields['kernelHash']),
      dynasty: toDynasty(fields['dynasty']),
      kernel: readKernel(fields['kernel']),
    }),
    KernelActivated: (fields) => ({
      height: toMetaHeight(fields['height']),
      kernelHash: toHash32(fields['kernelHash']),
    }),
  },
)

/** Decodes a log of a predeploy; undefined for any other address or event. */
export function decodeAuxiliaryEvent(
  log: EncodedLog & { readonly address: string },
): AuxiliaryEvent | undefined {
  switch (toAddress(log.address)) {
    case PREDEPLOYS.finalityGadget:
      return decodeGadgetEvent(log)
    case PREDEPLOYS.originObserver:
      return decodeObserverEvent(log)
    case PREDEPLOYS.kernelRegistry:
      return decodeRegistryEvent(log)
    default:
      return undefined
  }
}

function readStatus(fields: Result): ChainStatus {
  return {
    justifiedHeight: toHeight(fields['justifiedHeight']),
    justifiedHash: toHash32(fields['justifiedHash']),
    finalizedHeight: toHeight(fields['finalizedHeight']),
    finalizedHash: toHash32(fields['finalizedHash']),
    finalizedCount: toDynasty(fields['finalizedCount']),
  }
}

function readTally(fields: Result): StoredTally {
  return {
    forward: toWeight(fields['forward']),
    rear: toWeight(fields['rear']),
    kernelHeight: toMetaHeight(fields['kernelHeight']),
    hasSupermajority: Boolean(fields['hasSupermajority']),
    slashings: Number(fields['slashings']),
  }
}

function readObserved(fields: Result): ObservedBlock {
  return {
    number: toBlockNumber(fields['number']),
    blockHash: toHash32(fields['blockHash']),
    stateRoot: toHash32(fields['stateRoot']),
  }
}

function toWord(value: unknown): bigint {
  if (typeof value !== 'bigint') throw new TypeError('a 256-bit word')
  return value
}
