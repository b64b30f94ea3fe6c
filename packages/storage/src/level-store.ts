import { bytesToHex } from '@mosaic/primitives'
import type { Level } from 'level'
import { addChecksum, removeChecksum } from './checksum.ts'
import { CorruptRecordError, StoreClosedError, StoreIoError } from './errors.ts'
import { isChecksummed, prefixOf, type Space, toDiskKey } from './space.ts'
import type { EntryRange, Store } from './store.ts'

/** The database as the store uses it: bytes to bytes. */
export type Database = Level<Uint8Array, Uint8Array>

/**
 * A store over an open database.
 *
 * LevelDB notices no changed byte of its tables and loses the end of a damaged log in silence, hence the checksums. A handle
 * that failed to write stays failed when there is space again, hence the refusal to write after the first failure.
 */
export function createLevelStore(database: Database, directory: string): Store {
  let writeFailure: unknown
  let closing: Promise<void> | undefined

  function requireOpen(): void {
    if (closing !== undefined) throw new StoreClosedError()
  }

  function readFailure(space: Space, key: Uint8Array, cause: unknown): Error {
    if (errorCode(cause) === 'LEVEL_CORRUPTION') {
      const where = { space, key: bytesToHex(key) }
      return new CorruptRecordError(where, 'readable database files', 'damaged ones', { cause })
    }
    return new StoreIoError(directory, `to read space ${space}`, { cause })
  }

  return {
    get(space, key) {
      requireOpen()
      const diskKey = toDiskKey(prefixOf(space), key)
      let record: Uint8Array | undefined
      try {
        record = database.getSync(diskKey)
      } catch (error) {
        throw readFailure(space, key, error)
      }
      return record && toValue(space, diskKey, record)
    },

    async batch(operations, { sync = false } = {}) {
      requireOpen()
      if (writeFailure !== undefined) {
        const expected = 'no failed write since the store was opened'
        throw new StoreIoError(directory, expected, { cause: writeFailure })
      }
      try {
        // Put in one by one: handed over as an array, each operation takes twice the time.
        const changes = database.batch()
        for (const operation of operations) {
          const key = toDiskKey(prefixOf(operation.space), operation.key)
          if (operation.type === 'delete') changes.del(key)
          else {
            const { space, value } = operation
            changes.put(key, isChecksummed(space) ? addChecksum(key, value) : value)
          }
        }
        await changes.write({ sync })
      } catch (error) {
        writeFailure ??= error
        const expected = `to write a batch of ${operations.length} operations`
        throw new StoreIoError(directory, expected, { cause: error })
      }
    },

    async *entries(space, range = {}) {
      requireOpen()
      const iterator = database.iterator(toDiskRange(space, range))
      try {
        for (;;) {
          const entry = await iterator.next().catch((error: unknown) => {
            requireOpen()
            throw readFailure(space, range.from ?? new Uint8Array(), error)
          })
          if (entry === undefined) return
          const [diskKey, record] = entry
          yield [toBytes(diskKey).subarray(1), toValue(space, diskKey, record)] as const
          requireOpen()
        }
      } finally {
        await iterator.close()
      }
    },

    async close() {
      closing ??= database.close()
      await closing
    },
  }
}

/** The code that the database gave an error, from the error itself or from its cause. */
export function errorCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = 'code' in at ? at.code : undefined
    if (typeof code === 'string' && code !== 'LEVEL_DATABASE_NOT_OPEN') return code
  }
  return undefined
}

function toValue(space: Space, diskKey: Uint8Array, record: Uint8Array): Uint8Array {
  const bytes = toBytes(record)
  return isChecksummed(space) ? removeChecksum(space, diskKey, bytes) : bytes
}

/** The database hands out Node's Buffer, which is a Uint8Array that slices and prints differently. */
function toBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function toDiskRange(
  space: Space,
  range: EntryRange,
): { gte: Uint8Array; lt: Uint8Array; limit: number; reverse: boolean } {
  const prefix = prefixOf(space)
  return {
    gte: toDiskKey(prefix, range.from ?? new Uint8Array()),
    lt: range.to ? toDiskKey(prefix, range.to) : Uint8Array.of(prefix + 1),
    limit: range.limit ?? -1,
    reverse: range.reverse ?? false,
  }
}
