import type { Common } from '@ethereumjs/common'
import { generateAddress } from '@ethereumjs/util'
import {
  type Address,
  accept,
  bytesToAddress,
  hexToBytes,
  integerToRlp,
  type Verdict,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { applyMessage, type CallBlock, type CallFault, type CallRequest } from './call.ts'
import { abandon, innerAddress, type Machine } from './machine.ts'
import type { TakeTurn } from './machine-pool.ts'
import { createAccessListTracer } from './tracing/access-list-tracer.ts'
import { attachTracer } from './tracing/tracer.ts'
import type { AccessListEntry } from './transaction.ts'

/** An access list, and the gas that the message uses with it. */
export type AccessListResult = {
  readonly accessList: readonly AccessListEntry[]
  readonly gasUsed: bigint
  /** Why the message failed, in geth's words; undefined if it did not. */
  readonly error: string | undefined
}

/** A list that a run confirms is the answer; each run may go another way because gas changed. */
const MOST_RUNS = 8

/** Runs a message with the list that its last run called for, until the list stays the same. Leaves the state as it was. */
export async function findAccessList(
  machine: Machine,
  block: CallBlock,
  request: CallRequest,
  gas: bigint,
  common: Common,
  takeTurn: TakeTurn,
): Promise<Verdict<AccessListResult, CallFault>> {
  const from = request.from ?? ZERO_ADDRESS
  const { state, evm } = machine
  const nonce = state.readAccount(innerAddress(from))?.nonce ?? 0n
  const target =
    request.to ?? bytesToAddress(generateAddress(hexToBytes(from), integerToRlp(nonce)))
  const isFree = (address: Address): boolean =>
    address === from || address === target || evm.precompiles.has(address.slice(2))

  let accessList = request.accessList ?? []
  for (let runs = 1; ; runs++) {
    const tracer = createAccessListTracer(isFree)
    const mark = state.open()
    const detach = attachTracer(machine, tracer, takeTurn)
    let run: Awaited<ReturnType<typeof applyMessage>>
    try {
      run = await applyMessage(machine, block, { ...request, accessList }, gas, common)
    } finally {
      detach()
      abandon(machine, mark)
    }
    if (!run.ok) return run
    const { gasUsed, fault, returned } = run.value
    const found = tracer.end({ gasUsed, succeeded: fault === undefined, returned }, state)
    if (runs === MOST_RUNS || isSame(found, accessList)) {
      const error =
        fault === undefined
          ? undefined
          : fault.code === 'CALL_REVERTED'
            ? 'execution reverted'
            : fault.message
      return accept({ accessList: found, gasUsed, error })
    }
    accessList = found
  }
}

function isSame(a: readonly AccessListEntry[], b: readonly AccessListEntry[]): boolean {
  return toText(a) === toText(b)
}

function toText(list: readonly AccessListEntry[]): string {
  return list
    .map(({ address, storageKeys }) => [address, ...storageKeys.toSorted()].join())
    .toSorted()
    .join(';')
}
