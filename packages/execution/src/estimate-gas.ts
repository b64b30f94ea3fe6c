import type { Common } from '@ethereumjs/common'
import { accept, refuse, type Verdict, ZERO_ADDRESS } from '@mosaic/primitives'
import { type CallBlock, type CallFault, type CallRequest, feeCap, runCall } from './call.ts'
import { innerAddress, type Machine } from './machine.ts'

const TRANSFER_GAS = 21_000n
const CALL_STIPEND = 2_300n

/** The answer may be too high by so many thousandths, as in geth: each further step of the search is another run. */
const TOLERANCE = 15n

/**
 * A gas limit with which a call succeeds, found as geth's `eth_estimateGas` finds it: by running it with less and less.
 *
 * @param most neither the answer nor any run exceeds it.
 * @throws {@link StateUnavailableError}
 */
export async function estimateGas(
  machine: Machine,
  block: CallBlock,
  request: CallRequest,
  most: bigint,
  common: Common,
): Promise<Verdict<bigint, CallFault>> {
  const limit = await affordable(machine, request, most)
  if (!limit.ok) return limit
  const succeeds = async (gas: bigint): Promise<boolean> =>
    (await runCall(machine, block, request, gas, common)).ok

  if (await isTransfer(machine, request, limit.value)) {
    if (await succeeds(TRANSFER_GAS)) return accept(TRANSFER_GAS)
  }
  const first = await runCall(machine, block, request, limit.value, common)
  if (!first.ok) return refuse(toEstimateFault(first.fault, limit.value))
  const { gasUsed, refund } = first.value
  let low = gasUsed - 1n
  let high = limit.value
  const optimistic = ((gasUsed + refund + CALL_STIPEND) * 64n) / 63n
  if (optimistic < high) {
    if (await succeeds(optimistic)) high = optimistic
    else low = optimistic
  }
  while (low + 1n < high && (high - low) * 1000n > high * TOLERANCE) {
    const middle = (low + high) / 2n
    // Most calls need little more than they use, so the search begins near the lower end.
    const tried = middle > low * 2n ? low * 2n : middle
    if (await succeeds(tried)) high = tried
    else low = tried
  }
  return accept(high)
}

/** Why there is no estimate, if even this much gas does not do. */
function toEstimateFault(fault: CallFault, gas: bigint): CallFault {
  if (fault.code === 'CALL_REVERTED') return fault
  const { code, message } = fault
  const isShort = /^(?:out of gas|intrinsic gas too low|insufficient gas for floor)/.test(message)
  if (isShort) return { code: 'CALL_FAILED', message: `gas required exceeds allowance (${gas})` }
  return code === 'CALL_REFUSED' ? { code, message: `failed with ${gas} gas: ${message}` } : fault
}

/** The gas limit, lowered to what the sender can pay for. */
async function affordable(
  { state }: Machine,
  request: CallRequest,
  most: bigint,
): Promise<Verdict<bigint, CallFault>> {
  const price = feeCap(request)
  if (price === 0n) return accept(most)
  const account = await state.getAccount(innerAddress(request.from ?? ZERO_ADDRESS))
  const left = (account?.balance ?? 0n) - (request.value ?? 0n)
  if (left <= 0n) {
    return refuse({ code: 'CALL_REFUSED', message: 'insufficient funds for transfer' })
  }
  const allowance = left / price
  return accept(allowance < most ? allowance : most)
}

async function isTransfer(
  { state }: Machine,
  { to, data }: CallRequest,
  limit: bigint,
): Promise<boolean> {
  if (to === undefined || (data?.length ?? 0) > 0 || limit < TRANSFER_GAS) return false
  return (await state.getCodeSize(innerAddress(to))) === 0
}
