import { ZERO_HASH } from '@mosaic/primitives'
import { Level } from 'level'
import { describe, expect, test } from 'vitest'
import { addChecksum, removeChecksum } from '../src/checksum.ts'
import { openStore } from '../src/open-store.ts'
import { prefixOf, type Space } from '../src/space.ts'
import { bytes, put } from './store-suite.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const CHECKED: readonly Space[] = [
  'blockMeta',
  'receipts',
  'canonical',
  'transaction',
  'vote',
  'meta',
]
const ADDRESSED: readonly Space[] = ['node', 'code', 'block']

async function rewrite(
  directory: string,
  change: (database: Level<Uint8Array, Uint8Array>) => Promise<void>,
): Promise<void> {
  const database = new Level<Uint8Array, Uint8Array>(`${directory}/database`, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  })
  await change(database)
  await database.close()
}

describe('a store whose disk lies', () => {
  test.each(CHECKED)('notices a flipped bit in %s, on get and on entries', async (space) => {
    const directory = await temporaryDirectory()
    const first = await openStore(directory, { genesisHash: ZERO_HASH })
    await first.batch([put(space, bytes(1, 2), bytes(5, 6, 7)), put(space, bytes(2), bytes(8))])
    await first.close()
    await rewrite(directory, async (database) => {
      const key = bytes(prefixOf(space), 1, 2)
      const record = (await database.get(key)).slice()
      record[record.length - 1] = (record.at(-1) ?? 0) ^ 0x10
      await database.put(key, record)
    })
    const store = await openStore(directory, { genesisHash: ZERO_HASH })
    const corrupt = {
      shape: {
        code: 'STORE_CORRUPT_RECORD',
        space,
        key: '0x0102',
        expected: expect.stringMatching(/^checksum 0x[0-9a-f]{8}$/),
        received: expect.stringMatching(/^checksum 0x[0-9a-f]{8}$/),
      },
    }
    expect(() => store.get(space, bytes(1, 2))).toThrow(expect.objectContaining(corrupt))
    await expect(store.entries(space)[Symbol.asyncIterator]().next()).rejects.toMatchObject(corrupt)
    expect(store.get(space, bytes(2))).toEqual(bytes(8))
    await store.batch([put(space, bytes(1, 2), bytes(1))])
    expect(store.get(space, bytes(1, 2))).toEqual(bytes(1))
    await store.close()
  })

  test.each(ADDRESSED)('leaves the proof of %s to the reader, who has its hash', async (space) => {
    const directory = await temporaryDirectory()
    const first = await openStore(directory, { genesisHash: ZERO_HASH })
    await first.batch([put(space, bytes(1), bytes(5))])
    await first.close()
    await rewrite(directory, (database) => database.put(bytes(prefixOf(space), 1), bytes(4)))
    const store = await openStore(directory, { genesisHash: ZERO_HASH })
    expect(store.get(space, bytes(1))).toEqual(bytes(4))
    await store.close()
  })

  test('notices a record that is in the place of another', async () => {
    const directory = await temporaryDirectory()
    const first = await openStore(directory, { genesisHash: ZERO_HASH })
    await first.batch([put('canonical', bytes(1), bytes(5)), put('canonical', bytes(2), bytes(6))])
    await first.close()
    await rewrite(directory, async (database) => {
      const prefix = prefixOf('canonical')
      await database.put(bytes(prefix, 1), await database.get(bytes(prefix, 2)))
    })
    const store = await openStore(directory, { genesisHash: ZERO_HASH })
    expect(() => store.get('canonical', bytes(1))).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT_RECORD' }),
    )
    await store.close()
  })
})

describe('removeChecksum', () => {
  test('notices every flipped bit and every truncation', () => {
    const key = bytes(9, 1)
    const record = addChecksum(key, bytes(1, 2, 3))
    const corrupt = expect.objectContaining({ code: 'STORE_CORRUPT_RECORD' })
    for (let bit = 0; bit < 8 * record.length; bit++) {
      const damaged = record.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => removeChecksum('meta', key, damaged)).toThrow(corrupt)
    }
    for (let size = 0; size < record.length; size++) {
      expect(() => removeChecksum('meta', key, record.subarray(0, size))).toThrow(corrupt)
    }
    expect(removeChecksum('meta', key, record)).toEqual(bytes(1, 2, 3))
  })
})
