import type {
  AccountFields,
  StateManagerInterface,
  StorageDump,
  StorageRange,
} from '@ethereumjs/common'
import { RLP } from '@ethereumjs/rlp'
import { Account, type Address } from '@ethereumjs/util'
import { type ByteKey, equalBytes, fromByteKey, toByteKey } from '@mosaic/primitives'
import { decodeAccount, encodeAccount } from './account-encoding.ts'
import { StateUnavailableError } from './errors.ts'
import { EMPTY_ROOT, type NodeSource, Trie } from './trie.ts'
import { toNibbles } from './trie-node.ts'

/** Where state is read from. */
export type StateSource = {
  readonly node: NodeSource
  readonly code: (hash: Uint8Array) => Uint8Array | undefined
}

/** The same source, with every failure of the store told apart from a fault of what is run. */
export function guardSource({ node, code }: StateSource): StateSource {
  return { node: guarded('trie nodes', node), code: guarded('code', code) }
}

function guarded(what: string, read: NodeSource): NodeSource {
  return (hash) => {
    try {
      return read(hash)
    } catch (cause) {
      throw new StateUnavailableError(`a store that reads ${what}`, { cause })
    }
  }
}

/** What a block adds to the state store: trie nodes and contract code by hash. */
export type StateWrites = {
  readonly nodes: readonly (readonly [hash: Uint8Array, encoding: Uint8Array])[]
  readonly codes: readonly (readonly [hash: Uint8Array, code: Uint8Array])[]
}

type Undo =
  | { readonly kind: 'account'; readonly key: ByteKey; readonly before: Account | undefined }
  | {
      readonly kind: 'slot'
      readonly key: ByteKey
      readonly slot: ByteKey
      readonly before: Uint8Array
    }
  | { readonly kind: 'storage'; readonly key: ByteKey; readonly before: AccountStorage | undefined }

type AccountStorage = {
  slots: Map<ByteKey, Uint8Array>
  /** Not touched since {@link State.age}. */
  agedSlots: Map<ByteKey, Uint8Array>
  dirty: Set<ByteKey>
  trie: Trie | undefined
  /** Whether nothing stands here but what was written since: what is below does not show. */
  readonly isNew: boolean
}

const EMPTY = new Uint8Array()
/** How the code of an account that delegates begins (EIP-7702). */
const DELEGATION = Uint8Array.of(0xef, 0x01, 0x00)
const HASHED_KEYS_KEPT = 200_000
/** Of all tries of a state when it ages, about 15 MB: the upper four levels of the accounts are 4369. */
const NODES_KEPT = 8192

/**
 * The state below the EVM: decoded accounts and slots in maps, an undo log for checkpoints, tries touched once per {@link getStateRoot}.
 * Nothing is written anywhere: {@link takeWrites} hands over what a block added. One instance serves one purpose at a time.
 *
 * A state above another one ({@link above}) has no tries: it reads what is below, which stays as it is until {@link computeRoot} hands all
 * changes down. Until then they can be forgotten, and others can read what is below.
 */
export class State implements StateManagerInterface {
  readonly #keccak: (bytes: Uint8Array) => Uint8Array
  readonly #source: StateSource
  readonly #hashedKeys: Map<ByteKey, Uint8Array>
  #accounts = new Map<ByteKey, Account | undefined>()
  #agedAccounts: ReadonlyMap<ByteKey, Account | undefined> = new Map()
  #dirtyAccounts = new Set<ByteKey>()
  #storage = new Map<ByteKey, AccountStorage>()
  #codes = new Map<ByteKey, Uint8Array>()
  #newCodes = new Map<ByteKey, Uint8Array>()
  #writes: (readonly [Uint8Array, Uint8Array])[] = []
  #undo: Undo[] = []
  #checkpoints: number[] = []
  #original = new Map<ByteKey, Uint8Array>()
  #disguised: ByteKey | undefined
  #trie: Trie
  #below: State | undefined

  constructor(
    keccak: (bytes: Uint8Array) => Uint8Array,
    source: StateSource,
    root: Uint8Array = EMPTY_ROOT,
    hashedKeys: Map<ByteKey, Uint8Array> = new Map(),
  ) {
    this.#keccak = keccak
    this.#source = source
    this.#hashedKeys = hashedKeys
    this.#trie = new Trie(keccak, source.node, root)
  }

