import { type Chain, createStatePruner } from '@mosaic/chain'
import type { Store } from '@mosaic/storage'
import type { Log } from './logger.ts'

/** Least number of blocks between two rounds, so that a short window does not make the node busy with nothing else. */
const LEAST_INTERVAL = 512n
/** So many rounds while a window passes: at worst, the store holds so much more than it must. */
const ROUNDS_PER_WINDOW = 8n

/**
 * Prunes old states while the node runs: a round when it starts, and then each time an eighth of the window has passed.
 *
 * @returns ends it, and resolves when no round is under way any more.
 */
export function pruneStates(
  chain: Chain,
  store: Store,
  keepBlocks: bigint,
  log: Log,
): () => Promise<void> {
  const pruner = createStatePruner({ chain, store, keepBlocks })
  const eighth = keepBlocks / ROUNDS_PER_WINDOW
  const interval = eighth > LEAST_INTERVAL ? eighth : LEAST_INTERVAL
  let next = 0n
  const round = async (): Promise<void> => {
    try {
      const report = await pruner.run()
      if (report !== undefined) log('info', 'states.pruned', { ...report })
    } catch (error) {
      log('error', 'states not pruned', { error })
    }
  }
  const look = (number: bigint): void => {
    if (number < next) return
    next = number + interval
    void round()
  }
  const forget = chain.onHead(({ head }) => look(head.header.number))
  look(chain.head().header.number)
  return async () => {
    forget()
    await pruner.stop()
  }
}
