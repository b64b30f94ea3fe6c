import { type Address, type BlockNumber, type Hash32, ZERO_HASH } from '@mosaic/primitives'
import { applyChange } from './account-change.ts'
import type { CallBlock } from './call.ts'
import { innerAddress, type Machine } from './machine.ts'

/** What to pretend about an account. `state` replaces all of its storage, `stateDiff` single slots. */
export type AccountOverride = {
  readonly balance?: bigint | undefined
  readonly nonce?: bigint | undefined
  readonly code?: Uint8Array | undefined
  readonly state?: ReadonlyMap<Hash32, Hash32> | undefined
  readonly stateDiff?: ReadonlyMap<Hash32, Hash32> | undefined
}

/** What to pretend about accounts. */
export type StateOverrides = ReadonlyMap<Address, AccountOverride>

/** What to pretend about the block. */
export type BlockOverrides = {
  readonly number?: BlockNumber | undefined
  readonly timestamp?: bigint | undefined
  readonly gasLimit?: bigint | undefined
  readonly feeRecipient?: Address | undefined
  /** What PREVRANDAO reads. */
  readonly prevRandao?: Hash32 | undefined
  readonly baseFeePerGas?: bigint | undefined
}

/** Writes what is pretended into the state of a machine. */
export async function applyStateOverrides(
  { state }: Machine,
  overrides: StateOverrides,
): Promise<void> {
  for (const [address, override] of overrides) {
    const inner = innerAddress(address)
    if (override.state !== undefined) await state.clearStorage(inner)
    const { balance, nonce, code } = override
    const slots = [...(override.state ?? override.stateDiff ?? [])]
    await applyChange(state, { address, balance, nonce, code, slots })
  }
}

/** The block with what is pretended about it. */
export function overrideBlock(
  { header, feeRecipient }: CallBlock,
  overrides: BlockOverrides,
): CallBlock {
  const { number, timestamp, gasLimit, prevRandao, baseFeePerGas } = overrides
  const changed: CallBlock['header'] = {
    ...header,
    number: number ?? header.number,
    timestamp: timestamp ?? header.timestamp,
    gasLimit: gasLimit ?? header.gasLimit,
    difficulty: prevRandao === undefined ? header.difficulty : BigInt(prevRandao),
    baseFeePerGas: baseFeePerGas ?? header.baseFeePerGas ?? 0n,
  }
  return { header: changed, feeRecipient: overrides.feeRecipient ?? feeRecipient }
}

/** Everything that is pretended. */
export type Pretence = {
  readonly state?: StateOverrides | undefined
  readonly block?: BlockOverrides | undefined
}

/** Whether anything is pretended at all. */
export function isPretending({ state, block }: Pretence): boolean {
  return (
    (state?.size ?? 0) > 0 ||
    (block !== undefined && Object.values(block).some((value) => value !== undefined))
  )
}

/** Readies a machine that stands on the state of `block`; gives the block that its calls see. */
export async function pretend(
  machine: Machine,
  block: CallBlock,
  { state, block: overrides }: Pretence,
): Promise<CallBlock> {
  machine.enter(block.header.parentHash, { from: block.header.number, hash: () => ZERO_HASH })
  if (state !== undefined) await applyStateOverrides(machine, state)
  return overrides === undefined ? block : overrideBlock(block, overrides)
}
