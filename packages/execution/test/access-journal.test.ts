import { EVM, type EVMMockBlockchainInterface } from '@ethereumjs/evm'
import { Account, Address } from '@ethereumjs/util'
import { bytesToHex, toWord } from '@mosaic/primitives'
import { expect, test } from 'vitest'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import { AccessJournal, asJournal } from '../src/interpreter/access-journal.ts'
import { State } from '../src/state.ts'
import { type Seeded, seeded } from './seeded.ts'

const crypto = await loadCrypto()
const common = createCommon(1337n, crypto)
/** Four precompiles, among them the one that stays touched, and four others. */
const ACCOUNTS = [1, 2, 3, 4, 0xc1, 0xc2, 0xc3, 0xc4].map((last) => {
  const bytes = new Uint8Array(20)
  bytes[19] = last
  if (last > 0xc0) bytes[0] = last
  return new Address(bytes)
})
const SLOTS = [0n, 1n, 2n ** 255n].map((slot) => toWord(slot))
const blockchain: EVMMockBlockchainInterface = {
  getBlock: async (number) => ({ hash: () => toWord(BigInt(number)) }),
  putBlock: async () => undefined,
  shallowCopy: () => blockchain,
}

type Journal = EVM['journal']
type Tested = { readonly journal: Journal; readonly state: State }

function openState(): State {
  return new State(crypto.keccak256, { node: () => undefined, code: () => undefined })
}

/** EthereumJS's journal and ours, each on a state of its own. */
function createBoth(): readonly [Tested, Tested] {
  const stockState = openState()
  const stock = new EVM({ common, stateManager: stockState, blockchain })
  const state = openState()
  const own = new AccessJournal(state, stock.precompiles.keys())
  return [
    { journal: stock.journal, state: stockState },
    { journal: asJournal(own), state },
  ]
}

function startTransaction(journal: Journal): void {
  for (let last = 1; last <= 0x11; last++) {
    journal.addAlwaysWarmAddress(last.toString(16).padStart(40, '0'))
  }
}

/** What can be asked of a journal. */
function describeJournal(journal: Journal): string {
  return ACCOUNTS.map(({ bytes }) =>
    [
      journal.isWarmedAddress(bytes),
      ...SLOTS.map((slot) => journal.isWarmedStorage(bytes, slot)),
    ].map(Number),
  ).join(' ')
}

type Step = (journal: Journal) => void | Promise<void>

/** Anything that may be done to a journal with so many open checkpoints. */
function randomStep({ below, pick }: Seeded, depth: number): Step {
  const address = pick(ACCOUNTS)
  const slot = pick(SLOTS)
  const steps: readonly Step[] = [
    (journal) => journal.addWarmedAddress(address.bytes),
    (journal) => journal.addWarmedStorage(address.bytes, slot),
    (journal) => journal.addAlwaysWarmAddress(address.toString()),
    (journal) => journal.addAlwaysWarmSlot(address.toString(), bytesToHex(slot).slice(2)),
    (journal) => journal.putAccount(address, new Account()),
    (journal) => journal.deleteAccount(address),
    checkpoint,
    checkpoint,
    commit,
    revert,
  ]
  return steps[below(depth === 0 ? steps.length - 2 : steps.length)] ?? checkpoint
}

const checkpoint: Step = (journal) => journal.checkpoint()
const commit: Step = (journal) => journal.commit()
const revert: Step = (journal) => journal.revert()

test('answers as the journal of EthereumJS, whatever is undone', async () => {
  const random = seeded(1)
  for (let transaction = 0; transaction < 200; transaction++) {
    const [stock, own] = createBoth()
    for (const { journal } of [stock, own]) startTransaction(journal)
    let depth = 0
    for (let i = 0; i < 60; i++) {
      const step = randomStep(random, depth)
      if (step === checkpoint) depth++
      if (step === commit || step === revert) depth--
      for (const { journal } of [stock, own]) await step(journal)
      expect(describeJournal(own.journal)).toBe(describeJournal(stock.journal))
    }
    for (const { journal } of [stock, own]) {
      for (let i = 0; i < depth; i++) await journal.commit()
      await journal.cleanup()
    }
    expect(own.state.computeRoot()).toEqual(stock.state.computeRoot())
  }
})

test('deletes what was touched and is empty, and forgets it with what is undone', async () => {
  for (const { journal, state } of createBoth()) {
    const [, , ripemd, , first, second] = ACCOUNTS
    if (ripemd === undefined || first === undefined || second === undefined) throw new RangeError()
    // Empty accounts, as old chains have them.
    for (const address of [ripemd, first, second]) state.writeAccount(address, new Account())
    await journal.putAccount(first, new Account())
    await journal.checkpoint()
    await journal.putAccount(second, new Account())
    await journal.putAccount(ripemd, new Account())
    await journal.revert()
    await journal.cleanup()
    expect(state.readAccount(first)).toBeUndefined()
    expect(state.readAccount(second)?.isEmpty()).toBe(true)
    expect(state.readAccount(ripemd)).toBeUndefined()
  }
})

test('refuses to report what it does not keep', () => {
  const [, own] = createBoth()
  expect(() => own.journal.startReportingAccessList()).toThrow('access lists')
  expect(() => own.journal.startReportingPreimages()).toThrow('preimages')
})
