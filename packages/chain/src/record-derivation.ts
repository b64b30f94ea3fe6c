import type { SignerSnapshot } from '@mosaic/authority'
import { decodeAuxiliaryEvent } from '@mosaic/contracts'
import type { Block, Execution, Log } from '@mosaic/execution'
import { bytesToHex, type Hash32, toDynasty, toGas, toHeight } from '@mosaic/primitives'
import {
  accumulateTransactionRoot,
  coreIdentifier,
  originIdentifier,
  type TransitionObject,
  transitionHash,
} from '@mosaic/protocol'
import type { BlockRecord, ChainFinality } from './block-record.ts'
import type { ChainDefinition } from './definition.ts'

/** The record of block 0. */
export function genesisRecord(
  block: Block,
  snapshot: SignerSnapshot,
  definition: ChainDefinition,
): BlockRecord {
  const { originRoot, originEpochLength } = definition
  const none = { finalized: undefined, finalizedCount: toDynasty(0n) }
  return {
    hash: block.hash,
    header: block.header,
    signer: undefined,
    totalDifficulty: block.header.difficulty,
    snapshot,
    auxiliary: { justified: { height: toHeight(0n), hash: block.hash }, ...none },
    origin: {
      justified: { height: toHeight(originRoot.number / originEpochLength), hash: originRoot.hash },
      ...none,
    },
    observation: { number: originRoot.number, hash: originRoot.hash },
    kernelHash: definition.kernelHash,
    accumulatedTransactionRoot: block.header.transactionsRoot,
    accumulatedGas: toGas(0n),
  }
}

/** The record of a block from its parent's and what its execution emitted. */
export function deriveRecord(
  block: Block,
  execution: Pick<Execution, 'receipts' | 'systemLogs'>,
  parent: BlockRecord,
  snapshot: SignerSnapshot,
  definition: ChainDefinition,
): BlockRecord {
  let { auxiliary, origin, observation, kernelHash } = parent
  const auxiliaryChain = coreIdentifier(definition.identity)
  const originChain = originIdentifier(definition.identity.originChainId)
  const update = (chain: Hash32, step: (finality: ChainFinality) => ChainFinality): void => {
    if (chain === auxiliaryChain) auxiliary = step(auxiliary)
    else if (chain === originChain) origin = step(origin)
  }
  for (const log of [...execution.receipts.flatMap(({ logs }) => logs), ...execution.systemLogs]) {
    const event = decodeLog(log)
    switch (event?.name) {
      case 'CheckpointJustified': {
        const { height, hash } = event
        update(event.chain, (finality) =>
          height > finality.justified.height
            ? { ...finality, justified: { height, hash } }
            : finality,
        )
        break
      }
      case 'CheckpointFinalized': {
        const { height, hash, dynasty } = event
        update(event.chain, (finality) => ({
          ...finality,
          finalized:
            finality.finalized === undefined || height > finality.finalized.height
              ? { height, hash }
              : finality.finalized,
          finalizedCount: dynasty,
        }))
        break
      }
      case 'ObservationFinalized': {
        const { number, blockHash } = event
        if (number > observation.number) observation = { number, hash: blockHash }
        break
      }
      case 'KernelActivated':
        ;({ kernelHash } = event)
        break
      case 'HeaderReported':
      case 'KernelConfirmed':
      case 'LinkOpened':
      case 'ValidatorSlashed':
      case 'VoteRecorded':
      case undefined:
        break
    }
  }
  return {
    hash: block.hash,
    header: block.header,
    signer: block.signer,
    totalDifficulty: parent.totalDifficulty + block.header.difficulty,
    snapshot,
    auxiliary,
    origin,
    observation,
    kernelHash,
    accumulatedTransactionRoot: accumulateTransactionRoot(
      parent.accumulatedTransactionRoot,
      block.header.transactionsRoot,
    ),
    accumulatedGas: toGas(parent.accumulatedGas + block.header.gasUsed),
  }
}

/**
 * T at a checkpoint, computed from headers and events alone, so that it can be compared with what the contract stored. `before` is the dynasty
 * as the block began: the finalized count of its parent.
 */
export function deriveTransition(
  record: BlockRecord,
  before: BlockRecord | undefined,
): TransitionObject {
  return {
    dynasty: before?.auxiliary.finalizedCount ?? toDynasty(0n),
    originBlockNumber: record.observation.number,
    originBlockHash: record.observation.hash,
    accumulatedTransactionRoot: record.accumulatedTransactionRoot,
    accumulatedGas: record.accumulatedGas,
    kernelHash: record.kernelHash,
  }
}

/** T̃ of {@link deriveTransition}. */
export function deriveTransitionHash(record: BlockRecord, before: BlockRecord | undefined): Hash32 {
  return transitionHash(deriveTransition(record, before))
}

/** Decodes a log of the EVM as an event of a predeploy. */
export function decodeLog(log: Log): ReturnType<typeof decodeAuxiliaryEvent> {
  return decodeAuxiliaryEvent({
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
  })
}
