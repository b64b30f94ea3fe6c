import type { AuthorityHeader } from '@mosaic/authority'
import type { Chain } from '@mosaic/chain'
import {
  type BlockOverrides,
  type CallFault,
  CallTimeoutError,
  type CallRequest as ExecutionRequest,
  type Pretence,
  type SimulatedBlock,
  type StateOverrides,
  StateUnavailableError,
  TraceTooLargeError,
} from '@mosaic/execution'
import {
  type Address,
  accept,
  bytesToHex,
  type Hash32,
  hexToBytes,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import {
  type CallFailure,
  type CallRequest,
  ERROR_CODE,
  NO_BLOCK_OVERRIDES,
  RpcError,
  type SimulatedBlockView,
  type StatePort,
} from '@mosaic/rpc'
import { requireRecord } from './block-views.ts'
import { toHeaderView } from './views.ts'

/** The state after blocks of a chain, and messages run upon it. */
export function createStatePort(chain: Chain): StatePort {
  const { queries } = chain.execution
  return {
    account: async (at, address) => {
      const root = rootAt(chain, at)
      const { nonce, balance } = await withState(root, queries.account(root, address))
      return { nonce, balance }
    },
    code: async (at, address) => {
      const root = rootAt(chain, at)
      return bytesToHex(await withState(root, queries.code(root, address)))
    },
    storage: async (at, address, slot) => {
      const root = rootAt(chain, at)
      return withState(root, queries.slot(root, address, slot))
    },
    proof: async (at, address, slots) => readProof(chain, at, address, slots),
    call: async (request, caller) => {
      const { at, feeRecipient, message, pretence } = prepareCall(chain, request)
      caller.requireWanted()
      const result = await withState(
        at.stateRoot,
        queries.call(at, feeRecipient, message, pretence),
      )
      return result.ok
        ? { kind: 'success', returnData: bytesToHex(result.value.returned) }
        : toFailure(result.fault)
    },
    estimateGas: async (request, caller) => {
      const { at, feeRecipient, message, pretence } = prepareCall(chain, request)
      caller.requireWanted()
      const result = await withState(
        at.stateRoot,
        queries.estimateGas(at, feeRecipient, message, pretence),
      )
      return result.ok ? { kind: 'success', gas: result.value } : toFailure(result.fault)
    },
    accessList: async (request, caller) => {
      const { at, feeRecipient, message, pretence } = prepareCall(chain, request)
      caller.requireWanted()
      const result = await withState(
        at.stateRoot,
        queries.accessList(at, feeRecipient, message, pretence),
      )
      return result.ok ? { kind: 'success', ...result.value } : toFailure(result.fault)
    },
    simulate: async ({ at, blocks, validation, traceTransfers }) => {
      const { at: header, feeRecipient } = readContext(chain, at)
      const requests = blocks.map(({ blockOverrides, stateOverrides, calls }) => ({
        blockOverrides: toBlockOverrides(blockOverrides),
        stateOverrides: toStateOverrides(stateOverrides),
        calls: calls.map((call) => ({ ...toMessage(call), nonce: call.nonce })),
      }))
      const options = { validation, traceTransfers }
      const result = await withState(
        header.stateRoot,
        queries.simulate(header, at, feeRecipient, requests, options),
      )
      return result.ok ? accept(result.value.map(toSimulatedBlock)) : result
    },
  }
}

function toSimulatedBlock({ header, hash, size, calls }: SimulatedBlock): SimulatedBlockView {
  return {
    header: toHeaderView(hash, header),
    size,
    calls: calls.map(({ data, returned, logs, fault, ...call }) => ({
      ...call,
      input: bytesToHex(data),
      returnData: bytesToHex(returned),
      logs: logs.map((log) => ({ ...log, data: bytesToHex(log.data) })),
      failure: fault === undefined ? undefined : toFailure(fault),
    })),
  }
}

/** Root of the state after a block, edits included. */
function rootAt(chain: Chain, at: Hash32): Hash32 {
  return chain.stateRoot(requireRecord(chain, at))
}

/** The block that a message sees, upon the state after it, edits included. */
function readContext(chain: Chain, at: Hash32): Pick<CallTarget, 'at' | 'feeRecipient'> {
  const record = requireRecord(chain, at)
  const { header, signer: feeRecipient = ZERO_ADDRESS } = record
  const stateRoot = chain.stateRoot(record)
  // The same object as long as it says what is true: who has it knows what it was made into.
  return { at: header.stateRoot === stateRoot ? header : { ...header, stateRoot }, feeRecipient }
}

/** Proves an account and some of its slots against the state root of a block. */
export async function readProof(
  chain: Chain,
  at: CallRequest['at'],
  address: Address,
  slots: Parameters<StatePort['proof']>[2],
): ReturnType<StatePort['proof']> {
  const { stateRoot } = requireRecord(chain, at).header
  const proof = await withState(stateRoot, chain.execution.queries.proof(stateRoot, address, slots))
  return {
    address,
    nonce: proof.nonce,
    balance: proof.balance,
    codeHash: proof.codeHash,
    storageHash: proof.storageRoot,
    accountProof: proof.accountProof.map(bytesToHex),
    storageProof: proof.storageProof.map(({ value, proof: nodes }) => ({
      value,
      proof: nodes.map(bytesToHex),
    })),
  }
}

/**
 * @param root of the state that is read.
 * @throws RpcError instead of what says that the state is not kept, or that something took too long or too much.
 */
export async function withState<T>(root: Hash32, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof StateUnavailableError) {
      // Who asks for an archive looks for these words of geth.
      throw new RpcError(
        ERROR_CODE.server,
        `missing trie node ${root.slice(2)} (path ) state ${root} is not available, not found`,
      )
    }
    if (error instanceof CallTimeoutError) {
      throw new RpcError(ERROR_CODE.server, 'execution timeout')
    }
    if (error instanceof TraceTooLargeError) throw new RpcError(ERROR_CODE.limit, error.message)
    throw error
  }
}

