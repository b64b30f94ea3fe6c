import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZERO_HASH } from '@mosaic/primitives'
import { afterAll, describe } from 'vitest'
import { createMemoryStore } from '../src/memory-store.ts'
import { openStore } from '../src/open-store.ts'
import { storeSuite } from './store-suite.ts'

const root = await mkdtemp(join(tmpdir(), 'mosaic-storage-'))
afterAll(() => rm(root, { recursive: true, force: true }))

let count = 0
describe('openStore', () => {
  storeSuite(() => openStore(join(root, String(count++)), { genesisHash: ZERO_HASH }))
})

describe('createMemoryStore', () => {
  storeSuite(async () => createMemoryStore())
})
