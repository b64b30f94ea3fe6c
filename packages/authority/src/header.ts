import {
  type Address,
  type BlockNumber,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  type Hash32,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  keccak256,
  type RlpItem,
  toBlockNumber,
} from '@mosaic/primitives'
import { SEAL_BYTES, VANITY_BYTES } from './extra-data.ts'

/** A block header as EIP-225 and EIP-1559 lay it out. */
export type AuthorityHeader = {
  readonly parentHash: Hash32
  readonly uncleHash: Hash32
  /** Whom the signer votes on; zero if on nobody. Fees go to the signer, not here. */
  readonly coinbase: Address
  readonly stateRoot: Hash32
  readonly transactionsRoot: Hash32
  readonly receiptsRoot: Hash32
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  readonly difficulty: bigint
  readonly number: BlockNumber
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Seconds since 1970. */
  readonly timestamp: bigint
  /** Vanity, signers if the block begins an epoch, seal. */
  readonly extraData: Uint8Array
  readonly mixHash: Hash32
  /** 8 bytes: all ones to admit the coinbase, zeros to drop it. */
  readonly nonce: Uint8Array
  /** Absent before London only. */
  readonly baseFeePerGas?: bigint
  /** What comes after the base fee, as later forks have it. Kept for the hash; `verifyHeader` accepts none. */
  readonly extraFields?: readonly Uint8Array[]
}

const BLOOM_BYTES = 256
const NONCE_BYTES = 8
const PRE_LONDON_FIELDS = 15
const LONDON_FIELDS = 16

/** Enough for every header of a chain with 1,000 signers; refuses what is sent to be hashed at length. */
const MAX_EXTRA_DATA_BYTES = VANITY_BYTES + SEAL_BYTES + 20 * 1000

/** Headers do not change, and each is hashed by all who take part in a block. */
const hashes = new WeakMap<AuthorityHeader, Hash32>()

/** RLP of the fields in order. @throws {@link InvalidValueError} if a field has the wrong size, or follows an absent one. */
export function encodeHeader(header: AuthorityHeader): Uint8Array {
  return encodeRlp(toFields(header, header.extraData))
}

/** Hash of the header with its seal: the hash of the block. */
export function headerHash(header: AuthorityHeader): Hash32 {
  let hash = hashes.get(header)
  if (hash === undefined) {
    hash = keccak256(encodeHeader(header))
    hashes.set(header, hash)
  }
  return hash
}

/** What the signer signs: hash of the header without the seal. @throws {@link InvalidValueError} if the extra data is shorter than a seal. */
export function sealHash(header: AuthorityHeader): Hash32 {
  return keccak256(sealPreimage(header))
}

/** The header without the seal, as it is hashed to be signed. @throws {@link InvalidValueError} if the extra data is shorter than a seal. */
export function sealPreimage(header: AuthorityHeader): Uint8Array {
  const { extraData } = header
  if (extraData.length < SEAL_BYTES) {
    throw new InvalidValueError(`at least ${SEAL_BYTES} bytes of extra data`, bytesToHex(extraData))
  }
  return encodeRlp(toFields(header, extraData.subarray(0, -SEAL_BYTES)))
}

/** The 65 bytes r ‖ s ‖ y parity (0 or 1), or undefined if the extra data has no room for vanity and seal. */
export function readSeal(header: AuthorityHeader): Uint8Array | undefined {
  const { extraData } = header
  if (extraData.length < VANITY_BYTES + SEAL_BYTES) return undefined
  return extraData.slice(-SEAL_BYTES)
}

/**
 * Reads one header, of London or before; fields of later forks are kept. Whether the values make sense is for `verifyHeader`.
 *
 * @throws {@link InvalidValueError} on every encoding that `encodeHeader` would not make.
 */
