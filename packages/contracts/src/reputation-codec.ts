import { type Address, type Hex, type MetaHeight, toMetaHeight } from '@mosaic/primitives'
import type { Kernel, VoteMessage } from '@mosaic/protocol'
import { createView, encodeCreation, encodeFunction, type View } from './abi-codec.ts'
import {
  finiteLifetimeReputationAbi,
  finiteLifetimeReputationCreationCode,
} from './generated/finite-lifetime-reputation.ts'
import {
  rampUpReputationAbi,
  rampUpReputationCreationCode,
} from './generated/ramp-up-reputation.ts'
import { lazyInterface } from './lazy-interface.ts'

const rampUp = lazyInterface(rampUpReputationAbi)
const finiteLifetime = lazyInterface(finiteLifetimeReputationAbi)

/** Creation calldata of the reputation that asks for work first: heights of work before any weight, then up to the whole of it. */
export function encodeRampUpReputationCreation(probation: bigint, ramp: bigint): Hex {
  return encodeCreation(rampUp, rampUpReputationCreationCode, [probation, ramp])
}

/** Creation calldata of the reputation that ends: heights for which all count, and most heights that are drawn in addition. */
export function encodeFiniteLifetimeReputationCreation(lifetime: bigint, spread: bigint): Hex {
  return encodeCreation(finiteLifetime, finiteLifetimeReputationCreationCode, [lifetime, spread])
}

/** `RampUpReputation.recordWork`: a vote for the checkpoint that closed the height before that of the open kernel. */
export function encodeRecordWork(work: {
  readonly core: Address
  readonly kernel: Kernel
  readonly vote: VoteMessage
  /** 64 (EIP-2098) or 65 bytes. */
  readonly signature: Hex
}): Hex {
  return encodeFunction(rampUp, 'recordWork', [work.core, work.kernel, work.vote, work.signature])
}

/** `Reputation.reputationOf` of any reputation contract, in basis points. More than 10,000 counts as 10,000. */
export const reputationOf: View<
  [core: Address, validator: Address, startHeight: bigint, height: bigint],
  bigint
> = createView(rampUp, 'reputationOf', (result) => BigInt(result[0]))

/** What a validator has shown of its work. */
export type WorkRecord = {
  readonly heights: bigint
  /** The last of them. */
  readonly lastHeight: MetaHeight
}

/** Views of `RampUpReputation`. */
export const rampUpViews: {
  /** Heights of work before any weight. */
  readonly probation: View<[], bigint>
  /** Heights of work from then to the whole weight. */
  readonly ramp: View<[], bigint>
  readonly workOf: View<[core: Address, validator: Address], WorkRecord>
} = {
  probation: createView(rampUp, 'probation', (result) => BigInt(result[0])),
  ramp: createView(rampUp, 'ramp', (result) => BigInt(result[0])),
  workOf: createView(rampUp, 'workOf', (result) => ({
    heights: BigInt(result[0].heights),
    lastHeight: toMetaHeight(BigInt(result[0].lastHeight)),
  })),
}