  /** A state without changes above another one. */
  static above(below: State): State {
    const state = new State(below.#keccak, below.#source)
    state.#below = below
    return state
  }

  /** The slots as they were when the transaction began (EIP-2200). */
  readonly originalStorageCache = {
    get: async (address: Address, slot: Uint8Array): Promise<Uint8Array> =>
      this.readOriginalSlot(address, slot),
    clear: (): void => {
      this.#original.clear()
    },
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    return this.readAccount(address)
  }

  /** A copy of an account, at once. */
  readAccount(address: Address): Account | undefined {
    const account = this.peekAccount(address)
    return account === undefined ? undefined : copyAccount(account)
  }

  /** An account as it is held here, at once: not to be changed. */
  peekAccount(address: Address): Account | undefined {
    return this.#account(toByteKey(address.bytes), address.bytes)
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address)
    this.writeAccount(address, account)
  }

  /** Changes an account, at once. */
  writeAccount(address: Address, account: Account): void {
    this.giveAccount(address, copyAccount(account))
  }

  /** As `writeAccount`, but keeps the object itself: the caller must not change it any more. */
  giveAccount(address: Address, account: Account): void {
    const key = toByteKey(address.bytes)
    this.#account(key, address.bytes)
    this.#setAccount(key, account)
  }

  async deleteAccount(address: Address): Promise<void> {
    const key = toByteKey(address.bytes)
    this.#account(key, address.bytes)
    this.#setAccount(key, undefined)
    this.#replaceStorage(key)
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account()
    if (fields.nonce !== undefined) account.nonce = fields.nonce
    if (fields.balance !== undefined) account.balance = fields.balance
    if (fields.storageRoot !== undefined) account.storageRoot = fields.storageRoot
    if (fields.codeHash !== undefined) account.codeHash = fields.codeHash
    await this.putAccount(address, account)
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    this.writeCode(address, code)
  }

  /** Changes the code of an account, at once. */
  writeCode(address: Address, code: Uint8Array): void {
    const hash = this.#keccak(code)
    const key = toByteKey(hash)
    this.#codes.set(key, code)
    this.#newCodes.set(key, code)
    const { nonce, balance, storageRoot } = this.peekAccount(address) ?? new Account()
    this.giveAccount(address, new Account(nonce, balance, storageRoot, hash))
  }

  /**
   * Lets an account with code pass for one that delegates, once: the next reading of its code. EIP-3607 forbids a contract to send, and
   * EthereumJS has no switch for it.
   */
  disguise(address: Address): void {
    this.#disguised = toByteKey(address.bytes)
  }

  async getCode(address: Address): Promise<Uint8Array> {
    if (this.#disguised !== undefined && this.#disguised === toByteKey(address.bytes)) {
      this.#disguised = undefined
      return DELEGATION
    }
    return this.readCode(address)
  }

  /** The code of an account, at once. */
  readCode(address: Address): Uint8Array {
    const account = this.#account(toByteKey(address.bytes), address.bytes)
    if (account === undefined || !account.isContract()) return EMPTY
    const code = this.#code(toByteKey(account.codeHash), account.codeHash)
    if (code === undefined) {
      throw new StateUnavailableError(`the code of ${address.toString()} in the store`)
    }
    return code
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length
  }

  async getStorage(address: Address, slot: Uint8Array): Promise<Uint8Array> {
    return this.#slot(address, slot)
  }

  /** A slot without leading zeros, at once. */
  readSlot(address: Address, slot: Uint8Array): Uint8Array {
    return this.#slot(address, slot)
  }

  /** A slot as it was when the transaction began, at once. */
  readOriginalSlot(address: Address, slot: Uint8Array): Uint8Array {
    const key = toByteKey(address.bytes) + toByteKey(slot)
    let value = this.#original.get(key)
    if (value === undefined) {
      value = this.#slot(address, slot)
      this.#original.set(key, value)
    }
    return value
  }

  async putStorage(address: Address, slot: Uint8Array, value: Uint8Array): Promise<void> {
    this.writeSlot(address, slot, value)
  }

