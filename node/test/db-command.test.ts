import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeBlock } from '@mosaic/execution'
import { encodeGenesisFile } from '@mosaic/genesis'
import { concatBytes, hexToBytes, toBlockNumber } from '@mosaic/primitives'
import { openStore } from '@mosaic/storage'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestNode, type TestNode } from '../../packages/api/test/rpc-node.ts'
import { dbCommand } from '../src/commands/db.ts'
import { createRlpSplitter } from '../src/rlp-splitter.ts'

describe('mosaic db', () => {
  let directory: string
  let node: TestNode
  let blocksFile: string
  let printed: string
  let options: readonly string[]

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mosaic-db-'))
    node = await startTestNode()
    await node.mineTo(12n)
    blocksFile = join(directory, 'blocks.rlp')
    await writeFile(blocksFile, concatBytes(...blocks()))
    const genesisFile = join(directory, 'genesis.json')
    await writeFile(genesisFile, encodeGenesisFile(node.genesis))
    options = ['--data-dir', join(directory, 'data'), '--genesis', genesisFile]
    printed = ''
    const note = (text: string | Uint8Array): boolean => {
      printed += String(text)
      return true
    }
    vi.spyOn(process.stdout, 'write').mockImplementation(note)
    vi.spyOn(process.stderr, 'write').mockImplementation(note)
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await node.stop()
    await rm(directory, { recursive: true })
  })

  const blocks = (): Uint8Array[] =>
    Array.from({ length: 12 }, (_, i) => {
      const hash = node.chain.database.canonicalHash(toBlockNumber(BigInt(i + 1)))
      const block = hash && node.chain.database.block(hash)
      if (block === undefined) throw new Error(`no block ${i + 1}`)
      return encodeBlock(block)
    })
  const run = async (...words: readonly string[]): Promise<readonly [number, string]> => {
    printed = ''
    const code = await dbCommand([...words, ...options])
    return [code, printed]
  }

  test('takes blocks from a file, finds them whole, and writes the same file', async () => {
    expect(await run('import', blocksFile)).toEqual([
      0,
      '12 blocks taken, 0 were known; the head is 12\n',
    ])
    expect(await run('import', blocksFile)).toEqual([
      0,
      '0 blocks taken, 12 were known; the head is 12\n',
    ])
    const [code, found] = await run('verify')
    expect([code, found.replace(/\d+ trie/, 'n trie')]).toEqual([
      0,
      '13 blocks, 0 transactions, n trie nodes: all as they must be\n',
    ])
    const written = join(directory, 'written.rlp')
    await run('export', written)
    expect(await readFile(written)).toEqual(await readFile(blocksFile))
    const [first, second] = blocks().slice(2, 4)
    await run('export', written, '--from', '3', '--to', '4')
    expect(new Uint8Array(await readFile(written))).toEqual(
      concatBytes(first ?? new Uint8Array(), second ?? new Uint8Array()),
    )
    await expect(run('export', written, '--to', '13')).rejects.toThrow('expected blocks 1 to 12')
    expect((await readdir(directory)).filter((name) => name.endsWith('.new'))).toEqual([])
  })

  test('stops at a block that is not valid, and keeps those before it', async () => {
    const all = blocks()
    const third = all[2] ?? new Uint8Array()
    third[third.length - 1] = (third.at(-1) ?? 0) ^ 1
    const forged = new Uint8Array(third)
    // The last byte of the state root: the seal is another one's then.
    forged[100] = (forged[100] ?? 0) ^ 1
    await writeFile(blocksFile, concatBytes(...all.slice(0, 2), forged, ...all.slice(3)))
    const [code, text] = await run('import', blocksFile)
    expect(code).toBe(1)
    expect(text).toMatch(/^block 3 of the file is refused: \{"code":/)
    expect((await run('verify'))[1]).toMatch(/^3 blocks/)
  })

  test('notices a file that breaks off, or is none', async () => {
    const whole = concatBytes(...blocks())
    await writeFile(blocksFile, whole.subarray(0, -5))
    await expect(run('import', blocksFile)).rejects.toThrow('expected a file of whole blocks')
    await writeFile(blocksFile, 'blocks')
    await expect(run('import', blocksFile)).rejects.toThrow('expected an RLP list')
    await expect(run('import')).rejects.toThrow('expected one file')
    await expect(
      dbCommand(['verify', '--data-dir', join(directory, 'none'), ...options.slice(2)]),
    ).rejects.toThrow('expected the store of a node in')
    expect(await readdir(directory)).not.toContain('none')
    await expect(run('repair')).rejects.toThrow('expected verify, export or import')
  })

  test('finds what is damaged', async () => {
    await run('import', blocksFile)
    const store = await openStore(join(directory, 'data', 'chain'), {
      genesisHash: node.genesis.hash,
    })
    const hashOf = (number: bigint): Uint8Array =>
      hexToBytes(node.chain.database.canonicalHash(toBlockNumber(number)) ?? '0x')
    const other = store.get('receipts', hashOf(3n)) ?? new Uint8Array()
    await store.batch([
      { type: 'delete', space: 'block', key: hashOf(4n) },
      { type: 'delete', space: 'receipts', key: hashOf(6n) },
      { type: 'put', space: 'receipts', key: hashOf(9n), value: other.subarray(1) },
      {
        type: 'put',
        space: 'node',
        key: hexToBytes(node.chain.head().header.stateRoot),
        value: store.get('node', hexToBytes(node.chain.genesis.header.stateRoot)) ?? other,
      },
    ])
    await store.close()
    const [code, text] = await run('verify')
    expect(code).toBe(1)
    expect(text).toMatch(/block 4: no block 0x/)
    expect(text).toMatch(/block 6: no receipts of 0x/)
    expect(text).toMatch(/block 9: /)
    expect(text).toMatch(/block 12: state: trie node 0x[0-9a-f]{64} is damaged/)
    expect(text).toMatch(/: 4 faults\n$/)
  })
})

test('a stream of RLP is cut into its lists, wherever the chunks end', () => {
  const list = fc
    .uint8Array({ maxLength: 400 })
    .map((bytes) =>
      bytes.length < 56
        ? concatBytes(Uint8Array.of(0xc0 + bytes.length), bytes)
        : concatBytes(Uint8Array.of(0xf9, bytes.length >> 8, bytes.length & 255), bytes),
    )
  fc.assert(
    fc.property(
      fc.array(list, { maxLength: 6 }),
      fc.integer({ min: 1, max: 300 }),
      (lists, size) => {
        const stream = concatBytes(...lists)
        const splitter = createRlpSplitter()
        const found: Uint8Array[] = []
        for (let at = 0; at < stream.length; at += size) {
          found.push(...splitter.push(stream.subarray(at, at + size)))
        }
        expect(found).toEqual(lists)
        expect(splitter.rest()).toBe(0)
      },
    ),
    { seed: 2 },
  )
  expect(() => createRlpSplitter().push(Uint8Array.of(0xfb, 255, 255, 255, 255))).toThrow(
    'expected at most 67108864 bytes',
  )
})
