import { type BlockParameter, blockParameter, LATEST, requireHeader } from './block-reference.ts'
import {
  blockOverrides,
  type CallParameters,
  callParameters,
  NO_BLOCK_OVERRIDES,
  requireConsistent,
  stateOverrides,
} from './call-parameters.ts'
import { ERROR_CODE, RpcError } from './errors.ts'
import { formatHeader } from './format.ts'
import { type Json, quantity } from './json.ts'
import { type MethodTable, method2 } from './method.ts'
import {
  boolean,
  field,
  listOf,
  optional,
  ParameterError,
  type Parse,
  recordOf,
  required,
} from './parameters.ts'
import type { ChainPort, NodePort, StatePort } from './ports.ts'
import { failureToError } from './revert.ts'
import type {
  SimulatedBlockView,
  SimulatedCallView,
  SimulationFaultView,
  SimulationRequest,
} from './simulation-views.ts'

const MOST_BLOCKS = 256
const MOST_CALLS = 5000

type BlockParameters = Omit<SimulationRequest['blocks'][number], 'calls'> & {
  readonly calls: readonly CallParameters[]
}

type SimulateParameters = {
  readonly blocks: readonly BlockParameters[]
  readonly validation: boolean
  readonly traceTransfers: boolean
  readonly returnFullTransactions: boolean
}

/** Codes of execution-apis for simulations that were not done. */
const FAULT_CODES: Readonly<Record<SimulationFaultView['code'], number>> = {
  SIMULATION_TOO_MANY_BLOCKS: -38_026,
  SIMULATION_NUMBER_ORDER: -38_020,
  SIMULATION_TIME_ORDER: -38_021,
  SIMULATION_NONCE_TOO_LOW: -38_010,
  SIMULATION_NONCE_TOO_HIGH: -38_011,
  SIMULATION_BLOCK_GAS: -38_015,
  SIMULATION_FEE_TOO_LOW: -38_012,
  SIMULATION_INSUFFICIENT_FUNDS: -38_014,
  SIMULATION_INTRINSIC_GAS: -38_013,
  SIMULATION_INVALID: ERROR_CODE.server,
}
/** A message of a simulation that ended in an error of the EVM, but no revert. */
const VM_ERROR = -32_015

const block: Parse<BlockParameters> = (value) => {
  const from = recordOf('ethapi.simBlock')(value)
  return {
    blockOverrides: field(from, 'blockOverrides', blockOverrides) ?? NO_BLOCK_OVERRIDES,
    stateOverrides: field(from, 'stateOverrides', stateOverrides) ?? new Map(),
    calls: field(from, 'calls', listOf(callParameters, MOST_CALLS)) ?? [],
  }
}

const simulateParameters: Parse<SimulateParameters> = (value) => {
  const from = recordOf('ethapi.simOpts')(value)
  const blocks = field(from, 'blockStateCalls', listOf(block, MOST_BLOCKS))
  if (blocks === undefined || blocks.length === 0) throw new ParameterError('empty input')
  const flag = (name: string): boolean => field(from, name, boolean) ?? false
  return {
    blocks,
    validation: flag('validation'),
    traceTransfers: flag('traceTransfers'),
    returnFullTransactions: flag('returnFullTransactions'),
  }
}

/** The method that runs blocks which nobody builds. */
export function createSimulateMethods(ports: {
  readonly node: NodePort
  readonly chain: ChainPort
  readonly state: StatePort
}): MethodTable {
  const simulate = async (
    { blocks, validation, traceTransfers, returnFullTransactions }: SimulateParameters,
    parameter: BlockParameter,
  ): Promise<Json> => {
    const requests = blocks.map((each) => ({
      ...each,
      calls: each.calls.map((call) => {
        requireConsistent(call, ports.node.chainId)
        const { chainId: _checked, ...message } = call
        return message
      }),
    }))
    const { hash } = await requireHeader(ports.chain, parameter)
    const outcome = await ports.state.simulate({
      at: hash,
      blocks: requests,
      validation,
      traceTransfers,
    })
    if (!outcome.ok) throw new RpcError(FAULT_CODES[outcome.fault.code], outcome.fault.message)
    return outcome.value.map((each) =>
      formatSimulated(each, returnFullTransactions, ports.node.chainId),
    )
  }
  return {
    eth_simulateV1: method2(
      required(simulateParameters),
      optional(blockParameter, LATEST),
      simulate,
    ),
  }
}

function formatSimulated(
  { header, size, calls }: SimulatedBlockView,
  isFull: boolean,
  chainId: bigint,
): Json {
  let logIndex = 0
  return {
    ...formatHeader(header),
    size: quantity(size),
    totalDifficulty: '0x0',
    uncles: [],
    transactions: calls.map((call, index) =>
      isFull
        ? {
            blockHash: header.hash,
            blockNumber: quantity(header.number),
            from: call.from,
            gas: quantity(call.gas),
            gasPrice: quantity(call.maxFeePerGas),
            maxFeePerGas: quantity(call.maxFeePerGas),
            maxPriorityFeePerGas: quantity(call.maxPriorityFeePerGas),
            hash: call.hash,
            input: call.input,
            nonce: quantity(call.nonce),
            to: call.to ?? null,
            transactionIndex: quantity(index),
            value: quantity(call.value),
            type: '0x2',
            accessList: [],
            chainId: quantity(chainId),
            v: '0x0',
            r: '0x0',
            s: '0x0',
            yParity: '0x0',
          }
        : call.hash,
    ),
    calls: calls.map((call, index) => {
      const result = formatCall(call, header, index, logIndex)
      logIndex += call.logs.length
      return result
    }),
  }
}

function formatCall(
  call: SimulatedCallView,
  header: SimulatedBlockView['header'],
  index: number,
  firstLog: number,
): Json {
  return {
    returnData: call.failure?.kind === 'revert' ? call.failure.data : call.returnData,
    logs: call.logs.map(({ address, topics, data }, at) => ({
      address,
      topics,
      data,
      blockNumber: quantity(header.number),
      blockHash: header.hash,
      blockTimestamp: quantity(header.timestamp),
      transactionHash: call.hash,
      transactionIndex: quantity(index),
      logIndex: quantity(firstLog + at),
      removed: false,
    })),
    gasUsed: quantity(call.gasUsed),
    status: call.failure === undefined ? '0x1' : '0x0',
    ...(call.failure === undefined ? {} : { error: formatFailure(call.failure) }),
  }
}

function formatFailure(failure: NonNullable<SimulatedCallView['failure']>): Json {
  const { message, shape } = failureToError(failure)
  return failure.kind === 'revert'
    ? { code: ERROR_CODE.revert, message, data: shape.data ?? null }
    : { code: VM_ERROR, message }
}
