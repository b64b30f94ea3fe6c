import { Account, Address } from '@ethereumjs/util'
import { bytesToHex, keccak256Bytes } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { loadCrypto, StateUnavailableError } from '../src/index.ts'
import { guardSource, State, type StateSource, type StateWrites } from '../src/state.ts'
import { EMPTY_ROOT } from '../src/trie.ts'
import { type Seeded, seeded } from './seeded.ts'
import { StateModel } from './state-model.ts'

const ADDRESSES = Array.from({ length: 8 }, (_, i) => new Address(new Uint8Array(20).fill(i + 1)))
const SLOTS = Array.from({ length: 6 }, (_, i) => new Uint8Array(32).fill(i))
const NOWHERE: StateSource = { node: () => undefined, code: () => undefined }
const SOMEONE = new Address(new Uint8Array(20).fill(1))

/** One random change, the same on both. */
async function change(state: State, model: StateModel, random: Seeded): Promise<void> {
  const address = random.pick(ADDRESSES)
  const key = bytesToHex(address.bytes)
  const kind = random.below(6)
  if (kind === 0) {
    const account = (await state.getAccount(address)) ?? new Account()
    account.balance = BigInt(random.below(1000) + 1)
    account.nonce += 1n
    await state.putAccount(address, account)
    model.pay(key, account.balance)
  } else if (kind === 1) {
    const code = random.bytes(1 + random.below(30))
    await state.putCode(address, code)
    model.setCode(key, code)
  } else if (model.has(key)) {
    if (kind === 2) {
      await state.deleteAccount(address)
      model.delete(key)
    } else if (kind === 3) {
      await state.clearStorage(address)
      model.clear(key)
    } else {
      const slot = random.pick(SLOTS)
      const value = random.below(3) === 0 ? new Uint8Array() : random.bytes(1 + random.below(32))
      if (value.length > 0) value[0] = 1 + random.below(255)
      await state.putStorage(address, slot, value)
      model.setSlot(key, bytesToHex(slot), value)
    }
  }
}

/** Changes inside a checkpoint that is committed or reverted, with more of the same inside. */
async function nest(state: State, model: StateModel, random: Seeded, depth: number): Promise<void> {
  await state.checkpoint()
  model.checkpoint()
  for (let i = 0; i < 4; i++) {
    if (depth > 0 && random.below(3) === 0) await nest(state, model, random, depth - 1)
    else await change(state, model, random)
  }
  if (random.below(3) === 0) {
    await state.revert()
    model.revert()
  } else {
    await state.commit()
    model.commit()
  }
}

/** What was written, to be read again. */
function createDisk(): {
  readonly source: StateSource
  readonly take: (writes: StateWrites) => void
} {
  const nodes = new Map<string, Uint8Array>()
  const codes = new Map<string, Uint8Array>()
  return {
    source: {
      node: (hash) => nodes.get(bytesToHex(hash)),
      code: (hash) => codes.get(bytesToHex(hash)),
    },
    take: (writes) => {
      for (const [hash, node] of writes.nodes) nodes.set(bytesToHex(hash), node)
      for (const [hash, code] of writes.codes) codes.set(bytesToHex(hash), code)
    },
  }
}

/** That a state says of everyone what the model says. */
async function expectEqual(state: State, model: StateModel): Promise<void> {
  for (const address of ADDRESSES) {
    const key = bytesToHex(address.bytes)
    expect((await state.getAccount(address)) !== undefined).toBe(model.has(key))
    expect(await state.getCode(address)).toEqual(model.code(key))
    for (const slot of SLOTS) {
      const value = await state.getStorage(address, slot)
      expect(bytesToHex(value)).toBe(bytesToHex(model.slot(key, bytesToHex(slot))))
    }
  }
}

const SEEDS = Array.from({ length: 15 }, (_, seed) => ({ seed }))

