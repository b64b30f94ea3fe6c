import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBlockNumber, toHash32, toHeight } from '@mosaic/primitives'
import { createMemoryStore, openStore, type Store } from '@mosaic/storage'
import { afterEach, describe, expect, test } from 'vitest'
import { decodeRecord, encodeRecord } from '../src/block-record.ts'
import { ALICE, AUXILIARY, createTestChain, outOfTurn } from './test-chain.ts'

const GENESIS = toHash32(`0x${'00'.repeat(32)}`)
const directories: string[] = []

afterEach(async () => {
  for (const path of directories.splice(0)) await rm(path, { recursive: true })
})

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'mosaic-chain-'))
  directories.push(path)
  return path
}

/** A store that fails, or applies nothing, from the n-th batch on. */
function brittle(inner: Store, batches: number): Store {
  let left = batches
  return {
    ...inner,
    batch: async (operations, options) => {
      if (left-- <= 0) throw new Error('disk full')
      return inner.batch(operations, options)
    },
  }
}

describe('the block database', () => {
  test('gives back records as they were', async () => {
    const { chain, extend, vote } = await createTestChain()
    const first = await extend(await extend(chain.genesis))
    const justified = await extend(first, { votes: [vote(first, 0n, 1n)] })
    for (const record of [chain.genesis, first, justified]) {
      expect(decodeRecord(encodeRecord(record))).toEqual(record)
    }
    expect(() => decodeRecord(encodeRecord(first).slice(0, -1))).toThrow(/expected/)
    expect(() => decodeRecord(Uint8Array.of(0x80))).toThrow(/expected/)
  })

  test('opens a chain where it stood, on disk', async () => {
    const path = await directory()
    const store = await openStore(path, { genesisHash: GENESIS })
    const { chain, extend, sign, vote } = await createTestChain({ store })
    const payment = await sign(chain.genesis, ALICE, { value: 3n })
    const first = await extend(await extend(chain.genesis, { transactions: [payment] }))
    const side = await extend(first, { signer: outOfTurn(first) })
    const head = await extend(first, { votes: [vote(first, 0n, 1n)] })
    await store.close()

    const reopened = await openStore(path, { genesisHash: GENESIS })
    const again = await createTestChain({ store: reopened })
    const { database } = again.chain
    expect(again.chain.head()).toEqual(head)
    expect(again.chain.finalized()).toEqual({ height: 0n, hash: chain.genesis.hash })
    expect(database.record(side.hash)).toEqual(side)
    expect(again.chain.isCanonical(side.hash)).toBe(false)
    expect(database.position(payment.hash)).toEqual({
      blockHash: first.header.parentHash,
      index: 0,
    })
    const block = database.block(first.header.parentHash)
    expect(block?.transactions.map(({ hash }) => hash)).toEqual([payment.hash])
    expect(database.receipts(head.hash)?.receipts[0]?.logs).toHaveLength(7)
    expect(again.chain.canonical(toBlockNumber(3n))?.hash).toBe(head.hash)
    // The state is there too.
    const next = await again.extend(head, { votes: [again.vote(head, 0n, 1n)] })
    expect(next.header.number).toBe(4n)
    await reopened.close()
  })

  test('knows nothing of a block whose batch failed, and takes it after a restart', async () => {
    const inner = createMemoryStore()
    const maker = await createTestChain()
    const block = await maker.seal(maker.chain.genesis)
    // One batch: genesis.
    const failing = await createTestChain({ store: brittle(inner, 1) })
    await expect(failing.refusal(block)).rejects.toThrow('disk full')
    expect(failing.chain.head().hash).toBe(failing.chain.genesis.hash)
    expect(failing.chain.database.record(block.hash)).toBeUndefined()
    expect(failing.chain.database.block(block.hash)).toBeUndefined()
    await expect(failing.refusal(block)).rejects.toThrow('disk full')
    const again = await createTestChain({ store: inner })
    expect(again.chain.head().hash).toBe(again.chain.genesis.hash)
    expect(await again.refusal(block)).toBeUndefined()
    expect(again.chain.head().hash).toBe(block.hash)
  })

  test('writes each block in one batch: cut off after any of them, the chain is whole', async () => {
    const maker = await createTestChain()
    const { genesis } = maker.chain
    const light = await maker.seal(genesis, { signer: outOfTurn(genesis) })
    const heavy = await maker.seal(genesis)
    const blocks = [light, heavy]
    for (let batches = 1; batches <= 3; batches++) {
      const inner = createMemoryStore()
      const cut = await createTestChain({ store: brittle(inner, batches) })
      for (const block of blocks) await cut.refusal(block).catch(() => undefined)
      const again = await createTestChain({ store: inner })
      const expected = [genesis, ...blocks][batches - 1]
      const head = again.chain.head()
      expect(head.hash).toBe(expected?.hash)
      expect(again.chain.canonical(toBlockNumber(head.header.number))).toEqual(head)
      expect(again.chain.checkpoint(head, toHeight(0n))).toEqual(again.chain.genesis)
      for (const block of blocks) expect(await again.refusal(block)).toBeUndefined()
      expect(again.chain.head().hash).toBe(heavy.hash)
    }
  })

  test('refuses to start when its head has no record', async () => {
    const store = createMemoryStore()
    const { chain, extend } = await createTestChain({ store })
    const record = await extend(chain.genesis)
    await store.batch([
      { type: 'delete', space: 'blockMeta', key: Buffer.from(record.hash.slice(2), 'hex') },
    ])
    await expect(createTestChain({ store })).rejects.toThrow(/the record of/)
    expect(chain.database.linkMessage(AUXILIARY)).toBeUndefined()
  })
})
