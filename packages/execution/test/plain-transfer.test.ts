import { Account as InnerAccount } from '@ethereumjs/util'
import {
  type Address,
  bytesToHex,
  concatBytes,
  hexToBytes,
  toAddress,
  toBlockNumber,
  ZERO_HASH,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import { blockContext, createMachine, innerAddress, type Machine } from '../src/machine.ts'
import { State } from '../src/state.ts'
import { decodeTransaction } from '../src/transaction.ts'
import { startRun, tryTransaction } from '../src/transaction-run.ts'
import { contractAt, REVERTER, SETTER } from './contracts.ts'
import { type Seeded, seeded } from './seeded.ts'
import { type Account, ALICE, account, BOB, CHAIN_ID } from './test-chain.ts'
import { signRaw } from './transactions.ts'

const crypto = await loadCrypto()
const common = createCommon(CHAIN_ID, crypto)
const POOR = account(5)
const DELEGATING = account(6)
const FEE_RECIPIENT = account(7)
const SENDERS = [ALICE, BOB, POOR, DELEGATING, FEE_RECIPIENT, account(8)]
const EMPTY = contractAt(0xe0)
const TARGETS: readonly Address[] = [
  ALICE.address,
  BOB.address,
  DELEGATING.address,
  FEE_RECIPIENT.address,
  EMPTY,
  contractAt(0xc1),
  contractAt(0xc2),
  contractAt(0xdd),
  contractAt(0xde),
  toAddress(`0x${'0'.repeat(39)}2`),
  toAddress(`0x${'0'.repeat(38)}0b`),
  toAddress(`0x${'0'.repeat(37)}100`),
]
const BASE_FEE = 1000n
const BLOCK_GAS = 3_000_000n

async function createTestMachine(feeRecipientBalance: bigint | undefined): Promise<Machine> {
  const state = new State(crypto.keccak256, { node: () => undefined, code: () => undefined })
  const balances: (readonly [Address, bigint])[] = [
    [ALICE.address, 10n ** 20n],
    [BOB.address, 10n ** 20n],
    [DELEGATING.address, 10n ** 20n],
    [POOR.address, 21_000n * 2000n],
    [EMPTY, 0n],
  ]
  if (feeRecipientBalance !== undefined) {
    balances.push([FEE_RECIPIENT.address, feeRecipientBalance])
  }
  for (const [address, balance] of balances) {
    await state.putAccount(innerAddress(address), new InnerAccount(0n, balance))
  }
  await state.putCode(innerAddress(contractAt(0xc1)), hexToBytes(SETTER))
  await state.putCode(innerAddress(contractAt(0xc2)), hexToBytes(REVERTER))
  await state.putCode(
    innerAddress(DELEGATING.address),
    concatBytes(Uint8Array.of(0xef, 0x01, 0x00), hexToBytes(contractAt(0xc1))),
  )
  state.computeRoot()
  return createMachine(common, state, () => undefined)
}

/** A transaction that often can stand where it stands. */
function randomTransaction(random: Seeded, nonces: Map<Account, bigint>): Uint8Array {
  const sender = random.pick([ALICE, BOB, ...SENDERS])
  const nonce = nonces.get(sender) ?? 0n
  const data = random.bytes(random.pick([0, 0, 0, 3, 40]))
  const tokens = data.reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0)
  const floor = 21_000n + 10n * BigInt(tokens)
  const cap = random.pick([BASE_FEE - 1n, BASE_FEE, BASE_FEE + 1n, 2000n, 2000n])
  const tip = random.pick([0n, 1n, 500n])
  return signRaw(sender, {
    type: random.pick([0, 1, 2, 2]),
    to: random.pick(TARGETS),
    nonce: random.below(15) === 0 ? nonce + 1n : nonce,
    value: random.pick([0n, 1n, 10n ** 9n, 10n ** 18n]),
    data,
    gasLimit: random.pick([floor - 1n, floor, floor + 1n, 60_000n, 60_000n, BLOCK_GAS]),
    cap,
    tip: tip < cap ? tip : cap,
  })
}

describe('tryPlainTransfer', () => {
  test('leaves, says and refuses what the EVM does', async () => {
    const random = seeded(91)
    const context = blockContext(
      {
        parentHash: ZERO_HASH,
        number: toBlockNumber(1n),
        timestamp: 1n,
        gasLimit: BLOCK_GAS,
        difficulty: 2n,
        baseFeePerGas: BASE_FEE,
      },
      FEE_RECIPIENT.address,
      common,
    )
    let plain = 0
    let refused = 0
    for (let block = 0; block < 24; block++) {
      const [balance] = random.pick([[undefined], [0n], [10n ** 12n]])
      const machine = await createTestMachine(balance)
      const watched = await createTestMachine(balance)
      watched.evm.events.on('beforeMessage', (_message, resolve) => resolve?.())
      const runs = [startRun(), startRun()] as const
      const nonces = new Map<Account, bigint>()
      const runCall = machine.evm.runCall.bind(machine.evm)
      let calls = 0
      machine.evm.runCall = (options) => {
        calls++
        return runCall(options)
      }
      for (let i = 0; i < 80; i++) {
        const raw = randomTransaction(random, nonces)
        const decoded = [decodeTransaction(raw, common), decodeTransaction(raw, common)] as const
        if (!decoded[0].ok || !decoded[1].ok) throw new Error('expected a transaction')
        const before = calls
        const own = await tryTransaction(machine, context, decoded[0].value, runs[0], crypto)
        const theirs = await tryTransaction(watched, context, decoded[1].value, runs[1], crypto)
        expect(own).toBe(theirs)
        if (own === undefined) {
          const { from } = decoded[0].value
          const sender = SENDERS.find(({ address }) => address === from)
          if (sender !== undefined) nonces.set(sender, (nonces.get(sender) ?? 0n) + 1n)
          if (calls === before) plain++
        } else refused++
      }
      expect(runs[0]).toEqual(runs[1])
      expect(bytesToHex(machine.state.computeRoot())).toBe(bytesToHex(watched.state.computeRoot()))
    }
    expect(plain).toBeGreaterThan(150)
    expect(refused).toBeGreaterThan(150)
  })
})
