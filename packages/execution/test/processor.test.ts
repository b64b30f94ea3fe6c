import { toBlockNumber, toHash32, toWord, ZERO_HASH } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type Block,
  type Candidates,
  encodeBlock,
  HISTORY_STORAGE,
  type StateSource,
  StateUnavailableError,
  type Transaction,
} from '../src/index.ts'
import { contractAt, creationCode, HISTORY_CODE, INVALID, SETTER } from './contracts.ts'
import { seeded } from './seeded.ts'
import {
  ALICE,
  account,
  BOB,
  createDisk,
  createTestChain,
  GAS_LIMIT,
  OTHER_SIGNER,
  SIGNER,
  sealHeader,
  type TestChain,
} from './test-chain.ts'
import { type Fields, sign } from './transactions.ts'

const SETTER_ADDRESS = contractAt(0xc1)
const INVALID_ADDRESS = contractAt(0xc3)
const ALLOC = {
  [SETTER_ADDRESS]: { code: SETTER },
  [INVALID_ADDRESS]: { code: INVALID },
  [HISTORY_STORAGE]: { code: HISTORY_CODE, nonce: 1n },
}

/** These, one after the other, which all must fit. */
function listed(transactions: readonly Transaction[]): Candidates {
  const left = [...transactions]
  return {
    next: () => left.shift(),
    skipped: ({ reason }) => {
      throw new Error(`expected that all fit, received ${reason}`)
    },
  }
}

/** A block of a few random transactions, or none. */
async function mineRandom(
  chain: TestChain,
  parent: Block,
  random: ReturnType<typeof seeded>,
): Promise<Block> {
  const { nonce } = await chain.layer.queries.account(parent.header.stateRoot, ALICE.address)
  const transactions = Array.from({ length: random.below(5) }, (_, i) => {
    const choices: readonly Fields[] = [
      { to: account(20 + random.below(40)).address, value: BigInt(random.below(1000)) },
      { to: SETTER_ADDRESS, data: toWord(BigInt(random.below(3))) },
      { to: INVALID_ADDRESS },
      { data: creationCode(SETTER) },
      { type: 0, to: BOB.address, value: 1n },
      { type: 1, to: SETTER_ADDRESS, data: toWord(BigInt(random.below(9) + 1)) },
    ]
    return sign(chain, ALICE, {
      ...random.pick(choices),
      nonce: nonce + BigInt(i),
      cap: 10n ** 11n,
    })
  })
  return chain.mine(parent, {
    transactions,
    signer: random.pick([SIGNER, OTHER_SIGNER]),
    timestamp: parent.header.timestamp + BigInt(random.below(3)),
  })
}

describe('two nodes', () => {
  test('agree on 50 blocks in a tree of branches, whatever order they arrive in', async () => {
    const random = seeded(50)
    const producer = await createTestChain({ alloc: ALLOC })
    const blocks: Block[] = [producer.genesis]
    for (let i = 0; i < 50; i++) {
      // Mostly on the newest block, now and then on any older one.
      const newest = blocks.at(-1) ?? producer.genesis
      const parent = random.below(4) === 0 ? random.pick(blocks) : newest
      blocks.push(await mineRandom(producer, parent, random))
    }
    expect(new Set(blocks.map(({ hash }) => hash)).size).toBeGreaterThan(45)
    const importer = await createTestChain({ alloc: ALLOC })
    const waiting = blocks.slice(1)
    while (waiting.length > 0) {
      const ready = waiting.filter(({ header }) => importer.disk.headers.has(header.parentHash))
      const block = random.pick(ready)
      waiting.splice(waiting.indexOf(block), 1)
      expect(await importer.accept(block)).toHaveProperty('stateRoot', block.header.stateRoot)
    }
    // Everything the producer stored can be read, from any block.
    for (const { header } of blocks) {
      const accounts = [producer, importer].map(({ layer }) =>
        layer.queries.account(header.stateRoot, ALICE.address),
      )
      const [a, b] = await Promise.all(accounts)
      expect(a).toEqual(b)
    }
  })

  test('go on after a restart, on any block that was stored', async () => {
    const random = seeded(8)
    const disk = createDisk()
    let chain = await createTestChain({ alloc: ALLOC, disk })
    const importer = await createTestChain({ alloc: ALLOC })
    let head = chain.genesis
    for (let i = 0; i < 12; i++) {
      if (i % 3 === 2) chain = await createTestChain({ alloc: ALLOC, disk })
      head = await mineRandom(chain, head, random)
      expect(await importer.accept(head)).toHaveProperty('receipts')
    }
    expect(head.header.number).toBe(12n)
  })

  test('may have consecutive blocks with equal state roots, also across a restart', async () => {
    const disk = createDisk()
    const chain = await createTestChain({ disk })
    const first = await chain.mine(chain.genesis)
    const second = await chain.mine(first)
    expect(second.header.stateRoot).toBe(first.header.stateRoot)
    const restarted = await createTestChain({ disk })
    const third = await restarted.mine(second, {
      transactions: [sign(restarted, ALICE, { to: BOB.address })],
    })
    expect(third.header.stateRoot).not.toBe(second.header.stateRoot)
  })
})

