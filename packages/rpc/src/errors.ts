import { CodedError } from '@mosaic/primitives'
import type { Json } from './json.ts'

/** The error codes that this server answers with. */
export const ERROR_CODE = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParameters: -32_602,
  internal: -32_603,
  server: -32_000,
  timeout: -32_002,
  rejected: -32_003,
  limit: -32_005,
  unknownBlock: -39_001,
  /** EIP-4444: blocks that this node does not have, though the chain does. */
  missingHistory: 4444,
  revert: 3,
  /** EIP-7966: a transaction was taken, but not included in time. */
  notInTime: 4,
} as const

/** An error that is answered to the client as it stands. */
export class RpcError extends CodedError<{
  readonly code: 'RPC'
  readonly rpcCode: number
  readonly data: Json | undefined
}> {
  override readonly name = 'RpcError'

  constructor(rpcCode: number, message: string, data?: Json) {
    super({ code: 'RPC', rpcCode, data }, message)
  }
}

/** A failure without a code of its own, in geth's way. */
export function serverError(message: string): RpcError {
  return new RpcError(ERROR_CODE.server, message)
}

/** For what is not offered, in the words that clients look for. */
export function methodNotFound(method: string): RpcError {
  return new RpcError(
    ERROR_CODE.methodNotFound,
    `the method ${method} does not exist/is not available`,
  )
}
