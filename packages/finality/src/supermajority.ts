import type { Weight } from '@mosaic/primitives'

/** Weight behind a link, or that could stand behind it, over both sets of §2.7. */
export type StitchedWeight = { readonly forward: Weight; readonly rear: Weight }

/** Whether `voted` is strictly more than two thirds of `total`; never true of an empty set. Multiplies, so nothing is rounded. */
export function isSupermajority(voted: Weight, total: Weight): boolean {
  return total > 0n && voted * 3n > total * 2n
}

/** Whether a link has a supermajority over the forward **and** the rear set (§2.7 eq. 8). */
export function isStitchedSupermajority(voted: StitchedWeight, total: StitchedWeight): boolean {
  return isSupermajority(voted.forward, total.forward) && isSupermajority(voted.rear, total.rear)
}

/** Whether more than a third of the forward or of the rear weight is gone: the threshold at which a core halts (§2.5). */
export function exceedsSafetyThreshold(slashed: StitchedWeight, total: StitchedWeight): boolean {
  return slashed.forward * 3n > total.forward || slashed.rear * 3n > total.rear
}
