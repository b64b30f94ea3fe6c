import type { Transaction } from '@mosaic/execution'
import { bytesToHex } from '@mosaic/primitives'
import { createMemoryStore } from '@mosaic/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createPoolJournal,
  createTransactionPool,
  type PoolFault,
  type TransactionPool,
} from '../src/index.ts'
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
const LIMITS = { transactions: 100, bytes: 100_000, perSender: 100, transactionBytes: 10_000 }
const CAROL = account('carol')
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

  test('orders what pays the same as it came', () => {
    const pool = createTransactionPool()
    const came = [
      sign(BOB, { nonce: 1n }),
      sign(BOB),
      sign(CAROL),
      sign(ALICE),
      sign(ALICE, { nonce: 1n }),
      sign(CAROL, { nonce: 1n }),
    ]
    for (const transaction of came) expect(faultOf(pool, transaction)).toBeUndefined()
    const [last, first, ...others] = came
    // What stood behind a gap came before all others.
    expect(drain(pool)).toEqual([first, last, ...others])
    expect(pool.waiting()).toEqual(came)
    for (const { hash } of came) pool.remove(hash)
    for (const transaction of came.toReversed()) expect(faultOf(pool, transaction)).toBeUndefined()
    expect(pool.waiting()).toEqual(came.toReversed())
  })

  test('counts whatever leaves it', () => {
    const pool = createTransactionPool()
    const [first, second] = [sign(ALICE), sign(BOB)]
    for (const transaction of [first, second]) pool.add(transaction, RICH, LIMIT)
    expect(pool.departures()).toBe(0)
    pool.add(sign(ALICE, { cap: 20n * GWEI, tip: 2n * GWEI }), RICH, LIMIT)
    expect(pool.departures()).toBe(1)
    pool.remove(second.hash)
    pool.remove(second.hash)
    expect(pool.departures()).toBe(2)
    pool.included([first])
    expect(pool.departures()).toBe(3)
  })

  test('knows where the run of a sender ends, whatever came, went and was replaced', () => {
    const signed = new Map<string, Transaction>()
    const one = (nonce: bigint, tip: bigint): Transaction => {
      const known = signed.get(`${nonce} ${tip}`) ?? sign(ALICE, { nonce, tip: tip * GWEI })
      signed.set(`${nonce} ${tip}`, known)
      return known
    }
    const step = fc.record({
      nonce: fc.bigInt(0n, 9n),
      tip: fc.bigInt(1n, 3n),
      what: fc.constantFrom('add', 'add', 'remove', 'include'),
      from: fc.bigInt(0n, 10n),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pool = createTransactionPool()
        for (const { nonce, tip, what, from } of steps) {
          const transaction = one(nonce, tip)
          if (what === 'add') pool.add(transaction, RICH, LIMIT)
          else if (what === 'remove') pool.remove(transaction.hash)
          else pool.included([transaction])
          let end = from
          while (pool.at(ALICE.address, end) !== undefined) end++
          expect(pool.nextNonce(ALICE.address, from)).toBe(end)
        }
      }),
      { seed: 4, numRuns: 300 },
    )
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
    const pool = createTransactionPool({ ...LIMITS, transactions: 10, perSender: 2 })
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
    const pool = createTransactionPool({ ...LIMITS, transactions: 3, perSender: 3 })
    const cheap = [0n, 1n].map((nonce) => sign(ALICE, { nonce, tip: 5n }))
    for (const transaction of [...cheap, sign(BOB, { tip: 9n })]) faultOf(pool, transaction)
    const carol = account('carol')
    expect(faultOf(pool, sign(carol, { tip: 5n }))).toEqual({ code: 'POOL_UNDERPRICED' })
    const dear = sign(carol, { tip: 6n })
    expect(faultOf(pool, dear)).toBeUndefined()
    expect(pool.senders().get(ALICE.address)).toEqual(cheap.slice(0, 1))
    expect(pool.size()).toBe(3)
    expect(faultOf(pool, sign(ALICE, { nonce: 1n, tip: 5n }))).toEqual({ code: 'POOL_UNDERPRICED' })
  })

  test('when full, lets nothing give way to what stands behind a gap, however much it promises', () => {
    const pool = createTransactionPool({ ...LIMITS, transactions: 2, perSender: 2 })
    const waiting = [sign(ALICE, { tip: 5n }), sign(BOB, { tip: 6n })]
    for (const transaction of waiting) faultOf(pool, transaction)
    const carol = account('carol')
    const far = sign(carol, { nonce: 1n, tip: 50n })
    expect(faultOf(pool, far)).toEqual({ code: 'POOL_FUTURE_REPLACES_PENDING' })
    for (const { hash } of waiting) expect(pool.get(hash)).toBeDefined()
    // With the one before it already in the chain it stands behind no gap.
    expect(faultOf(pool, far, { ...RICH, nonce: 1n })).toBeUndefined()
    expect(pool.get(waiting[0]?.hash ?? far.hash)).toBeUndefined()
  })

  test('takes no more of a sender than it can pay all together', () => {
    const pool = createTransactionPool()
    const each = 21_000n * 10n * GWEI
    const sender = { nonce: 0n, balance: 3n * each + 5n }
    const first = sign(ALICE, { nonce: 0n })
    for (const transaction of [first, sign(ALICE, { nonce: 1n })]) {
      expect(faultOf(pool, transaction, sender)).toBeUndefined()
    }
    expect(faultOf(pool, sign(ALICE, { nonce: 2n, value: 6n }), sender)).toEqual({
      code: 'POOL_INSUFFICIENT_FUNDS',
      balance: sender.balance,
      cost: each + 6n,
      queued: 2n * each,
      replaced: undefined,
    })
    expect(faultOf(pool, sign(ALICE, { nonce: 2n, value: 5n }), sender)).toBeUndefined()
    // A replacement counts for what it costs more.
    const dearer = { nonce: 0n, cap: 11n * GWEI, tip: 11n * GWEI }
    expect(faultOf(pool, sign(ALICE, dearer), sender)).toMatchObject({ replaced: each })
    // What is gone counts no more.
    pool.included([first])
    const after = { nonce: 1n, balance: 3n * each }
    expect(faultOf(pool, sign(ALICE, { nonce: 3n }), after)).toMatchObject({
      queued: 2n * each + 5n,
    })
    pool.remove(pool.at(ALICE.address, 2n)?.hash ?? first.hash)
    expect(faultOf(pool, sign(ALICE, { nonce: 3n }), after)).toBeUndefined()
  })

  test('when out of bytes, lets as many give way as it takes, or none', () => {
    const large = { data: new Uint8Array(3000), gasLimit: 200_000n }
    const pool = createTransactionPool({ ...LIMITS, bytes: 6600 })
    const senders = Array.from({ length: 20 }, (_, i) => account(`sender ${i}`))
    const small = senders.slice(0, 18).map((sender, i) => sign(sender, { tip: BigInt(i + 1) }))
    const first = sign(ALICE, { ...large, tip: 100n })
    for (const transaction of [...small, first]) expect(faultOf(pool, transaction)).toBeUndefined()
    const free = 6600 - [...small, first].reduce((sum, { raw }) => sum + raw.length, 0)
    const bob = (tip: bigint): Transaction => sign(BOB, { ...large, tip })
    const needed = Math.ceil((bob(20n).raw.length - free) / (small[0]?.raw.length ?? 1))
    // It pays more than some, but not than as many as would have to go.
    expect(faultOf(pool, bob(3n))).toEqual({ code: 'POOL_FULL' })
    expect(pool.size()).toBe(19)
    expect(faultOf(pool, bob(50n))).toBeUndefined()
    expect(pool.size()).toBe(20 - needed)
    for (const [i, { hash }] of small.entries())
      expect(pool.get(hash) === undefined).toBe(i < needed)
    expect(pool.get(first.hash)).toBe(first)
    // What went makes room again.
    pool.remove(first.hash)
    for (const transaction of small) faultOf(pool, transaction)
    expect(pool.size()).toBe(19)
  })

  test('agrees with a plain model, whatever happens to it', () => {
    const senders = [ALICE, BOB, account('carol'), account('dave')]
    const offer = fc.record({
      kind: fc.constantFrom('add', 'add', 'add', 'remove', 'include'),
      who: fc.nat({ max: 3 }),
      nonce: fc.bigInt({ min: 0n, max: 3n }),
      tip: fc.bigInt({ min: 1n, max: 6n }),
      size: fc.nat({ max: 200 }),
    })
    fc.assert(
      fc.property(fc.array(offer, { maxLength: 40 }), (offers) => {
        const limits = { ...LIMITS, transactions: 6, bytes: 1500 }
        const pool = createTransactionPool(limits)
        const known = new Set<Transaction>()
        for (const { kind, who, nonce, tip, size } of offers) {
          let wasLeftAlone = true
          const sender = senders[who] ?? ALICE
          const data = new Uint8Array(size)
          const transaction = sign(sender, { nonce, tip, data, gasLimit: 60_000n })
          if (kind === 'add') {
            const before = pool.size()
            const isTaken = faultOf(pool, transaction) === undefined
            if (isTaken) known.add(transaction)
            wasLeftAlone = isTaken || pool.size() === before
          } else if (kind === 'remove') pool.remove(transaction.hash)
          else pool.included([transaction])
          expect(wasLeftAlone).toBe(true)
          const held = [...pool.senders().values()].flat()
          expect(held).toHaveLength(pool.size())
          for (const each of held) {
            expect(known.has(each)).toBe(true)
            expect(pool.get(each.hash)).toBe(each)
            expect(pool.at(each.from, each.nonce)).toBe(each)
          }
          expect(held.length).toBeLessThanOrEqual(limits.transactions)
          expect(held.reduce((sum, { raw }) => sum + raw.length, 0)).toBeLessThanOrEqual(
            limits.bytes,
          )
        }
      }),
      { seed: 9, numRuns: 60 },
    )
  })

  test('comes back after a restart', async () => {
    const store = createMemoryStore()
    const pool = createTransactionPool()
    const journal = createPoolJournal(store, pool)
    const [a0, a1, b0] = [sign(ALICE), sign(ALICE, { nonce: 1n }), sign(BOB)]
    for (const transaction of [a0, a1]) faultOf(pool, transaction)
    await journal.save()
    pool.included([a0])
    faultOf(pool, b0)
    await Promise.all([journal.save(), journal.save()])
    const reopened = createTransactionPool()
    const next = createPoolJournal(store, reopened)
    expect(byText(await next.load())).toEqual(byText([a1.raw, b0.raw]))
    // Only one of them is taken up again: the other goes.
    faultOf(reopened, b0)
    await next.save()
    expect(byText(await createPoolJournal(store, reopened).load())).toEqual(byText([b0.raw]))
  })
})

function byText(list: readonly Uint8Array[]): string[] {
  return list.map(bytesToHex).toSorted()
}
