import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeKeyFile } from '@mosaic/keys'
import { toAddress } from '@mosaic/primitives'
import { GuardUnusableError, openJournalFile } from '@mosaic/validator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeConfig } from '../src/config/types.ts'
import { beginGuardJournals } from '../src/key-guards.ts'

const IDENTITY = { originChainId: 1n, core: toAddress(`0x${'c0'.repeat(20)}`) }

describe('the guard journal of a node', () => {
  let dataDir: string
  let config: NodeConfig
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-journal-'))
    const validatorKeyFile = join(dataDir, 'validator.key')
    await writeKeyFile(validatorKeyFile, new Uint8Array(32).fill(1))
    config = {
      dataDir,
      genesisFile: '',
      origin: { url: '' },
      network: { listen: [], announce: [], peers: [], wantedPeers: 0, mdns: false },
      sync: { mode: 'full' },
      rpc: { host: '127.0.0.1', port: 0, tokenSecretFile: undefined, ipcPath: undefined },
      signerKeyFile: undefined,
      sealSigner: undefined,
      validatorKeyFile,
      validatorSigner: undefined,
      passwordFile: undefined,
      newGuardJournal: false,
      doppelgangerCheckpoints: 2n,
      fishermanKeyFile: undefined,
      keepStates: undefined,
      gasLimit: 12_000_000n,
      logLevel: 'info',
    }
  })
  afterEach(() => rm(dataDir, { recursive: true, force: true }))

  const journals = async (): Promise<readonly string[]> =>
    (await readdir(dataDir)).filter((name) => name.endsWith('.journal'))

  test('is begun once, and then opened without being created', async () => {
    await beginGuardJournals(config, IDENTITY)
    await beginGuardJournals(config, IDENTITY)
    const [name = ''] = await journals()
    const journal = await openJournalFile(join(dataDir, name), { create: false })
    expect(journal.lines).toHaveLength(1)
    await journal.close()
  })

  test('is not another key or core', async () => {
    await beginGuardJournals(config, IDENTITY)
    const other = { ...IDENTITY, originChainId: 2n }
    await expect(beginGuardJournals(config, other)).rejects.toThrow(GuardUnusableError)
    // It was closed again: its owner can open it.
    await beginGuardJournals(config, IDENTITY)
  })

  test('is not begun by a node without a validator', async () => {
    await beginGuardJournals({ ...config, validatorKeyFile: undefined }, IDENTITY)
    expect(await journals()).toEqual([])
  })
})