describe('build', () => {
  test('skips what cannot run, says why, and goes on', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const poor = account(60)
    const skipped: string[] = []
    const fields: readonly Fields[] = [
      { to: BOB.address, nonce: 0n },
      { to: BOB.address, nonce: 0n },
      { to: BOB.address, nonce: 2n },
      { to: BOB.address, nonce: 1n, cap: 1n, tip: 1n },
      { to: BOB.address, nonce: 1n, gasLimit: GAS_LIMIT },
      { to: BOB.address, nonce: 1n, value: 10n ** 30n },
      { to: BOB.address, nonce: 1n, gasLimit: 20_000n },
      { to: BOB.address, nonce: 1n },
    ]
    const { block, execution } = await chain.seal(chain.genesis, {
      transactions: [
        ...fields.map((each) => sign(chain, ALICE, each)),
        sign(chain, poor, { to: BOB.address }),
      ],
      onSkipped: ({ reason }) => skipped.push(reason),
    })
    expect(skipped).toEqual([
      'nonce-too-low',
      'nonce-too-high',
      'fee-too-low',
      'no-room',
      'insufficient-funds',
      'invalid',
      'insufficient-funds',
    ])
    expect(block.transactions.map(({ nonce }) => nonce)).toEqual([0n, 1n])
    expect(execution.gasUsed).toBe(42_000n)
    const importer = await createTestChain({ alloc: ALLOC })
    expect(await importer.accept(block)).toHaveProperty('gasUsed', 42_000n)
  })

  test('stops before the gas limit', async () => {
    const chain = await createTestChain()
    const transactions = Array.from({ length: 5 }, (_, i) =>
      sign(chain, ALICE, { nonce: BigInt(i), to: BOB.address, gasLimit: 21_000n }),
    )
    const block = await chain.mine(chain.genesis, { transactions, gasLimit: 70_000n })
    expect(block.transactions.length).toBe(3)
    expect(block.header.gasUsed).toBe(63_000n)
  })

  test('leaves nothing behind when its block is not used', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const stored = chain.disk.nodes.size
    const abandoned = await chain.seal(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: SETTER_ADDRESS, data: toWord(7n) })],
    })
    expect(chain.disk.nodes.size).toBe(stored)
    const block = await chain.mine(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: SETTER_ADDRESS, data: toWord(8n) })],
    })
    expect(block.header.stateRoot).not.toBe(abandoned.block.header.stateRoot)
    await expect(
      chain.layer.queries.account(abandoned.block.header.stateRoot, ALICE.address),
    ).rejects.toThrow(StateUnavailableError)
  })
})

