import { equalBytes } from '@mosaic/primitives'

/** What a vote means. */
const NONCES = {
  authorize: new Uint8Array(8).fill(0xff),
  drop: new Uint8Array(8),
} as const

/** The nonce that votes to admit the coinbase, or to drop it (which is also the nonce of no vote). */
export function voteNonce(authorize: boolean): Uint8Array {
  return (authorize ? NONCES.authorize : NONCES.drop).slice()
}

/** Whether a nonce votes to admit. */
export function isAuthorizing(nonce: Uint8Array): boolean {
  return equalBytes(nonce, NONCES.authorize)
}

/** Whether a nonce is one of the two that mean something. */
export function isVoteNonce(nonce: Uint8Array): boolean {
  return isAuthorizing(nonce) || equalBytes(nonce, NONCES.drop)
}
