import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes, hexToBytes, toHash32, utf8ToBytes } from '@mosaic/primitives'
import { Level } from 'level'
import { describe, expect, test } from 'vitest'
import { addChecksum } from '../src/checksum.ts'
import { openStore } from '../src/open-store.ts'
import { bytes, put } from './store-suite.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const genesisHash = toHash32(`0x${'11'.repeat(32)}`)
const otherGenesis = toHash32(`0x${'22'.repeat(32)}`)
const IDENTITY_KEY = concatBytes(bytes(0), utf8ToBytes('identity'))

async function changeRaw(
  directory: string,
  change: (database: Level<Uint8Array, Uint8Array>) => Promise<void>,
): Promise<void> {
  const database = new Level<Uint8Array, Uint8Array>(join(directory, 'database'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  })
  await change(database)
  await database.close()
}

async function initialise(directory: string): Promise<void> {
  const store = await openStore(directory, { genesisHash })
  await store.batch([put('meta', bytes(1), bytes(1, 2, 3))], { sync: true })
  await store.close()
}

describe('openStore', () => {
  test('keeps what was written', async () => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    const store = await openStore(directory, { genesisHash })
    expect(store.get('meta', bytes(1))).toEqual(bytes(1, 2, 3))
    await store.close()
  })

  test('makes the directories above, and one marker beside the database', async () => {
    const directory = join(await temporaryDirectory(), 'a', 'b')
    await initialise(directory)
    expect((await readdir(directory)).toSorted()).toEqual(['database', 'initialised'])
    expect(await readFile(join(directory, 'initialised'), 'utf8')).toBe(
      `format 2\ngenesis ${genesisHash}\n`,
    )
  })

  test('refuses the store of another chain, naming both', async () => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    await expect(openStore(directory, { genesisHash: otherGenesis })).rejects.toMatchObject({
      shape: {
        code: 'STORE_FOREIGN_CHAIN',
        directory,
        expected: otherGenesis,
        received: genesisHash,
      },
    })
    await initialise(directory)
  })

  test.each([0, 1, 255])('refuses format %i, naming both', async (format) => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    const identity = concatBytes(bytes(format), hexToBytes(genesisHash), bytes(1))
    await changeRaw(directory, (database) =>
      database.put(IDENTITY_KEY, addChecksum(IDENTITY_KEY, identity)),
    )
    await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
      shape: { code: 'STORE_UNSUPPORTED_FORMAT', expected: 2, received: format },
    })
  })

  test('refuses an identity that was damaged', async () => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    await changeRaw(directory, async (database) => {
      const record = (await database.get(IDENTITY_KEY)).slice()
      record[5] = (record[5] ?? 0) ^ 1
      await database.put(IDENTITY_KEY, record)
    })
    await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
      shape: { code: 'STORE_CORRUPT_RECORD', space: 'identity' },
    })
  })

  test('refuses to begin anew when the database was removed', async () => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    await rm(join(directory, 'database'), { recursive: true })
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
        shape: { code: 'STORE_EMPTIED', directory, received: 'no database' },
      })
    }
  })

  test('refuses to begin anew when the log with everything in it was removed', async () => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    const database = join(directory, 'database')
    for (const file of await readdir(database)) {
      if (file.endsWith('.log')) await rm(join(database, file))
    }
    await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
      shape: { code: 'STORE_EMPTIED', received: 'a database without its identity' },
    })
  })

  test('refuses a database that has records and no identity', async () => {
    const directory = await temporaryDirectory()
    await mkdir(directory, { recursive: true })
    await changeRaw(directory, (database) => database.put(bytes(1, 2), bytes(3)))
    await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
      code: 'STORE_EMPTIED',
    })
  })

  test('initialises again what stopped before its marker was written', async () => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    await rm(join(directory, 'initialised'))
    await initialise(directory)
    expect(await readdir(directory)).toContain('initialised')
  })

  test('refuses a store that is open, and leaves that one working', async () => {
    const directory = await temporaryDirectory()
    const store = await openStore(directory, { genesisHash })
    await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
      shape: {
        code: 'STORE_LOCKED',
        directory,
        expected: 'a store that nobody has open',
        received: 'a lock held by somebody else',
      },
    })
    await store.batch([put('meta', bytes(1), bytes(1))])
    await store.close()
    await initialise(directory)
  })

  test('names the directory when it cannot have one', async () => {
    const directory = await temporaryDirectory()
    await writeFile(directory, 'a file')
    await expect(openStore(join(directory, 'store'), { genesisHash })).rejects.toMatchObject({
      shape: { code: 'STORE_IO', directory: join(directory, 'store') },
    })
    await rm(directory)
    await mkdir(join(directory, 'database'), { recursive: true })
    await writeFile(join(directory, 'database', 'LOCK'), '')
    await mkdir(join(directory, 'database', 'CURRENT'))
    await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
      shape: { code: 'STORE_IO', directory, expected: 'to open the database' },
    })
  })

  test.each(['CURRENT', 'MANIFEST'])('refuses a database without its %s', async (name) => {
    const directory = await temporaryDirectory()
    await initialise(directory)
    const database = join(directory, 'database')
    for (const file of await readdir(database)) {
      if (file.startsWith(name)) await rm(join(database, file))
    }
    await expect(openStore(directory, { genesisHash })).rejects.toMatchObject({
      code: expect.stringMatching(/^STORE_(EMPTIED|CORRUPT_RECORD|IO)$/),
    })
  })
})
