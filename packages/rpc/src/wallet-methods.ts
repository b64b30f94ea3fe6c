import { type Address, bytesToHex, createQueue, type Hex, hexToBytes } from '@mosaic/primitives'
import { LATEST, requireHeader } from './block-reference.ts'
import {
  type CallParameters,
  callParameters,
  NO_BLOCK_OVERRIDES,
  requireConsistent,
} from './call-parameters.ts'
import type { FilledTransaction, WalletPort } from './dev-port.ts'
import { serverError } from './errors.ts'
import { isRecord, type Json, quantity } from './json.ts'
import { type MethodTable, method0, method1, method2, UNCONDITIONALLY } from './method.ts'
import { address, hexData, ParameterError, type Parse, required } from './parameters.ts'
import type { ChainPort, FeePort, NodePort, PoolPort, StatePort } from './ports.ts'
import { failureToError } from './revert.ts'
import { faultToWords } from './words.ts'

/** The data of EIP-712, as an object or as the text of one. */
const typedData: Parse<Readonly<Record<string, unknown>>> = (value) => {
  const data: unknown = typeof value === 'string' ? parseJson(value) : value
  if (!isRecord(data)) throw new ParameterError('expected typed data as an object')
  return data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ParameterError('expected typed data as JSON')
  }
}

/** Methods that sign with keys of this program. */
export function createWalletMethods(ports: {
  readonly wallet: WalletPort
  readonly node: NodePort
  readonly chain: ChainPort
  readonly state: StatePort
  readonly pool: PoolPort
  readonly fees: FeePort
}): MethodTable {
  const { wallet, node, chain, state, pool, fees } = ports

  /** What a caller left out, as geth fills it in. */
  const fill = async (call: CallParameters): Promise<FilledTransaction> => {
    requireConsistent(call, node.chainId)
    const { chainId: _checked, ...message } = call
    const [first] = wallet.accounts()
    const from = message.from ?? first
    if (from === undefined || !wallet.canSend(from)) throw serverError('unknown account')
    if (message.to === undefined && message.input === '0x') {
      throw serverError('contract creation without any data provided')
    }
    const header = await requireHeader(chain, LATEST)
    const nonce =
      message.nonce ?? pool.pendingNonce(from) ?? (await state.account(header.hash, from)).nonce
    const priced = await price(message, fees.nextBaseFee(header))
    const gas = message.gas ?? (await estimate({ ...message, from }, header.hash))
    return { ...message, ...priced, from, nonce, gas }
  }
  const estimate = async (
    message: Omit<CallParameters, 'chainId'>,
    at: Parameters<StatePort['account']>[0],
  ): Promise<bigint> => {
    const outcome = await state.estimateGas(
      { ...message, at, stateOverrides: new Map(), blockOverrides: NO_BLOCK_OVERRIDES },
      UNCONDITIONALLY,
    )
    if (outcome.kind !== 'success') throw failureToError(outcome)
    return outcome.gas
  }
  const price = async (
    message: Pick<
      CallParameters,
      'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas' | 'accessList' | 'authorizationList'
    >,
    baseFee: bigint,
  ): Promise<
    Pick<FilledTransaction, 'type' | 'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas'>
  > => {
    const { gasPrice, maxFeePerGas: cap, maxPriorityFeePerGas: tip } = message
    const { accessList, authorizationList } = message
    if (cap !== undefined && tip !== undefined && cap < tip) {
      throw serverError(`maxFeePerGas (${quantity(cap)}) < maxPriorityFeePerGas (${quantity(tip)})`)
    }
    if (gasPrice !== undefined) {
      return {
        type: accessList === undefined ? 0 : 1,
        gasPrice,
        maxFeePerGas: undefined,
        maxPriorityFeePerGas: undefined,
      }
    }
    const suggested = tip ?? (await fees.suggestTip())
    const maxFeePerGas = cap ?? baseFee * 2n + suggested
    return {
      type: authorizationList === undefined ? 2 : 4,
      gasPrice: undefined,
      maxFeePerGas,
      maxPriorityFeePerGas: suggested < maxFeePerGas ? suggested : maxFeePerGas,
    }
  }
  /** One at a time: the nonce of one is known when the pool has the one before it. */
  const { exclusive: inTurn } = createQueue()
  const accounts = method0((): Json => wallet.accounts())
  const send = async (call: CallParameters): Promise<Json> => {
    const verdict = await inTurn(async () => pool.add(wallet.signTransaction(await fill(call))))
    if (!verdict.ok) throw serverError(faultToWords(verdict.fault))
    return verdict.value
  }
  const signTypedData = method2(required(address), required(typedData), (account, data) =>
    wallet.signTypedData(account, data),
  )
  const signMessage = (account: Address, message: Hex): Hex =>
    wallet.signMessage(account, hexToBytes(message))

  return {
    eth_accounts: accounts,
    eth_requestAccounts: accounts,
    personal_listAccounts: accounts,
    eth_sendTransaction: method1(required(callParameters), send),
    eth_sendUnsignedTransaction: method1(required(callParameters), send),
    eth_signTransaction: method1(required(callParameters), async (call) =>
      bytesToHex(wallet.signTransaction(await inTurn(() => fill(call)))),
    ),
    eth_sign: method2(required(address), required(hexData), signMessage),
    personal_sign: method2(required(hexData), required(address), (message, account) =>
      signMessage(account, message),
    ),
    eth_signTypedData: signTypedData,
    eth_signTypedData_v3: signTypedData,
    eth_signTypedData_v4: signTypedData,
  }
}
