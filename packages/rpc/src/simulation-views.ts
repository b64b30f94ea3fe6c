import type { Address, Hash32, Hex } from '@mosaic/primitives'
import type { AccountOverride, BlockOverrides, CallFailure, CallRequest } from './ports.ts'
import type { HeaderView } from './views.ts'

/** Blocks to run after a block. */
export type SimulationRequest = {
  readonly at: Hash32
  readonly blocks: readonly {
    readonly blockOverrides: BlockOverrides
    readonly stateOverrides: ReadonlyMap<Address, AccountOverride>
    readonly calls: readonly Omit<CallRequest, 'at' | 'stateOverrides' | 'blockOverrides'>[]
  }[]
  /** Nonces and fees must be those of real transactions; otherwise gas costs nothing. */
  readonly validation: boolean
  /** Also logs transfers of the chain's own coin. */
  readonly traceTransfers: boolean
}

/** What a message of a simulation came to. */
export type SimulatedCallView = {
  readonly hash: Hash32
  readonly from: Address
  readonly to: Address | undefined
  readonly nonce: bigint
  readonly gas: bigint
  readonly value: bigint
  readonly input: Hex
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly returnData: Hex
  readonly gasUsed: bigint
  readonly logs: readonly {
    readonly address: Address
    readonly topics: readonly Hash32[]
    readonly data: Hex
  }[]
  readonly failure: CallFailure | undefined
}

/** A block as it would be, without a seal. */
export type SimulatedBlockView = {
  readonly header: HeaderView
  readonly size: number
  readonly calls: readonly SimulatedCallView[]
}

/** Why a simulation was not done at all. */
export type SimulationFaultView = {
  readonly code:
    | 'SIMULATION_TOO_MANY_BLOCKS'
    | 'SIMULATION_NUMBER_ORDER'
    | 'SIMULATION_TIME_ORDER'
    | 'SIMULATION_NONCE_TOO_LOW'
    | 'SIMULATION_NONCE_TOO_HIGH'
    | 'SIMULATION_BLOCK_GAS'
    | 'SIMULATION_FEE_TOO_LOW'
    | 'SIMULATION_INSUFFICIENT_FUNDS'
    | 'SIMULATION_INTRINSIC_GAS'
    | 'SIMULATION_INVALID'
  readonly message: string
}
