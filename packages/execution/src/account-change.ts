import { Account, unpadBytes } from '@ethereumjs/util'
import { type Address, type Hash32, hexToBytes } from '@mosaic/primitives'
import { innerAddress } from './machine.ts'
import type { State } from './state.ts'

/** A change of one account that no block makes; what is undefined stays. */
export type AccountChange = {
  readonly address: Address
  readonly balance?: bigint | undefined
  readonly nonce?: bigint | undefined
  readonly code?: Uint8Array | undefined
  readonly slots?: readonly (readonly [slot: Hash32, value: Hash32])[] | undefined
}

/** Changes an account; one that is empty afterwards is gone (EIP-161). */
export async function applyChange(state: State, change: AccountChange): Promise<void> {
  const at = innerAddress(change.address)
  const account = (await state.getAccount(at)) ?? new Account()
  account.balance = change.balance ?? account.balance
  account.nonce = change.nonce ?? account.nonce
  await state.putAccount(at, account)
  if (change.code !== undefined) await state.putCode(at, change.code)
  for (const [slot, value] of change.slots ?? []) {
    await state.putStorage(at, hexToBytes(slot), unpadBytes(hexToBytes(value)))
  }
  const changed = await state.getAccount(at)
  if (changed?.isEmpty() === true && (change.slots ?? []).length === 0) {
    await state.deleteAccount(at)
  }
}
