import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeGenesisFile, type NetworkGenesis } from '@mosaic/genesis'
import {
  keccak256,
  toBlockNumber,
  toHeight,
  toHex,
  utf8ToBytes,
  ZERO_HASH,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  originIdentifier,
  type VoteMessage,
} from '@mosaic/protocol'
import {
  openJournalFile,
  openSigningGuard,
  SealRefusedError,
  SigningRefusedError,
} from '@mosaic/validator'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ALICE, startTestNode, VALIDATORS } from '../../packages/api/test/rpc-node.ts'
import { guardCommand } from '../src/commands/guard.ts'
import { guardJournalPath, openKeySealGuard } from '../src/key-guards.ts'

const [{ address: validator } = ALICE] = VALIDATORS

describe('mosaic guard', () => {
  let directory: string
  let genesis: NetworkGenesis
  let genesisFile: string
  let printed: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mosaic-guard-'))
    const node = await startTestNode()
    genesis = node.genesis
    await node.stop()
    genesisFile = join(directory, 'genesis.json')
    await writeFile(genesisFile, encodeGenesisFile(genesis))
    printed = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
    await mkdir(join(directory, 'old'))
    await mkdir(join(directory, 'new'))
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await rm(directory, { recursive: true })
  })

  const voteOf = (source: bigint, target: bigint, transition = 'T'): VoteMessage => ({
    chain: coreIdentifier(genesis),
    transitionHash: keccak256(utf8ToBytes(`${transition} ${source}`)),
    source: keccak256(utf8ToBytes(`s ${source}`)),
    target: keccak256(utf8ToBytes(`s ${target}`)),
    sourceHeight: toHeight(source),
    targetHeight: toHeight(target),
  })
  const signAll = async (
    home: string,
    votes: readonly VoteMessage[],
    create: boolean,
  ): Promise<void> => {
    const journal = await openJournalFile(guardJournalPath(join(directory, home), validator), {
      create,
    })
    const guard = await openSigningGuard(
      journal,
      { validator, domain: domainSeparator(genesis) },
      async () => '0x',
    )
    try {
      for (const vote of votes) await guard.sign(vote)
    } finally {
      await guard.close()
    }
  }
  const run = (action: string, home: string, file: string): Promise<number> =>
    guardCommand([
      action,
      join(directory, file),
      '--data-dir',
      join(directory, home),
      '--genesis',
      genesisFile,
      '--address',
      validator,
    ])

  test('takes along which blocks were sealed', async () => {
    const place = { dataDir: join(directory, 'old'), identity: genesis, create: true }
    const sealer = { address: validator, seal: async () => toHex('0x') }
    const block = {
      number: toBlockNumber(70n),
      justifiedHeight: toHeight(3n),
      sealHash: ZERO_HASH,
      preimage: new Uint8Array(),
    }
    const old = await openKeySealGuard(place, sealer)
    await old.seal(block)
    await old.close()
    expect(await run('export', 'old', 'history.json')).toBe(0)
    expect(await run('import', 'new', 'history.json')).toBe(0)
    expect(printed).toBe('no block up to 70 is sealed\n'.repeat(2))
    const next = await openKeySealGuard({ ...place, dataDir: join(directory, 'new') }, sealer)
    const above = { ...block, justifiedHeight: toHeight(4n) }
    await expect(next.seal(above)).rejects.toThrow(SealRefusedError)
    await expect(next.seal({ ...above, number: toBlockNumber(71n) })).resolves.toBe('0x')
    await next.close()
  })

  test('takes a history to another machine, which then is as careful', async () => {
    await signAll('old', [voteOf(0n, 1n), voteOf(1n, 2n), voteOf(2n, 3n)], true)
    expect(await run('export', 'old', 'history.json')).toBe(0)
    expect(await run('import', 'new', 'history.json')).toBe(0)
    expect(printed).toContain(`${coreIdentifier(genesis)}: nothing up to 2→3 is signed\n`)
    for (const vote of [
      voteOf(2n, 3n, 'other'),
      voteOf(1n, 4n),
      { ...voteOf(3n, 4n), source: voteOf(0n, 1n).source },
    ]) {
      await expect(signAll('new', [vote], false)).rejects.toThrow(SigningRefusedError)
    }
    await signAll('new', [voteOf(3n, 4n)], false)
    // Once more changes nothing.
    const path = guardJournalPath(join(directory, 'new'), validator)
    const before = await readFile(path, 'utf8')
    await run('import', 'new', 'history.json')
    expect(await readFile(path, 'utf8')).toBe(before)
    await run('export', 'new', 'again.json')
    const { data } = JSON.parse(await readFile(join(directory, 'again.json'), 'utf8'))
    expect(data[0].signed_attestations).toEqual([
      { source_epoch: '3', target_epoch: '4', chain: coreIdentifier(genesis) },
    ])
    expect(data[0].signed_transitions).toHaveLength(4)
  })

  test('takes a history of another program for both chains', async () => {
    const file = {
      metadata: {
        interchange_format_version: '5',
        genesis_validators_root: coreIdentifier(genesis),
      },
      data: [
        {
          pubkey: validator,
          signed_blocks: [{ slot: '7' }],
          signed_attestations: [
            { source_epoch: '3', target_epoch: '9' },
            { source_epoch: '4', target_epoch: '8' },
          ],
        },
      ],
    }
    await writeFile(join(directory, 'other.json'), JSON.stringify(file))
    await run('import', 'new', 'other.json')
    for (const chain of [coreIdentifier(genesis), originIdentifier(genesis.originChainId)]) {
      for (const [source, target] of [
        [4n, 9n],
        [3n, 10n],
      ] as const) {
        const vote = { ...voteOf(source, target), chain }
        await expect(signAll('new', [vote], false)).rejects.toThrow(SigningRefusedError)
      }
      await signAll('new', [{ ...voteOf(4n, 10n), chain }], false)
    }
  })

  test.each<readonly [string, (text: string) => string, string]>([
    [
      'of another core',
      (text) => text.replace(coreIdentifier(genesis), `0x${'ab'.repeat(32)}`),
      'the core identifier',
    ],
    ['of another version', (text) => text.replace('"5"', '"4"'), 'interchange_format_version "5"'],
    [
      'with a height that is none',
      (text) => text.replace('"target_epoch": "2"', '"target_epoch": 2'),
      'target_epoch as decimal text',
    ],
    [
      'with a broken hash',
      (text) => text.replace(/"transition_hash": "0x../, '"transition_hash": "0x'),
      'transition_hash as 32 bytes of hex',
    ],
    ['that breaks off', (text) => text.slice(0, -20), 'expected JSON'],
  ])('takes nothing from a file %s', async (_what, change, reason) => {
    await signAll('old', [voteOf(1n, 2n)], true)
    await run('export', 'old', 'history.json')
    const text = await readFile(join(directory, 'history.json'), 'utf8')
    await writeFile(join(directory, 'changed.json'), change(text))
    await expect(run('import', 'new', 'changed.json')).rejects.toThrow(reason)
    expect(await readdir(join(directory, 'new'))).toEqual([])
  })

  test('exports nothing where there is no journal, and needs it for itself', async () => {
    await expect(run('export', 'new', 'history.json')).rejects.toThrow('is missing')
    await signAll('old', [voteOf(1n, 2n)], true)
    const holder = await openJournalFile(guardJournalPath(join(directory, 'old'), validator), {
      create: false,
    })
    await expect(run('import', 'old', 'none.json')).rejects.toThrow('none.json')
    await expect(run('export', 'old', 'history.json')).rejects.toThrow('unusable')
    await holder.close()
    await expect(run('rewrite', 'old', 'history.json')).rejects.toThrow('expected export or import')
  })
})
