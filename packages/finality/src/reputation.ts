import { InvalidValueError, toWeight, type Weight } from '@mosaic/primitives'

/** R = 1, in basis points. */
export const WHOLE_REPUTATION = 10_000n

/**
 * A validator's weight (§2.7 eq. 3): its stake times its reputation, rounded down. A reputation above {@link WHOLE_REPUTATION} counts
 * as that. Twin of `ReputationFunction.weigh` in packages/contracts.
 *
 * @param reputation Basis points.
 * @throws InvalidValueError if the reputation is negative.
 */
export function reputedWeight(stake: Weight, reputation: bigint): Weight {
  if (reputation < 0n) throw new InvalidValueError('a reputation of 0 or more', reputation)
  const counted = reputation > WHOLE_REPUTATION ? WHOLE_REPUTATION : reputation
  return toWeight((stake * counted) / WHOLE_REPUTATION)
}
