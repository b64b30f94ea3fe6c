import { applyHeader } from '@mosaic/authority'
import { auxiliaryEventTopics, PREDEPLOYS } from '@mosaic/contracts'
import { type GenesisAccount, loadCrypto, orderedRoot } from '@mosaic/execution'
import {
  bytesToHash32,
  bytesToHex,
  concatBytes,
  hexToBytes,
  toHash32,
  toHeight,
  toHex,
  toWord,
  ZERO_HASH,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createCommon } from '../../execution/src/common.ts'
import {
  blockContext,
  callEndOfBlock,
  createMachine,
  innerAddress,
  type Machine,
  recordParentHash,
} from '../../execution/src/machine.ts'
import { State } from '../../execution/src/state.ts'
import type { BlockRecord } from '../src/index.ts'
import {
  ALICE,
  AUXILIARY,
  account,
  BOB,
  CHAIN_ID,
  createTestChain,
  DEFINITION,
  outOfTurn,
  SIGNERS,
  START,
  sealBlock,
  type TestChain,
  VALIDATORS,
} from './test-chain.ts'

/** The state root of an empty block on `parent`, after `end` has done what stands in for the end-of-block call. */
async function rootAfter(
  { source }: TestChain,
  parent: BlockRecord,
  end: (machine: Machine, callHook: () => Promise<unknown>) => Promise<void>,
): Promise<ReturnType<typeof toHash32>> {
  const crypto = await loadCrypto()
  const common = createCommon(CHAIN_ID, crypto)
  const state = new State(crypto.keccak256, source, hexToBytes(parent.header.stateRoot))
  const machine = await createMachine(common, state, () => parent.hash)
  machine.enter(parent.hash)
  const number = parent.header.number + 1n
  await recordParentHash(machine, parent.hash, number)
  const signer = SIGNERS[Number(number) % SIGNERS.length]?.address ?? ALICE.address
  const context = blockContext(
    { ...parent.header, number: parent.header.number, parentHash: parent.hash },
    signer,
    common,
  )
  Object.assign(context.header, { number })
  const emptyRoot = hexToBytes('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
  await end(machine, () => callEndOfBlock(machine, context, emptyRoot, 0n))
  return bytesToHash32(state.computeRoot())
}

describe('a block', () => {
  test('is taken from its bytes by a chain that has its parent, and moves the head', async () => {
    const maker = await createTestChain()
    const taker = await createTestChain()
    const block = await maker.seal(maker.chain.genesis, {
      transactions: [await maker.sign(maker.chain.genesis, ALICE, { value: 7n })],
    })
    expect(await taker.refusal(block)).toBeUndefined()
    expect(taker.chain.head()).toMatchObject({ hash: block.hash, accumulatedGas: 21_000n })
    const { queries } = taker.chain.execution
    const { balance } = await queries.account(block.header.stateRoot, BOB.address)
    expect(balance).toBe(1000n * 10n ** 18n + 7n)
  })

  test('is taken once, whoever sends it again', async () => {
    const { chain, seal, extend, refusal } = await createTestChain()
    const record = await extend(chain.genesis)
    expect(await refusal(await seal(chain.genesis))).toBeUndefined()
    expect(chain.head()).toBe(record)
  })

  test('waits for its parent', async () => {
    const maker = await createTestChain()
    const first = await maker.extend(maker.chain.genesis)
    const second = await maker.seal(first)
    const taker = await createTestChain()
    expect(await taker.refusal(second)).toMatchObject({
      code: 'CHAIN_UNKNOWN_PARENT',
      parentHash: first.hash,
      number: 2n,
    })
  })

  test.for([
    ['gas', { gasUsed: 1n }, 'gasUsed'],
    ['state root', { stateRoot: ZERO_HASH }, 'stateRoot'],
    ['receipts root', { receiptsRoot: ZERO_HASH }, 'receiptsRoot'],
    ['bloom', { logsBloom: new Uint8Array(256).fill(1) }, 'logsBloom'],
  ] as const)('with a wrong %s is refused', async ([, wrong, field]) => {
    const { chain, seal, refusal } = await createTestChain()
    const block = await seal(chain.genesis, { change: (header) => ({ ...header, ...wrong }) })
    const fault = await refusal(block)
    expect(fault).toMatchObject({ code: 'EXECUTION_MISMATCH', field })
    expect(chain.head().hash).toBe(chain.genesis.hash)
    expect(chain.database.record(block.hash)).toBeUndefined()
  })

  test('sealed by a stranger, by one who sealed just before, or with the wrong difficulty is refused', async () => {
    const { chain, seal, extend, refusal } = await createTestChain()
    const stranger = await seal(chain.genesis, { signer: account('stranger') })
    expect(await refusal(stranger)).toMatchObject({ code: 'UNAUTHORIZED_SIGNER' })
    const first = await extend(chain.genesis)
    const [again] = SIGNERS.filter(({ address }) => address === first.signer)
    expect(await refusal(await seal(first, again && { signer: again }))).toMatchObject({
      code: 'RECENTLY_SIGNED',
    })
    const boastful = await seal(first, {
      signer: outOfTurn(first),
      change: (header) => ({ ...header, difficulty: 2n }),
    })
    expect(await refusal(boastful)).toMatchObject({ code: 'WRONG_DIFFICULTY' })
  })

  test('from the future is refused until its time has come', async () => {
    let now = START
    const { chain, seal, refusal } = await createTestChain({ nowSeconds: () => now })
    const block = await seal(chain.genesis)
    expect(await refusal(block)).toMatchObject({ code: 'FUTURE_BLOCK' })
    now = START + 1n
    expect(await refusal(block)).toBeUndefined()
  })

  test('with a transaction that cannot stand there is refused', async () => {
    const { chain, seal, sign, refusal } = await createTestChain()
    const { header } = await seal(chain.genesis)
    const late = await sign(chain.genesis, ALICE, { nonce: 5n })
    const transactionsRoot = toHash32(
      bytesToHex(orderedRoot(chain.execution.keccak256, [late.raw])),
    )
    const wrong = { ...header, transactionsRoot, gasUsed: 21_000n }
    const forged = sealBlock(wrong, [late], SIGNERS[1] ?? ALICE)
    expect(await refusal(forged)).toMatchObject({ code: 'EXECUTION_BAD_TRANSACTION', index: 0 })
    expect(chain.head().hash).toBe(chain.genesis.hash)
  })

  test('that is no block at all is refused', async () => {
    const { chain } = await createTestChain()
    const verdict = await chain.importBlock(Uint8Array.of(0xc0))
    expect(verdict.ok).toBe(false)
  })
})

describe('the end-of-block call', () => {
  test('done by hand gives the root of the honest block', async () => {
    const rig = await createTestChain()
    const { chain, seal } = rig
    const honest = await seal(chain.genesis)
    const root = await rootAfter(rig, chain.genesis, async (_, callHook) => {
      await callHook()
    })
    expect(root).toBe(honest.header.stateRoot)
  })

  test('cannot be left out', async () => {
    const rig = await createTestChain()
    const stateRoot = await rootAfter(rig, rig.chain.genesis, async () => undefined)
    const block = await rig.seal(rig.chain.genesis, {
      change: (header) => ({ ...header, stateRoot }),
    })
    expect(await rig.refusal(block)).toMatchObject({
      code: 'EXECUTION_MISMATCH',
      field: 'stateRoot',
    })
  })

  test('leaves the T̃ that follows from the chain, and no other', async () => {
    const rig = await createTestChain()
    const before = await rig.extend(rig.chain.genesis)
    const stateRoot = await rootAfter(rig, before, async ({ state }, callHook) => {
      await callHook()
      const tracker = innerAddress(PREDEPLOYS.transitionTracker)
      await state.putStorage(tracker, toWord(0n), hexToBytes(`0x${'11'.repeat(32)}`))
    })
    const block = await rig.seal(before, { change: (header) => ({ ...header, stateRoot }) })
    expect(await rig.refusal(block)).toMatchObject({
      code: 'EXECUTION_MISMATCH',
      field: 'stateRoot',
    })
  })

  test('makes the block invalid if it fails', async () => {
    const maker = await createTestChain()
    const block = await maker.seal(maker.chain.genesis)
    // The same genesis but for the tracker, which reverts.
    const alloc: Record<string, GenesisAccount> = {
      [PREDEPLOYS.transitionTracker]: { code: toHex('0x5f5ffd') },
    }
    const taker = await createTestChain({ alloc })
    const { genesis } = taker.chain
    const header = { ...block.header, parentHash: genesis.hash }
    const signer = SIGNERS.find(({ address }) => address === block.signer) ?? ALICE
    expect(await taker.refusal(sealBlock(header, [], signer))).toMatchObject({
      code: 'EXECUTION_HOOK_FAILED',
    })
    expect(taker.chain.head().hash).toBe(genesis.hash)
  })
})

describe('records', () => {
  test('follow the votes that a block counts', async () => {
    const rig = await createTestChain()
    const { chain, extend, vote } = rig
    const first = await extend(await extend(chain.genesis))
    const three = await extend(first, { votes: [vote(first, 0n, 1n)] })
    expect(three.auxiliary).toMatchObject({
      justified: { height: 1n, hash: first.hash },
      finalized: { height: 0n, hash: chain.genesis.hash },
      finalizedCount: 1n,
    })
    expect(chain.finalized()).toEqual({ height: 0n, hash: chain.genesis.hash })
  })

  test.for([
    ['two thirds of the weight is not more than two thirds', 2],
    ['three of four are enough', 3],
  ] as const)('%s', async ([, voters]) => {
    const { chain, extend, vote } = await createTestChain()
    const first = await extend(await extend(chain.genesis))
    const next = await extend(first, {
      votes: [vote(first, 0n, 1n)],
      voters: VALIDATORS.slice(0, voters),
    })
    expect(next.auxiliary.justified.height).toBe(voters === 3 ? 1n : 0n)
  })

  test.for([
    ['of another chain', { chain: toHash32(`0x${'ab'.repeat(32)}`) }],
    ['with a false T̃', { transitionHash: toHash32(`0x${'ab'.repeat(32)}`) }],
    ['for a target that is not there', { target: toHash32(`0x${'ab'.repeat(32)}`) }],
    ['from a source that is not justified', { source: toHash32(`0x${'ab'.repeat(32)}`) }],
    ['with heights that are not those of the hashes', { targetHeight: toHeight(2n) }],
  ])('ignore votes %s', async ([, wrong]) => {
    const { chain, extend, vote } = await createTestChain()
    const first = await extend(await extend(chain.genesis))
    const votes = [{ ...vote(first, 0n, 1n), ...(typeof wrong === 'object' ? wrong : {}) }]
    const next = await extend(first, { votes })
    expect(next.auxiliary).toEqual(chain.genesis.auxiliary)
  })

  test('ignore votes of strangers', async () => {
    const { chain, extend, vote } = await createTestChain()
    const first = await extend(await extend(chain.genesis))
    const voters = ['a', 'b', 'c', 'd'].map((name) => account(`stranger ${name}`))
    const next = await extend(first, { votes: [vote(first, 0n, 1n)], voters })
    expect(next.auxiliary.justified.height).toBe(0n)
  })

  test('ignore events that another contract made to look like those of the gadget', async () => {
    // LOG3 with the topics in the first three words of the data, and the rest as data.
    const forger = account('forger').address
    const code = toHex('0x6040356020355f35606036038060605f375fa300')
    const { chain, extend, sign } = await createTestChain({ alloc: { [forger]: { code } } })
    const words = [
      auxiliaryEventTopics.CheckpointFinalized,
      AUXILIARY,
      bytesToHex(toWord(5n)),
      chain.genesis.hash,
      bytesToHex(toWord(9n)),
    ]
    const data = concatBytes(...words.map(hexToBytes))
    const record = await extend(chain.genesis, {
      transactions: [await sign(chain.genesis, ALICE, { to: forger, data })],
    })
    const [receipt] = chain.database.receipts(record.hash)?.receipts ?? []
    expect(receipt?.logs.map(({ topics }) => topics)).toEqual([words.slice(0, 3)])
    expect(record.auxiliary).toEqual(chain.genesis.auxiliary)
  })

  test('hold the snapshot after their own header', async () => {
    const { chain, extend } = await createTestChain()
    const record = await extend(chain.genesis)
    const expected = applyHeader(
      chain.genesis.snapshot,
      record.header,
      record.signer ?? ALICE.address,
      DEFINITION.rules.epoch,
    )
    expect(expected).toEqual({ ok: true, value: record.snapshot })
  })
})
