import { createAddressFromString, type Address as InnerAddress } from '@ethereumjs/util'
import {
  type Address,
  bytesToHex,
  equalBytes,
  type Hash32,
  type Hex,
  hexToBytes,
} from '@mosaic/primitives'
import type { State } from '../state.ts'
import {
  memorySlice,
  namedAccount,
  peek,
  type Step,
  type Tracer,
  wordToAddress,
  wordToHash,
} from './tracer.ts'

/** An account as far as a transaction touched it. Undefined: not there, or not changed. */
export type TouchedAccount = {
  readonly balance: bigint | undefined
  readonly nonce: bigint | undefined
  readonly code: Hex | undefined
  readonly storage: ReadonlyMap<Hash32, Hash32>
}

/** What a transaction saw, by account. */
type Prestate = ReadonlyMap<Address, TouchedAccount>

/** What a transaction changed. */
export type StateDifference = { readonly pre: Prestate; readonly post: Prestate }

/** Either form of the trace. */
export type PrestateTrace = Prestate | StateDifference

type Before = {
  readonly balance: bigint
  readonly nonce: bigint
  readonly code: Uint8Array
  readonly existed: boolean
  readonly slots: Map<Hash32, bigint>
}

const SLOAD = 0x54
const SSTORE = 0x55
const CREATE = 0xf0
const CREATE2 = 0xf5
const SELFDESTRUCT = 0xff

/**
 * What a transaction saw of the state before it, as geth's `prestateTracer`; with `diffMode` only what it changed, before and after.
 *
 * @param createdAddress the address of the contract that a creation makes.
 */
export function createPrestateTracer(
  { diffMode }: { readonly diffMode: boolean },
  createdAddress: CreatedAddress,
): Tracer<PrestateTrace> {
  const before = new Map<Address, Before>()
  const created = new Set<Address>()
  const deleted = new Set<Address>()

  const see = (address: Address, state: State): Before => {
    const known = before.get(address)
    if (known !== undefined) return known
    const inner = createAddressFromString(address)
    const account = state.readAccount(inner)
    const seen: Before = {
      balance: account?.balance ?? 0n,
      nonce: account?.nonce ?? 0n,
      code: state.readCode(inner),
      existed: account !== undefined,
      slots: new Map(),
    }
    before.set(address, seen)
    return seen
  }
  const seeSlot = (at: InnerAddress, word: bigint, state: State): void => {
    const { slots } = see(ownAddress(at), state)
    const slot = wordToHash(word)
    if (!slots.has(slot)) slots.set(slot, readSlot(state, at, slot))
  }
  const seeCreated = (address: Address, state: State): void => {
    see(address, state)
    created.add(address)
  }
  const step = ({ opcode, stack, memory, address }: Step, state: State): void => {
    const named = namedAccount(opcode, stack)
    if (named !== undefined) see(named, state)
    switch (opcode) {
      case SLOAD:
      case SSTORE:
        if (stack.length > 0) seeSlot(address, peek(stack, 0), state)
        break
      case SELFDESTRUCT:
        deleted.add(ownAddress(address))
        break
      case CREATE:
        seeCreated(
          createdAddress.byNonce(ownAddress(address), state.readAccount(address)?.nonce ?? 0n),
          state,
        )
        break
      case CREATE2:
        seeCreated(
          createdAddress.bySalt(
            ownAddress(address),
            wordToHash(peek(stack, 3)),
            memorySlice(memory, peek(stack, 1), peek(stack, 2)),
          ),
          state,
        )
        break
      default:
    }
  }
  return {
    begin: ({ from, to, feeRecipient, authorities }, state) => {
      const sender = see(from, state)
      if (to === undefined) {
        const target = createdAddress.byNonce(from, sender.nonce)
        see(target, state)
        if (diffMode) created.add(target)
      } else see(to, state)
      see(feeRecipient, state)
      for (const authority of authorities) see(authority, state)
    },
    step,
    end: (_outcome, state) => {
      const isGone = (address: Address): boolean =>
        deleted.has(address) && state.readAccount(createAddressFromString(address)) === undefined
      const pre = new Map<Address, TouchedAccount>()
      const post = new Map<Address, TouchedAccount>()
      for (const [address, seen] of before) {
        const wasEmpty = !seen.existed && created.has(address)
        if (!diffMode) {
          pre.set(address, describe(seen))
          continue
        }
        const after = isGone(address) ? undefined : changes(address, seen, state)
        if (after === undefined && !isGone(address)) continue
        if (!wasEmpty) {
          const changed = after?.storage
          pre.set(
            address,
            describe(seen, (slot, value) => value !== 0n && (changed?.has(slot) ?? true)),
          )
        }
        if (after !== undefined) post.set(address, withoutZeros(after))
      }
      return diffMode ? { pre, post } : pre
    },
  }
}

/** Computes addresses of contracts (EIP-1014 for the second). */
export type CreatedAddress = {
  readonly byNonce: (creator: Address, nonce: bigint) => Address
  readonly bySalt: (creator: Address, salt: Hash32, initCode: Uint8Array) => Address
}

function describe(
  { balance, nonce, code, slots }: Before,
  isKept: (slot: Hash32, value: bigint) => boolean = () => true,
): TouchedAccount {
  return {
    balance,
    nonce: nonce === 0n ? undefined : nonce,
    code: code.length === 0 ? undefined : bytesToHex(code),
    storage: new Map(
      [...slots]
        .filter(([slot, value]) => isKept(slot, value))
        .map(([slot, value]) => [slot, wordToHash(value)]),
    ),
  }
}

/** What of an account is different now, zeros included; undefined if nothing is. */
function changes(address: Address, seen: Before, state: State): TouchedAccount | undefined {
  const inner = createAddressFromString(address)
  const account = state.readAccount(inner)
  const balance = account?.balance ?? 0n
  const nonce = account?.nonce ?? 0n
  const code = state.readCode(inner)
  const storage = new Map<Hash32, Hash32>()
  for (const [slot, value] of seen.slots) {
    const now = readSlot(state, inner, slot)
    if (now !== value) storage.set(slot, wordToHash(now))
  }
  const changed: TouchedAccount = {
    balance: balance === seen.balance ? undefined : balance,
    nonce: nonce === seen.nonce ? undefined : nonce,
    code: equalBytes(code, seen.code) ? undefined : bytesToHex(code),
    storage,
  }
  const isSame =
    changed.balance === undefined &&
    changed.nonce === undefined &&
    changed.code === undefined &&
    storage.size === 0
  return isSame ? undefined : changed
}

function withoutZeros(account: TouchedAccount): TouchedAccount {
  return {
    ...account,
    storage: new Map([...account.storage].filter(([, value]) => BigInt(value) !== 0n)),
  }
}

function readSlot(state: State, at: InnerAddress, slot: Hash32): bigint {
  const bytes = state.readSlot(at, hexToBytes(slot))
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}

function ownAddress(address: InnerAddress): Address {
  return wordToAddress(BigInt(address.toString()))
}
