import type { Transaction } from '@mosaic/execution'
import { describe, expect, test } from 'vitest'
import { createTransactionPool, type PoolFault, type TransactionPool } from '../src/index.ts'
import {
  type Account,
  ALICE,
  account,
  BOB,
  createTestChain,
  type TransactionFields,
} from './test-chain.ts'

const { chain } = await createTestChain()
const LIMIT = 30_000_000n
const RICH = { nonce: 0n, balance: 10n ** 24n }
const GWEI = 10n ** 9n

function sign(from: Account, fields: TransactionFields = {}): Transaction {
  return chain.execution.signTransaction(
    {
      nonce: fields.nonce ?? 0n,
      gasLimit: fields.gasLimit ?? 21_000n,
      maxFeePerGas: fields.cap ?? 10n * GWEI,
      maxPriorityFeePerGas: fields.tip ?? GWEI,
      to: fields.to ?? BOB.address,
      value: fields.value ?? 0n,
      data: fields.data ?? new Uint8Array(),
    },
    from.secretKey,
  )
}

function faultOf(
  pool: TransactionPool,
  transaction: Transaction,
  sender = RICH,
): PoolFault | undefined {
  const verdict = pool.add(transaction, sender, LIMIT)
  return verdict.ok ? undefined : verdict.fault
}

function drain(pool: TransactionPool, baseFee = 0n, nonce = 0n): readonly Transaction[] {
  const best = pool.best(baseFee, () => nonce)
  const list: Transaction[] = []
  for (let next = best.next(); next.done !== true; next = best.next()) list.push(next.value)
  return list
}

