import { CodedError, type Hash32, type Hex } from '@mosaic/primitives'

/** The endpoint answered with a JSON-RPC error. */
export class RpcError extends CodedError<{
  readonly code: 'RPC_ERROR'
  readonly method: string
  readonly rpcCode: number
  /** Revert data or other data of the error, if it came as hex. */
  readonly data: Hex | undefined
}> {
  override readonly name = 'RpcError'

  constructor(method: string, rpcCode: number, text: string, data: Hex | undefined) {
    super({ code: 'RPC_ERROR', method, rpcCode, data }, `${method}: ${text} (${rpcCode})`)
  }
}

/** The endpoint could not be reached, did not answer in time, or did not answer with JSON-RPC. */
export class EndpointUnreachableError extends CodedError<{
  readonly code: 'ENDPOINT_UNREACHABLE'
  readonly method: string
}> {
  override readonly name = 'EndpointUnreachableError'

  constructor(method: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      { code: 'ENDPOINT_UNREACHABLE', method },
      `${method}: no answer from the endpoint: ${reason}`,
      {
        cause,
      },
    )
  }
}

/** The endpoint serves another chain than the one asked for. */
export class WrongChainError extends CodedError<{
  readonly code: 'WRONG_CHAIN'
  readonly expected: bigint
  readonly received: bigint
}> {
  override readonly name = 'WrongChainError'

  constructor(expected: bigint, received: bigint) {
    super(
      { code: 'WRONG_CHAIN', expected, received },
      `expected an endpoint of chain ${expected}, received one of chain ${received}`,
    )
  }
}

/** The fields of a block, encoded again, do not give the hash that the endpoint claims. */
export class HeaderMismatchError extends CodedError<{
  readonly code: 'HEADER_MISMATCH'
  readonly claimed: Hash32
  readonly computed: Hash32
}> {
  override readonly name = 'HeaderMismatchError'

  constructor(claimed: Hash32, computed: Hash32) {
    super(
      { code: 'HEADER_MISMATCH', claimed, computed },
      `expected a header that hashes to ${claimed}, received fields that hash to ${computed}`,
    )
  }
}

/** The chain asks more per gas than may be paid; nothing was sent. */
export class FeesTooHighError extends CodedError<{
  readonly code: 'FEES_TOO_HIGH'
  readonly baseFee: bigint
  readonly limit: bigint
}> {
  override readonly name = 'FeesTooHighError'

  constructor(baseFee: bigint, limit: bigint) {
    super(
      { code: 'FEES_TOO_HIGH', baseFee, limit },
      `expected a base fee below ${limit} wei per gas, received ${baseFee}; nothing was sent`,
    )
  }
}

/** A dry run: the transaction would have been sent. */
export class NotSentError extends CodedError<{
  readonly code: 'NOT_SENT'
  readonly purpose: string
  readonly gas: bigint
}> {
  override readonly name = 'NotSentError'

  constructor(purpose: string, gas: bigint) {
    super({ code: 'NOT_SENT', purpose, gas }, `a dry run sends nothing: ${purpose}, ${gas} gas`)
  }
}

/** A transaction that failed, was not seen in a block in time, or whose nonce another transaction took. */
export class TransactionFailedError extends CodedError<{
  readonly code: 'TRANSACTION_FAILED'
  readonly hash: Hash32
  readonly reason: 'reverted' | 'not-included' | 'replaced'
}> {
  override readonly name = 'TransactionFailedError'

  constructor(hash: Hash32, reason: 'reverted' | 'not-included' | 'replaced') {
    super({ code: 'TRANSACTION_FAILED', hash, reason }, `transaction ${hash} ${reason}`)
  }
}
