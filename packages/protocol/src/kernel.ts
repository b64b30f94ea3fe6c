import type { Gas, Hash32, MetaHeight, Weight } from '@mosaic/primitives'
import { hashStruct, typeHash } from './encoding.ts'

/** K_n = (n, p̃_n, ΔV_n, gt_n) (§2.5), with commitments in place of the set and its updates. */
export type Kernel = {
  /** n: the meta-block height that this kernel opens. */
  readonly height: MetaHeight
  /** p̃_n: hash of meta-block B_{n-1}; the core identifier for K_0. */
  readonly parent: Hash32
  readonly validatorSetHash: Hash32
  readonly updatesHash: Hash32
  /** gt_n: gas at which the meta-block must be closed. */
  readonly gasTarget: Gas
  /** Weight of the forward set of this height. */
  readonly forwardWeight: Weight
  /** Weight of the rear set of this height. */
  readonly rearWeight: Weight
}

const KERNEL_TYPE_HASH = typeHash(
  'Kernel(uint64 height,bytes32 parent,bytes32 validatorSetHash,bytes32 updatesHash,uint64 gasTarget,uint128 forwardWeight,uint128 rearWeight)',
)
const META_BLOCK_TYPE_HASH = typeHash('MetaBlock(bytes32 kernelHash,bytes32 transitionHash)')

/** K̃_n. */
export function kernelHash(kernel: Kernel): Hash32 {
  return hashStruct(
    KERNEL_TYPE_HASH,
    kernel.height,
    kernel.parent,
    kernel.validatorSetHash,
    kernel.updatesHash,
    kernel.gasTarget,
    kernel.forwardWeight,
    kernel.rearWeight,
  )
}

/** Hash of meta-block B_n from K̃_n and the committed T̃_n; the parent of K_{n+1}. */
export function metaBlockHash(kernel: Hash32, transition: Hash32): Hash32 {
  return hashStruct(META_BLOCK_TYPE_HASH, kernel, transition)
}
