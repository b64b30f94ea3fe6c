import type { Address, Hash32, Height } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import type { SigningGuard } from './signing-guard.ts'

/** Looks out for another program that votes with the same key. */
export type DoppelgangerWatch = {
  /** Tells of a vote that was seen anywhere. */
  readonly see: (vote: VoteMessage, validator: Address) => void
  /** Whether it has been quiet for long enough; from a vote of the other program on never again. */
  readonly mayVote: () => boolean
  /** The other program's vote. */
  readonly found: () => VoteMessage | undefined
}

/**
 * Watches from the first question on until so many checkpoints have passed, before this program may vote. Not at all if the guard's last
 * vote is of the newest checkpoint or the one before: then it was this program that voted lately; nor before the first checkpoint.
 * A vote of this key above everything that the guard knows was not signed here: it is told of at any time, also later.
 *
 * @param newest height of the newest checkpoint of the head.
 */
export function createDoppelgangerWatch(parts: {
  readonly guard: Pick<SigningGuard, 'validator' | 'highestTarget'>
  /** The chain whose heights are counted. */
  readonly chain: Hash32
  readonly newest: () => Height
  readonly checkpoints: bigint
}): DoppelgangerWatch {
  const { guard, chain, newest, checkpoints } = parts
  let until: bigint | undefined
  let found: VoteMessage | undefined

  const begin = (): bigint => {
    const height = newest()
    const last = guard.highestTarget(chain)
    const wasHere = last !== undefined && last + 1n >= height
    return height === 0n || wasHere ? height : height + checkpoints
  }
  return {
    see: (vote, validator) => {
      if (validator !== guard.validator) return
      const known = guard.highestTarget(vote.chain)
      if (known === undefined || vote.targetHeight > known) found ??= vote
    },
    mayVote: () => {
      until ??= begin()
      return found === undefined && newest() >= until
    },
    found: () => found,
  }
}