/** A call as the execution layer takes it, with the block that it sees. */
type CallTarget = {
  readonly at: AuthorityHeader
  readonly feeRecipient: Address
  readonly message: ExecutionRequest
  readonly pretence: Pretence
}

/** Reads a call. @throws InvalidValueError if there is no such block. */
export function prepareCall(chain: Chain, request: CallRequest): CallTarget {
  return {
    ...readContext(chain, request.at),
    message: toMessage(request),
    pretence: toPretence(request),
  }
}

function toMessage(
  request: Omit<CallRequest, 'at' | 'stateOverrides' | 'blockOverrides'>,
): ExecutionRequest {
  return {
    from: request.from,
    to: request.to,
    gas: request.gas,
    value: request.value,
    data: hexToBytes(request.input),
    gasPrice: request.gasPrice,
    maxFeePerGas: request.maxFeePerGas,
    maxPriorityFeePerGas: request.maxPriorityFeePerGas,
    accessList: request.accessList,
    authorizationList: request.authorizationList,
  }
}

function toPretence({ stateOverrides, blockOverrides }: CallRequest): Pretence {
  return {
    state: stateOverrides.size === 0 ? undefined : toStateOverrides(stateOverrides),
    block: blockOverrides === NO_BLOCK_OVERRIDES ? undefined : toBlockOverrides(blockOverrides),
  }
}

function toStateOverrides(overrides: CallRequest['stateOverrides']): StateOverrides {
  return new Map(
    [...overrides].map(([address, { code, ...override }]) => [
      address,
      { ...override, code: code === undefined ? undefined : hexToBytes(code) },
    ]),
  )
}

function toBlockOverrides({
  coinbase,
  ...overrides
}: CallRequest['blockOverrides']): BlockOverrides {
  return { ...overrides, feeRecipient: coinbase }
}

/** A fault of a call as JSON-RPC knows it. */
export function toFailure(fault: CallFault): CallFailure {
  switch (fault.code) {
    case 'CALL_REVERTED':
      return { kind: 'revert', data: bytesToHex(fault.data) }
    case 'CALL_FAILED':
      return { kind: 'halt', message: fault.message }
    case 'CALL_REFUSED':
      return { kind: 'refused', message: fault.message }
    default:
      return fault satisfies never
  }
}