  /** Changes a slot, at once. */
  writeSlot(address: Address, slot: Uint8Array, value: Uint8Array): void {
    const before = this.#slot(address, slot)
    const key = toByteKey(address.bytes)
    const slotKey = toByteKey(slot)
    const storage = this.#storageOf(key)
    if (this.#checkpoints.length > 0) this.#undo.push({ kind: 'slot', key, slot: slotKey, before })
    storage.slots.set(slotKey, withoutZeros(value))
    storage.dirty.add(slotKey)
  }

  async clearStorage(address: Address): Promise<void> {
    const key = toByteKey(address.bytes)
    const account = this.#account(key, address.bytes)
    this.#replaceStorage(key)
    if (account === undefined) return
    const cleared = copyAccount(account)
    cleared.storageRoot = EMPTY_ROOT
    this.#setAccount(key, cleared)
  }

  async checkpoint(): Promise<void> {
    this.open()
  }

  /** Opens a checkpoint, at once. @returns how many were open, for {@link unwind}. */
  open(): number {
    return this.#checkpoints.push(this.#undo.length) - 1
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop()
    if (this.#checkpoints.length === 0) this.#undo.length = 0
  }

  async revert(): Promise<void> {
    this.#revert()
  }

  #revert(): void {
    const mark = this.#checkpoints.pop() ?? 0
    for (let i = this.#undo.length - 1; i >= mark; i--) {
      const undo = this.#undo[i]
      if (undo === undefined) continue
      if (undo.kind === 'account') {
        this.#accounts.set(undo.key, undo.before)
        this.#dirtyAccounts.add(undo.key)
      } else if (undo.kind === 'slot') {
        const storage = this.#storageOf(undo.key)
        storage.slots.set(undo.slot, undo.before)
        storage.dirty.add(undo.slot)
      } else if (undo.before === undefined) this.#storage.delete(undo.key)
      else this.#storage.set(undo.key, undo.before)
    }
    this.#undo.length = mark
  }

  /** How many checkpoints are open, for {@link unwind}. */
  mark(): number {
    return this.#checkpoints.length
  }

  /** Reverts all checkpoints opened since {@link mark}. */
  unwind(mark: number): void {
    while (this.#checkpoints.length > mark) this.#revert()
  }

  async getStateRoot(): Promise<Uint8Array> {
    return this.computeRoot()
  }

  /** Brings all changes into the tries and hashes them. Must not be called inside a checkpoint that may be reverted. */
  computeRoot(): Uint8Array {
    if (this.#below !== undefined) {
      this.#handDown(this.#below)
      return this.#below.computeRoot()
    }
    for (const [key, storage] of this.#storage) this.#flushStorage(key, storage)
    for (const key of this.#dirtyAccounts) {
      const account = this.#accounts.get(key)
      const path = this.#hashed(key)
      if (account === undefined) this.#trie.delete(path)
      else this.#trie.put(path, encodeAccount(account))
    }
    this.#dirtyAccounts.clear()
    const root = this.#trie.root()
    this.#takeWrites(this.#trie)
    return root
  }

  /** Hands over nodes and code made since the last call. */
  takeWrites(): StateWrites {
    if (this.#below !== undefined) return this.#below.takeWrites()
    const writes = {
      nodes: this.#writes,
      codes: [...this.#newCodes].map(([key, code]) => [fromByteKey(key), code] as const),
    }
    this.#writes = []
    this.#newCodes = new Map()
    return writes
  }

  async setStateRoot(root: Uint8Array): Promise<void> {
    this.reset(root)
  }

  /** Number of accounts and slots in memory that were touched since {@link age}; the owner ages a state that has grown too large. */
  get touchedEntries(): number {
    let entries = this.#accounts.size
    for (const { slots } of this.#storage.values()) entries += slots.size
    return entries
  }

  /**
   * Forgets what has not been touched since the last call, and all nodes but those next to the roots. So what is used again and again stays,
   * and a node on the way to anything else is read once or twice instead of five times. Only with all changes under the root, and stored.
   */
  age(): void {
    if (this.#dirtyAccounts.size > 0 || this.#checkpoints.length > 0 || this.#writes.length > 0) {
      throw new TypeError('expected a state without changes that are not under its root')
    }
    this.#agedAccounts = this.#accounts
    this.#accounts = new Map()
    let left = NODES_KEPT - this.#trie.prune(NODES_KEPT)
    for (const [key, storage] of this.#storage) {
      if (storage.slots.size === 0) this.#storage.delete(key)
      else {
        storage.agedSlots = storage.slots
        storage.slots = new Map()
        left -= storage.trie?.prune(left) ?? 0
      }
    }
    this.#codes.clear()
  }

  /** Forgets everything and starts from another root. */
  reset(root: Uint8Array): void {
    this.#trie = new Trie(this.#keccak, this.#source.node, root)
    this.#below = undefined
    this.#forget()
  }

  /** Forgets everything and starts above another state. */
  resetAbove(below: State): void {
    this.#below = below
    this.#forget()
  }

  #forget(): void {
    this.#accounts = new Map()
    this.#agedAccounts = new Map()
    this.#dirtyAccounts = new Set()
    this.#storage = new Map()
    this.#codes.clear()
    this.#newCodes = new Map()
    this.#writes = []
    this.#undo = []
    this.#checkpoints = []
    this.#original.clear()
  }

  async hasStateRoot(root: Uint8Array): Promise<boolean> {
    return equalBytes(root, EMPTY_ROOT) || this.#source.node(root) !== undefined
  }

  clearCaches(): void {
    this.#hashedKeys.clear()
  }

  shallowCopy(): State {
    return new State(this.#keccak, this.#source, this.computeRoot(), this.#hashedKeys)
  }

  /** All slots that were written since the root was set, by key; for building a genesis. */
  async dumpStorage(address: Address): Promise<StorageDump> {
    const dump: StorageDump = {}
    for (const [slot, value] of this.#storageOf(toByteKey(address.bytes)).slots) {
      dump[`0x${Buffer.from(fromByteKey(slot)).toString('hex')}`] =
        `0x${Buffer.from(value).toString('hex')}`
    }
    return dump
  }

  async dumpStorageRange(): Promise<StorageRange> {
    throw new RangeError('ranges of storage are not kept in order here')
  }

  /** Proof nodes of an account under the current root. @throws TypeError above another state */
  proveAccount(address: Address): readonly Uint8Array[] {
    this.#requireTries()
    return this.#trie.prove(this.#hashed(toByteKey(address.bytes)))
  }

  /** Proof nodes of a slot under the account's storage root. @throws TypeError above another state */
  proveSlot(address: Address, slot: Uint8Array): readonly Uint8Array[] {
    this.#requireTries()
    const key = toByteKey(address.bytes)
    if (this.#account(key, address.bytes) === undefined) return []
    return this.#storageTrie(key, this.#storageOf(key)).prove(this.#hashed(toByteKey(slot)))
  }

  #requireTries(): void {
    if (this.#below !== undefined) throw new TypeError('expected a state with tries of its own')
  }

  #account(key: ByteKey, bytes: Uint8Array): Account | undefined {
    const cached = this.#accounts.get(key)
    if (cached !== undefined || this.#accounts.has(key)) return cached
    let account = this.#agedAccounts.get(key)
    if (this.#below !== undefined) account = this.#below.#account(key, bytes)
    else if (account === undefined && !this.#agedAccounts.has(key)) {
      const encoded = this.#trie.get(this.#hashed(key, bytes))
      if (encoded !== undefined) account = decodeAccount(encoded)
    }
    this.#accounts.set(key, account)
    return account
  }

  #code(key: ByteKey, hash: Uint8Array): Uint8Array | undefined {
    const cached = this.#codes.get(key)
    if (cached !== undefined) return cached
    const code = this.#below === undefined ? this.#source.code(hash) : this.#below.#code(key, hash)
    if (code !== undefined) this.#codes.set(key, code)
    return code
  }

  /** Brings all changes into the state below and forgets them here. */
  #handDown(below: State): void {
    for (const key of this.#dirtyAccounts) {
      below.#accounts.set(key, this.#accounts.get(key))
      below.#dirtyAccounts.add(key)
    }
    for (const [key, { slots, dirty, isNew }] of this.#storage) {
      if (isNew) below.#replaceStorage(key)
      if (dirty.size === 0) continue
      const storage = below.#storageOf(key)
      for (const slot of dirty) {
        storage.slots.set(slot, slots.get(slot) ?? EMPTY)
        storage.dirty.add(slot)
      }
    }
    for (const [key, code] of this.#newCodes) {
      below.#codes.set(key, code)
      below.#newCodes.set(key, code)
    }
    this.#forget()
  }

  #setAccount(key: ByteKey, account: Account | undefined): void {
    if (this.#checkpoints.length > 0) {
      this.#undo.push({ kind: 'account', key, before: this.#accounts.get(key) })
    }
    this.#accounts.set(key, account)
    this.#dirtyAccounts.add(key)
  }

  #storageOf(key: ByteKey): AccountStorage {
    let storage = this.#storage.get(key)
    if (storage === undefined) {
      storage = {
        slots: new Map(),
        agedSlots: new Map(),
        dirty: new Set(),
        trie: undefined,
        isNew: false,
      }
      this.#storage.set(key, storage)
    }
    return storage
  }

  #replaceStorage(key: ByteKey): void {
    if (this.#checkpoints.length > 0) {
      this.#undo.push({ kind: 'storage', key, before: this.#storage.get(key) })
    }
    this.#storage.set(key, {
      slots: new Map(),
      agedSlots: new Map(),
      dirty: new Set(),
      trie: new Trie(this.#keccak, this.#source.node),
      isNew: true,
    })
  }

  #storageTrie(key: ByteKey, storage: AccountStorage): Trie {
    storage.trie ??= new Trie(
      this.#keccak,
      this.#source.node,
      this.#account(key, fromByteKey(key))?.storageRoot,
    )
    return storage.trie
  }

  #slot(address: Address, slot: Uint8Array): Uint8Array {
    const key = toByteKey(address.bytes)
    const storage = this.#storageOf(key)
    const slotKey = toByteKey(slot)
    const cached = storage.slots.get(slotKey)
    if (cached !== undefined) return cached
    const aged = storage.agedSlots.get(slotKey)
    if (aged !== undefined) {
      storage.slots.set(slotKey, aged)
      return aged
    }
    if (this.#account(key, address.bytes) === undefined) return EMPTY
    const value = this.#slotBelow(address, key, storage, slot, slotKey)
    storage.slots.set(slotKey, value)
    return value
  }

  #slotBelow(
    address: Address,
    key: ByteKey,
    storage: AccountStorage,
    slot: Uint8Array,
    slotKey: ByteKey,
  ): Uint8Array {
    if (this.#below !== undefined) return storage.isNew ? EMPTY : this.#below.#slot(address, slot)
    const encoded = this.#storageTrie(key, storage).get(this.#hashed(slotKey, slot))
    const value = encoded === undefined ? EMPTY : RLP.decode(encoded)
    if (!(value instanceof Uint8Array))
      throw new RangeError('expected a slot with a string, received a list')
    return value
  }

  /** One after the other: to spread them as arguments would take a stack for as many as a block or genesis likes to write. */
  #takeWrites(trie: Trie): void {
    for (const write of trie.takeWrites()) this.#writes.push(write)
  }

