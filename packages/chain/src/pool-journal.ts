import { bytesToHex, createQueue, hexToBytes } from '@mosaic/primitives'
import type { Store, StoreOperation } from '@mosaic/storage'
import type { TransactionPool } from './transaction-pool.ts'

/** Keeps what waits in a pool on disk, so that a restart does not lose it. */
export type PoolJournal = {
  /** What waited when it was last saved, encoded, in no order. @throws CorruptRecordError, StoreIoError. */
  readonly load: () => Promise<readonly Uint8Array[]>
  /** Brings the disk in step with the pool. Calls run one after the other. */
  readonly save: () => Promise<void>
}

/** Creates the journal of a pool on a store. */
export function createPoolJournal(store: Store, pool: TransactionPool): PoolJournal {
  const saved = new Set<string>()
  const { exclusive } = createQueue()

  const save = async (): Promise<void> => {
    const waiting = new Map<string, Uint8Array>()
    for (const { hash, raw } of pool.waiting()) waiting.set(hash, raw)
    const operations: StoreOperation[] = []
    for (const [hash, raw] of waiting) {
      if (!saved.has(hash)) {
        operations.push({ type: 'put', space: 'pool', key: hexToBytes(hash), value: raw })
      }
    }
    for (const hash of saved) {
      if (!waiting.has(hash)) {
        operations.push({ type: 'delete', space: 'pool', key: hexToBytes(hash) })
      }
    }
    if (operations.length === 0) return
    await store.batch(operations)
    saved.clear()
    for (const hash of waiting.keys()) saved.add(hash)
  }
  return {
    load: async () => {
      const found: Uint8Array[] = []
      for await (const [key, raw] of store.entries('pool')) {
        found.push(raw)
        saved.add(bytesToHex(key))
      }
      return found
    },
    save: () => exclusive(save),
  }
}
