import { toAddress, toHash32 } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import type { HeadChange } from '../src/index.ts'
import { ALICE, BOB, createTestChain } from './test-chain.ts'

const STRANGER = toAddress(`0x${'5a'.repeat(20)}`)

describe('the position of a chain', () => {
  test('goes back to a block and says which blocks left', async () => {
    const { chain, extend } = await createTestChain()
    const first = await extend(chain.genesis)
    const there = chain.position()
    const second = await extend(first)
    const third = await extend(second)
    const changes: HeadChange[] = []
    chain.onHead((change) => changes.push(change))
    await chain.moveTo(there, { returnsTransactions: false })
    expect(chain.head().hash).toBe(first.hash)
    expect(chain.database.head()).toBe(first.hash)
    expect(chain.canonical(third.header.number)).toBeUndefined()
    expect(changes.map(({ removed }) => removed.map(({ hash }) => hash))).toEqual([
      [second.hash, third.hash],
    ])
    expect(changes[0]?.returnsTransactions).toBe(false)
    await chain.moveTo(
      { head: third.hash, stateRoot: third.header.stateRoot },
      { returnsTransactions: true },
    )
    expect(chain.canonical(second.header.number)?.hash).toBe(second.hash)
    expect(changes[1]?.added.map(({ hash }) => hash)).toEqual([second.hash, third.hash])
  })

  test('is of no unknown block', async () => {
    const { chain } = await createTestChain()
    const unknown = toHash32(`0x${'ab'.repeat(32)}`)
    await expect(
      chain.moveTo({ ...chain.position(), head: unknown }, { returnsTransactions: true }),
    ).rejects.toThrow(unknown)
  })

  test('has edits, on which blocks are built and which going back undoes', async () => {
    const { chain, extend, sign } = await createTestChain()
    const { queries } = chain.execution
    const before = chain.position()
    const slot = toHash32(`0x${'01'.repeat(32)}`)
    const value = toHash32(`0x${'02'.repeat(32)}`)
    await chain.edit([
      { address: STRANGER, balance: 7n, nonce: 3n },
      { address: ALICE.address, code: Uint8Array.of(0), slots: [[slot, value]] },
    ])
    const edited = chain.stateRoot(chain.genesis)
    expect(edited).not.toBe(chain.genesis.header.stateRoot)
    expect(await queries.account(edited, STRANGER)).toMatchObject({ balance: 7n, nonce: 3n })
    expect(await queries.slot(edited, ALICE.address, slot)).toBe(value)
    const transaction = await sign(chain.genesis, BOB, { to: STRANGER, value: 1n })
    const block = await extend(chain.genesis, { transactions: [transaction] })
    const after = await queries.account(block.header.stateRoot, STRANGER)
    expect(after).toMatchObject({ balance: 8n, nonce: 3n })
    await chain.moveTo(before, { returnsTransactions: false })
    expect(chain.stateRoot(chain.head())).toBe(chain.genesis.header.stateRoot)
    await chain.edit([{ address: ALICE.address, balance: 0n, nonce: 0n }])
    const { codeHash, balance } = await queries.account(
      chain.stateRoot(chain.head()),
      ALICE.address,
    )
    expect([codeHash, balance]).toEqual([
      '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
      0n,
    ])
  })
})
