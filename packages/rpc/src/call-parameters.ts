import { type Address, checksummed, type Hash32 } from '@mosaic/primitives'
import { blockNumber } from './block-reference.ts'
import { serverError } from './errors.ts'
import {
  address,
  field,
  hash32,
  hexData,
  listOf,
  ParameterError,
  type Parse,
  recordOf,
  requiredField,
  storageKey,
  uint64,
  uint256,
} from './parameters.ts'
import type { AccountOverride, BlockOverrides, CallRequest } from './ports.ts'
import type { AccessListEntry, AuthorizationView } from './views.ts'

const LIST_LIMIT = 10_000
const OVERRIDE_LIMIT = 1000

/** A message as a caller writes it, before block and overrides are known. */
export type CallParameters = Omit<CallRequest, 'at' | 'stateOverrides' | 'blockOverrides'> & {
  readonly chainId: bigint | undefined
}

const accessListEntry: Parse<AccessListEntry> = (value) => {
  const entry = recordOf('types.AccessTuple')(value)
  return {
    address: requiredField(entry, 'address', address),
    storageKeys: requiredField(entry, 'storageKeys', listOf(hash32, LIST_LIMIT, '[]common.Hash')),
  }
}

const authorization: Parse<AuthorizationView> = (value) => {
  const entry = recordOf('types.SetCodeAuthorization')(value)
  return {
    chainId: requiredField(entry, 'chainId', uint256),
    address: requiredField(entry, 'address', address),
    nonce: requiredField(entry, 'nonce', uint64),
    yParity: requiredField(entry, 'yParity', uint64),
    r: requiredField(entry, 'r', uint256),
    s: requiredField(entry, 's', uint256),
  }
}

const accessList: Parse<readonly AccessListEntry[]> = listOf(
  accessListEntry,
  LIST_LIMIT,
  'types.AccessList',
)
const authorizationList: Parse<readonly AuthorizationView[]> = listOf(
  authorization,
  LIST_LIMIT,
  '[]types.SetCodeAuthorization',
)
const transactionArguments = recordOf('ethapi.TransactionArgs')

/** The object of `eth_call` and `eth_estimateGas`. */
export const callParameters: Parse<CallParameters> = (value) => {
  const call = transactionArguments(value)
  const input = field(call, 'input', hexData)
  const data = field(call, 'data', hexData)
  if (input !== undefined && data !== undefined && input !== data) {
    throw serverError(
      'both "data" and "input" are set and not equal. Please use "input" to pass transaction call data',
    )
  }
  return {
    from: field(call, 'from', address),
    to: field(call, 'to', address),
    gas: field(call, 'gas', uint64),
    gasPrice: field(call, 'gasPrice', uint256),
    maxFeePerGas: field(call, 'maxFeePerGas', uint256),
    maxPriorityFeePerGas: field(call, 'maxPriorityFeePerGas', uint256),
    value: field(call, 'value', uint256) ?? 0n,
    nonce: field(call, 'nonce', uint64),
    input: input ?? data ?? '0x',
    chainId: field(call, 'chainId', uint256),
    accessList: field(call, 'accessList', accessList),
    authorizationList: field(call, 'authorizationList', authorizationList),
  }
}

/** Checks what does not need state. @throws RpcError in geth's words. */
export function requireConsistent(call: CallParameters, chainId: bigint): void {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = call
  if (
    gasPrice !== undefined &&
    (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined)
  ) {
    throw serverError('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
  }
  if (call.chainId !== undefined && call.chainId !== chainId) {
    throw serverError(`chainId does not match node's (have=${call.chainId}, want=${chainId})`)
  }
}

/** Entries of an object, with keys and values parsed. */
function mapOf<K, V>(
  type: string,
  key: Parse<K>,
  value: Parse<V>,
  limit: number,
): Parse<ReadonlyMap<K, V>> {
  return (source) => {
    const entries = Object.entries(recordOf(type)(source).values)
    if (entries.length > limit) throw new ParameterError(`more than ${limit} entries`)
    return new Map(entries.map(([name, each]) => [key(name), value(each)]))
  }
}

const slots: Parse<ReadonlyMap<Hash32, Hash32>> = mapOf(
  'map[common.Hash]common.Hash',
  storageKey,
  storageKey,
  LIST_LIMIT,
)

const accountOverride: Parse<AccountOverride> = (value) => {
  const override = recordOf('ethapi.OverrideAccount')(value)
  const state = field(override, 'state', slots)
  const stateDiff = field(override, 'stateDiff', slots)
  return {
    balance: field(override, 'balance', uint256),
    nonce: field(override, 'nonce', uint64),
    code: field(override, 'code', hexData),
    state,
    stateDiff,
  }
}

/** The third parameter of `eth_call`. */
export const stateOverrides: Parse<ReadonlyMap<Address, AccountOverride>> = (value) => {
  const overrides = accountOverrides(value)
  for (const [account, { state, stateDiff }] of overrides) {
    if (state !== undefined && stateDiff !== undefined) {
      throw serverError(`account ${checksummed(account)} has both 'state' and 'stateDiff'`)
    }
  }
  return overrides
}

const accountOverrides: Parse<ReadonlyMap<Address, AccountOverride>> = mapOf(
  'ethapi.StateOverride',
  address,
  accountOverride,
  OVERRIDE_LIMIT,
)

/** The fourth parameter of `eth_call`. */
export const blockOverrides: Parse<BlockOverrides> = (value) => {
  const override = recordOf('ethapi.BlockOverrides')(value)
  return {
    number: field(override, 'number', blockNumber),
    timestamp: field(override, 'time', uint64),
    gasLimit: field(override, 'gasLimit', uint64),
    coinbase: field(override, 'feeRecipient', address) ?? field(override, 'coinbase', address),
    prevRandao: field(override, 'prevRandao', hash32) ?? field(override, 'random', hash32),
    baseFeePerGas: field(override, 'baseFeePerGas', uint256) ?? field(override, 'baseFee', uint256),
  }
}

/** Pretends nothing. */
export const NO_BLOCK_OVERRIDES: BlockOverrides = {
  number: undefined,
  timestamp: undefined,
  gasLimit: undefined,
  coinbase: undefined,
  prevRandao: undefined,
  baseFeePerGas: undefined,
}
