import type { Block as InnerBlock } from '@ethereumjs/block'
import { Account, type Address } from '@ethereumjs/util'
import type { Admission } from './admission.ts'
import type { Machine } from './machine.ts'
import type { State } from './state.ts'
import type { Transaction } from './transaction.ts'

const LARGEST = 2n ** 256n - 1n

/**
 * Runs a transaction that does nothing but move ether to an account without code, at a fraction of what the EVM takes for it.
 *
 * @returns the gas used, or undefined if it does something else: then nothing has changed.
 */
export function tryPlainTransfer(
  { evm, state, observed }: Machine,
  { coinbase }: InnerBlock['header'],
  transaction: Transaction,
  { from, to, sender, intrinsic, floor, price, tip }: Admission,
): bigint | undefined {
  const { value } = transaction
  if (transaction.to === observed || evm.accesses.isPrecompile(to.bytes)) return undefined
  const before = state.peekAccount(to)
  if (before !== undefined && (before.isContract() || before.isEmpty())) return undefined
  if ((before?.balance ?? 0n) + value > LARGEST) return undefined
  // An empty account that is touched goes (EIP-161).
  if (state.peekAccount(coinbase)?.isEmpty() === true) return undefined

  const gas = intrinsic > floor ? intrinsic : floor
  const { nonce, balance, storageRoot, codeHash } = sender
  state.giveAccount(
    from,
    new Account(nonce + 1n, balance - gas * price - value, storageRoot, codeHash),
  )
  // One after the other: two of the three may be the same.
  credit(state, to, value)
  credit(state, coinbase, gas * tip)
  return gas
}

/** Gives ether to an account, which is made if there is none. */
export function credit(state: State, address: Address, amount: bigint): void {
  if (amount === 0n) return
  const { nonce, balance, storageRoot, codeHash } = state.peekAccount(address) ?? new Account()
  state.giveAccount(address, new Account(nonce, balance + amount, storageRoot, codeHash))
}
