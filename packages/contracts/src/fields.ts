import {
  bytesToHex,
  type Hex,
  hexToBytes,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toMetaHeight,
  toWeight,
} from '@mosaic/primitives'
import type { Kernel, TransitionObject, VoteMessage } from '@mosaic/protocol'
import type { Result } from 'ethers'

/** The members of a Solidity `Kernel`. */
export function readKernel(fields: Result): Kernel {
  return {
    height: toMetaHeight(fields['height']),
    parent: toHash32(fields['parent']),
    validatorSetHash: toHash32(fields['validatorSetHash']),
    updatesHash: toHash32(fields['updatesHash']),
    gasTarget: toGas(fields['gasTarget']),
    forwardWeight: toWeight(fields['forwardWeight']),
    rearWeight: toWeight(fields['rearWeight']),
  }
}

/** The members of a Solidity `TransitionObject`. */
export function readTransition(fields: Result): TransitionObject {
  return {
    dynasty: toDynasty(fields['dynasty']),
    originBlockNumber: toBlockNumber(fields['originBlockNumber']),
    originBlockHash: toHash32(fields['originBlockHash']),
    accumulatedTransactionRoot: toHash32(fields['accumulatedTransactionRoot']),
    accumulatedGas: toGas(fields['accumulatedGas']),
    kernelHash: toHash32(fields['kernelHash']),
  }
}

/** The members of a Solidity `VoteMessage`. */
export function readVote(fields: Result): VoteMessage {
  return {
    chain: toHash32(fields['chain']),
    transitionHash: toHash32(fields['transitionHash']),
    source: toHash32(fields['source']),
    target: toHash32(fields['target']),
    sourceHeight: toHeight(fields['sourceHeight']),
    targetHeight: toHeight(fields['targetHeight']),
  }
}

/** Validator words as the 256-bit integers that the finality gadget takes. */
export function splitWords(validatorSet: Hex): readonly Hex[] {
  const bytes = hexToBytes(validatorSet)
  return Array.from({ length: bytes.length / 32 }, (_, i) =>
    bytesToHex(bytes.subarray(32 * i, 32 * i + 32)),
  )
}

/** One bit per seat, 256 to a word, the lowest bit first: how a seal names its signers. */
export function encodeSignerBitmap(indices: readonly number[]): readonly bigint[] {
  const words: bigint[] = []
  for (const index of indices) {
    const word = Math.floor(index / 256)
    while (words.length <= word) words.push(0n)
    words[word] = (words[word] ?? 0n) | (1n << BigInt(index % 256))
  }
  return words
}
