import type { AuthorityHeader, SignerSnapshot } from '@mosaic/authority'
import {
  type ChainStatus,
  finalityGadgetViews,
  PREDEPLOYS,
  transitionTrackerViews,
  type View,
} from '@mosaic/contracts'
import {
  type Address,
  bytesToHex,
  type Hash32,
  hexToBytes,
  InvalidValueError,
  toHeight,
  ZERO_HASH,
} from '@mosaic/primitives'
import { coreIdentifier, originIdentifier } from '@mosaic/protocol'
import type { BlockRecord, ChainFinality } from './block-record.ts'
import type { Chain } from './chain.ts'

/**
 * The record of a block whose state is in the store, read from that state instead of derived from its parent's. Equal to the derived one but
 * for the total difficulty, which is in no state: here it counts from this block on.
 *
 * @throws InvalidValueError if it is no state of this chain.
 */
export async function beginningRecord(
  chain: Pick<Chain, 'definition' | 'execution' | 'genesis'>,
  block: {
    readonly header: AuthorityHeader
    readonly signer: Address
    readonly snapshot: SignerSnapshot
  },
): Promise<BlockRecord> {
  const { identity } = chain.definition
  const { header, signer, snapshot } = block
  const read = async <Arguments extends readonly unknown[], Value>(
    to: Address,
    view: View<Arguments, Value>,
    ...values: Arguments
  ): Promise<Value> => {
    const data = hexToBytes(view.encode(...values))
    const result = await chain.execution.queries.call(header, signer, { to, data })
    if (!result.ok) throw new InvalidValueError(`an answer of ${to}`, result.fault.code)
    return view.decode(bytesToHex(result.value.returned))
  }
  const { transitionTracker, finalityGadget } = PREDEPLOYS
  const root = await read(transitionTracker, transitionTrackerViews.checkpointHash, toHeight(0n))
  if (root !== chain.genesis.hash) {
    throw new InvalidValueError(`a state of the chain with genesis ${chain.genesis.hash}`, root)
  }
  const transition = await read(transitionTracker, transitionTrackerViews.transition)
  const statusOf = async (about: Hash32): Promise<ChainFinality> =>
    toFinality(await read(finalityGadget, finalityGadgetViews.status, about))
  return {
    hash: snapshot.hash,
    header,
    signer,
    totalDifficulty: header.difficulty,
    snapshot,
    auxiliary: await statusOf(coreIdentifier(identity)),
    origin: await statusOf(originIdentifier(identity.originChainId)),
    observation: { number: transition.originBlockNumber, hash: transition.originBlockHash },
    kernelHash: transition.kernelHash,
    accumulatedTransactionRoot: transition.accumulatedTransactionRoot,
    accumulatedGas: transition.accumulatedGas,
  }
}

function toFinality(status: ChainStatus): ChainFinality {
  const { justifiedHeight, justifiedHash, finalizedHeight, finalizedHash, finalizedCount } = status
  return {
    justified: { height: justifiedHeight, hash: justifiedHash },
    finalized:
      finalizedHash === ZERO_HASH ? undefined : { height: finalizedHeight, hash: finalizedHash },
    finalizedCount,
  }
}
