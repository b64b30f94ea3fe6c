import type { BlockRecord, Chain } from '@mosaic/chain'
import {
  type CallFault,
  type CallRequest as ExecutionRequest,
  StateUnavailableError,
} from '@mosaic/execution'
import { type Address, bytesToHex, type Hash32, hexToBytes, ZERO_ADDRESS } from '@mosaic/primitives'
import {
  type CallFailure,
  type CallRequest,
  ERROR_CODE,
  RpcError,
  type StatePort,
} from '@mosaic/rpc'
import { requireRecord } from './block-views.ts'

/** Reasons of EthereumJS in geth's words, where they differ. */
const GETH_WORDS: Readonly<Record<string, string>> = {
  'invalid JUMP': 'invalid jump destination',
  'invalid opcode': 'invalid opcode: INVALID',
  'static state change': 'write protection',
  'code store out of gas': 'contract creation code storage out of gas',
  'code size to deposit exceeds maximum code size': 'max code size exceeded',
  'initcode exceeds max initcode size': 'max initcode size exceeded',
  'invalid bytecode deployed': 'invalid code: must not begin with 0xef',
  'create collision': 'contract address collision',
  'insufficient balance': 'insufficient balance for transfer',
}

/** The state after blocks of a chain, and messages run upon it. */
export function createStatePort(chain: Chain): StatePort {
  const { queries } = chain.execution
  return {
    account: async (at, address) => {
      const { nonce, balance } = await withState(queries.account(rootAt(chain, at), address))
      return { nonce, balance }
    },
    code: async (at, address) =>
      bytesToHex(await withState(queries.code(rootAt(chain, at), address))),
    storage: async (at, address, slot) => withState(queries.slot(rootAt(chain, at), address, slot)),
    proof: async (at, address, slots) => readProof(chain, at, address, slots),
    call: async (request, signal) => {
      const { header, signer } = readContext(chain, request.at)
      const message = toMessage(request)
      signal.throwIfAborted()
      const result = await withState(queries.call(header, signer ?? ZERO_ADDRESS, message))
      return result.ok
        ? { kind: 'success', returnData: bytesToHex(result.value.returned) }
        : toFailure(result.fault)
    },
    estimateGas: async (request, signal) => {
      const { header, signer } = readContext(chain, request.at)
      const message = toMessage(request)
      signal.throwIfAborted()
      const result = await withState(queries.estimateGas(header, signer ?? ZERO_ADDRESS, message))
      return result.ok ? { kind: 'success', gas: result.value } : toFailure(result.fault)
    },
  }
}

/** Root of the state after a block, edits included. */
function rootAt(chain: Chain, at: Hash32): Hash32 {
  return chain.stateRoot(requireRecord(chain, at))
}

/** The block that a message sees, upon the state after it, edits included. */
function readContext(chain: Chain, at: Hash32): Pick<BlockRecord, 'header' | 'signer'> {
  const record = requireRecord(chain, at)
  return { header: { ...record.header, stateRoot: chain.stateRoot(record) }, signer: record.signer }
}

/** Proves an account and some of its slots against the state root of a block. */
export async function readProof(
  chain: Chain,
  at: CallRequest['at'],
  address: Address,
  slots: Parameters<StatePort['proof']>[2],
): ReturnType<StatePort['proof']> {
  const { stateRoot } = requireRecord(chain, at).header
  const proof = await withState(chain.execution.queries.proof(stateRoot, address, slots))
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

/** @throws RpcError instead of {@link StateUnavailableError}: the caller named a block whose state is not kept. */
async function withState<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof StateUnavailableError)) throw error
    throw new RpcError(ERROR_CODE.server, 'the state of this block is not available')
  }
}

/** @throws RpcError for what this node cannot pretend. */
function toMessage(request: CallRequest): ExecutionRequest {
  if (request.stateOverrides.size > 0) throw unsupported('state overrides are')
  if (Object.values(request.blockOverrides).some((override) => override !== undefined)) {
    throw unsupported('block overrides are')
  }
  if (request.authorizationList !== undefined) throw unsupported('an authorization list is')
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
  }
}

function unsupported(what: string): RpcError {
  return new RpcError(ERROR_CODE.invalidParameters, `${what} not supported by this node`)
}

function toFailure(fault: CallFault): CallFailure {
  if (fault.code === 'CALL_REVERTED') return { kind: 'revert', data: bytesToHex(fault.data) }
  // EthereumJS says where an invalid jump was; geth does not.
  const reason = fault.message.replace(/^(invalid JUMP) at .*$/, '$1')
  return { kind: 'halt', message: GETH_WORDS[reason] ?? reason }
}
