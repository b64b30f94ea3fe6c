import {
  type Address,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  type Hash32,
  hexToBytes,
  toHash32,
  toWord,
} from '@mosaic/primitives'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, test } from 'vitest'
import { type Block, HISTORY_STORAGE } from '../src/index.ts'
import {
  contractAt,
  creationCode,
  DESTROYER,
  HISTORY_CODE,
  MODERN,
  MODERN_SLOTS,
  SETTER,
} from './contracts.ts'
import { ALICE, account, BOB, createTestChain, SIGNER, type TestChain } from './test-chain.ts'
import { sign } from './transactions.ts'

const MODERN_ADDRESS = contractAt(0xc0)
const SETTER_ADDRESS = contractAt(0xc1)
const DESTROYER_ADDRESS = contractAt(0xc2)
const ALLOC = {
  [MODERN_ADDRESS]: { code: MODERN },
  [SETTER_ADDRESS]: { code: SETTER },
  [DESTROYER_ADDRESS]: { code: DESTROYER, balance: 5n },
  [HISTORY_STORAGE]: { code: HISTORY_CODE, nonce: 1n },
}

async function readSlot(
  chain: TestChain,
  block: Block,
  address: Address,
  slot: bigint,
): Promise<Hash32> {
  return chain.layer.queries.slot(block.header.stateRoot, address, wordOf(slot))
}

function wordOf(value: bigint): Hash32 {
  return bytesToHash32(toWord(value))
}

describe('the rules of the chain', () => {
  test('are those of Osaka without what needs a beacon chain', async () => {
    const producer = await createTestChain({ alloc: ALLOC })
    const importer = await createTestChain({ alloc: ALLOC })
    const message = new Uint8Array(32).fill(9)
    const secretKey = new Uint8Array(32).fill(11)
    const data = concatBytes(
      message,
      p256.sign(message, secretKey, { prehash: false, lowS: false }),
      p256.getPublicKey(secretKey, false).subarray(1),
    )
    const empty: Block[] = []
    let parent = producer.genesis
    for (let i = 0; i < 3; i++) {
      parent = await producer.mine(parent)
      empty.push(parent)
    }
    const head = await producer.mine(parent, {
      transactions: [sign(producer, ALICE, { to: MODERN_ADDRESS, data, gasLimit: 2_000_000n })],
      coinbase: BOB.address,
    })
    const expected: Record<keyof typeof MODERN_SLOTS, Hash32> = {
      push0: wordOf(1n),
      transient: wordOf(7n),
      mcopy: wordOf(0xaan),
      coinbase: toHash32(`0x${SIGNER.address.slice(2).padStart(64, '0')}`),
      difficulty: wordOf(2n),
      baseFee: wordOf(head.header.baseFeePerGas ?? 0n),
      blockHash: parent.hash,
      history: parent.hash,
      blsSucceeded: wordOf(1n),
      blsReturnSize: wordOf(128n),
      secp256r1: wordOf(1n),
      leadingZeros: wordOf(255n),
      number: wordOf(4n),
    }
    for (const [rule, slot] of Object.entries(MODERN_SLOTS)) {
      expect([rule, await readSlot(producer, head, MODERN_ADDRESS, slot)]).toEqual([
        rule,
        Object.entries(expected).find(([name]) => name === rule)?.[1],
      ])
    }
    // The importer finds the same, which the roots in the headers prove.
    for (const block of [...empty, head]) {
      expect(await importer.accept(block)).toHaveProperty('receipts')
    }
  })

  test('pay fees to the sealer, not to whom the header votes on', async () => {
    const chain = await createTestChain()
    const voted = account(77).address
    const block = await chain.mine(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: BOB.address, value: 1n, tip: 3n, cap: 10n ** 12n })],
      coinbase: voted,
    })
    const { queries } = chain.layer
    expect((await queries.account(block.header.stateRoot, SIGNER.address)).balance).toBe(
      21_000n * 3n,
    )
    expect((await queries.account(block.header.stateRoot, voted)).balance).toBe(0n)
  })

  test('delegate an account to code (EIP-7702)', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const carol = account(9)
    const first = await chain.mine(chain.genesis, {
      transactions: [
        sign(chain, ALICE, {
          type: 4,
          to: carol.address,
          data: toWord(5n),
          authorization: [carol, SETTER_ADDRESS, 0n],
        }),
      ],
    })
    const { queries } = chain.layer
    expect(bytesToHex(await queries.code(first.header.stateRoot, carol.address))).toBe(
      `0xef0100${SETTER_ADDRESS.slice(2)}`,
    )
    expect(await readSlot(chain, first, carol.address, 0n)).toBe(wordOf(5n))
    expect(await readSlot(chain, first, SETTER_ADDRESS, 0n)).toBe(wordOf(0n))
    // Delegated accounts may still send.
    const funded = await chain.mine(first, {
      transactions: [
        sign(chain, ALICE, { nonce: 1n, to: carol.address, value: 10n ** 18n, data: toWord(6n) }),
      ],
    })
    const last = await chain.mine(funded, {
      transactions: [sign(chain, carol, { nonce: 1n, to: BOB.address, value: 1n })],
    })
    expect((await queries.account(last.header.stateRoot, carol.address)).nonce).toBe(2n)
  })

  test('keep the code of who destroys itself unless it was created in the same transaction (EIP-6780)', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const block = await chain.mine(chain.genesis, {
      transactions: [
        sign(chain, ALICE, {
          to: DESTROYER_ADDRESS,
          data: hexToBytes(`0x${'00'.repeat(12)}${BOB.address.slice(2)}`),
        }),
      ],
    })
    const { queries } = chain.layer
    expect((await queries.code(block.header.stateRoot, DESTROYER_ADDRESS)).length).toBeGreaterThan(
      0,
    )
    expect((await queries.account(block.header.stateRoot, DESTROYER_ADDRESS)).balance).toBe(0n)
  })

  test('take every type of transaction, and say in receipts what each did', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const { block, execution } = await chain.seal(chain.genesis, {
      transactions: [
        sign(chain, ALICE, { nonce: 0n, type: 0, to: BOB.address, value: 5n }),
        sign(chain, ALICE, { nonce: 1n, type: 1, to: SETTER_ADDRESS, data: toWord(1n) }),
        sign(chain, ALICE, { nonce: 2n, type: 2, data: creationCode(SETTER) }),
        sign(chain, ALICE, { nonce: 3n, type: 2, data: Uint8Array.of(0xfe), gasLimit: 60_000n }),
        sign(chain, ALICE, {
          nonce: 4n,
          type: 4,
          to: BOB.address,
          authorization: [BOB, SETTER_ADDRESS, 0n],
        }),
      ],
    })
    expect(execution.receipts.map(({ type, succeeded }) => [type, succeeded])).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [2, false],
      [4, true],
    ])
    const created = execution.receipts[2]?.contract
    expect(execution.receipts[1]?.logs).toEqual([
      { address: SETTER_ADDRESS, topics: [wordOf(0x2an)], data: toWord(1n) },
    ])
    let cumulative = 0n
    for (const receipt of execution.receipts) {
      cumulative += receipt.gasUsed
      expect(receipt.cumulativeGasUsed).toBe(cumulative)
    }
    expect(block.header.gasUsed).toBe(cumulative)
    const importer = await createTestChain({ alloc: ALLOC })
    const imported = await importer.accept(block)
    expect(imported).toHaveProperty('receipts', execution.receipts)
    if (created === undefined) throw new Error('expected a contract')
    const code = await importer.layer.queries.code(block.header.stateRoot, created)
    expect(bytesToHex(code)).toBe(SETTER)
  })
})
