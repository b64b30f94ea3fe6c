/**
 * Values with brands, hex, bytes and RLP, coded errors and verdicts. Depends on nothing of ours.
 *
 * @packageDocumentation
 */
export { type ByteKey, fromByteKey, toByteKey } from './byte-key.ts'
export {
  bigintToBytes,
  bytesToBigint,
  concatBytes,
  equalBytes,
  hexToBytes,
  toWord,
  utf8ToBytes,
  writeHex,
} from './bytes.ts'
export { checksummed } from './checksum.ts'
export {
  accept,
  CodedError,
  type ErrorShape,
  InvalidValueError,
  refuse,
  type Verdict,
} from './errors.ts'
export { keccak256, keccak256Bytes, useKeccak } from './keccak.ts'
export { createQueue, type Queue } from './queue.ts'
export { createRecent } from './recent.ts'
export { decodeRlp, encodeRlp, integerToRlp, type RlpItem, splitRlpList } from './rlp.ts'
export {
  type Address,
  type BlockNumber,
  type Brand,
  bytesToAddress,
  bytesToHash32,
  bytesToHex,
  type Dynasty,
  type Gas,
  type Hash32,
  type Height,
  type Hex,
  type MetaHeight,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toHex,
  toMetaHeight,
  toWeight,
  type Weight,
  ZERO_ADDRESS,
  ZERO_HASH,
} from './values.ts'
export { readWord, writeWord } from './words.ts'
