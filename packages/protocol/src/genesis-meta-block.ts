import {
  type BlockNumber,
  type Gas,
  type Hash32,
  toDynasty,
  toGas,
  toHash32,
  toMetaHeight,
  type Weight,
} from '@mosaic/primitives'
import { type Kernel, kernelHash, metaBlockHash } from './kernel.ts'
import { transitionHash } from './transition.ts'

/** Root of a trie without entries: keccak256(rlp("")). */
export const EMPTY_TRIE_ROOT: Hash32 = toHash32(
  '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
)

/** What the core fixes when it opens: the genesis set and the root of the observation of origin. */
export type GenesisCommitment = {
  readonly coreIdentifier: Hash32
  readonly validatorSetHash: Hash32
  readonly updatesHash: Hash32
  readonly forwardWeight: Weight
  readonly rearWeight: Weight
  readonly gasTarget: Gas
  readonly originRoot: { readonly number: BlockNumber; readonly hash: Hash32 }
}

/** K_1, whose parent is the genesis meta-block B_0 (docs/protocol.md §2, "Genesis"). */
export function genesisKernel(genesis: GenesisCommitment): Kernel {
  const set = {
    validatorSetHash: genesis.validatorSetHash,
    updatesHash: genesis.updatesHash,
    forwardWeight: genesis.forwardWeight,
    rearWeight: genesis.rearWeight,
  }
  const zeroth = kernelHash({
    height: toMetaHeight(0n),
    parent: genesis.coreIdentifier,
    gasTarget: toGas(0n),
    ...set,
  })
  const transition = transitionHash({
    dynasty: toDynasty(0n),
    originBlockNumber: genesis.originRoot.number,
    originBlockHash: genesis.originRoot.hash,
    accumulatedTransactionRoot: EMPTY_TRIE_ROOT,
    accumulatedGas: toGas(0n),
    kernelHash: zeroth,
  })
  return {
    height: toMetaHeight(1n),
    parent: metaBlockHash(zeroth, transition),
    gasTarget: genesis.gasTarget,
    ...set,
  }
}