export function decodeHeader(rlp: Uint8Array): AuthorityHeader {
  const item = decodeRlp(rlp, 1)
  if (item instanceof Uint8Array || item.length < PRE_LONDON_FIELDS) {
    throw new InvalidValueError(
      `a header of at least ${PRE_LONDON_FIELDS} fields`,
      item instanceof Uint8Array ? 'a string' : `${item.length} fields`,
    )
  }
  const bytesAt = (index: number, size?: number): Uint8Array => toField(item, index, size)
  const hashAt = (index: number): Hash32 => bytesToHash32(bytesAt(index, 32))
  const integerAt = (index: number, size: number): bigint => toInteger(bytesAt(index), size)
  const extraData = bytesAt(12)
  if (extraData.length > MAX_EXTRA_DATA_BYTES) {
    throw new InvalidValueError(
      `at most ${MAX_EXTRA_DATA_BYTES} bytes of extra data`,
      `${extraData.length}`,
    )
  }
  return {
    parentHash: hashAt(0),
    uncleHash: hashAt(1),
    coinbase: bytesToAddress(bytesAt(2, 20)),
    stateRoot: hashAt(3),
    transactionsRoot: hashAt(4),
    receiptsRoot: hashAt(5),
    logsBloom: bytesAt(6, BLOOM_BYTES),
    difficulty: integerAt(7, 32),
    number: toBlockNumber(integerAt(8, 8)),
    gasLimit: integerAt(9, 8),
    gasUsed: integerAt(10, 8),
    timestamp: integerAt(11, 8),
    extraData,
    mixHash: hashAt(13),
    nonce: bytesAt(14, NONCE_BYTES),
    ...(item.length >= LONDON_FIELDS && { baseFeePerGas: integerAt(15, 32) }),
    ...(item.length > LONDON_FIELDS && {
      extraFields: item.slice(LONDON_FIELDS).map((_, i) => bytesAt(LONDON_FIELDS + i)),
    }),
  }
}

function toFields(header: AuthorityHeader, extraData: Uint8Array): readonly Uint8Array[] {
  const { logsBloom, nonce, baseFeePerGas, extraFields = [] } = header
  if (logsBloom.length !== BLOOM_BYTES) {
    throw new InvalidValueError(`a bloom of ${BLOOM_BYTES} bytes`, `${logsBloom.length}`)
  }
  if (nonce.length !== NONCE_BYTES) {
    throw new InvalidValueError(`a nonce of ${NONCE_BYTES} bytes`, bytesToHex(nonce))
  }
  if (baseFeePerGas === undefined && extraFields.length > 0) {
    throw new InvalidValueError('a base fee before later fields', 'none')
  }
  return [
    hexToBytes(header.parentHash),
    hexToBytes(header.uncleHash),
    hexToBytes(header.coinbase),
    hexToBytes(header.stateRoot),
    hexToBytes(header.transactionsRoot),
    hexToBytes(header.receiptsRoot),
    logsBloom,
    integerToRlp(header.difficulty),
    integerToRlp(header.number),
    integerToRlp(header.gasLimit),
    integerToRlp(header.gasUsed),
    integerToRlp(header.timestamp),
    extraData,
    hexToBytes(header.mixHash),
    nonce,
    ...(baseFeePerGas === undefined ? [] : [integerToRlp(baseFeePerGas)]),
    ...extraFields,
  ]
}

function toField(items: readonly RlpItem[], index: number, size?: number): Uint8Array {
  const item = items[index]
  if (!(item instanceof Uint8Array)) {
    throw new InvalidValueError(
      `bytes in field ${index}`,
      item === undefined ? 'nothing' : 'a list',
    )
  }
  if (size !== undefined && item.length !== size) {
    throw new InvalidValueError(`${size} bytes in field ${index}`, bytesToHex(item))
  }
  // A copy: the header must neither change with the buffer it came in nor keep that alive.
  return item.slice()
}

function toInteger(bytes: Uint8Array, size: number): bigint {
  if (bytes.length > size || bytes[0] === 0) {
    throw new InvalidValueError(
      `an integer of at most ${size} bytes without leading zeros`,
      bytesToHex(bytes),
    )
  }
  return bytesToBigint(bytes)
}
