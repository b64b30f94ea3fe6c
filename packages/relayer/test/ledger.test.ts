import { type Hash32, keccak256, toAddress, toBlockNumber, utf8ToBytes } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { addUpCosts, type Ledger, openLedger, SpendingCapError } from '../src/index.ts'

const ACCOUNT = toAddress(`0x${'11'.repeat(20)}`)
const OTHER = toAddress(`0x${'22'.repeat(20)}`)
const DAY = 86_400n

function hashOf(text: string): Hash32 {
  return keccak256(utf8ToBytes(text))
}

function intent(nonce: bigint, text: string, mostCost = 100n) {
  return { account: ACCOUNT, nonce, hash: hashOf(text), purpose: `header ${nonce}`, mostCost }
}

function receipt(text: string, cost: bigint) {
  return { hash: hashOf(text), blockNumber: toBlockNumber(5n), gasUsed: 21_000n, cost }
}

function createRig(lines: string[] = []): {
  readonly lines: string[]
  readonly clock: { seconds: bigint }
  readonly open: () => Ledger
} {
  const clock = { seconds: 1_000_000n }
  return {
    lines,
    clock,
    open: () =>
      openLedger(
        lines,
        async (line) => {
          lines.push(line)
        },
        () => clock.seconds,
      ),
  }
}

describe('a ledger', () => {
  test('keeps what was sent, how often, and what became of it, over restarts', async () => {
    const rig = createRig()
    const ledger = rig.open()
    const book = ledger.book('origin')
    await book.begin(intent(1n, 'a'))
    rig.clock.seconds += 60n
    await book.begin(intent(1n, 'b', 120n))
    await book.begin(intent(2n, 'c'))
    await book.end(receipt('a', 70n), true)
    await book.end(receipt('a', 70n), true)
    const expected = [
      {
        chain: 'origin',
        account: ACCOUNT,
        nonce: 1n,
        purpose: 'header 1',
        sentAt: 1_000_000n,
        hashes: [hashOf('a'), hashOf('b')],
        mostCost: 120n,
        outcome: { ...receipt('a', 70n), hasSucceeded: true },
      },
      { nonce: 2n, hashes: [hashOf('c')], outcome: undefined },
    ]
    expect(ledger.entries()).toMatchObject(expected)
    expect(rig.open().entries()).toMatchObject(expected)
    expect(rig.lines).toHaveLength(4)
  })

  test('counts what waits with the most that it can cost', async () => {
    const ledger = createRig().open()
    const book = ledger.book('origin')
    await book.begin(intent(1n, 'a'))
    await book.begin(intent(2n, 'b'))
    await book.end(receipt('a', 30n), false)
    await ledger.book('auxiliary').begin(intent(1n, 'c'))
    expect(ledger.spentSince('origin', ACCOUNT, 0n)).toBe(130n)
    expect(ledger.spentSince('auxiliary', ACCOUNT, 0n)).toBe(100n)
    expect(ledger.spentSince('origin', OTHER, 0n)).toBe(0n)
  })

  test('lets nothing leave beyond the cap of a day, and nothing of that is kept', async () => {
    const rig = createRig()
    const ledger = rig.open()
    const book = ledger.book('origin', 250n)
    await book.begin(intent(1n, 'a'))
    await book.begin(intent(2n, 'b'))
    await expect(book.begin(intent(3n, 'c'))).rejects.toThrow(SpendingCapError)
    expect(rig.lines).toHaveLength(2)
    // Sent again with higher fees, it counts once; beyond the cap it stays as it was.
    await book.begin(intent(2n, 'b again', 150n))
    await expect(book.begin(intent(2n, 'b dearer', 151n))).rejects.toMatchObject({
      shape: { code: 'SPENDING_CAP', chain: 'origin', spent: 100n, mostCost: 151n, cap: 250n },
    })
    await book.end(receipt('a', 10n), true)
    await book.end(receipt('b again', 10n), true)
    await book.begin(intent(3n, 'c'))
    rig.clock.seconds += DAY + 1n
    await book.begin(intent(4n, 'd', 250n))
    expect(ledger.entries()).toHaveLength(4)
  })

  test('says what each purpose cost', async () => {
    const ledger = createRig().open()
    const book = ledger.book('origin')
    await book.begin({ ...intent(1n, 'a'), purpose: 'meta-block 1 propose' })
    await book.end(receipt('a', 30n), false)
    await book.begin({ ...intent(2n, 'b'), purpose: 'meta-block 1 propose' })
    await book.end(receipt('b', 40n), true)
    await book.begin({ ...intent(3n, 'c'), purpose: 'meta-block 1 commit' })
    expect(addUpCosts(ledger.entries())).toEqual([
      {
        chain: 'origin',
        purpose: 'meta-block 1 propose',
        transactions: 2,
        reverted: 1,
        waiting: 0,
        gasUsed: 42_000n,
        cost: 70n,
      },
      {
        chain: 'origin',
        purpose: 'meta-block 1 commit',
        transactions: 1,
        reverted: 0,
        waiting: 1,
        gasUsed: 0n,
        cost: 0n,
      },
    ])
  })

  test.each(['', '5', '{}', '{"kind":"sent"}', '{"kind":"sent","hash":"0x12"}'])(
    'is none with the line %j',
    (line) => {
      expect(() => createRig([line]).open()).toThrow(Error)
    },
  )
})
