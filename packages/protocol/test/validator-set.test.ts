import {
  bytesToAddress,
  bytesToHex,
  concatBytes,
  hexToBytes,
  InvalidValueError,
  keccak256,
  toAddress,
  toMetaHeight,
  toWeight,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  applyUpdates,
  decodeSeat,
  decodeUpdates,
  decodeValidatorSet,
  encodeSeat,
  encodeUpdates,
  encodeValidatorSet,
  MAX_VALIDATOR_WEIGHT,
  NO_END_HEIGHT,
  updatesHash,
  type ValidatorSeat,
  type ValidatorUpdate,
  validatorSetHash,
} from '../src/validator-set.ts'

const ADDRESS = toAddress(`0x${'ab'.repeat(20)}`)

const seats: fc.Arbitrary<ValidatorSeat> = fc.record({
  address: fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .map((bytes) => bytesToAddress(bytes))
    .filter((address) => address !== ZERO_ADDRESS),
  weight: fc.bigInt({ min: 0n, max: MAX_VALIDATOR_WEIGHT }).map(toWeight),
  forward: fc.boolean(),
  rear: fc.boolean(),
})
const sets = fc.array(fc.option(seats, { nil: undefined }), { maxLength: 12 })
const heights = fc.bigInt({ min: 0n, max: NO_END_HEIGHT }).map(toMetaHeight)
const updates: fc.Arbitrary<ValidatorUpdate> = fc.record({
  index: fc.nat({ max: 65_535 }),
  seat: fc.option(seats, { nil: undefined }),
  startHeight: heights,
  endHeight: heights,
})

describe('the validator word', () => {
  test.each([
    [false, false, '0'],
    [true, false, '4'],
    [false, true, '8'],
    [true, true, 'c'],
  ])('has forward %s and rear %s above the weight', (forward, rear, flags) => {
    const word = encodeSeat({ address: ADDRESS, weight: toWeight(5n), forward, rear })
    expect(bytesToHex(word)).toBe(`0x${'ab'.repeat(20)}${flags}${'0'.repeat(22)}5`)
  })

  test('holds weights of up to 94 bits', () => {
    const seat = { address: ADDRESS, weight: MAX_VALIDATOR_WEIGHT, forward: false, rear: false }
    expect(bytesToHex(encodeSeat(seat))).toBe(`0x${'ab'.repeat(20)}3${'f'.repeat(23)}`)
    const heavier = { ...seat, weight: toWeight(MAX_VALIDATOR_WEIGHT + 1n) }
    expect(() => encodeSeat(heavier)).toThrow('expected a validator weight below 2^94')
  })

  test('of an empty seat is zero', () => {
    expect(encodeSeat(undefined)).toEqual(new Uint8Array(32))
    expect(decodeSeat(new Uint8Array(32))).toBeUndefined()
  })

  test('is refused without an address, or in another size', () => {
    expect(() => decodeSeat(hexToBytes(`0x${'00'.repeat(31)}01`))).toThrow(InvalidValueError)
    expect(() => decodeSeat(hexToBytes(`0x${'00'.repeat(20)}c0${'00'.repeat(11)}`))).toThrow(
      InvalidValueError,
    )
    expect(() => decodeSeat(new Uint8Array(31))).toThrow(InvalidValueError)
    expect(() => decodeSeat(new Uint8Array(33))).toThrow(InvalidValueError)
  })

  test('and the seat are each other’s inverse', () => {
    fc.assert(
      fc.property(seats, (seat) => {
        expect(decodeSeat(encodeSeat(seat))).toEqual(seat)
      }),
      { seed: 1 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (word) => {
        fc.pre(word.subarray(0, 20).some((byte) => byte !== 0))
        expect(encodeSeat(decodeSeat(word))).toEqual(word)
      }),
      { seed: 1 },
    )
  })
})

describe('a validator set', () => {
  test('is its words one after the other, and its hash that of the words', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const bytes = encodeValidatorSet(set)
        expect(bytes).toEqual(concatBytes(...set.map(encodeSeat)))
        expect(decodeValidatorSet(bytes)).toEqual(set)
        expect(validatorSetHash(set)).toBe(keccak256(bytes))
      }),
      { seed: 1 },
    )
  })

  test('is not cut in the middle of a word', () => {
    expect(() => decodeValidatorSet(new Uint8Array(33))).toThrow(
      'expected validator words of 32 bytes each, received "33 bytes"',
    )
  })

  test('has the hash of no bytes when it is empty', () => {
    expect(validatorSetHash([])).toBe(keccak256(new Uint8Array()))
    expect(updatesHash([])).toBe(keccak256(new Uint8Array()))
  })
})

describe('updates', () => {
  test('are the word, then start, end and index', () => {
    const update: ValidatorUpdate = {
      index: 3,
      seat: { address: ADDRESS, weight: toWeight(5n), forward: true, rear: false },
      startHeight: toMetaHeight(2n),
      endHeight: NO_END_HEIGHT,
    }
    expect(bytesToHex(encodeUpdates([update]))).toBe(
      `0x${'ab'.repeat(20)}4${'0'.repeat(22)}5${'0'.repeat(15)}2${'f'.repeat(16)}${'0'.repeat(31)}3`,
    )
  })

  test('and their bytes are each other’s inverse', () => {
    fc.assert(
      fc.property(fc.array(updates, { maxLength: 8 }), (list) => {
        expect(decodeUpdates(encodeUpdates(list))).toEqual(list)
        expect(updatesHash(list)).toBe(keccak256(encodeUpdates(list)))
      }),
      { seed: 1 },
    )
  })

  test('are not cut, and have no index above 65535', () => {
    const beyond = hexToBytes(`0x${'00'.repeat(48)}${(65_536).toString(16).padStart(32, '0')}`)
    expect(() => decodeUpdates(beyond)).toThrow('expected a validator index below 65536')
    expect(() => decodeUpdates(new Uint8Array(63))).toThrow(InvalidValueError)
  })
})

describe('applyUpdates', () => {
  test('puts the new words in place and leaves all others', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.option(seats, { nil: undefined })))
    fc.assert(
      fc.property(sets, changes, (set, wanted) => {
        const expected = [...set]
        const list = wanted.map(([at, seat]): ValidatorUpdate => {
          const index = at % (expected.length + 1)
          expected[index] = seat
          return { index, seat, startHeight: toMetaHeight(1n), endHeight: NO_END_HEIGHT }
        })
        const before = [...set]
        expect(applyUpdates(set, list)).toEqual(expected)
        expect(set).toEqual(before)
      }),
      { seed: 1 },
    )
  })

  test('leaves no gap', () => {
    const update = {
      index: 2,
      seat: undefined,
      startHeight: toMetaHeight(1n),
      endHeight: NO_END_HEIGHT,
    }
    expect(() => applyUpdates([undefined], [update])).toThrow('expected a seat up to 1, received 2')
  })
})
