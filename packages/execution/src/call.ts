import type { Block as InnerBlock } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import type { ExecResult } from '@ethereumjs/evm'
import { Account } from '@ethereumjs/util'
import {
  type Address,
  accept,
  checksummed,
  type Hash32,
  refuse,
  toAddress,
  type Verdict,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { type Authorization, applyAuthorizations } from './authorizations.ts'
import { gethWords } from './geth-words.ts'
import { calldataFloor, gasUsedAfter, intrinsicGas, MAX_INIT_CODE_BYTES } from './intrinsic-gas.ts'
import { abandon, blockContext, innerAddress, type Machine, toLogs, warmUp } from './machine.ts'
import type { Log } from './receipt.ts'

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
  readonly authorizationList?: readonly Authorization[] | undefined
}

/** What a call returned. */
export type CallResult = { readonly returned: Uint8Array; readonly gasUsed: bigint }

/** Why a call did not return; `message` has geth's words. */
export type CallFault =
  | { readonly code: 'CALL_REVERTED'; readonly data: Uint8Array }
  /** The code came to nothing. */
  | { readonly code: 'CALL_FAILED'; readonly message: string }
  /** It was not begun. */
  | { readonly code: 'CALL_REFUSED'; readonly message: string }

/** The block that a call sees. */
export type CallBlock = {
  readonly header: Parameters<typeof blockContext>[0]
  readonly feeRecipient: Address
}

/** A message that was begun, whatever came of it. */
export type MessageRun = {
  readonly returned: Uint8Array
  readonly gasUsed: bigint
  readonly refund: bigint
  /** What the sender paid per gas, for {@link settleMessage}. */
  readonly price: bigint
  readonly fault: CallFault | undefined
  readonly logs: readonly Log[]
  /** The contract that it made. */
  readonly created: Address | undefined
  readonly destroyed: readonly Address[]
}

type Outcome = Verdict<CallResult & { readonly refund: bigint }, CallFault>

const OVERFLOW = 2n ** 256n
const NO_DATA = new Uint8Array()

/** The most that a call pays per gas; 0 if it names no fee. */
export function feeCap(request: CallRequest): bigint {
  return request.gasPrice ?? request.maxFeePerGas ?? request.maxPriorityFeePerGas ?? 0n
}

/**
 * Runs a call as geth's `eth_call` does: as a transaction whose sender may be anyone, contracts included, and whose nonce is right.
 * Leaves the state as it was.
 *
 * @throws {@link StateUnavailableError}
 */
export async function runCall(
  machine: Machine,
  block: CallBlock,
  request: CallRequest,
  gas: bigint,
  common: Common,
): Promise<Outcome> {
  const mark = machine.state.open()
  try {
    const run = await applyMessage(machine, block, request, gas, common)
    if (!run.ok) return run
    const { returned, gasUsed, refund, fault } = run.value
    return fault === undefined ? accept({ returned, gasUsed, refund }) : refuse(fault)
  } finally {
    abandon(machine, mark)
  }
}

/**
 * Runs a message and leaves what it did, but for what {@link settleMessage} does. The EVM is to be cleaned up by either that or
 * {@link abandon}.
 *
 * @returns why it cannot begin, or what it came to.
 */
export async function applyMessage(
  machine: Machine,
  { header, feeRecipient }: CallBlock,
  request: CallRequest,
  gas: bigint,
  common: Common,
): Promise<Verdict<MessageRun, CallFault>> {
  const { evm, state } = machine
  const from = request.from ?? ZERO_ADDRESS
  const cap = feeCap(request)
  const baseFee = cap > 0n ? (header.baseFeePerGas ?? 0n) : 0n
  const price = effectivePrice(request, baseFee)
  if (typeof price !== 'bigint') return refuseCall(price.message)

  const caller = innerAddress(from)
  const account = state.readAccount(caller) ?? new Account()
  const value = request.value ?? 0n
  const want = gas * cap + value
  if (account.balance < want) {
    const words = `insufficient funds for gas * price + value: address ${checksummed(from)}`
    return refuseCall(
      want < OVERFLOW
        ? `${words} have ${account.balance} want ${want}`
        : `${words} required balance exceeds 256 bits`,
    )
  }
  const data = request.data ?? NO_DATA
  const size = data.length
  if (request.to === undefined && size > MAX_INIT_CODE_BYTES) {
    return refuseCall(`max initcode size exceeded: code size ${size} limit ${MAX_INIT_CODE_BYTES}`)
  }
  const intrinsic = intrinsicGas({ ...request, data })
  if (gas < intrinsic) return refuseCall(`intrinsic gas too low: have ${gas}, want ${intrinsic}`)
  const floor = calldataFloor(data)
  if (gas < floor) {
    return refuseCall(`insufficient gas for floor data gas cost: have ${gas}, want ${floor}`)
  }

  account.balance -= gas * price
  account.nonce += 1n
  state.giveAccount(caller, account)
  const to = request.to === undefined ? undefined : innerAddress(request.to)
  const context = contextOf({ header, feeRecipient }, baseFee, common)
  const { coinbase } = context.header
  warmUp(
    evm.accesses,
    to === undefined ? [caller, coinbase] : [caller, coinbase, to],
    request.accessList,
  )
  const authorized = applyAuthorizations(machine, request.authorizationList ?? [], common.chainId())
  const { createdAddress, execResult } = await evm.runCall({
    block: context,
    caller,
    gasPrice: price,
    gasLimit: gas - intrinsic,
    value,
    data,
    skipNonceIncrement: true,
    ...(to === undefined ? {} : { to }),
  })
  const { exceptionError } = execResult
  const spent = intrinsic + execResult.executionGasUsed
  const refund = authorized + (execResult.gasRefund ?? 0n)
  return accept({
    returned: execResult.returnValue,
    gasUsed: gasUsedAfter(spent, refund, floor),
    refund,
    price,
    fault: exceptionError === undefined ? undefined : toFault(exceptionError, execResult),
    logs: toLogs(execResult.logs),
    created:
      createdAddress === undefined || exceptionError !== undefined || request.to !== undefined
        ? undefined
        : toAddress(createdAddress.toString()),
    // Only what was created by the same message goes (EIP-6780).
    destroyed: [...(execResult.selfdestruct?.keys() ?? [])]
      .filter((address) => execResult.createdAddresses?.has(address) === true)
      .map(toAddress),
  })
}