describe('execute', () => {
  const wrong = toHash32(`0x${'11'.repeat(32)}`)

  test.each([
    { field: 'stateRoot', header: { stateRoot: wrong } },
    { field: 'transactionsRoot', header: { transactionsRoot: wrong } },
    { field: 'receiptsRoot', header: { receiptsRoot: wrong } },
    { field: 'gasUsed', header: { gasUsed: 21_001n } },
    { field: 'logsBloom', header: { logsBloom: new Uint8Array(256).fill(1) } },
  ])('refuses a header whose $field is not what came out', async ({ field, header }) => {
    const chain = await createTestChain()
    const { block } = await chain.seal(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: BOB.address })],
    })
    const forged = sealHeader({ ...block.header, ...header }, block.transactions, SIGNER)
    const importer = await createTestChain()
    const stored = importer.disk.nodes.size
    expect(await importer.accept(forged)).toMatchObject({ code: 'EXECUTION_MISMATCH', field })
    expect(importer.disk.nodes.size).toBe(stored)
    // The refusal spoils nothing: the right block is still accepted.
    expect(await importer.accept(block)).toHaveProperty('gasUsed', 21_000n)
  })

  test('refuses a block of another signer: the fees went to who sealed', async () => {
    const chain = await createTestChain()
    const { block } = await chain.seal(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: BOB.address })],
    })
    const forged = sealHeader(block.header, block.transactions, OTHER_SIGNER)
    expect(await chain.accept(forged)).toMatchObject({
      code: 'EXECUTION_MISMATCH',
      field: 'stateRoot',
    })
  })

  test.each<{ readonly what: string; readonly fields: Fields; readonly reason: RegExp }>([
    { what: 'a nonce that is used', fields: { nonce: 0n }, reason: /nonce/ },
    { what: 'a nonce too high', fields: { nonce: 2n }, reason: /nonce/ },
    {
      what: 'a fee below the base fee',
      fields: { nonce: 1n, cap: 1n, tip: 1n },
      reason: /baseFee/,
    },
    {
      what: 'a value above the balance',
      fields: { nonce: 1n, value: 10n ** 30n },
      reason: /funds/,
    },
    {
      what: 'less gas than intrinsic',
      fields: { nonce: 1n, gasLimit: 20_999n },
      reason: /GAS_TOO_LOW/,
    },
    {
      what: 'more gas than the block has left',
      fields: { nonce: 1n, gasLimit: GAS_LIMIT - 20_999n },
      reason: /exceeds what is left/,
    },
  ])('refuses a transaction with $what', async ({ fields, reason }) => {
    const chain = await createTestChain()
    const good = sign(chain, ALICE, { to: BOB.address })
    const { block } = await chain.seal(chain.genesis, { transactions: [good] })
    const bad = sign(chain, ALICE, { to: BOB.address, ...fields })
    const forged = sealHeader({ ...block.header, gasUsed: 42_000n }, [good, bad], SIGNER)
    expect(await chain.accept(forged)).toEqual({
      code: 'EXECUTION_BAD_TRANSACTION',
      index: 1,
      reason: expect.stringMatching(reason),
    })
    expect(await chain.accept(block)).toHaveProperty('gasUsed', 21_000n)
  })

  test('calls no block invalid because the store failed', async () => {
    let isBroken = false
    const chain = await createTestChain({
      alloc: ALLOC,
      wrapSource: (source): StateSource => ({
        ...source,
        node: (hash) => {
          if (isBroken) throw new Error('disk')
          return source.node(hash)
        },
      }),
    })
    const other = await createTestChain({ alloc: ALLOC })
    const transactions = [sign(chain, ALICE, { to: SETTER_ADDRESS, data: toWord(1n) })]
    const block = await other.mine(other.genesis, { transactions })
    isBroken = true
    await expect(chain.accept(block)).rejects.toThrow(StateUnavailableError)
    await expect(chain.seal(chain.genesis, { transactions })).rejects.toThrow(StateUnavailableError)
    isBroken = false
    expect(await chain.accept(block)).toHaveProperty('stateRoot', block.header.stateRoot)
  })

  test('calls no block invalid because an ancestor or its state is not here', async () => {
    const chain = await createTestChain()
    const block = await chain.mine(chain.genesis)
    const decoded = chain.layer.decodeBlock(encodeBlock(block))
    if (!decoded.ok) throw new Error(decoded.fault.code)
    const transactions = [sign(chain, ALICE, { to: BOB.address })]
    const withTransaction = { ...decoded.value, transactions }
    await expect(chain.layer.processor.execute(withTransaction, ZERO_HASH)).rejects.toThrow(
      StateUnavailableError,
    )
  })

  test('builds a block little by little that is the same as one built at once', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const transactions = [
      sign(chain, ALICE, { to: SETTER_ADDRESS, data: toWord(1n) }),
      sign(chain, BOB, { to: account(9).address, value: 5n }),
      sign(chain, ALICE, { nonce: 1n, to: SETTER_ADDRESS, data: toWord(2n) }),
    ]
    const { header } = chain.genesis
    const { block, execution } = await chain.seal(chain.genesis, { transactions })
    const { processor, queries } = chain.layer
    const growing = await processor.begin(block.header, header.stateRoot, SIGNER.address)
    for (const transaction of transactions) {
      expect(await growing.extend(listed([transaction]))).toBe(true)
      const { nonce } = await queries.account(header.stateRoot, ALICE.address)
      expect(nonce).toBe(0n)
    }
    const built = await growing.finish()
    expect(built?.transactions).toEqual(transactions)
    expect(built).toMatchObject({
      stateRoot: execution.stateRoot,
      receiptsRoot: execution.receiptsRoot,
      transactionsRoot: execution.transactionsRoot,
      logsBloom: execution.logsBloom,
      gasUsed: execution.gasUsed,
      receipts: execution.receipts,
    })
    expect(await growing.extend(listed([]))).toBe(false)
    expect(await growing.finish()).toBeUndefined()
  })

  test('has nothing left of a block that grew once it has run another, nor of what that one did', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const { header } = chain.genesis
    const paying = sign(chain, ALICE, { to: account(9).address, value: 5n })
    const empty = await chain.seal(chain.genesis)
    const { processor } = chain.layer
    const growing = await processor.begin(empty.block.header, header.stateRoot, SIGNER.address)
    await growing.extend(listed([paying]))
    const other = await chain.seal(chain.genesis)
    expect(other.execution.stateRoot).toBe(empty.execution.stateRoot)
    expect(await growing.extend(listed([paying]))).toBe(false)
    expect(await growing.finish()).toBeUndefined()
    const again = await chain.seal(chain.genesis, { transactions: [paying] })
    expect(again.block.transactions).toEqual([paying])
  })

  test('takes no genesis block', async () => {
    const chain = await createTestChain()
    await expect(
      chain.layer.processor.execute(chain.genesis, chain.genesis.header.stateRoot),
    ).rejects.toThrow('genesis')
    expect(chain.genesis.header.number).toBe(toBlockNumber(0n))
  })
})
