import { setImmediate } from 'node:timers/promises'
import { type BlockNumber, type Hash32, InvalidValueError, toBlockNumber } from '@mosaic/primitives'
import type { Store, StoreOperation } from '@mosaic/storage'
import type { Chain } from './chain.ts'
import { HashSet } from './hash-set.ts'

/** What a round of pruning did. */
export type PruneReport = {
  /** States of blocks from this number on are kept. */
  readonly keptFrom: BlockNumber
  readonly keptNodes: number
  readonly deletedNodes: number
}

/** Takes old states out of the store while the chain goes on. */
export type StatePruner = {
  /**
   * One round: marks what the kept states reach, then deletes the rest. Undefined if there is nothing to prune yet, or it was stopped. A round
   * that breaks off at any point leaves all kept states whole. @throws if a kept state is not whole.
   */
  readonly run: () => Promise<PruneReport | undefined>
  /** Ends a round that is under way, and resolves when it has ended. */
  readonly stop: () => Promise<void>
}

const DELETIONS_AT_ONCE = 500

/**
 * Creates the pruner of a chain. Kept are the states of the last `keepBlocks` blocks, and always those from the finalized checkpoint on, on
 * every branch: nothing can be built on others. Blocks and receipts stay.
 */
export function createStatePruner(parts: {
  readonly chain: Chain
  readonly store: Store
  readonly keepBlocks: bigint
}): StatePruner {
  const { chain, store, keepBlocks } = parts
  if (keepBlocks < 1n) throw new InvalidValueError('at least one block to keep', keepBlocks)
  let running: Promise<PruneReport | undefined> | undefined
  let isStopped = false

  const keptFrom = (): BlockNumber => {
    const head = chain.head().header.number
    const oldest = head >= keepBlocks ? head - keepBlocks + 1n : 0n
    const finalized = chain.finalized().height * chain.definition.epochLength
    return toBlockNumber(oldest < finalized ? oldest : finalized)
  }
  const rootOf = (hash: Hash32): Hash32 => {
    const record = chain.database.record(hash)
    if (record === undefined) throw new InvalidValueError(`the record of ${hash}`, undefined)
    return record.header.stateRoot
  }

  const round = async (): Promise<PruneReport | undefined> => {
    const from = keptFrom()
    if (from === 0n) return undefined
    const reached = new HashSet()
    // What is stored from now on is kept, also what was there before. Not as reached: what is below an old node that a new block stores
    // again must still be walked over.
    const stored = new HashSet()
    const forget = chain.onState(({ nodes }) => {
      for (const [hash] of nodes) stored.add(hash)
    })
    const isKept = (hash: Uint8Array): boolean => reached.has(hash) || stored.has(hash)
    try {
      const visitor = {
        enter: (hash: Uint8Array) => reached.add(hash),
        pause: async () => {
          await setImmediate()
        },
      }
      for await (const hash of chain.database.hashesFrom(from)) {
        if (isStopped) return undefined
        await chain.execution.walkState(rootOf(hash), visitor)
      }
      const deletedNodes = await sweep(isKept)
      if (isStopped) return undefined
      await chain.database.forgetBranches(from)
      return { keptFrom: from, keptNodes: reached.size, deletedNodes }
    } finally {
      forget()
    }
  }

  const sweep = async (isKept: (hash: Uint8Array) => boolean): Promise<number> => {
    let deleted = 0
    let due: StoreOperation[] = []
    const flush = async (): Promise<void> => {
      // Some may have been stored again since they were looked at.
      const still = due.filter(({ key }) => !isKept(key))
      due = []
      if (still.length > 0) await store.batch(still)
      deleted += still.length
      await setImmediate()
    }
    for await (const [key] of store.entries('node')) {
      if (isStopped) return deleted
      if (isKept(key)) continue
      due.push({ type: 'delete', space: 'node', key })
      if (due.length >= DELETIONS_AT_ONCE) await flush()
    }
    await flush()
    return deleted
  }

  return {
    run: () => {
      if (isStopped) return Promise.resolve(undefined)
      running ??= round().finally(() => {
        running = undefined
      })
      return running
    },
    stop: async () => {
      isStopped = true
      await running?.catch(() => undefined)
    },
  }
}
