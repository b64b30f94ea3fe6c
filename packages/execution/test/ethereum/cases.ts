import type { Common } from '@ethereumjs/common'
import { Account } from '@ethereumjs/util'
import { toAddress } from '@mosaic/primitives'
import { createCommon, type Rules } from '../../src/common.ts'
import { type Crypto, loadCrypto } from '../../src/crypto.ts'
import { innerAddress } from '../../src/machine.ts'
import type { State } from '../../src/state.ts'
import { type Fields, toBytes, toFields, toNumber } from './json.ts'

/** What came of one case: `skipped` with why it does not concern this chain, `failed` with what was wrong. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

/** One case of a file. */
export type Case = { readonly name: string; readonly run: () => Promise<Outcome> }

/** Forks before the first whose rules the opcodes here know. */
export const EARLIER_FORKS = new Set([
  'Frontier',
  'Homestead',
  'EIP150',
  'EIP158',
  'Byzantium',
  'Constantinople',
  'ConstantinopleFix',
  'Istanbul',
  'Berlin',
])

/** All tests are of this chain. */
const CHAIN_ID = 1n

export const crypto: Crypto = await loadCrypto()
const commons = new Map<Rules, Common>()

/** Rules under which the tests run, on the chain that they are of. */
export function commonOf(rules: Rules): Common {
  const known = commons.get(rules)
  if (known !== undefined) return known
  const common = createCommon(CHAIN_ID, crypto, rules)
  commons.set(rules, common)
  return common
}

/** 32 bytes, zeros first. */
export function pad(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(32)
  padded.set(bytes, 32 - bytes.length)
  return padded
}

/** Writes the accounts before a test into a state. */
export async function fill(state: State, accounts: Fields): Promise<void> {
  for (const [text, value] of Object.entries(accounts)) {
    const address = innerAddress(toAddress(text.toLowerCase()))
    const { nonce, balance, code, storage } = toFields(value, 'an account')
    await state.putAccount(
      address,
      new Account(toNumber(nonce, 'nonce'), toNumber(balance, 'balance')),
    )
    const bytes = toBytes(code, 'code')
    if (bytes.length > 0) await state.putCode(address, bytes)
    for (const [slot, word] of Object.entries(toFields(storage, 'storage'))) {
      await state.putStorage(address, pad(toBytes(slot, 'slot')), pad(toBytes(word, 'word')))
    }
  }
  state.computeRoot()
}

export function skip(reason: string): Outcome {
  return { kind: 'skipped', reason }
}

export function fail(reason: string): Outcome {
  return { kind: 'failed', reason }
}