/** Blocks as the last calls upon them saw them: many calls see the same. */
const contexts = new WeakMap<
  CallBlock['header'],
  { readonly feeRecipient: Address; readonly baseFee: bigint; readonly inner: InnerBlock }
>()

/** The block that a call sees, which may pay no base fee. */
function contextOf(
  { header, feeRecipient }: CallBlock,
  baseFee: bigint,
  common: Common,
): InnerBlock {
  const known = contexts.get(header)
  if (known?.feeRecipient === feeRecipient && known.baseFee === baseFee) return known.inner
  const inner = blockContext({ ...header, baseFeePerGas: baseFee }, feeRecipient, common)
  contexts.set(header, { feeRecipient, baseFee, inner })
  return inner
}

function toFault(
  { error }: { readonly error: string },
  { returnValue, runState }: Pick<ExecResult, 'returnValue' | 'runState'>,
): CallFault {
  return error === 'revert'
    ? { code: 'CALL_REVERTED', data: returnValue }
    : { code: 'CALL_FAILED', message: gethWords(error, runState) }
}

/** Ends a message as a transaction ends: gas that is left goes back, the tip to the signer, and what destroyed itself is gone. */
export async function settleMessage(
  { evm, state }: Machine,
  { header, feeRecipient }: CallBlock,
  from: Address,
  gas: bigint,
  run: MessageRun,
): Promise<void> {
  const sender = state.readAccount(innerAddress(from)) ?? new Account()
  sender.balance += (gas - run.gasUsed) * run.price
  await state.putAccount(innerAddress(from), sender)
  const tip = run.price - (header.baseFeePerGas ?? 0n)
  if (tip > 0n) {
    const signer = state.readAccount(innerAddress(feeRecipient)) ?? new Account()
    signer.balance += tip * run.gasUsed
    await state.putAccount(innerAddress(feeRecipient), signer)
  }
  for (const address of run.destroyed) await state.deleteAccount(innerAddress(address))
  await evm.journal.cleanup()
  evm.journal.cleanJournal()
  evm.transientStorage.clear()
  state.originalStorageCache.clear()
}

/** What is paid per gas, or why nothing can be. */
function effectivePrice(
  request: CallRequest,
  baseFee: bigint,
): bigint | { readonly message: string } {
  const { from = ZERO_ADDRESS, gasPrice, maxPriorityFeePerGas = 0n } = request
  const cap = feeCap(request)
  if (gasPrice === undefined && maxPriorityFeePerGas > cap) {
    return {
      message: `max priority fee per gas higher than max fee per gas: address ${checksummed(from)}, maxPriorityFeePerGas: ${maxPriorityFeePerGas}, maxFeePerGas: ${cap}`,
    }
  }
  if (cap < baseFee) {
    return {
      message: `max fee per gas less than block base fee: address ${checksummed(from)}, maxFeePerGas: ${cap}, baseFee: ${baseFee}`,
    }
  }
  if (gasPrice !== undefined) return gasPrice
  const wanted = baseFee + maxPriorityFeePerGas
  return wanted < cap ? wanted : cap
}

function refuseCall(message: string): { readonly ok: false; readonly fault: CallFault } {
  return refuse({ code: 'CALL_REFUSED', message })
}
