import { setImmediate } from 'node:timers/promises'
import { encodeBlock, StateUnavailableError } from '@mosaic/execution'
import {
  bytesToHash32,
  bytesToHex,
  keccak256Bytes,
  toAddress,
  toBlockNumber,
  toHex,
  toWord,
} from '@mosaic/primitives'
import { createMemoryStore, type Store } from '@mosaic/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BlockRecord } from '../src/block-record.ts'
import { HashSet } from '../src/hash-set.ts'
import { createStatePruner } from '../src/index.ts'
import { ALICE, createTestChain, type TestChain } from './test-chain.ts'

const KEEPER = toAddress(`0x${'5e'.repeat(20)}`)
/** Sets the slot of the first word to the second. */
const SETTER = toHex('0x60203560003555')
const MANY = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [
    bytesToHex(toWord(BigInt(i))),
    bytesToHash32(toWord(BigInt(i + 1))),
  ]),
)
const ALLOC = { [KEEPER]: { code: SETTER, storage: MANY } }

/** A block that sets slots, so that states come, go and come back. */
async function setSlots(
  chain: TestChain,
  parent: BlockRecord,
  changes: readonly (readonly [slot: number, value: number])[],
  signerOffset = 0,
): Promise<BlockRecord> {
  const { nonce } = await chain.chain.execution.queries.account(
    parent.header.stateRoot,
    ALICE.address,
  )
  const transactions = await Promise.all(
    changes.map(([slot, value], i) =>
      chain.sign(parent, ALICE, {
        to: KEEPER,
        nonce: nonce + BigInt(i),
        data: Buffer.concat([toWord(BigInt(slot)), toWord(BigInt(value))]),
      }),
    ),
  )
  return chain.extend(parent, {
    transactions,
    timestamp: parent.header.timestamp + 1n + BigInt(signerOffset),
  })
}

/** Whether a state is whole. */
async function isWhole(chain: TestChain, record: BlockRecord): Promise<boolean> {
  const seen = new Set<string>()
  try {
    await chain.chain.execution.walkState(record.header.stateRoot, {
      enter: (hash) => {
        const key = Buffer.from(hash).toString('hex')
        if (seen.has(key)) return false
        seen.add(key)
        return true
      },
      pause: async () => undefined,
    })
    return true
  } catch (error) {
    if (error instanceof StateUnavailableError) return false
    throw error
  }
}

async function countNodes(chain: TestChain): Promise<number> {
  let count = 0
  for await (const _ of chain.store.entries('node')) count++
  return count
}

/** Finalizes on the branch of `at`: votes for each of the next checkpoints. */
async function finalize(chain: TestChain, at: BlockRecord): Promise<BlockRecord> {
  let record = at
  for (let i = 0; i < 8; i++) {
    const { justified } = record.auxiliary
    const height = record.header.number / chain.chain.definition.epochLength
    const votes = height > justified.height ? [chain.vote(record, justified.height, height)] : []
    record = await chain.extend(record, { votes })
  }
  return record
}