  #flushStorage(key: ByteKey, storage: AccountStorage): void {
    if (storage.dirty.size === 0) return
    const account = this.#account(key, fromByteKey(key))
    if (account === undefined) return
    const trie = this.#storageTrie(key, storage)
    for (const slot of storage.dirty) {
      const value = storage.slots.get(slot) ?? EMPTY
      if (value.length === 0) trie.delete(this.#hashed(slot))
      else trie.put(this.#hashed(slot), RLP.encode(value))
    }
    storage.dirty.clear()
    const root = trie.root()
    this.#takeWrites(trie)
    if (!equalBytes(root, account.storageRoot)) {
      account.storageRoot = root
      this.#dirtyAccounts.add(key)
    }
  }

  #hashed(key: ByteKey, bytes?: Uint8Array): Uint8Array {
    let path = this.#hashedKeys.get(key)
    if (path === undefined) {
      path = toNibbles(this.#keccak(bytes ?? fromByteKey(key)))
      if (this.#hashedKeys.size >= HASHED_KEYS_KEPT) this.#hashedKeys.clear()
      this.#hashedKeys.set(key, path)
    }
    return path
  }
}

function copyAccount(account: Account): Account {
  return new Account(account.nonce, account.balance, account.storageRoot, account.codeHash)
}

/** A copy without leading zeros. */
function withoutZeros(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (bytes[start] === 0) start++
  return bytes.slice(start)
}
