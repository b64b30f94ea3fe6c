import { createSenderRecovery, type ExecutionLayer, type SenderRecovery } from '@mosaic/execution'

/** Recovers senders of transactions before they are taken, on another thread while many come at once. */
export type RecoveryAhead = {
  readonly recovery: SenderRecovery
  /** Resolves when a transaction is as well known as it can be; at once unless many come. Whether it is one, its taker says. */
  readonly prepare: (execution: ExecutionLayer, raw: Uint8Array) => Promise<void>
  readonly close: () => Promise<void>
}

/** Transactions that are decoded together. */
type Batch = {
  readonly raws: Uint8Array[]
  readonly decoded: Promise<unknown>
  readonly send: () => void
}

/** So many in one turn of the event loop are many. A thread costs 20 MB and a tenth of a second, which few chains for tests are worth. */
const MANY = 16

/** So many go to the other thread at once: it is at work while this one still reads the requests after them. */
const BATCH = 8

/** Fewer than this thread does while it would tell the other of them. */
const FEW = 3

/** Creates what starts its thread when it is first worth it. */
export function createRecoveryAhead(): RecoveryAhead {
  const recovery = createSenderRecovery({ fewest: FEW })
  let batch: Batch | undefined
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
  const openBatch = (execution: ExecutionLayer): Batch => {
    const raws: Uint8Array[] = []
    const full = Promise.withResolvers<void>()
    const opened: Batch = {
      raws,
      decoded: full.promise.then(() => execution.decodeTransactions(raws)),
      send: () => {
        if (batch === opened) batch = undefined
        full.resolve()
      },
    }
    setImmediate(opened.send)
    return opened
  }
  return {
    recovery,
    prepare: async (execution, raw) => {
      countTurn()
      if (isHelping) {
        batch ??= openBatch(execution)
        const { raws, decoded, send } = batch
        if (raws.push(raw) === BATCH) send()
        await decoded
        return
      }
      // Not waited for: this thread goes on alone until the other is there, or for ever if it cannot be.
      if (inTurn === MANY) startHelping().catch(() => undefined)
    },
    close: recovery.close,
  }
}
