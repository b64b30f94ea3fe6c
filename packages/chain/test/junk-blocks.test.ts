import { type AuthorityHeader, EMPTY_UNCLE_HASH } from '@mosaic/authority'
import { type Block, encodeBlock, type SenderRecovery, type Transaction } from '@mosaic/execution'
import { concatBytes, toHash32 } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  ALICE,
  account,
  BOB,
  createTestChain,
  SIGNERS,
  sealBlock,
  type TestChain,
} from './test-chain.ts'

/** Recovers nothing, and counts for how many transactions it was asked to. */
function countingRecovery(): { readonly recovery: SenderRecovery; readonly asked: () => number } {
  let asked = 0
  return {
    asked: () => asked,
    recovery: {
      recover: (_chainId, raws) => {
        asked += raws.length
        return Promise.resolve(raws.map(() => undefined))
      },
      start: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    },
  }
}

/** A block of forty transactions that every node would take. */
async function makeGood(maker: TestChain): Promise<Block> {
  const { genesis } = maker.chain
  const transactions = await Promise.all(
    Array.from({ length: 40 }, (_, nonce) =>
      maker.sign(genesis, ALICE, { nonce: BigInt(nonce), gasLimit: 21_000n }),
    ),
  )
  return maker.seal(genesis, { transactions })
}

const maker = await createTestChain()
const good = await makeGood(maker)
const [signer = ALICE] = SIGNERS.filter(({ address }) => address === good.signer)
const others = await Promise.all(
  good.transactions.map((_, nonce) =>
    maker.sign(maker.chain.genesis, BOB, { nonce: BigInt(nonce), gasLimit: 21_000n }),
  ),
)

/** The good block with another header, sealed again. */
function changed(change: Partial<AuthorityHeader>, by: typeof signer = signer): Uint8Array {
  return encodeBlock(sealBlock({ ...good.header, ...change }, good.transactions, by))
}

function withBody(transactions: readonly Transaction[]): Uint8Array {
  return encodeBlock({ ...good, transactions })
}

function brokenSeal(): Uint8Array {
  const extraData = good.header.extraData.slice()
  extraData[extraData.length - 1] = 7
  return encodeBlock({ ...good, header: { ...good.header, extraData } })
}

const NOWHERE = toHash32(`0x${'ab'.repeat(32)}`)
const { extraData } = good.header
const JUNK: readonly (readonly [string, Uint8Array, string])[] = [
  ['a seal that is no signature', brokenSeal(), 'BLOCK_UNSEALED'],
  ['the seal of a stranger', changed({}, account('stranger')), 'UNAUTHORIZED_SIGNER'],
  ['a seal out of turn', changed({ difficulty: 1n }), 'WRONG_DIFFICULTY'],
  [
    'extra data that lists signers',
    changed({ extraData: concatBytes(extraData.slice(0, -65), new Uint8Array(85)) }),
    'EXTRA_SIGNERS',
  ],
  ['extra data without a seal', changed({ extraData: new Uint8Array(65) }), 'BLOCK_UNSEALED'],
  ['uncles in the header', changed({ uncleHash: NOWHERE }), 'INVALID_UNCLE_HASH'],
  ['too early a time', changed({ timestamp: 1n }), 'INVALID_TIMESTAMP'],
  ['a gas limit out of reach', changed({ gasLimit: 60_000_000n }), 'INVALID_GAS_LIMIT'],
  ['a parent that nobody knows', changed({ parentHash: NOWHERE }), 'CHAIN_UNKNOWN_PARENT'],
  [
    'a parent that nobody knows, and a form that none has',
    changed({ parentHash: NOWHERE, mixHash: NOWHERE }),
    'INVALID_MIX_DIGEST',
  ],
  ['the body of another block', withBody(others), 'BLOCK_FOREIGN_BODY'],
  ['a part of its body', withBody(good.transactions.slice(1)), 'BLOCK_FOREIGN_BODY'],
  ['more transactions than its gas allows', withBody([...others, ...others]), 'BLOCK_MALFORMED'],
]

describe('no sender is recovered of a block with', () => {
  test.for(JUNK)('%s', async ([, bytes, code]) => {
    const { recovery, asked } = countingRecovery()
    const { chain } = await createTestChain({ recovery })
    chain.prepareBlock(bytes)
    expect(await chain.importBlock(bytes)).toMatchObject({ ok: false, fault: { code } })
    expect(asked()).toBe(0)
    expect(await chain.importBlock(encodeBlock(good))).toMatchObject({ ok: true })
    expect(asked()).toBe(40)
  })

  test('the header of a block that is here', async () => {
    const { recovery, asked } = countingRecovery()
    const { chain } = await createTestChain({ recovery })
    await chain.importBlock(encodeBlock(good))
    expect(await chain.importBlock(withBody(others))).toMatchObject({
      ok: false,
      fault: { code: 'BLOCK_FOREIGN_BODY' },
    })
    expect(await chain.importBlock(encodeBlock(good))).toMatchObject({
      ok: true,
      value: { isNew: false },
    })
    expect(asked()).toBe(40)
  })
})

describe('prepareBlock', () => {
  test('recovers the senders of a block whose parent is prepared, and of none after one who may not seal', async () => {
    const transactions = [await maker.sign(maker.chain.genesis, BOB)]
    const parent = await maker.extend(maker.chain.genesis)
    const child = await maker.seal(parent, { transactions })
    const orphan = encodeBlock({ ...child, header: { ...child.header, parentHash: NOWHERE } })
    const { recovery, asked } = countingRecovery()
    const { chain } = await createTestChain({ recovery })
    chain.prepareBlock(orphan)
    chain.prepareBlock(encodeBlock(child))
    await chain.exclusive(() => Promise.resolve())
    expect(asked()).toBe(0)
    const parentBytes = maker.chain.database.encodedBlock(parent.hash) ?? new Uint8Array()
    chain.prepareBlock(parentBytes)
    chain.prepareBlock(encodeBlock(child))
    await chain.exclusive(() => Promise.resolve())
    expect(asked()).toBe(1)
    expect(await chain.importBlock(parentBytes)).toMatchObject({ ok: true })
    expect(await chain.importBlock(encodeBlock(child))).toMatchObject({ ok: true })
  })

  test('is not bothered by headers that are never imported', async () => {
    const { chain } = await createTestChain()
    for (let i = 0n; i < 40n; i++)
      chain.prepareBlock(changed({ stateRoot: NOWHERE, timestamp: good.header.timestamp + i }))
    chain.prepareBlock(changed({ uncleHash: EMPTY_UNCLE_HASH }))
    expect(await chain.importBlock(encodeBlock(good))).toMatchObject({ ok: true })
  })
})
