import {
  type Address,
  bigintToBytes,
  bytesToAddress,
  bytesToBigint,
  bytesToHex,
  concatBytes,
  type Hash32,
  InvalidValueError,
  keccak256,
  type MetaHeight,
  toMetaHeight,
  toWeight,
  type Weight,
} from '@mosaic/primitives'

/** One seat of the validator set at a meta-block height; an empty seat is undefined in {@link ValidatorSet}. */
export type ValidatorSeat = {
  readonly address: Address
  readonly weight: Weight
  /** Counts in the forward set (§2.7 eq. 6): not in its end height. */
  readonly forward: boolean
  /** Counts in the rear set (§2.7 eq. 7): not in its start height. */
  readonly rear: boolean
}

/** The validators of one meta-block height by index; a validator keeps its index while it is in the set. */
export type ValidatorSet = readonly (ValidatorSeat | undefined)[]

/** One changed seat of ΔV_n. */
export type ValidatorUpdate = {
  readonly index: number
  /** The seat from height n on; undefined when it becomes empty. */
  readonly seat: ValidatorSeat | undefined
  /** First meta-block height of the validator. */
  readonly startHeight: MetaHeight
  /** Last meta-block height of the validator; {@link NO_END_HEIGHT} until it logs out. */
  readonly endHeight: MetaHeight
}

/** The end height of a validator that has not logged out. */
export const NO_END_HEIGHT: MetaHeight = toMetaHeight(2n ** 64n - 1n)

/** Largest weight of one validator: 2^94 - 1. */
export const MAX_VALIDATOR_WEIGHT: Weight = toWeight(2n ** 94n - 1n)

const FORWARD_BIT = 94n
const REAR_BIT = 95n
const MAX_SEATS = 65_536

/** The 32-byte validator word: address 160 ‖ rear 1 ‖ forward 1 ‖ weight 94 bits. @throws InvalidValueError if the weight is 2^94 or more. */
export function encodeSeat(seat: ValidatorSeat | undefined): Uint8Array {
  if (seat === undefined) return new Uint8Array(32)
  if (seat.weight > MAX_VALIDATOR_WEIGHT) {
    throw new InvalidValueError('a validator weight below 2^94', seat.weight)
  }
  const flags = (seat.forward ? 1n << FORWARD_BIT : 0n) | (seat.rear ? 1n << REAR_BIT : 0n)
  return bigintToBytes((BigInt(seat.address) << 96n) | flags | seat.weight, 32)
}

/** @throws InvalidValueError unless `word` is 32 bytes, and zero when its address is. */
export function decodeSeat(word: Uint8Array): ValidatorSeat | undefined {
  if (word.length !== 32) throw new InvalidValueError('a validator word of 32 bytes', word.length)
  const value = bytesToBigint(word)
  if (value === 0n) return undefined
  if (value >> 96n === 0n)
    throw new InvalidValueError('a validator word with an address', bytesToHex(word))
  return {
    address: bytesToAddress(word.subarray(0, 20)),
    weight: toWeight(value & MAX_VALIDATOR_WEIGHT),
    forward: ((value >> FORWARD_BIT) & 1n) === 1n,
    rear: ((value >> REAR_BIT) & 1n) === 1n,
  }
}

/** The words of all seats, in index order. */
export function encodeValidatorSet(set: ValidatorSet): Uint8Array {
  return concatBytes(...set.map(encodeSeat))
}

/** @throws InvalidValueError unless `bytes` are whole validator words. */
export function decodeValidatorSet(bytes: Uint8Array): ValidatorSet {
  return chunks(bytes, 32, 'validator words').map(decodeSeat)
}

/** Commitment to a validator set, as a kernel carries it. */
export function validatorSetHash(set: ValidatorSet): Hash32 {
  return keccak256(encodeValidatorSet(set))
}

/** ΔV_n as bytes: per update the new word, then startHeight 64 ‖ endHeight 64 ‖ index 128 bits. */
export function encodeUpdates(updates: readonly ValidatorUpdate[]): Uint8Array {
  return concatBytes(
    ...updates.flatMap((update) => [
      encodeSeat(update.seat),
      bigintToBytes(update.startHeight, 8),
      bigintToBytes(update.endHeight, 8),
      bigintToBytes(BigInt(update.index), 16),
    ]),
  )
}

/** @throws InvalidValueError unless `bytes` are whole updates with indices below 65,536. */
export function decodeUpdates(bytes: Uint8Array): readonly ValidatorUpdate[] {
  return chunks(bytes, 64, 'validator updates').map((entry) => {
    const index = bytesToBigint(entry.subarray(48, 64))
    if (index >= BigInt(MAX_SEATS))
      throw new InvalidValueError('a validator index below 65536', index)
    return {
      index: Number(index),
      seat: decodeSeat(entry.subarray(0, 32)),
      startHeight: toMetaHeight(bytesToBigint(entry.subarray(32, 40))),
      endHeight: toMetaHeight(bytesToBigint(entry.subarray(40, 48))),
    }
  })
}

/** Commitment to ΔV_n, as a kernel carries it. */
export function updatesHash(updates: readonly ValidatorUpdate[]): Hash32 {
  return keccak256(encodeUpdates(updates))
}

/** V_n = ΔV_n(V_{n-1}) (eq. 5). @throws InvalidValueError if an index lies beyond the next free seat. */
export function applyUpdates(set: ValidatorSet, updates: readonly ValidatorUpdate[]): ValidatorSet {
  const next = [...set]
  for (const { index, seat } of updates) {
    if (index > next.length) throw new InvalidValueError(`a seat up to ${next.length}`, index)
    next[index] = seat
  }
  return next
}

function chunks(bytes: Uint8Array, size: number, what: string): readonly Uint8Array[] {
  if (bytes.length % size !== 0) {
    throw new InvalidValueError(`${what} of ${size} bytes each`, `${bytes.length} bytes`)
  }
  return Array.from({ length: bytes.length / size }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )
}
