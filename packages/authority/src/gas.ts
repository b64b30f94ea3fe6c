import type { AuthorityHeader } from './header.ts'

/** What the gas rules read of a parent. */
export type GasParent = Pick<AuthorityHeader, 'gasLimit' | 'gasUsed' | 'baseFeePerGas'>

/** Base fee of the first block after one without, in wei: 1 gwei. */
export const INITIAL_BASE_FEE = 1_000_000_000n

/** A block aims to use one part of this of its gas limit. */
const ELASTICITY = 2n
/** The base fee changes by at most one part of this per block. */
const BASE_FEE_CHANGE_DENOMINATOR = 8n
/** The gas limit changes by less than one part of this per block. */
const GAS_LIMIT_BOUND_DIVISOR = 1024n

/** Lowest gas limit of a block. */
export const MIN_GAS_LIMIT = 5000n
/** Highest gas limit of a block, for implementations with signed integers: 2^63 - 1. */
export const MAX_GAS_LIMIT: bigint = 2n ** 63n - 1n

/** The base fee per gas of the block after `parent`, in wei. Spec: EIP-1559. */
export function nextBaseFee(parent: GasParent): bigint {
  const { gasLimit, gasUsed, baseFeePerGas } = parent
  if (baseFeePerGas === undefined) return INITIAL_BASE_FEE
  const target = gasLimit / ELASTICITY
  if (gasUsed === target || target === 0n) return baseFeePerGas
  if (gasUsed > target) {
    const rise = (baseFeePerGas * (gasUsed - target)) / target / BASE_FEE_CHANGE_DENOMINATOR
    return baseFeePerGas + (rise > 0n ? rise : 1n)
  }
  return baseFeePerGas - (baseFeePerGas * (target - gasUsed)) / target / BASE_FEE_CHANGE_DENOMINATOR
}

/** The gas limit of the block after `parent` that is nearest to `desired`. */
export function nextGasLimit(parent: Pick<GasParent, 'gasLimit'>, desired: bigint): bigint {
  const { gasLimit } = parent
  const step = maxGasLimitStep(gasLimit)
  const wanted = clamp(desired, MIN_GAS_LIMIT, MAX_GAS_LIMIT)
  return clamp(wanted, gasLimit - step, gasLimit + step)
}

/** Whether a block after `parent` may have the gas limit `gasLimit`. */
export function isGasLimitAllowed(parent: Pick<GasParent, 'gasLimit'>, gasLimit: bigint): boolean {
  const change = gasLimit - parent.gasLimit
  return (
    gasLimit >= MIN_GAS_LIMIT &&
    gasLimit <= MAX_GAS_LIMIT &&
    (change < 0n ? -change : change) <= maxGasLimitStep(parent.gasLimit)
  )
}

function maxGasLimitStep(gasLimit: bigint): bigint {
  const bound = gasLimit / GAS_LIMIT_BOUND_DIVISOR
  return bound > 0n ? bound - 1n : 0n
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  if (value < low) return low
  return value > high ? high : value
}
