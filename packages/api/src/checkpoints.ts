import type { BlockRecord, Chain } from '@mosaic/chain'
import { deriveTransition } from '@mosaic/chain'
import {
  finalityGadgetViews,
  PREDEPLOYS,
  transitionTrackerViews,
  type View,
} from '@mosaic/contracts'
import {
  type Address,
  bytesToHex,
  type Hash32,
  type Height,
  hexToBytes,
  InvalidValueError,
  toBlockNumber,
  toDynasty,
  toHeight,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { coreIdentifier, domainSeparator, transitionHash, voteDigest } from '@mosaic/protocol'
import type { CheckpointView, TransitionView } from '@mosaic/rpc'
import { requireExecuted } from './missing-history.ts'

/** Reads checkpoints of the canonical chain. */
export type Checkpoints = {
  readonly view: (height: Height) => Promise<CheckpointView | undefined>
  readonly transition: (height: Height) => Promise<TransitionView | undefined>
}

const KEPT = 4096

/** Creates the reader of one chain. What can no longer change is kept. */
export function createCheckpoints(chain: Chain): Checkpoints {
  const { definition } = chain
  const about = coreIdentifier(definition.identity)
  const domain = domainSeparator(definition.identity)
  /** T by checkpoint block: a function of the branch. */
  const transitions = new Map<Hash32, TransitionView>()
  /** By checkpoint block, a head that knew it to be finalized; all that come after that head know it too. */
  const finalizedIn = new Map<Hash32, Hash32>()

  /** @throws RpcError if this node began above. */
  const find = (head: BlockRecord, height: Height): BlockRecord | undefined => {
    const number = height * definition.epochLength
    if (number > head.header.number) return undefined
    requireExecuted(chain, number)
    return chain.checkpoint(head, height)
  }

  /** T computed from headers and events, compared with what the contract stored. */
  const readTransition = async (
    head: BlockRecord,
    record: BlockRecord,
    height: Height,
  ): Promise<TransitionView> => {
    const known = transitions.get(record.hash)
    if (known !== undefined) return known
    const transition = deriveTransition(record, chain.database.record(record.header.parentHash))
    const hash = transitionHash(transition)
    const stored = await readContract(
      chain,
      head,
      PREDEPLOYS.transitionTracker,
      transitionTrackerViews.transitionHash,
      [height],
    )
    if (stored !== hash) {
      throw new InvalidValueError(`the transition hash ${hash} at height ${height}`, stored)
    }
    return remember(transitions, record.hash, { height, hash, transition })
  }

  const readStage = async (
    head: BlockRecord,
    record: BlockRecord,
    height: Height,
    hash: Hash32,
  ): Promise<CheckpointView['stage']> => {
    const { justified, finalized } = head.auxiliary
    if (height > justified.height) return 'proposed'
    if (finalized?.hash === record.hash) return 'finalized'
    const witness = finalizedIn.get(record.hash)
    if (witness !== undefined && chain.isCanonical(witness)) return 'finalized'
    const target = find(head, toHeight(height + 1n))
    if (target !== undefined) {
      // Source, target and T are fixed on a branch, so this is the one link that finalizes the checkpoint.
      const link = voteDigest(domain, {
        chain: about,
        transitionHash: hash,
        source: record.hash,
        target: target.hash,
        sourceHeight: height,
        targetHeight: toHeight(height + 1n),
      })
      const tally = await readContract(
        chain,
        head,
        PREDEPLOYS.finalityGadget,
        finalityGadgetViews.tally,
        [link],
      )
      if (tally.hasSupermajority) {
        remember(finalizedIn, record.hash, head.hash)
        return 'finalized'
      }
    }
    if (justified.hash === record.hash) return 'justified'
    const justifiedHash = await readContract(
      chain,
      head,
      PREDEPLOYS.finalityGadget,
      finalityGadgetViews.justifiedHash,
      [about, height],
    )
    return justifiedHash === record.hash ? 'justified' : 'proposed'
  }

  return {
    view: async (height) => {
      const head = chain.head()
      const record = find(head, height)
      if (record === undefined) return undefined
      const { hash } = await readTransition(head, record, height)
      return {
        height,
        number: record.header.number,
        hash: record.hash,
        stage: await readStage(head, record, height, hash),
        dynasty: dynastyOf(chain, record),
        transitionHash: hash,
      }
    },
    transition: async (height) => {
      const head = chain.head()
      const record = find(head, height)
      return record === undefined ? undefined : readTransition(head, record, height)
    },
  }
}

/** The dynasty of a block: checkpoints finalized up to its parent (docs/protocol.md §4). */
export function dynastyOf(chain: Chain, record: BlockRecord): CheckpointView['dynasty'] {
  return chain.database.record(record.header.parentHash)?.auxiliary.finalizedCount ?? toDynasty(0n)
}

/** Reads a view of a predeploy upon the state of a block. @throws InvalidValueError if the call fails. */
export async function readContract<Arguments extends readonly unknown[], Value>(
  chain: Chain,
  at: BlockRecord,
  to: Address,
  view: View<Arguments, Value>,
  values: Arguments,
): Promise<Value> {
  const result = await chain.execution.queries.call(at.header, at.signer ?? ZERO_ADDRESS, {
    to,
    data: hexToBytes(view.encode(...values)),
  })
  if (!result.ok) throw new InvalidValueError(`an answer of ${to}`, result.fault.code)
  return view.decode(bytesToHex(result.value.returned))
}

/** The block number of a checkpoint. */
export function checkpointNumber(chain: Chain, height: Height): ReturnType<typeof toBlockNumber> {
  return toBlockNumber(height * chain.definition.epochLength)
}

function remember<V>(kept: Map<Hash32, V>, key: Hash32, value: V): V {
  const [oldest] = kept.keys()
  if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest)
  kept.set(key, value)
  return value
}
