import { Account as InnerAccount } from '@ethereumjs/util'
import {
  type Address,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  hexToBytes,
  toAddress,
  toBlockNumber,
  toWord,
  ZERO_HASH,
} from '@mosaic/primitives'
import { expect, test } from 'vitest'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import type { AccessListEntry } from '../src/index.ts'
import { blockContext, createMachine, innerAddress, type Machine } from '../src/machine.ts'
import { State } from '../src/state.ts'
import { decodeTransaction } from '../src/transaction.ts'
import { startRun, tryTransaction } from '../src/transaction-run.ts'
import { contractAt } from './contracts.ts'
import { randomCode } from './random-code.ts'
import { type Seeded, seeded } from './seeded.ts'
import { type Account, ALICE, account, BOB, CHAIN_ID } from './test-chain.ts'
import { signRaw } from './transactions.ts'

const crypto = await loadCrypto()
const FEE_RECIPIENT = account(7)
const SENDERS = [ALICE, BOB, FEE_RECIPIENT]
const CONTRACTS = [0xc1, 0xc2, 0xc3].map(contractAt)
/** Has no code, and neither ether: what touches it makes it go. */
const EMPTY = contractAt(0xe0)
const IDENTITY = toAddress(`0x${'0'.repeat(39)}4`)
const TARGETS: readonly Address[] = [...CONTRACTS, ...CONTRACTS, EMPTY, IDENTITY, ALICE.address]
const CALLED = [...CONTRACTS, EMPTY, IDENTITY, FEE_RECIPIENT.address].map((each) =>
  hexToBytes(each),
)
const BASE_FEE = 1000n
const BLOCK_GAS = 30_000_000n

type Rules = ReturnType<typeof createCommon>

async function createTestMachine(rules: Rules, codes: readonly Uint8Array[]): Promise<Machine> {
  const state = new State(crypto.keccak256, { node: () => undefined, code: () => undefined })
  for (const { address } of SENDERS) {
    state.writeAccount(innerAddress(address), new InnerAccount(0n, 10n ** 20n))
  }
  state.writeAccount(innerAddress(EMPTY), new InnerAccount())
  for (const [index, address] of CONTRACTS.entries()) {
    const inner = innerAddress(address)
    state.writeAccount(inner, new InnerAccount(1n, 1000n))
    state.writeCode(inner, codes[index] ?? new Uint8Array())
    for (const slot of [1n, 2n, 3n]) state.writeSlot(inner, toWord(slot), toWord(5n))
  }
  state.computeRoot()
  return createMachine(rules, state, () => undefined)
}

/** @param difficulty 0 where there is proof of stake. */
function contextUnder(rules: Rules, difficulty: bigint): ReturnType<typeof blockContext> {
  const [number, timestamp] = [toBlockNumber(1n), 1n]
  return blockContext(
    {
      parentHash: ZERO_HASH,
      number,
      timestamp,
      gasLimit: BLOCK_GAS,
      difficulty,
      baseFeePerGas: BASE_FEE,
    },
    FEE_RECIPIENT.address,
    rules,
  )
}

function randomAccessList({ below, pick }: Seeded): readonly AccessListEntry[] {
  return Array.from({ length: below(3) }, () => ({
    address: pick(TARGETS),
    storageKeys: Array.from({ length: below(3) }, () => bytesToHash32(toWord(BigInt(below(4))))),
  }))
}

function randomTransaction(random: Seeded, nonces: ReadonlyMap<Account, bigint>): Uint8Array {
  const { pick, below, bytes } = random
  const sender = pick(SENDERS)
  const tip = pick([0n, 1n, 500n])
  return signRaw(sender, {
    type: pick([0, 1, 2, 2]),
    to: pick(TARGETS),
    nonce: nonces.get(sender) ?? 0n,
    value: pick([0n, 0n, 1n, 10n ** 18n]),
    data: bytes(below(80)),
    gasLimit: pick([25_000n, 60_000n, 300_000n, 2_000_000n]),
    accessList: randomAccessList(random),
    cap: 2000n,
    tip,
  })
}

test.each(['auxiliary', 'london', 'paris', 'shanghai', 'cancun', 'prague'] as const)(
  'leaves and says what EthereumJS does, under the rules of %s',
  async (name) => {
    const rules = createCommon(CHAIN_ID, crypto, name)
    const random = seeded(51)
    const context = contextUnder(rules, name === 'auxiliary' || name === 'london' ? 2n : 0n)
    let ran = 0
    let failed = 0
    for (let block = 0; block < 40; block++) {
      const codes = CONTRACTS.map(() => randomCode(random, 1 + random.below(20), CALLED))
      const machine = await createTestMachine(rules, codes)
      const watched = await createTestMachine(rules, codes)
      // Whoever listens makes everything EthereumJS's.
      watched.evm.events.on('beforeMessage', () => undefined)
      const runs = [startRun(), startRun()] as const
      const nonces = new Map<Account, bigint>()
      for (let i = 0; i < 12; i++) {
        const raw = randomTransaction(random, nonces)
        const decoded = [decodeTransaction(raw, rules), decodeTransaction(raw, rules)] as const
        if (!decoded[0].ok || !decoded[1].ok) throw new Error('expected a transaction')
        const own = await tryTransaction(machine, context, decoded[0].value, runs[0], crypto)
        const theirs = await tryTransaction(watched, context, decoded[1].value, runs[1], crypto)
        expect(own).toBe(theirs)
        const { from } = decoded[0].value
        const sender = SENDERS.find(({ address }) => address === from)
        if (own !== undefined || sender === undefined) continue
        nonces.set(sender, (nonces.get(sender) ?? 0n) + 1n)
        ran++
        if (runs[0].receipts.at(-1)?.succeeded === false) failed++
      }
      expect(runs[0]).toEqual(runs[1])
      expect(bytesToHex(machine.state.computeRoot())).toBe(bytesToHex(watched.state.computeRoot()))
    }
    expect(ran).toBeGreaterThan(200)
    expect(failed).toBeGreaterThan(20)
  },
)

test('leaves nothing of a call that the store broke off', async () => {
  const rules = createCommon(CHAIN_ID, crypto)
  const machine = await createTestMachine(rules, [concatBytes(Uint8Array.of(0x5f, 0x54))])
  const [contract] = CONTRACTS
  if (contract === undefined) throw new RangeError('expected a contract')
  const decoded = decodeTransaction(signRaw(ALICE, { to: contract, cap: 2000n, tip: 1n }), rules)
  if (!decoded.ok) throw new Error('expected a transaction')
  const before = bytesToHex(machine.state.computeRoot())
  machine.evm.runCall = () => Promise.reject(new RangeError('the disk is gone'))
  const run = startRun()
  expect(await tryTransaction(machine, contextUnder(rules, 2n), decoded.value, run, crypto)).toBe(
    'the disk is gone',
  )
  expect(run.receipts).toEqual([])
  expect(machine.state.mark()).toBe(0)
  expect(bytesToHex(machine.state.computeRoot())).toBe(before)
})
