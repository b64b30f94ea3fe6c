import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ZERO_HASH } from '@mosaic/primitives'
import { Level } from 'level'
import { describe, expect, test, vi } from 'vitest'
import { createLevelStore } from '../src/level-store.ts'
import { openStore } from '../src/open-store.ts'
import { bytes, put } from './store-suite.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const PROGRAM = fileURLToPath(new URL('disk-full.program.ts', import.meta.url))

describe('a store that cannot write', () => {
  test.skipIf(process.platform !== 'linux')(
    'stops at the first failure, still reads, and loses nothing it acknowledged',
    async () => {
      const directory = await temporaryDirectory()
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        'ulimit -f 512; exec "$0" --conditions=source "$1" "$2"',
        process.execPath,
        PROGRAM,
        directory,
      ])
      const outcome: unknown = JSON.parse(stdout)
      expect(outcome).toEqual({
        acknowledged: expect.any(Number),
        codes: ['STORE_IO', 'STORE_IO', 'STORE_IO'],
        first: 4096,
      })
      const store = await openStore(directory, { genesisHash: ZERO_HASH })
      let found = 0
      for await (const [, value] of store.entries('vote')) {
        expect(value).toHaveLength(4096)
        found++
      }
      expect(outcome).toHaveProperty('acknowledged', found)
      await store.batch([put('vote', bytes(0xff, 0xff), bytes(1))], { sync: true })
      await store.close()
    },
  )

  test('names the first failure in every later one', async () => {
    const directory = await temporaryDirectory()
    const database = new Level<Uint8Array, Uint8Array>(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
    })
    await database.open()
    const store = createLevelStore(database, directory)
    const cause = Object.assign(new Error('no space left'), { code: 'LEVEL_IO_ERROR' })
    const changes = database.batch()
    vi.spyOn(changes, 'write').mockRejectedValueOnce(cause)
    vi.spyOn(database, 'batch').mockReturnValueOnce(changes)
    const operation = put('meta', bytes(1), bytes(1))
    await expect(store.batch([operation])).rejects.toMatchObject({
      cause,
      shape: { expected: 'to write a batch of 1 operations', received: 'no space left' },
    })
    await expect(store.batch([operation])).rejects.toMatchObject({
      cause,
      shape: { expected: 'no failed write since the store was opened', received: 'no space left' },
    })
    expect(store.get('meta', bytes(1))).toBeUndefined()
    await store.close()
  })
})