describe('State', () => {
  test.each(SEEDS)(
    'is the model through checkpoints, reverts, deletions and restarts (seed $seed)',
    async ({ seed }) => {
      const random = seeded(seed)
      const { source, take } = createDisk()
      const model = new StateModel()
      let state = new State(keccak256Bytes, source)
      for (let block = 0; block < 12; block++) {
        for (let transaction = 0; transaction < 6; transaction++) {
          await nest(state, model, random, 2)
        }
        const root = state.computeRoot()
        expect(bytesToHex(root)).toBe(await model.root())
        take(state.takeWrites())
        // Every other block begins cold, on what was handed out for the store.
        const fate = random.below(4)
        if (fate < 2) state = new State(keccak256Bytes, source, root)
        else if (fate === 2) state.age()
        await expectEqual(state, model)
      }
    },
  )

  test.each(SEEDS)(
    'above another leaves that one as it is until the root is computed, and can forget (seed $seed)',
    async ({ seed }) => {
      const random = seeded(100 + seed)
      const { source, take } = createDisk()
      const model = new StateModel()
      let below = new State(keccak256Bytes, source)
      const state = State.above(below)
      for (let block = 0; block < 12; block++) {
        const before = model.copy()
        const forgotten = model.copy()
        for (let i = 0; i < 3; i++) await nest(state, forgotten, random, 2)
        await expectEqual(state, forgotten)
        state.resetAbove(below)
        await expectEqual(state, model)
        for (let i = 0; i < 6; i++) await nest(state, model, random, 2)
        await expectEqual(state, model)
        await expectEqual(below, before)
        const root = state.computeRoot()
        expect(bytesToHex(root)).toBe(await model.root())
        take(state.takeWrites())
        await expectEqual(below, model)
        const fate = random.below(4)
        if (fate === 0) {
          below = new State(keccak256Bytes, source, root)
          state.resetAbove(below)
        } else if (fate === 1) below.age()
        await expectEqual(state, model)
      }
      expect(() => state.proveAccount(SOMEONE)).toThrow(TypeError)
    },
  )

  test('forgets what was not touched between two agings, and nothing that it needs', async () => {
    const random = seeded(1905)
    const nodes = new Map<string, Uint8Array>()
    let reads = 0
    const source: StateSource = {
      node: (hash) => {
        reads++
        return nodes.get(bytesToHex(hash))
      },
      code: () => undefined,
    }
    const state = new State(keccak256Bytes, source)
    const people = Array.from({ length: 300 }, () => new Address(random.bytes(20)))
    const [hot, ...others] = people
    if (hot === undefined) throw new RangeError('expected people')
    for (const each of people) await state.putAccount(each, new Account(0n, 7n))
    await state.putStorage(hot, SLOTS[1] ?? EMPTY_ROOT, Uint8Array.of(5))
    expect(() => state.age()).toThrow(TypeError)
    state.computeRoot()
    for (const [hash, node] of state.takeWrites().nodes) nodes.set(bytesToHex(hash), node)
    expect(state.touchedEntries).toBe(301)
    for (let round = 0; round < 3; round++) {
      state.age()
      expect(state.touchedEntries).toBe(0)
      expect(bytesToHex(await state.getStorage(hot, SLOTS[1] ?? EMPTY_ROOT))).toBe('0x05')
      expect(state.touchedEntries).toBe(1)
    }
    expect(reads).toBe(0)
    for (const each of others) expect((await state.getAccount(each))?.balance).toBe(7n)
    // All nodes of so few accounts are near the root: they stay.
    expect(reads).toBe(0)
  })

  test('reverts what an EVM that threw left open', async () => {
    const state = new State(keccak256Bytes, NOWHERE)
    const mark = state.mark()
    await state.checkpoint()
    await state.putAccount(SOMEONE, new Account(0n, 5n))
    await state.checkpoint()
    await state.putCode(SOMEONE, Uint8Array.of(1))
    state.unwind(mark)
    expect(await state.getAccount(SOMEONE)).toBeUndefined()
    expect(state.computeRoot()).toEqual(EMPTY_ROOT)
    expect(state.mark()).toBe(mark)
  })

  test('hands out what it wrote once', async () => {
    const state = new State(keccak256Bytes, NOWHERE)
    const code = Uint8Array.of(1, 2, 3)
    await state.putCode(SOMEONE, code)
    state.computeRoot()
    const first = state.takeWrites()
    expect(first.nodes.length).toBe(1)
    expect(first.codes).toEqual([[keccak256Bytes(code), code]])
    expect(state.takeWrites()).toEqual({ nodes: [], codes: [] })
  })

  test('takes more writes at once than a call has room for arguments', async () => {
    const { keccak256 } = await loadCrypto()
    const state = new State(keccak256, NOWHERE)
    const count = 130_000
    for (let i = 0; i < count; i++) {
      const bytes = new Uint8Array(20)
      new DataView(bytes.buffer).setUint32(0, i)
      await state.putAccount(new Address(bytes), new Account(1n))
    }
    state.computeRoot()
    expect(state.takeWrites().nodes.length).toBeGreaterThan(count)
  })

  test('hands out no change of its own through the accounts it returns', async () => {
    const state = new State(keccak256Bytes, NOWHERE)
    await state.putAccount(SOMEONE, new Account(0n, 5n))
    const account = await state.getAccount(SOMEONE)
    if (account !== undefined) account.balance = 6n
    expect((await state.getAccount(SOMEONE))?.balance).toBe(5n)
  })
})

describe('guardSource', () => {
  test('tells a store that fails apart from everything else', () => {
    const cause = new Error('disk')
    const broken = guardSource({
      node: () => {
        throw cause
      },
      code: () => {
        throw cause
      },
    })
    for (const read of [broken.node, broken.code]) {
      expect(() => read(new Uint8Array(32))).toThrow(StateUnavailableError)
      expect(() => read(new Uint8Array(32))).toThrow(expect.objectContaining({ cause }))
    }
  })
})
