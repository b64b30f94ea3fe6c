import { createSenderRecovery, encodeBlock } from '@mosaic/execution'
import { describe, expect, test } from 'vitest'
import { importBlocks } from '../src/index.ts'
import { ALICE, createTestChain, type TestChain } from './test-chain.ts'

/** Blocks with 40 transactions each, upon genesis. */
async function makeBlocks(count: number): Promise<readonly Uint8Array[]> {
  const maker = await createTestChain()
  const encodings: Uint8Array[] = []
  let parent = maker.chain.genesis
  for (let height = 0; height < count; height++) {
    const transactions = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        maker.sign(parent, ALICE, { nonce: BigInt(height * 40 + index), value: 1n }),
      ),
    )
    encodings.push(encodeBlock(await maker.seal(parent, { transactions })))
    parent = await maker.extend(parent, { transactions })
  }
  return encodings
}

async function outcomes(
  { chain }: TestChain,
  blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<readonly string[]> {
  const seen: string[] = []
  for await (const verdict of importBlocks(chain, blocks)) {
    seen.push(verdict.ok ? `block ${verdict.value.record.header.number}` : verdict.fault.code)
  }
  return seen
}

const blocks = await makeBlocks(4)

async function* failing(): AsyncGenerator<Uint8Array> {
  yield* blocks.slice(0, 2)
  throw new RangeError('the peer is gone')
}

describe('importBlocks', () => {
  test('imports in order and comes to the same head with and without a second thread', async () => {
    const recovery = createSenderRecovery()
    await recovery.start()
    const one = await createTestChain()
    const two = await createTestChain({ recovery })
    const all = ['block 1', 'block 2', 'block 3', 'block 4']
    expect(await outcomes(one, blocks)).toEqual(all)
    expect(await outcomes(two, blocks)).toEqual(all)
    expect(two.chain.head()).toEqual(one.chain.head())
    await recovery.close()
  })

  test('loses no block when the thread dies in the middle', async () => {
    const recovery = createSenderRecovery()
    await recovery.start()
    const { chain, ...rest } = await createTestChain({ recovery })
    const dying = async function* (): AsyncGenerator<Uint8Array> {
      for (const [index, bytes] of blocks.entries()) {
        if (index === 2) void recovery.close()
        yield bytes
      }
    }
    expect(await outcomes({ chain, ...rest }, dying())).toHaveLength(4)
    expect(chain.head().header.number).toBe(4n)
  })

  test('tells of each block, also after one is refused', async () => {
    const rig = await createTestChain()
    const [first = new Uint8Array(), second = new Uint8Array(), third = new Uint8Array()] = blocks
    expect(await outcomes(rig, [first, third, Uint8Array.of(1), second, first])).toEqual([
      'block 1',
      'CHAIN_UNKNOWN_PARENT',
      'BLOCK_MALFORMED',
      'block 2',
      'block 1',
    ])
  })

  test('imports nothing after a reader stops', async () => {
    const { chain } = await createTestChain()
    for await (const verdict of importBlocks(chain, blocks)) {
      if (verdict.ok && verdict.value.record.header.number === 2n) break
    }
    await chain.exclusive(() => Promise.resolve())
    expect(chain.head().header.number).toBe(2n)
  })

  test('tells what came before a source that fails, then how it failed', async () => {
    const { chain } = await createTestChain()
    const seen: boolean[] = []
    const read = async (): Promise<void> => {
      for await (const verdict of importBlocks(chain, failing())) seen.push(verdict.ok)
    }
    await expect(read()).rejects.toThrow('the peer is gone')
    expect(seen).toEqual([true, true])
  })

  test('keeps the order of imports that are begun together', async () => {
    const recovery = createSenderRecovery()
    await recovery.start()
    const { chain } = await createTestChain({ recovery })
    const verdicts = await Promise.all(blocks.map((bytes) => chain.importBlock(bytes)))
    expect(verdicts.map(({ ok }) => ok)).toEqual([true, true, true, true])
    await recovery.close()
  })
})
