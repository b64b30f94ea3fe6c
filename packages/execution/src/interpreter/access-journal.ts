import type { EVM } from '@ethereumjs/evm'
import { type Account, Address } from '@ethereumjs/util'
import { type ByteKey, fromByteKey, hexToBytes, toByteKey } from '@mosaic/primitives'
import type { State } from '../state.ts'

type Journal = EVM['journal']

type Undo =
  | { readonly kind: 'warm'; readonly account: ByteKey }
  | { readonly kind: 'slot'; readonly slots: Set<ByteKey>; readonly slot: ByteKey }
  | { readonly kind: 'touch'; readonly account: ByteKey }

/** An empty account that is touched goes (EIP-161), this one even if what touched it is undone: it once went on Ethereum, so it has to. */
const ALWAYS_TOUCHED = toByteKey(Uint8Array.of(...new Uint8Array(19), 3))

/** What EthereumJS calls of a journal; its own class keeps the rest to itself. */
const METHODS: readonly (keyof Journal)[] = [
  'putAccount',
  'deleteAccount',
  'commit',
  'checkpoint',
  'revert',
  'cleanJournal',
  'cleanup',
  'addAlwaysWarmAddress',
  'addAlwaysWarmSlot',
  'isWarmedAddress',
  'addWarmedAddress',
  'isWarmedStorage',
  'addWarmedStorage',
  'startReportingAccessList',
  'startReportingPreimages',
]

/**
 * Which accounts and slots a transaction has touched (EIP-2929, EIP-161), in the place of EthereumJS's journal: that makes six collections
 * for each message and a string of hex for each question, and is told of all precompiles by each transaction. Here one log says what to undo.
 */
export class AccessJournal {
  readonly #state: State
  readonly #precompiles: ReadonlySet<ByteKey>
  /** As EthereumJS names them: hex without prefix. */
  readonly #precompileNames: ReadonlySet<string>
  #slotsOf = new Map<ByteKey, Set<ByteKey>>()
  /** Those that stay warm whatever is undone. */
  #always = new Map<ByteKey, Set<ByteKey>>()
  #touched = new Set<ByteKey>()
  #undo: Undo[] = []
  #checkpoints: number[] = []

  /** @param precompiles their addresses, 40 digits each. */
  constructor(state: State, precompiles: Iterable<string>) {
    this.#state = state
    this.#precompileNames = new Set(precompiles)
    this.#precompiles = new Set([...this.#precompileNames].map(toAccountKey))
  }

  putAccount(address: Address, account: Account | undefined): Promise<void> {
    this.touch(address.bytes)
    return this.#state.putAccount(address, account)
  }

