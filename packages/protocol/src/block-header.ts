import {
  type BlockNumber,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  decodeRlp,
  type Hash32,
  InvalidValueError,
  keccak256,
  toBlockNumber,
} from '@mosaic/primitives'

/** What the protocol reads from the RLP of an Ethereum block header of any fork. */
export type BlockHeaderFields = {
  readonly hash: Hash32
  readonly parentHash: Hash32
  readonly stateRoot: Hash32
  readonly transactionsRoot: Hash32
  readonly number: BlockNumber
  readonly gasUsed: bigint
  /** Seconds since 1970. */
  readonly timestamp: bigint
}

/** Sizes in bytes of the fixed fields; undefined: an integer of at most 32 bytes, or extra data at index 12. */
const FIXED_SIZES: readonly (number | undefined)[] = [
  32,
  32,
  20,
  32,
  32,
  32,
  256,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  32,
  8,
]
const NUMBER = 8
const GAS_USED = 10
const TIMESTAMP = 11
const EXTRA_DATA = 12
const MIN_FIELDS = 15
const MAX_FIELDS = 32

/**
 * Reads a header and its hash. Zero integers are legal in every place (empty blocks, post-merge difficulty).
 *
 * @throws InvalidValueError if `rlp` is no canonical list of 15 to 32 strings with the sizes of a header.
 */
export function readBlockHeader(rlp: Uint8Array): BlockHeaderFields {
  const decoded = decodeRlp(rlp, 1)
  if (decoded instanceof Uint8Array) throw new InvalidValueError('a header list', 'a string')
  if (decoded.length < MIN_FIELDS || decoded.length > MAX_FIELDS) {
    throw new InvalidValueError(`a header of ${MIN_FIELDS} to ${MAX_FIELDS} fields`, decoded.length)
  }
  const fields = decoded.map((field, index) => readField(field, index))
  const hash = (index: number): Hash32 => bytesToHash32(fields[index] ?? new Uint8Array())
  const integer = (index: number): bigint => bytesToBigint(fields[index] ?? new Uint8Array())
  return {
    hash: keccak256(rlp),
    parentHash: hash(0),
    stateRoot: hash(3),
    transactionsRoot: hash(4),
    number: toBlockNumber(integer(NUMBER)),
    gasUsed: integer(GAS_USED),
    timestamp: integer(TIMESTAMP),
  }
}

function readField(field: unknown, index: number): Uint8Array {
  if (!(field instanceof Uint8Array))
    throw new InvalidValueError(`a string at field ${index}`, 'a list')
  const size = FIXED_SIZES[index]
  if (size !== undefined && field.length !== size) {
    throw new InvalidValueError(`${size} bytes at field ${index}`, field.length)
  }
  if (size === undefined && index < EXTRA_DATA && (field.length > 32 || field[0] === 0)) {
    throw new InvalidValueError(`an integer at field ${index}`, bytesToHex(field))
  }
  return field
}
