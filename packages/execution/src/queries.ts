import type { Common } from '@ethereumjs/common'
import { createTx, type TypedTransaction } from '@ethereumjs/tx'
import { runTx } from '@ethereumjs/vm'
import type { AuthorityHeader } from '@mosaic/authority'
import {
  type Address,
  accept,
  bytesToBigint,
  bytesToHex,
  type Hash32,
  hexToBytes,
  refuse,
  toHash32,
  type Verdict,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT } from '@mosaic/protocol'
import type { Crypto } from './crypto.ts'
import {
  type AncestorHash,
  blockContext,
  createMachine,
  innerAddress,
  type Machine,
} from './machine.ts'
import { State, type StateSource } from './state.ts'

/** An account as a state root has it; an absent one has zeros and no code. */
export type AccountView = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly codeHash: Hash32
  readonly storageRoot: Hash32
}

/** A call that is not a transaction. Unset fees mean none are paid and BASEFEE reads 0, as in geth. */
export type CallRequest = {
  readonly from?: Address | undefined
  readonly to?: Address | undefined
  readonly gas?: bigint | undefined
  readonly value?: bigint | undefined
  readonly data?: Uint8Array | undefined
  readonly gasPrice?: bigint | undefined
  readonly maxFeePerGas?: bigint | undefined
  readonly maxPriorityFeePerGas?: bigint | undefined
  readonly accessList?:
    | readonly { readonly address: Address; readonly storageKeys: readonly Hash32[] }[]
    | undefined
}

/** What a call returned. */
export type CallResult = { readonly returned: Uint8Array; readonly gasUsed: bigint }

/** Why a call did not return; `message` has geth's words. */
export type CallFault =
  | { readonly code: 'CALL_REVERTED'; readonly data: Uint8Array }
  | { readonly code: 'CALL_FAILED'; readonly message: string }

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
  const enter = async (root: Hash32): Promise<Machine> => {
    if (machine?.root !== root || machine.machine.state.cachedEntries > MAX_WARM_ENTRIES) {
      const state = new State(crypto.keccak256, source, hexToBytes(root), hashedKeys)
      machine = { root, machine: await createMachine(common, state, ancestorHash) }
    }
    return machine.machine
  }

  const view = async ({ state }: Machine, address: Address): Promise<AccountView> => {
    const account = await state.getAccount(innerAddress(address))
    return {
      nonce: account?.nonce ?? 0n,
      balance: account?.balance ?? 0n,
      codeHash: account === undefined ? EMPTY_CODE_HASH : toHash32(bytesToHex(account.codeHash)),
      storageRoot:
        account === undefined ? EMPTY_TRIE_ROOT : toHash32(bytesToHex(account.storageRoot)),
    }
  }

  const run = async (
    at: AuthorityHeader,
    feeRecipient: Address,
    request: CallRequest,
    gas: bigint,
  ): Promise<Verdict<CallResult & { readonly refund: bigint }, CallFault>> => {
    const entered = await enter(at.stateRoot)
    entered.enter(at.parentHash)
    const from = request.from ?? ZERO_ADDRESS
    const paysFees = request.gasPrice !== undefined || request.maxFeePerGas !== undefined
    const context = blockContext(
      {
        ...at,
        gasLimit: gas > at.gasLimit ? gas : at.gasLimit,
        baseFeePerGas: paysFees ? (at.baseFeePerGas ?? 0n) : 0n,
      },
      feeRecipient,
      common,
    )
    const { evm } = entered.vm
    await evm.journal.checkpoint()
    try {
      const account = await entered.state.getAccount(innerAddress(from))
      const tx = callTransaction(request, from, account?.nonce ?? 0n, gas, common)
      const result = await runTx(entered.vm, { tx, block: context, skipHardForkValidation: true })
      const { execResult, totalGasSpent } = result
      if (execResult.exceptionError === undefined) {
        return accept({
          returned: execResult.returnValue,
          gasUsed: totalGasSpent,
          refund: execResult.gasRefund ?? 0n,
        })
      }
      if (execResult.exceptionError.error === 'revert') {
        return refuse({ code: 'CALL_REVERTED', data: execResult.returnValue })
      }
      return refuse({ code: 'CALL_FAILED', message: execResult.exceptionError.error })
    } catch (error) {
      return refuse({ code: 'CALL_FAILED', message: toGethWords(error, from, gas) })
    } finally {
      await evm.journal.revert()
      evm.journal.cleanJournal()
    }
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
    call: (at, feeRecipient, request) =>
      exclusive(() => run(at, feeRecipient, request, capped(request.gas))),
    estimateGas: (at, feeRecipient, request) =>
      exclusive(async () => {
        const limit =
          request.gas === undefined || request.gas > at.gasLimit ? at.gasLimit : request.gas
        const first = await run(at, feeRecipient, request, capped(limit))
        if (!first.ok) {
          const isGas = first.fault.code === 'CALL_FAILED' && first.fault.message === 'out of gas'
          return isGas
            ? refuse({ code: 'CALL_FAILED', message: `gas required exceeds allowance (${limit})` })
            : first
        }
        let low = first.value.gasUsed - 1n
        let high = capped(limit)
        const optimistic = ((first.value.gasUsed + first.value.refund + 2300n) * 64n) / 63n
        if (optimistic < high && (await run(at, feeRecipient, request, optimistic)).ok)
          high = optimistic
        while (low + 1n < high && (high - low) * 1000n > high * 15n) {
          const middle = (low + high) / 2n
          if ((await run(at, feeRecipient, request, middle)).ok) high = middle
          else low = middle
        }
        return accept(high)
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

function capped(gas: bigint | undefined): bigint {
  return gas === undefined || gas > CALL_GAS_CAP ? CALL_GAS_CAP : gas
}

/** A transaction that nobody signed; its sender is given instead of recovered. */
function callTransaction(
  request: CallRequest,
  from: Address,
  nonce: bigint,
  gasLimit: bigint,
  common: Common,
): TypedTransaction {
  const accessList = request.accessList?.map(({ address, storageKeys }) => ({
    address,
    storageKeys: [...storageKeys],
  }))
  const isLegacy = request.gasPrice !== undefined
  const tx = createTx(
    {
      type: isLegacy ? 1 : 2,
      chainId: common.chainId(),
      nonce,
      gasLimit,
      value: request.value ?? 0n,
      data: request.data ?? new Uint8Array(),
      ...(request.to === undefined ? {} : { to: request.to }),
      ...(accessList === undefined ? {} : { accessList }),
      ...(isLegacy
        ? { gasPrice: request.gasPrice }
        : {
            maxFeePerGas: request.maxFeePerGas ?? 0n,
            maxPriorityFeePerGas: request.maxPriorityFeePerGas ?? 0n,
          }),
    },
    { common, freeze: false, allowUnlimitedInitCodeSize: true },
  )
  return Object.assign(tx, { getSenderAddress: () => innerAddress(from) })
}

function toGethWords(error: unknown, from: Address, gas: bigint): string {
  const message = error instanceof Error ? error.message : String(error)
  if (/enough funds/.test(message))
    return `insufficient funds for gas * price + value: address ${from}`
  if (/INTRINSIC_GAS_TOO_LOW/.test(message)) return `intrinsic gas too low: have ${gas}`
  if (/less than the block's baseFeePerGas/.test(message))
    return 'max fee per gas less than block base fee'
  if (/not EOA/.test(message)) return `sender not an eoa: address ${from}`
  return message
}
