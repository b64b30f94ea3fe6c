import type { VoteMessage } from '@mosaic/protocol'

/** The slashing conditions of §2.2 that two votes can break together. */
export type Offence =
  /** Condition 1: two different votes for one target height. */
  | 'double-vote'
  /** Condition 2: one vote lies strictly inside the other's span. */
  | 'surround-vote'
  /** Condition 3: one source, two transition hashes. */
  | 'contradicting-transition'

/** Whether two votes are the same message; two signatures of one message are no offence. */
export function isSameVote(a: VoteMessage, b: VoteMessage): boolean {
  return (
    a.chain === b.chain &&
    a.transitionHash === b.transitionHash &&
    a.source === b.source &&
    a.target === b.target &&
    a.sourceHeight === b.sourceHeight &&
    a.targetHeight === b.targetHeight
  )
}

/**
 * Names the first slashing condition that two votes of one validator, signed under one domain, break together, if any.
 * Symmetric in its arguments. Who signed, and under which domain, is the caller's business.
 *
 * Spec: §2.2, conditions 1 to 3. Differs: votes about different chains never offend together (docs/protocol.md §3).
 */
export function findOffence(a: VoteMessage, b: VoteMessage): Offence | undefined {
  if (a.chain !== b.chain || isSameVote(a, b)) return undefined
  if (a.targetHeight === b.targetHeight) return 'double-vote'
  if (surrounds(a, b) || surrounds(b, a)) return 'surround-vote'
  if (a.source === b.source && a.transitionHash !== b.transitionHash) {
    return 'contradicting-transition'
  }
  return undefined
}

function surrounds(outer: VoteMessage, inner: VoteMessage): boolean {
  return outer.sourceHeight < inner.sourceHeight && inner.targetHeight < outer.targetHeight
}
