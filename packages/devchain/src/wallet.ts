import type { ExecutionLayer, OwnTransaction } from '@mosaic/execution'
import {
  type Address,
  bytesToHex,
  concatBytes,
  type Hash32,
  type Hex,
  hexToBytes,
  InvalidValueError,
  keccak256,
  utf8ToBytes,
} from '@mosaic/primitives'
import { ERROR_CODE, type FilledTransaction, RpcError, type WalletPort } from '@mosaic/rpc'
import type { DevAccount } from './accounts.ts'
import { hashTypedData } from './typed-data.ts'

/** The accounts of a chain for tests, and who else may be sent for. */
export type Wallet = WalletPort & {
  readonly impersonate: (address: Address, on: boolean) => void
  readonly impersonateAll: (on: boolean) => void
}

/** Creates the wallet of known accounts. */
export function createWallet(execution: ExecutionLayer, accounts: readonly DevAccount[]): Wallet {
  const keys = new Map(accounts.map(({ address, secretKey }) => [address, hexToBytes(secretKey)]))
  const impersonated = new Set<Address>()
  let impersonatesAll = false

  const sign = (address: Address, digest: Hash32): Hex => {
    const key = keys.get(address)
    if (key === undefined) throw unknownAccount()
    const { compact, recovery } = execution.sign(hexToBytes(digest), key)
    return bytesToHex(concatBytes(compact, Uint8Array.of(27 + recovery)))
  }
  return {
    accounts: () => accounts.map(({ address }) => address),
    canSend: (address) => keys.has(address) || impersonatesAll || impersonated.has(address),
    signTransaction: (filled) => {
      const fields = toOwnTransaction(filled)
      const key = keys.get(filled.from)
      if (key !== undefined) return execution.signTransaction(fields, key).raw
      if (!impersonatesAll && !impersonated.has(filled.from)) throw unknownAccount()
      return execution.impersonateTransaction(fields, filled.from).raw
    },
    signMessage: (address, message) =>
      sign(
        address,
        keccak256(
          concatBytes(utf8ToBytes(`\u0019Ethereum Signed Message:\n${message.length}`), message),
        ),
      ),
    signTypedData: (address, data) => sign(address, digestOf(data)),
    impersonate: (address, on) => {
      if (on) impersonated.add(address)
      else impersonated.delete(address)
    },
    impersonateAll: (on) => {
      impersonatesAll = on
    },
  }
}

function digestOf(data: Readonly<Record<string, unknown>>): Hash32 {
  try {
    return hashTypedData(data)
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error
    throw new RpcError(ERROR_CODE.invalidParameters, error.message)
  }
}

function unknownAccount(): RpcError {
  return new RpcError(ERROR_CODE.server, 'unknown account')
}

function toOwnTransaction(filled: FilledTransaction): OwnTransaction {
  const { type, nonce, gas, to, value, input, accessList, authorizationList } = filled
  const cap = filled.gasPrice ?? filled.maxFeePerGas ?? 0n
  return {
    type,
    nonce,
    gasLimit: gas,
    maxFeePerGas: cap,
    maxPriorityFeePerGas: filled.maxPriorityFeePerGas ?? cap,
    to,
    value,
    data: hexToBytes(input),
    accessList,
    authorizations: authorizationList,
  }
}
