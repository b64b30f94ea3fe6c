import {
  type BlockNumber,
  concatBytes,
  type Dynasty,
  type Gas,
  type Hash32,
  hexToBytes,
  keccak256,
} from '@mosaic/primitives'
import { hashStruct, typeHash } from './encoding.ts'

/** T^A at an auxiliary checkpoint s (§2.4): the coarse-grained state that a meta-block commits. */
export type TransitionObject = {
  /** Finalized checkpoints on the branch before the block of s began. */
  readonly dynasty: Dynasty
  /** O_f: the highest finalized observation of origin, as of the end of s. */
  readonly originBlockNumber: BlockNumber
  readonly originBlockHash: Hash32
  /** r: keccak chain over the transactions roots of all blocks up to s. */
  readonly accumulatedTransactionRoot: Hash32
  /** g: gas used by all blocks up to s. */
  readonly accumulatedGas: Gas
  /** K̃_n of the kernel active at the end of s. */
  readonly kernelHash: Hash32
}

/** T^O at an observed origin block: a pure function of that block. */
export type OriginTransitionObject = {
  readonly blockNumber: BlockNumber
  readonly blockHash: Hash32
  readonly stateRoot: Hash32
}

const TRANSITION_TYPE_HASH = typeHash(
  'TransitionObject(uint64 dynasty,uint64 originBlockNumber,bytes32 originBlockHash,bytes32 accumulatedTransactionRoot,uint64 accumulatedGas,bytes32 kernelHash)',
)
const ORIGIN_TRANSITION_TYPE_HASH = typeHash(
  'OriginTransitionObject(uint64 blockNumber,bytes32 blockHash,bytes32 stateRoot)',
)

/** T̃ of an auxiliary checkpoint. */
export function transitionHash(transition: TransitionObject): Hash32 {
  return hashStruct(
    TRANSITION_TYPE_HASH,
    transition.dynasty,
    transition.originBlockNumber,
    transition.originBlockHash,
    transition.accumulatedTransactionRoot,
    transition.accumulatedGas,
    transition.kernelHash,
  )
}

/** T̃ of an origin checkpoint. */
export function originTransitionHash(transition: OriginTransitionObject): Hash32 {
  return hashStruct(
    ORIGIN_TRANSITION_TYPE_HASH,
    transition.blockNumber,
    transition.blockHash,
    transition.stateRoot,
  )
}

/** r_i = keccak256(r_{i-1} ‖ R_i) (§2.4). */
export function accumulateTransactionRoot(previous: Hash32, transactionsRoot: Hash32): Hash32 {
  return keccak256(concatBytes(hexToBytes(previous), hexToBytes(transactionsRoot)))
}
