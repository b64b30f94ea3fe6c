import type { Common } from '@ethereumjs/common'
import type { AuthorityHeader } from '@mosaic/authority'
import {
  type Address,
  accept,
  bytesToBigint,
  bytesToHex,
  type Hash32,
  hexToBytes,
  toHash32,
  type Verdict,
  ZERO_HASH,
} from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT } from '@mosaic/protocol'
import { type CallFault, type CallRequest, type CallResult, runCall } from './call.ts'
import type { Crypto } from './crypto.ts'
import { estimateGas } from './estimate-gas.ts'
import { type AncestorHash, createMachine, innerAddress, type Machine } from './machine.ts'
import { State, type StateSource } from './state.ts'

/** An account as a state root has it; an absent one has zeros and no code. */
export type AccountView = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly codeHash: Hash32
  readonly storageRoot: Hash32
}

/** What `eth_getProof` answers. */
export type StateProof = AccountView & {
  readonly accountProof: readonly Uint8Array[]
  readonly storageProof: readonly {
    readonly slot: Hash32
    readonly value: bigint
    readonly proof: readonly Uint8Array[]
  }[]
}

/** Reads states and runs calls on them. Calls may overlap; they run one after the other. */
export type Queries = {
  readonly account: (stateRoot: Hash32, address: Address) => Promise<AccountView>
  readonly code: (stateRoot: Hash32, address: Address) => Promise<Uint8Array>
  /** A slot as a 32-byte word. */
  readonly slot: (stateRoot: Hash32, address: Address, slot: Hash32) => Promise<Hash32>
  readonly call: (
    at: AuthorityHeader,
    feeRecipient: Address,
    request: CallRequest,
  ) => Promise<Verdict<CallResult, CallFault>>
  /** The gas limit with which a call succeeds, at most 1.5 % too high. */
  readonly estimateGas: (
    at: AuthorityHeader,
    feeRecipient: Address,
    request: CallRequest,
  ) => Promise<Verdict<bigint, CallFault>>
  readonly proof: (
    stateRoot: Hash32,
    address: Address,
    slots: readonly Hash32[],
  ) => Promise<StateProof>
}

const CALL_GAS_CAP = 50_000_000n
const MAX_WARM_ENTRIES = 100_000
const EMPTY_CODE_HASH = toHash32(
  '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
)

/** Creates the queries of one chain. They share nothing with block processing but the store. */
export function createQueries(options: {
  readonly common: Common
  readonly crypto: Crypto
  readonly source: StateSource
  readonly ancestorHash: AncestorHash
}): Queries {
  const { common, crypto, source, ancestorHash } = options
  const hashedKeys = new Map<string, Uint8Array>()
  let machine: { readonly root: Hash32; readonly machine: Machine } | undefined
  let queue: Promise<unknown> = Promise.resolve()
  const exclusive = <T>(step: () => Promise<T>): Promise<T> => {
    const result = queue.then(step)
    queue = result.catch(() => undefined)
    return result
  }
  const enter = async (root: Hash32, parentHash: Hash32 = ZERO_HASH): Promise<Machine> => {
    if (machine?.root !== root || machine.machine.state.cachedEntries > MAX_WARM_ENTRIES) {
      const state = new State(crypto.keccak256, source, hexToBytes(root), hashedKeys)
      machine = { root, machine: await createMachine(common, state, ancestorHash) }
    }
    machine.machine.enter(parentHash)
    return machine.machine
  }

  return {
    account: (root, address) => exclusive(async () => view(await enter(root), address)),
    code: (root, address) =>
      exclusive(async () => (await enter(root)).state.getCode(innerAddress(address))),
    slot: (root, address, slot) =>
      exclusive(async () => {
        const { state } = await enter(root)
        const value = await state.getStorage(innerAddress(address), hexToBytes(slot))
        return toHash32(`0x${bytesToBigint(value).toString(16).padStart(64, '0')}`)
      }),
    call: (header, feeRecipient, request) =>
      exclusive(async () => {
        const entered = await enter(header.stateRoot, header.parentHash)
        const gas = capped(request.gas ?? CALL_GAS_CAP)
        const outcome = await runCall(entered, { header, feeRecipient }, request, gas, common)
        if (!outcome.ok) return outcome
        const { returned, gasUsed } = outcome.value
        return accept({ returned, gasUsed })
      }),
    estimateGas: (header, feeRecipient, request) =>
      exclusive(async () => {
        const entered = await enter(header.stateRoot, header.parentHash)
        const { gas } = request
        const limit = capped(gas === undefined || gas > header.gasLimit ? header.gasLimit : gas)
        return estimateGas(entered, { header, feeRecipient }, request, limit, common)
      }),
    proof: (root, address, slots) =>
      exclusive(async () => {
        const entered = await enter(root)
        const at = innerAddress(address)
        const account = await view(entered, address)
        const storageProof = []
        for (const slot of slots) {
          const value = bytesToBigint(await entered.state.getStorage(at, hexToBytes(slot)))
          storageProof.push({ slot, value, proof: entered.state.proveSlot(at, hexToBytes(slot)) })
        }
        return { ...account, accountProof: entered.state.proveAccount(at), storageProof }
      }),
  }
}

async function view({ state }: Machine, address: Address): Promise<AccountView> {
  const account = await state.getAccount(innerAddress(address))
  return {
    nonce: account?.nonce ?? 0n,
    balance: account?.balance ?? 0n,
    codeHash: account === undefined ? EMPTY_CODE_HASH : toHash32(bytesToHex(account.codeHash)),
    storageRoot:
      account === undefined ? EMPTY_TRIE_ROOT : toHash32(bytesToHex(account.storageRoot)),
  }
}

function capped(gas: bigint): bigint {
  return gas > CALL_GAS_CAP ? CALL_GAS_CAP : gas
}
