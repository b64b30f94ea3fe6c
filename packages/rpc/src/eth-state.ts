import type { Address, Hash32 } from '@mosaic/primitives'
import { type BlockParameter, blockParameter, LATEST, requireHeader } from './block-reference.ts'
import {
  blockOverrides,
  type CallParameters,
  callParameters,
  NO_BLOCK_OVERRIDES,
  requireConsistent,
  stateOverrides,
} from './call-parameters.ts'
import { serverError } from './errors.ts'
import { formatAccessList, formatProof } from './format.ts'
import { type Json, quantity } from './json.ts'
import { type CallContext, type MethodTable, method2, method3, method4 } from './method.ts'
import {
  address,
  listOf,
  optional,
  ParameterError,
  type Parse,
  proofKey,
  required,
  storageKey,
  UnmarshalError,
} from './parameters.ts'
import type {
  AccountOverride,
  BlockOverrides,
  CallRequest,
  ChainPort,
  NodePort,
  PoolPort,
  StatePort,
} from './ports.ts'
import { failureToError } from './revert.ts'

const MAX_PROOF_KEYS = 1024

/** What geth only finds out while the method runs is an error of the server to it. */
function late<T>(prefix: string, parse: Parse<T>): Parse<T> {
  return (value) => {
    try {
      return parse(value)
    } catch (error) {
      if (!(error instanceof ParameterError) || error instanceof UnmarshalError) throw error
      throw serverError(`${prefix}${error.message}`)
    }
  }
}

const slotKey = late('unable to decode storage key: ', storageKey)
const proofKeys = listOf(
  late('', proofKey),
  MAX_PROOF_KEYS,
  '[]string',
  `too many keys (max ${MAX_PROOF_KEYS})`,
)

/** Methods that read the state and run messages. */
export function createStateMethods(ports: {
  readonly node: NodePort
  readonly chain: ChainPort
  readonly state: StatePort
  readonly pool: PoolPort
}): MethodTable {
  const { node, chain, state, pool } = ports
  const at = optional(blockParameter, LATEST)
  const hashAt = async (parameter: BlockParameter): Promise<Hash32> =>
    (await requireHeader(chain, parameter)).hash

  const toRequest = async (
    call: CallParameters,
    parameter: BlockParameter,
    overrides: ReadonlyMap<Address, AccountOverride>,
    block: BlockOverrides,
  ): Promise<CallRequest> => {
    requireConsistent(call, node.chainId)
    return {
      ...call,
      at: await hashAt(parameter),
      stateOverrides: overrides,
      blockOverrides: block,
    }
  }
  const nonceAt = async (account: Address, parameter: BlockParameter): Promise<bigint> => {
    const pending =
      'tag' in parameter && parameter.tag === 'pending' ? pool.pendingNonce(account) : undefined
    return pending ?? (await state.account(await hashAt(parameter), account)).nonce
  }
  const call = async (
    message: CallParameters,
    parameter: BlockParameter,
    overrides: ReadonlyMap<Address, AccountOverride>,
    block: BlockOverrides,
    caller: CallContext,
  ): Promise<Json> => {
    const outcome = await state.call(await toRequest(message, parameter, overrides, block), caller)
    if (outcome.kind !== 'success') throw failureToError(outcome)
    return outcome.returnData
  }
  const noOverrides: ReadonlyMap<Address, AccountOverride> = new Map()

  return {
    eth_getBalance: method2(required(address), at, async (account, parameter) =>
      quantity((await state.account(await hashAt(parameter), account)).balance),
    ),
    eth_getTransactionCount: method2(required(address), at, async (account, parameter) =>
      quantity(await nonceAt(account, parameter)),
    ),
    eth_getCode: method2(required(address), at, async (account, parameter) =>
      state.code(await hashAt(parameter), account),
    ),
    eth_getStorageAt: method3(
      required(address),
      required(slotKey),
      at,
      async (account, slot, parameter) => state.storage(await hashAt(parameter), account, slot),
    ),
    eth_getProof: method3(
      required(address),
      required(proofKeys),
      at,
      async (account, keys, parameter) => {
        const slots = keys.map(({ slot }) => slot)
        return formatProof(await state.proof(await hashAt(parameter), account, slots), keys)
      },
    ),
    eth_call: method4(
      required(callParameters),
      at,
      optional(stateOverrides, noOverrides),
      optional(blockOverrides, NO_BLOCK_OVERRIDES),
      call,
    ),
    eth_estimateGas: method4(
      required(callParameters),
      at,
      optional(stateOverrides, noOverrides),
      optional(blockOverrides, NO_BLOCK_OVERRIDES),
      async (message, parameter, overrides, block, caller) => {
        const request = await toRequest(message, parameter, overrides, block)
        const outcome = await state.estimateGas(request, caller)
        if (outcome.kind !== 'success') throw failureToError(outcome)
        return quantity(outcome.gas)
      },
    ),
    eth_createAccessList: method4(
      required(callParameters),
      at,
      optional(stateOverrides, noOverrides),
      optional(blockOverrides, NO_BLOCK_OVERRIDES),
      async (message, parameter, overrides, block, caller) => {
        const request = await toRequest(message, parameter, overrides, block)
        const outcome = await state.accessList(request, caller)
        if (outcome.kind !== 'success') throw failureToError(outcome)
        return {
          accessList: formatAccessList(outcome.accessList),
          gasUsed: quantity(outcome.gasUsed),
          ...(outcome.error === undefined ? {} : { error: outcome.error }),
        }
      },
    ),
  }
}
