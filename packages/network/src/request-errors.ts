import { CodedError } from '@mosaic/primitives'

/** Why a peer does not answer: the request is wrong, the peer is not able to, does not have it, or was asked too often. */
export type RefusalReason = 'invalid' | 'failed' | 'unavailable' | 'rate-limited'

/** A request that the serving side refuses; a handler throws it, the requester receives it. */
export class RequestRefusedError extends CodedError<{
  readonly code: 'REQUEST_REFUSED'
  readonly reason: RefusalReason
}> {
  override readonly name = 'RequestRefusedError'

  constructor(reason: RefusalReason, message: string) {
    super({ code: 'REQUEST_REFUSED', reason }, `request refused (${reason}): ${message}`)
  }
}

/** An exchange that broke: the peer is gone, too slow, or sent what the protocol forbids. */
export class RequestFailedError extends CodedError<{
  readonly code: 'REQUEST_FAILED'
  readonly reason: 'not-connected' | 'timeout' | 'reset' | 'violation' | 'stopped'
}> {
  override readonly name = 'RequestFailedError'

  constructor(
    reason: 'not-connected' | 'timeout' | 'reset' | 'violation' | 'stopped',
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super({ code: 'REQUEST_FAILED', reason }, message, options)
  }
}
