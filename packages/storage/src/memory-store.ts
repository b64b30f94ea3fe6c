import { fromByteKey, toByteKey } from '@mosaic/primitives'
import { StoreClosedError } from './errors.ts'
import type { Space } from './space.ts'
import type { EntryRange, Store } from './store.ts'

/** A store in memory with the behaviour of one on disk, for tests and for chains that need not survive. */
export function createMemoryStore(): Store {
  const spaces = new Map<Space, Map<string, Uint8Array>>()
  let closed = false

  function requireOpen(): void {
    if (closed) throw new StoreClosedError()
  }

  function recordsOf(space: Space): Map<string, Uint8Array> {
    let records = spaces.get(space)
    if (records === undefined) {
      records = new Map()
      spaces.set(space, records)
    }
    return records
  }

  return {
    get(space, key) {
      requireOpen()
      return recordsOf(space).get(toByteKey(key))?.slice()
    },

    async batch(operations) {
      requireOpen()
      for (const operation of operations) {
        const records = recordsOf(operation.space)
        const key = toByteKey(operation.key)
        if (operation.type === 'put') records.set(key, operation.value.slice())
        else records.delete(key)
      }
    },

    async *entries(space, range = {}) {
      requireOpen()
      for (const [key, value] of select(recordsOf(space), range)) {
        yield [fromByteKey(key), value.slice()] as const
        requireOpen()
      }
    },

    async close() {
      closed = true
    },
  }
}

function select(
  records: ReadonlyMap<string, Uint8Array>,
  range: EntryRange,
): readonly (readonly [string, Uint8Array])[] {
  const from = range.from && toByteKey(range.from)
  const to = range.to && toByteKey(range.to)
  const chosen = [...records].filter(
    ([key]) => (from === undefined || key >= from) && (to === undefined || key < to),
  )
  chosen.sort(([a], [b]) => (a < b ? -1 : 1))
  if (range.reverse === true) chosen.reverse()
  return range.limit === undefined ? chosen : chosen.slice(0, range.limit)
}
