import type { Hash32 } from '@mosaic/primitives'
import { METHODS, type MethodName } from './messages.ts'
import type { RefusalReason } from './request-errors.ts'

/**
 * One stream per request. The requester writes one frame and half-closes. The responder writes frames of a result byte
 * and a raw snappy block, and half-closes, which ends the response. A result other than {@link OK} is an index in
 * {@link REASONS} plus one, its payload a reason as text, and it is the last frame.
 */
export const OK = 0

/** The refusals by result byte, from 1. */
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