describe('pruning', () => {
  test('keeps the last states and deletes the others', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    let record = chain.chain.head()
    const records = [record]
    for (let i = 0; i < 12; i++) {
      record = await setSlots(chain, record, [[i % 5, 1000 + i]])
      records.push(record)
    }
    record = await finalize(chain, record)
    const before = await countNodes(chain)
    const report = await createStatePruner({
      chain: chain.chain,
      store: chain.store,
      keepBlocks: 3n,
    }).run()
    const { height } = chain.chain.finalized()
    expect(report?.keptFrom).toBe(height * chain.chain.definition.epochLength)
    expect(report?.deletedNodes).toBeGreaterThan(20)
    expect(await countNodes(chain)).toBe(before - (report?.deletedNodes ?? 0))
    for (const old of records) expect(await isWhole(chain, old)).toBe(false)
    for (let number = report?.keptFrom ?? 0n; number <= record.header.number; number++) {
      const kept = chain.chain.canonical(toBlockNumber(number))
      expect(kept !== undefined && (await isWhole(chain, kept))).toBe(true)
    }
    await expect(
      chain.chain.execution.queries.account(
        records[3]?.header.stateRoot ?? record.header.stateRoot,
        ALICE.address,
      ),
    ).rejects.toThrow(StateUnavailableError)
    const again = await createStatePruner({
      chain: chain.chain,
      store: chain.store,
      keepBlocks: 3n,
    }).run()
    expect(again?.deletedNodes).toBe(0)
    await setSlots(chain, record, [[1, 7]])
  })

  test('keeps everything until something is finalized, and a window that is not full', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    let record = chain.chain.head()
    for (let i = 0; i < 5; i++) record = await setSlots(chain, record, [[1, i]])
    const prune = (keepBlocks: bigint) =>
      createStatePruner({ chain: chain.chain, store: chain.store, keepBlocks }).run()
    expect(await prune(1n)).toBeUndefined()
    await finalize(chain, record)
    expect(await prune(100n)).toBeUndefined()
    expect(() =>
      createStatePruner({ chain: chain.chain, store: chain.store, keepBlocks: 0n }),
    ).toThrow('expected at least one block to keep, received 0')
  })

  test('keeps branches above the finalized checkpoint, which may still win', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    let record = chain.chain.head()
    for (let i = 0; i < 4; i++) record = await setSlots(chain, record, [[2, i]])
    const fork = await finalize(chain, record)
    const side = await setSlots(chain, fork, [[3, 77]], 1)
    let main = await setSlots(chain, fork, [[3, 88]])
    for (let i = 0; i < 6; i++) main = await setSlots(chain, main, [[4, i]])
    const report = await createStatePruner({
      chain: chain.chain,
      store: chain.store,
      keepBlocks: 2n,
    }).run()
    expect(report?.deletedNodes).toBeGreaterThan(0)
    expect(chain.chain.head().hash).toBe(main.hash)
    let other = side
    for (let i = 0; i < 9; i++) other = await setSlots(chain, other, [[3, i]], 1)
    expect(await isWhole(chain, other)).toBe(true)
  })

  test('stops in the middle without harm', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    let record = chain.chain.head()
    for (let i = 0; i < 10; i++) record = await setSlots(chain, record, [[i, i + 500]])
    record = await finalize(chain, record)
    const pruner = createStatePruner({ chain: chain.chain, store: chain.store, keepBlocks: 1n })
    const round = pruner.run()
    await setImmediate()
    await pruner.stop()
    expect(await round).toBeUndefined()
    expect(await pruner.run()).toBeUndefined()
    expect(await isWhole(chain, record)).toBe(true)
  })

  test('harms no state that is built meanwhile, also when old nodes come back', async () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 2 }))
    const blocks = fc.array(fc.array(change, { maxLength: 3 }), { minLength: 4, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(blocks, blocks, async (first, meanwhile) => {
        const chain = await createTestChain({ alloc: ALLOC })
        const witness = await createTestChain({ alloc: ALLOC })
        let record = chain.chain.head()
        for (const changes of first) record = await setSlots(chain, record, changes)
        record = await finalize(chain, record)
        const from = record.header.number
        const pruner = createStatePruner({ chain: chain.chain, store: chain.store, keepBlocks: 1n })
        const round = pruner.run()
        for (const changes of meanwhile) record = await setSlots(chain, record, changes)
        await round
        for (const changes of first) record = await setSlots(chain, record, changes)
        for (let number = from; number <= record.header.number; number++) {
          const built = chain.chain.canonical(toBlockNumber(number))
          expect(built !== undefined && (await isWhole(chain, built))).toBe(true)
        }
        // A node that prunes nothing agrees on every block.
        for (let number = 1n; number <= record.header.number; number++) {
          const hash = chain.chain.database.canonicalHash(toBlockNumber(number))
          const block = hash && chain.chain.database.block(hash)
          const verdict = block && (await witness.chain.importBlock(encodeBlock(block)))
          expect(verdict?.ok).toBe(true)
        }
      }),
      { seed: 5, numRuns: 6 },
    )
  })

  test('walks below an old node that a new block stores again', async () => {
    const memory = createMemoryStore()
    const gate = Promise.withResolvers<void>()
    const store: Store = {
      ...memory,
      entries: async function* (space, range) {
        if (space === 'branch') await gate.promise
        yield* memory.entries(space, range)
      },
    }
    const chain = await createTestChain({ alloc: ALLOC, store })
    let record = chain.chain.head()
    for (let i = 0; i < 4; i++) record = await setSlots(chain, record, [[2, i]])
    record = await finalize(chain, record)
    const round = createStatePruner({ chain: chain.chain, store, keepBlocks: 1n }).run()
    // Slot 2 goes and comes back before the walk: the root of the storage is an old one that was just stored.
    record = await setSlots(chain, record, [[2, 99]])
    record = await setSlots(chain, record, [[2, 3]])
    gate.resolve()
    expect((await round)?.deletedNodes).toBeGreaterThan(0)
    expect(await isWhole(chain, record)).toBe(true)
  })

  test('tells of a state that is not whole', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    let record = chain.chain.head()
    for (let i = 0; i < 4; i++) record = await setSlots(chain, record, [[2, i]])
    record = await finalize(chain, record)
    const victims: Uint8Array[] = []
    await chain.chain.execution.walkState(record.header.stateRoot, {
      enter: (hash) => {
        victims.push(hash)
        return true
      },
      pause: async () => undefined,
    })
    const victim = victims.at(-1) ?? new Uint8Array()
    await chain.store.batch([{ type: 'delete', space: 'node', key: victim }])
    const before = await countNodes(chain)
    await expect(
      createStatePruner({ chain: chain.chain, store: chain.store, keepBlocks: 1n }).run(),
    ).rejects.toThrow('trie node')
    expect(await countNodes(chain)).toBe(before)
  })
})

test('a set of hashes is a set', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(hash, fc.constant(new Uint8Array(32))), { maxLength: 200 }),
      (hashes) => {
        const set = new HashSet()
        const model = new Set<string>()
        for (const each of hashes) {
          const key = Buffer.from(each).toString('hex')
          expect(set.has(each)).toBe(model.has(key))
          expect(set.add(each)).toBe(!model.has(key))
          model.add(key)
          expect(set.size).toBe(model.size)
        }
      },
    ),
    { seed: 3, numRuns: 30 },
  )
  const many = new HashSet()
  for (let i = 0; i < 20_000; i++) many.add(nth(i))
  expect(many.size).toBe(20_000)
  for (let i = 0; i < 20_000; i++) expect(many.has(nth(i))).toBe(true)
  expect(many.has(nth(20_001))).toBe(false)
})

function nth(i: number): Uint8Array {
  return keccak256Bytes(toWord(BigInt(i)))
}