  /** As `putAccount` of an existing account that stays as it is. */
  touch(address: Uint8Array): void {
    const account = toByteKey(address)
    if (this.#touched.has(account)) return
    this.#touched.add(account)
    this.#undo.push({ kind: 'touch', account })
  }

  deleteAccount(address: Address): Promise<void> {
    this.touch(address.bytes)
    return this.#state.deleteAccount(address)
  }

  checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length)
    return this.#state.checkpoint()
  }

  commit(): Promise<void> {
    this.#checkpoints.pop()
    return this.#state.commit()
  }

  revert(): Promise<void> {
    const mark = this.#checkpoints.pop() ?? 0
    for (const undo of this.#undo.splice(mark)) {
      if (undo.kind === 'warm') this.#slotsOf.delete(undo.account)
      else if (undo.kind === 'slot') undo.slots.delete(undo.slot)
      else if (undo.account !== ALWAYS_TOUCHED) this.#touched.delete(undo.account)
    }
    return this.#state.revert()
  }

  /** Forgets everything, before another transaction. */
  cleanJournal(): void {
    this.#slotsOf.clear()
    this.#always.clear()
    this.#touched.clear()
    this.#undo.length = 0
    this.#checkpoints.length = 0
  }

  /** Deletes the empty accounts that were touched (EIP-161), and forgets everything. */
  async cleanup(): Promise<void> {
    for (const key of this.#touched) {
      const address = new Address(fromByteKey(key))
      const account = this.#state.peekAccount(address)
      if (account === undefined || account.isEmpty()) await this.#state.deleteAccount(address)
    }
    this.cleanJournal()
  }

  /** @param address hex, with `0x` or without. */
  addAlwaysWarmAddress(address: string): void {
    if (!this.#precompileNames.has(address)) this.#alwaysWarm(toAccountKey(address))
  }

  /** @param address @param slot hex, with `0x` or without. */
  addAlwaysWarmSlot(address: string, slot: string): void {
    this.#alwaysWarm(toAccountKey(address)).add(toByteKey(hexToBytes(withPrefix(slot))))
  }

  /** As `addAlwaysWarmAddress`, of 20 bytes. */
  keepWarm(address: Uint8Array): void {
    this.#alwaysWarm(toByteKey(address))
  }

  #alwaysWarm(account: ByteKey): Set<ByteKey> {
    const known = this.#always.get(account)
    if (known !== undefined) return known
    const slots = new Set<ByteKey>()
    this.#always.set(account, slots)
    return slots
  }

  isPrecompile(address: Uint8Array): boolean {
    return this.#precompiles.has(toByteKey(address))
  }

  isWarmedAddress(address: Uint8Array): boolean {
    const account = toByteKey(address)
    return this.#slotsOf.has(account) || this.#always.has(account) || this.#precompiles.has(account)
  }

  addWarmedAddress(address: Uint8Array): void {
    this.#warm(toByteKey(address))
  }

  #warm(account: ByteKey): Set<ByteKey> {
    const known = this.#slotsOf.get(account)
    if (known !== undefined) return known
    const slots = new Set<ByteKey>()
    this.#slotsOf.set(account, slots)
    this.#undo.push({ kind: 'warm', account })
    return slots
  }

  isWarmedStorage(address: Uint8Array, slot: Uint8Array): boolean {
    return this.#isWarm(toByteKey(address), toByteKey(slot))
  }

  #isWarm(account: ByteKey, slot: ByteKey): boolean {
    return (
      this.#slotsOf.get(account)?.has(slot) === true ||
      this.#always.get(account)?.has(slot) === true
    )
  }

  addWarmedStorage(address: Uint8Array, slot: Uint8Array): void {
    this.#warmSlot(toByteKey(address), toByteKey(slot))
  }

  #warmSlot(account: ByteKey, slot: ByteKey): void {
    const slots = this.#warm(account)
    if (slots.has(slot)) return
    slots.add(slot)
    this.#undo.push({ kind: 'slot', slots, slot })
  }

  /** Whether a slot was warm; from now on it is. */
  warmSlot(address: Uint8Array, slot: Uint8Array): boolean {
    const account = toByteKey(address)
    const key = toByteKey(slot)
    if (this.#isWarm(account, key)) return true
    this.#warmSlot(account, key)
    return false
  }

  startReportingAccessList(): never {
    throw new TypeError('expected nobody to ask for access lists here')
  }

  startReportingPreimages(): never {
    throw new TypeError('expected nobody to ask for preimages here')
  }
}

/** A journal as EthereumJS takes it: its own has private fields, so for the compiler no other class is one. */
export function asJournal(journal: AccessJournal): Journal {
  if (!isJournal(journal)) throw new TypeError(`expected ${METHODS.join(', ')} of a journal`)
  return journal
}

function isJournal(value: object): value is Journal {
  return METHODS.every((method) => method in value)
}

function toAccountKey(address: string): ByteKey {
  return toByteKey(hexToBytes(withPrefix(address)))
}

function withPrefix(hex: string): `0x${string}` {
  return hex.startsWith('0x') ? `0x${hex.slice(2)}` : `0x${hex}`
}
