import { type CommitArguments, PREDEPLOYS } from '@mosaic/contracts'
import type { EthereumClient, OpenedKernel } from '@mosaic/origin'
import { bytesToHex, type Height, toBlockNumber, ZERO_HASH } from '@mosaic/primitives'
import { type CoreIdentity, encodeValidatorSet } from '@mosaic/protocol'
import { readFinalizedTransition, readSealVotes } from '../packages/relayer/src/auxiliary-reader.ts'

/** Everything that closes an open height with the checkpoint at a height, whether it should be that one or not. */
export async function readCommit(
  auxiliary: EthereumClient,
  identity: CoreIdentity,
  epochLength: bigint,
  { kernel, validatorSet }: Pick<OpenedKernel, 'kernel' | 'validatorSet'>,
  height: Height,
): Promise<CommitArguments> {
  const found = await readFinalizedTransition(auxiliary, height)
  const seal = found && (await readSealVotes(auxiliary, identity, epochLength, found))
  if (found === undefined || seal === undefined)
    throw new Error(`expected checkpoint ${height} to be finalized`)
  const proof = await auxiliary.proof(
    PREDEPLOYS.transitionTracker,
    [ZERO_HASH],
    toBlockNumber(height * epochLength),
  )
  return {
    transition: found.transition,
    kernel,
    validatorSet: bytesToHex(encodeValidatorSet(validatorSet)),
    header: bytesToHex(seal.header.rlp),
    target: seal.target,
    votes: seal.votes,
    accountProof: proof.accountProof.map(bytesToHex),
    storageProof: (proof.storageProofs[0]?.proof ?? []).map(bytesToHex),
  }
}
