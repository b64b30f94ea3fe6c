import { toBlockNumber } from '@mosaic/primitives'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Space } from '../src/space.ts'
import { blockNumberKey, type EntryRange, type Store, type StoreOperation } from '../src/store.ts'

const SPACES: readonly Space[] = [
  'node',
  'code',
  'block',
  'blockMeta',
  'receipts',
  'canonical',
  'transaction',
  'vote',
  'meta',
]

export function put(space: Space, key: Uint8Array, value: Uint8Array): StoreOperation {
  return { type: 'put', space, key, value }
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

const nameOf = (space: Space, key: Uint8Array): string => `${space} ${key.join()}`

async function read(store: Store, space: Space, range?: EntryRange): Promise<number[][][]> {
  const found: number[][][] = []
  for await (const [key, value] of store.entries(space, range)) found.push([[...key], [...value]])
  return found
}

/** What every store does. Run by each implementation. */
export function storeSuite(create: () => Promise<Store>): void {
  describe('a store', () => {
    let store: Store

    beforeEach(async () => {
      store = await create()
    })

    afterEach(async () => {
      await store.close()
    })

    test('has nothing at first', async () => {
      expect(store.get('node', bytes(1))).toBeUndefined()
      expect(await read(store, 'node')).toEqual([])
    })

    test.each(SPACES)('gives back what was put into %s, there and nowhere else', async (space) => {
      await store.batch([put(space, bytes(1, 2), bytes(3, 4, 5))])
      expect(store.get(space, bytes(1, 2))).toEqual(bytes(3, 4, 5))
      for (const other of SPACES.filter((candidate) => candidate !== space)) {
        expect(store.get(other, bytes(1, 2))).toBeUndefined()
        expect(await read(store, other)).toEqual([])
      }
      expect(await read(store, space)).toEqual([
        [
          [1, 2],
          [3, 4, 5],
        ],
      ])
    })

    test.each(['node', 'meta'] as const)(
      'takes an empty key and an empty value in %s',
      async (space) => {
        await store.batch([put(space, bytes(), bytes())])
        expect(store.get(space, bytes())).toEqual(bytes())
        expect(await read(store, space)).toEqual([[[], []]])
      },
    )

    test('applies a batch in order, so that the later of two operations on a key wins', async () => {
      await store.batch([
        put('meta', bytes(1), bytes(1)),
        put('meta', bytes(1), bytes(2)),
        put('meta', bytes(2), bytes(1)),
        { type: 'delete', space: 'meta', key: bytes(2) },
        { type: 'delete', space: 'meta', key: bytes(3) },
        put('meta', bytes(3), bytes(3)),
      ])
      expect(await read(store, 'meta')).toEqual([
        [[1], [2]],
        [[3], [3]],
      ])
    })

    test('deletes what is there and is content with what is not', async () => {
      await store.batch([put('vote', bytes(1), bytes(1))], { sync: true })
      await store.batch([
        { type: 'delete', space: 'vote', key: bytes(1) },
        { type: 'delete', space: 'vote', key: bytes(9) },
      ])
      expect(store.get('vote', bytes(1))).toBeUndefined()
      await store.batch([])
    })

    test.each(['node', 'meta'] as const)('keeps its own bytes of %s', async (space) => {
      const value = bytes(1, 2, 3)
      const key = bytes(7)
      await store.batch([put(space, key, value)])
      value[0] = 9
      key[0] = 9
      store.get(space, bytes(7))?.fill(8)
      expect(store.get(space, bytes(7))).toEqual(bytes(1, 2, 3))
    })

    test('sorts block numbers as numbers', async () => {
      const numbers = [256n, 1n, 255n, 0n, 2n ** 64n - 1n, 2n ** 32n]
      await store.batch(
        numbers.map((number) => put('canonical', blockNumberKey(toBlockNumber(number)), bytes(1))),
      )
      const keys: bigint[] = []
      for await (const [key] of store.entries('canonical')) {
        keys.push(new DataView(key.buffer, key.byteOffset).getBigUint64(0))
      }
      expect(keys).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)))
    })

    test.each<[string, EntryRange, number[]]>([
      ['everything', {}, [1, 2, 3, 4]],
      ['from a key on, inclusive', { from: bytes(2) }, [2, 3, 4]],
      ['up to a key, exclusive', { to: bytes(3) }, [1, 2]],
      ['between two keys', { from: bytes(2), to: bytes(4) }, [2, 3]],
      ['from between keys', { from: bytes(2, 0) }, [3, 4]],
      ['nothing between equal keys', { from: bytes(2), to: bytes(2) }, []],
      ['nothing between crossed keys', { from: bytes(3), to: bytes(2) }, []],
      ['no more than the limit', { limit: 2 }, [1, 2]],
      ['nothing with limit 0', { limit: 0 }, []],
      ['descending', { reverse: true }, [4, 3, 2, 1]],
      ['the last ones', { reverse: true, limit: 2 }, [4, 3]],
      ['the last ones below a key', { to: bytes(4), reverse: true, limit: 1 }, [3]],
    ])('reads %s', async (_, range, expected) => {
      await store.batch([4, 2, 1, 3].map((key) => put('vote', bytes(key), bytes(key))))
      await store.batch([
        put('transaction', bytes(0xff, 0xff), bytes(0)),
        put('meta', bytes(), bytes(0)),
      ])
      expect(await read(store, 'vote', range)).toEqual(expected.map((key) => [[key], [key]]))
    })

    test('reads a key of only 0xff bytes', async () => {
      await store.batch([put('vote', bytes(0xff, 0xff, 0xff), bytes(1))])
      expect(await read(store, 'vote')).toEqual([[[0xff, 0xff, 0xff], [1]]])
    })

    test('reads entries as they were at the first, whatever is written meanwhile', async () => {
      await store.batch([1, 2, 3].map((key) => put('vote', bytes(key), bytes(key))))
      const seen: number[] = []
      for await (const [key, value] of store.entries('vote')) {
        seen.push(key[0] ?? -1, value[0] ?? -1)
        await store.batch([
          put('vote', bytes(2), bytes(9)),
          { type: 'delete', space: 'vote', key: bytes(3) },
          put('vote', bytes(4), bytes(4)),
        ])
      }
      expect(seen).toEqual([1, 1, 2, 2, 3, 3])
    })

    test('lets a reader of entries leave early', async () => {
      await store.batch([1, 2, 3].map((key) => put('vote', bytes(key), bytes(key))))
      for await (const [key] of store.entries('vote')) {
        expect(key).toEqual(bytes(1))
        break
      }
      await store.close()
    })

    test('does what a map does, whatever the operations', async () => {
      const key = fc.uint8Array({ maxLength: 2, max: 2 })
      const space = fc.constantFrom<Space>('node', 'vote')
      const operation: fc.Arbitrary<StoreOperation> = fc.oneof(
        fc.record({
          type: fc.constant('put' as const),
          space,
          key,
          value: fc.uint8Array({ maxLength: 40 }),
        }),
        fc.record({ type: fc.constant('delete' as const), space, key }),
      )
      const model = new Map<string, number[]>()
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (operations) => {
          await store.batch(operations)
          for (const op of operations) {
            if (op.type === 'put') model.set(nameOf(op.space, op.key), [...op.value])
            else model.delete(nameOf(op.space, op.key))
          }
          for (const op of operations) {
            const found = store.get(op.space, op.key)
            expect(found && [...found]).toEqual(model.get(nameOf(op.space, op.key)))
          }
          const all = [...(await read(store, 'node')), ...(await read(store, 'vote'))]
          expect(all).toHaveLength(model.size)
        }),
        { seed: 1, numRuns: 100 },
      )
    })

    test('refuses everything once it is closed, and closes twice', async () => {
      await store.batch([put('vote', bytes(1), bytes(1)), put('vote', bytes(2), bytes(2))])
      const reader = store.entries('vote')[Symbol.asyncIterator]()
      await reader.next()
      await store.close()
      await store.close()
      const closed = expect.objectContaining({ code: 'STORE_CLOSED' })
      expect(() => store.get('meta', bytes(1))).toThrow(closed)
      await expect(store.batch([])).rejects.toEqual(closed)
      await expect(reader.next()).rejects.toEqual(closed)
      await expect(read(store, 'meta')).rejects.toEqual(closed)
    })

    test('finishes the batches that were under way when it was closed', async () => {
      const written = store.batch([put('vote', bytes(1), bytes(1))], { sync: true })
      await store.close()
      await expect(written).resolves.toBeUndefined()
    })
  })
}