describe('the transaction pool', () => {
  test.for([
    ['below the sender’s nonce', {}, { nonce: 3n, balance: RICH.balance }, 'POOL_NONCE_TOO_LOW'],
    [
      'that the sender cannot pay',
      { value: 1n },
      { nonce: 0n, balance: 210_000n * GWEI },
      'POOL_INSUFFICIENT_FUNDS',
    ],
    ['with less than its intrinsic gas', { gasLimit: 20_999n }, RICH, 'POOL_INTRINSIC_GAS'],
    [
      'with more gas than a block has',
      { gasLimit: LIMIT + 1n },
      RICH,
      'POOL_ABOVE_BLOCK_GAS_LIMIT',
    ],
    [
      'of too many bytes',
      { data: new Uint8Array(128 * 1024), gasLimit: LIMIT },
      RICH,
      'POOL_OVERSIZED',
    ],
  ] as const)('refuses a transaction %s', ([, fields, sender, code]) => {
    const pool = createTransactionPool()
    expect(faultOf(pool, sign(ALICE, fields), sender)).toMatchObject({ code })
    expect(pool.size()).toBe(0)
  })

  test('takes one that costs exactly what the sender has', () => {
    const pool = createTransactionPool()
    const balance = 21_000n * 10n * GWEI + 5n
    expect(faultOf(pool, sign(ALICE, { value: 5n }), { nonce: 0n, balance })).toBeUndefined()
  })

  test('knows a transaction, and takes another with its nonce for 10 % more of both fees only', () => {
    const pool = createTransactionPool()
    const first = sign(ALICE, { cap: 100n, tip: 10n })
    expect(faultOf(pool, first)).toBeUndefined()
    expect(faultOf(pool, first)).toEqual({ code: 'POOL_ALREADY_KNOWN' })
    for (const fees of [
      { cap: 109n, tip: 11n },
      { cap: 110n, tip: 10n },
      { cap: 1000n, tip: 10n },
    ]) {
      expect(faultOf(pool, sign(ALICE, fees))).toEqual({ code: 'POOL_REPLACEMENT_UNDERPRICED' })
    }
    const second = sign(ALICE, { cap: 110n, tip: 11n })
    expect(faultOf(pool, second)).toBeUndefined()
    expect(pool.get(first.hash)).toBeUndefined()
    expect(pool.at(ALICE.address, 0n)).toBe(second)
    expect(pool.size()).toBe(1)
  })

  test('orders by tip over the base fee, one sender’s by nonce', () => {
    const pool = createTransactionPool()
    const a0 = sign(ALICE, { nonce: 0n, tip: 2n, cap: 100n })
    const a1 = sign(ALICE, { nonce: 1n, tip: 50n, cap: 100n })
    const b0 = sign(BOB, { nonce: 0n, tip: 9n, cap: 12n })
    for (const transaction of [a1, a0, b0]) expect(faultOf(pool, transaction)).toBeUndefined()
    expect(drain(pool)).toEqual([b0, a0, a1])
    // Of the cap of 12 the base fee leaves 1, less than the tip of 2.
    expect(drain(pool, 11n)).toEqual([a0, a1, b0])
    expect(drain(pool, 13n)).toEqual([a0, a1])
  })

  test('stops at a gap, and at one that did not fit', () => {
    const pool = createTransactionPool()
    const [a0, a1, a3] = [0n, 1n, 3n].map((nonce) => sign(ALICE, { nonce, tip: 5n }))
    const b0 = sign(BOB, { tip: 1n })
    for (const t of [a0, a1, a3, b0]) if (t !== undefined) faultOf(pool, t)
    expect(pool.nextNonce(ALICE.address, 0n)).toBe(2n)
    expect(drain(pool)).toEqual([a0, a1, b0])
    const best = pool.best(0n, () => 0n)
    expect(best.next().value).toBe(a0)
    best.skipSender()
    expect(best.next().value).toBe(b0)
    expect(best.next().done).toBe(true)
  })

  test('drops what a block included, and what that made void', () => {
    const pool = createTransactionPool()
    const own = [0n, 1n, 2n].map((nonce) => sign(ALICE, { nonce }))
    for (const transaction of own) faultOf(pool, transaction)
    // Another transaction with nonce 1 stood in the block.
    pool.included([sign(ALICE, { nonce: 1n, value: 1n })])
    expect(drain(pool, 0n, 2n)).toEqual(own.slice(2))
    expect(pool.size()).toBe(1)
    for (const { hash } of own) pool.remove(hash)
    expect(pool.hasSender(ALICE.address)).toBe(false)
    expect(pool.senders().size).toBe(0)
  })

  test('is bounded per sender', () => {
    const pool = createTransactionPool({ transactions: 10, perSender: 2, transactionBytes: 1000 })
    for (const nonce of [0n, 1n]) faultOf(pool, sign(ALICE, { nonce }))
    expect(faultOf(pool, sign(ALICE, { nonce: 2n }))).toEqual({
      code: 'POOL_ACCOUNT_LIMIT',
      limit: 2,
    })
    expect(
      faultOf(pool, sign(ALICE, { nonce: 1n, cap: 20n * GWEI, tip: 2n * GWEI })),
    ).toBeUndefined()
  })

  test('when full, lets the last transaction of who pays least give way to who pays more', () => {
    const pool = createTransactionPool({ transactions: 3, perSender: 3, transactionBytes: 1000 })
    const cheap = [0n, 1n].map((nonce) => sign(ALICE, { nonce, tip: 5n }))
    for (const transaction of [...cheap, sign(BOB, { tip: 9n })]) faultOf(pool, transaction)
    const carol = account('carol')
    expect(faultOf(pool, sign(carol, { tip: 5n }))).toEqual({ code: 'POOL_FULL' })
    const dear = sign(carol, { tip: 6n })
    expect(faultOf(pool, dear)).toBeUndefined()
    expect(pool.senders().get(ALICE.address)).toEqual(cheap.slice(0, 1))
    expect(pool.size()).toBe(3)
    expect(faultOf(pool, sign(ALICE, { nonce: 1n, tip: 5n }))).toEqual({ code: 'POOL_FULL' })
  })
})
