import type { Hash32 } from '@mosaic/primitives'
import { METHODS, type MethodName } from './messages.ts'
import type { RefusalReason } from './request-errors.ts'

/**
 * One stream per request. The requester writes one frame and half-closes. The responder writes frames of a result byte
 * and a payload: {@link CHUNK} and a raw snappy block, any number of times; then {@link END}, or a refusal and its reason
 * as text; and half-closes. The end is a frame of its own, since a connection that is closed in good order in the middle
 * of a response half-closes its streams just like a responder that is done.
 */
export const CHUNK = 0

/** The response is complete. */
export const END = 1

/** The result byte of the first of {@link REASONS}. */
export const FIRST_REASON = 2

/** The refusals by result byte. */
export const REASONS: readonly RefusalReason[] = [
  'invalid',
  'failed',
  'unavailable',
  'rate-limited',
]

/** Text of a refusal beyond this is cut off. */
export const MAX_REASON_BYTES = 256

/**
 * The protocol of a method. That of `status` names no chain, so that nodes of different chains understand each other far
 * enough to part.
 */
export function toProtocol(genesisHash: Hash32, name: MethodName): string {
  const { path } = METHODS[name]
  return name === 'status' ? `/mosaic/${path}` : `/mosaic/${genesisHash.slice(2)}/${path}`
}

/** The protocol of the parting message: one frame of one byte, no response. */
export const GOODBYE_PROTOCOL = '/mosaic/goodbye/1'
