import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { Account } from '@ethereumjs/util'
import { bytesToHex, type Hex, hexToBytes, keccak256Bytes } from '@mosaic/primitives'

type ModelAccount = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly code: Uint8Array
  readonly slots: ReadonlyMap<Hex, Uint8Array>
}

/**
 * What a state means, as plainly as it can be written: immutable accounts, a copy of everything per checkpoint, and a root built from
 * nothing each time. EthereumJS's own state manager is no oracle here: it loses or keeps slots that were cleared inside a checkpoint.
 */
export class StateModel {
  #accounts: ReadonlyMap<Hex, ModelAccount> = new Map()
  #checkpoints: ReadonlyMap<Hex, ModelAccount>[] = []

  /** Another with the same accounts, and no checkpoints. */
  copy(): StateModel {
    const copy = new StateModel()
    copy.#accounts = this.#accounts
    return copy
  }

  checkpoint(): void {
    this.#checkpoints.push(this.#accounts)
  }

  commit(): void {
    this.#checkpoints.pop()
  }

  revert(): void {
    this.#accounts = this.#checkpoints.pop() ?? new Map()
  }

  has(address: Hex): boolean {
    return this.#accounts.has(address)
  }

  slot(address: Hex, slot: Hex): Uint8Array {
    return this.#accounts.get(address)?.slots.get(slot) ?? new Uint8Array()
  }

  code(address: Hex): Uint8Array {
    return this.#accounts.get(address)?.code ?? new Uint8Array()
  }

  pay(address: Hex, balance: bigint): void {
    const before = this.#account(address)
    this.#set(address, { ...before, balance, nonce: before.nonce + 1n })
  }

  setCode(address: Hex, code: Uint8Array): void {
    this.#set(address, { ...this.#account(address), code })
  }

  setSlot(address: Hex, slot: Hex, value: Uint8Array): void {
    const slots = new Map(this.#account(address).slots)
    if (value.length === 0) slots.delete(slot)
    else slots.set(slot, value)
    this.#set(address, { ...this.#account(address), slots })
  }

  clear(address: Hex): void {
    this.#set(address, { ...this.#account(address), slots: new Map() })
  }

  delete(address: Hex): void {
    this.#accounts = new Map([...this.#accounts].filter(([key]) => key !== address))
  }

  async root(): Promise<Hex> {
    const trie = await createMPT({ useKeyHashing: true })
    for (const [address, { nonce, balance, code, slots }] of this.#accounts) {
      const storage = await createMPT({ useKeyHashing: true })
      for (const [slot, value] of slots) await storage.put(hexToBytes(slot), RLP.encode(value))
      const account = new Account(nonce, balance, storage.root(), keccak256Bytes(code))
      await trie.put(hexToBytes(address), account.serialize())
    }
    return bytesToHex(trie.root())
  }

  #account(address: Hex): ModelAccount {
    return (
      this.#accounts.get(address) ?? {
        nonce: 0n,
        balance: 0n,
        code: new Uint8Array(),
        slots: new Map(),
      }
    )
  }

  #set(address: Hex, account: ModelAccount): void {
    this.#accounts = new Map([...this.#accounts, [address, account]])
  }
}
