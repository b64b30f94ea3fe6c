import {
  type Address,
  InvalidValueError,
  type MetaHeight,
  toWeight,
  type Weight,
} from '@mosaic/primitives'
import type { ValidatorSeat, ValidatorSet, ValidatorUpdate } from '@mosaic/protocol'
import type { StitchedWeight } from './supermajority.ts'

/** A validator over its whole life, as the core's registry holds it. */
export type ValidatorRecord = {
  readonly address: Address
  readonly index: number
  readonly weight: Weight
  /** n_0: first meta-block height. */
  readonly startHeight: MetaHeight
  /** n_e: last meta-block height; 2^64-1 until it logs out. */
  readonly endHeight: MetaHeight
}

/** Whether a validator sits in V_n: from its start height through its end height. */
export function isMember(record: ValidatorRecord, height: MetaHeight): boolean {
  return record.startHeight <= height && height <= record.endHeight
}

/** Its seat in V_n: forward unless n = n_e (eq. 6), rear unless n = n_0 (eq. 7); undefined if it is no member. */
export function seatAt(record: ValidatorRecord, height: MetaHeight): ValidatorSeat | undefined {
  if (!isMember(record, height)) return undefined
  return {
    address: record.address,
    weight: record.weight,
    forward: height < record.endHeight,
    rear: record.startHeight < height,
  }
}

/**
 * V_n by index. Trailing empty seats are kept up to `seats`, the number of seats ever taken.
 *
 * @throws InvalidValueError if a member's index is not below `seats`, or two members have one index.
 */
export function validatorSetAt(
  records: readonly ValidatorRecord[],
  height: MetaHeight,
  seats: number,
): ValidatorSet {
  const set: (ValidatorSeat | undefined)[] = Array.from({ length: seats }, () => undefined)
  for (const record of records) {
    const seat = seatAt(record, height)
    if (seat === undefined) continue
    if (record.index >= seats || set[record.index] !== undefined) {
      throw new InvalidValueError(`a free seat below ${seats} at height ${height}`, record.index)
    }
    set[record.index] = seat
  }
  return set
}

/**
 * ΔV between two sets: every index whose word differs, in index order. Heights come from `records`.
 *
 * @throws InvalidValueError if a validator in a changed seat has no record.
 */
export function diffValidatorSets(
  from: ValidatorSet,
  to: ValidatorSet,
  records: readonly ValidatorRecord[],
): readonly ValidatorUpdate[] {
  const updates: ValidatorUpdate[] = []
  for (let index = 0; index < Math.max(from.length, to.length); index++) {
    const before = from[index]
    const after = to[index]
    if (isSameSeat(before, after)) continue
    const address = (after ?? before)?.address
    const record = records.findLast((r) => r.index === index && r.address === address)
    if (record === undefined) {
      throw new InvalidValueError(`a record of ${address} in seat ${index}`, 'none')
    }
    updates.push({
      index,
      seat: after,
      startHeight: record.startHeight,
      endHeight: record.endHeight,
    })
  }
  return updates
}

/** Weights of the forward and the rear set, without the validators in `slashed` (θ = 0, §2.7). */
export function effectiveWeights(
  set: ValidatorSet,
  slashed: ReadonlySet<Address> = new Set(),
): StitchedWeight {
  return sumWeights(set, (seat) => !slashed.has(seat.address))
}

/** Weights of the seats that `counts`, over the forward and over the rear set. */
export function sumWeights(
  set: ValidatorSet,
  counts: (seat: ValidatorSeat) => boolean,
): StitchedWeight {
  let forward = 0n
  let rear = 0n
  for (const seat of set) {
    if (seat === undefined || !counts(seat)) continue
    if (seat.forward) forward += seat.weight
    if (seat.rear) rear += seat.weight
  }
  return { forward: toWeight(forward), rear: toWeight(rear) }
}

function isSameSeat(a: ValidatorSeat | undefined, b: ValidatorSeat | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.address === b.address && a.weight === b.weight && a.forward === b.forward && a.rear === b.rear
  )
}
