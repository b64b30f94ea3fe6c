import { setImmediate as nextTurn } from 'node:timers/promises'
import { createSenderRecovery, type ExecutionLayer, type SenderRecovery } from '@mosaic/execution'

/** Recovers senders of transactions before they are taken, on another thread while many come at once. */
export type RecoveryAhead = {
  readonly recovery: SenderRecovery
  /** Resolves when a transaction is as well known as it can be; at once unless many come. Whether it is one, its taker says. */
  readonly prepare: (execution: ExecutionLayer, raw: Uint8Array) => Promise<void>
  readonly close: () => Promise<void>
}

/** So many in one turn of the event loop are many. A thread costs 20 MB and a tenth of a second, which few chains for tests are worth. */
const MANY = 16

/** Creates what starts its thread when it is first worth it. */
export function createRecoveryAhead(): RecoveryAhead {
  const recovery = createSenderRecovery({ fewest: MANY / 2 })
  let waiting: Uint8Array[] = []
  let turn: Promise<void> | undefined
  let inTurn = 0
  let isHelping = false

  const countTurn = (): void => {
    if (inTurn === 0) {
      setImmediate(() => {
        inTurn = 0
      })
    }
    inTurn++
  }
  const startHelping = async (): Promise<void> => {
    isHelping = await recovery.start()
  }
  const prepareTurn = async (execution: ExecutionLayer): Promise<void> => {
    await nextTurn()
    const batch = waiting
    waiting = []
    turn = undefined
    await execution.decodeTransactions(batch)
  }
  return {
    recovery,
    prepare: async (execution, raw) => {
      countTurn()
      if (isHelping) {
        waiting.push(raw)
        turn ??= prepareTurn(execution)
        await turn
        return
      }
      // Not waited for: this thread goes on alone until the other is there, or for ever if it cannot be.
      if (inTurn === MANY) startHelping().catch(() => undefined)
    },
    close: recovery.close,
  }
}
