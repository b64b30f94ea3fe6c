import {
  bytesToHex,
  concatBytes,
  encodeRlp,
  InvalidValueError,
  integerToRlp,
  keccak256,
  type RlpItem,
  ZERO_HASH,
} from '@mosaic/primitives'
import { readBlockHeader } from '@mosaic/protocol'
import { rowsOf, type Source } from './source.ts'

/** Where the prefixes of the list and of its fixed fields are. */
const PREFIXES = [0, 1, 2, 3, 36, 69, 90, 123, 156, 189, 190, 191] as const
const NUMBER = 8
const EXTRA_DATA = 12

/** Headers of every number of fields, and bytes that are nearly one; whether `readBlockHeader` takes them, and what it reads. */
export function createHeaderVectors() {
  const valid = rowsOf(18, 'header', (source, i) => encodeRlp(fieldsFrom(source, 15 + i)))
  const hostile = rowsOf(HOSTILE.length, 'hostile header', (source, i) =>
    HOSTILE[i]?.(fieldsFrom(source, 15 + source.below(7)), source),
  )
  const damaged = rowsOf(24, 'damaged header', (source) => {
    const bytes = Uint8Array.from(encodeRlp(fieldsFrom(source, 16)))
    // Mostly prefixes, and nothing in the bloom.
    const at = source.pick([
      ...PREFIXES,
      source.below(192),
      448 + source.below(bytes.length - 448),
      448 + source.below(40),
    ])
    bytes[at] = (bytes[at] ?? 0) ^ (1 << source.below(8))
    return bytes
  })
  return { header: [...valid, ...hostile, ...damaged].map(read) }
}

function read(rlp: Uint8Array | undefined) {
  const bytes = rlp ?? new Uint8Array()
  const row = { rlp: bytesToHex(bytes), hash: keccak256(bytes) }
  try {
    const { stateRoot, number } = readBlockHeader(bytes)
    return { ...row, accepted: true, stateRoot, number }
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error
    return { ...row, accepted: false, stateRoot: ZERO_HASH, number: 0n }
  }
}

function fieldsFrom(source: Source, count: number): RlpItem[] {
  const integer = (bits: number): Uint8Array => integerToRlp(source.integer(bits))
  const fields = [
    source.bytes(32),
    source.bytes(32),
    source.bytes(20),
    source.bytes(32),
    source.bytes(32),
    source.bytes(32),
    new Uint8Array(256),
    integer(256),
    integer(64),
    integer(64),
    integer(64),
    integer(64),
    source.bytes(source.pick([0, 1, 32, 55, 56, 97])),
    source.bytes(32),
    source.bytes(8),
  ]
  while (fields.length < count) fields.push(source.pick([integer(64), source.bytes(32)]))
  return fields
}

type Hostile = (fields: RlpItem[], source: Source) => Uint8Array

const HOSTILE: readonly Hostile[] = [
  () => new Uint8Array(),
  () => Uint8Array.of(0xc0),
  () => Uint8Array.of(0x80),
  (fields) => encodeRlp(fields.slice(0, 14)),
  (fields) => encodeRlp([...fields, ...Array.from({ length: 18 }, () => new Uint8Array())]),
  (fields) => encodeRlp([fields]),
  (fields) => encodeRlp(encodeRlp(fields)),
  (fields) => encodeRlp(fields).slice(0, -1),
  (fields) => encodeRlp(fields).slice(1),
  (fields) => concatBytes(encodeRlp(fields), Uint8Array.of(0)),
  (fields) => concatBytes(encodeRlp(fields), Uint8Array.of(0x80)),
  // The length in three bytes, the first of which is zero.
  (fields) => {
    const canonical = encodeRlp(fields)
    return concatBytes(Uint8Array.of(0xfa, 0), canonical.subarray(1))
  },
  ...[0, 1, 2, 3, 4, 5, 6, 13, 14].flatMap((index): Hostile[] => [
    (fields, source) => encodeRlp(fields.with(index, source.bytes(index === 14 ? 9 : 31))),
    (fields) => encodeRlp(fields.with(index, new Uint8Array())),
  ]),
  ...[7, 8, 9, 10, 11].flatMap((index): Hostile[] => [
    (fields) => encodeRlp(fields.with(index, Uint8Array.of(0))),
    (fields) => encodeRlp(fields.with(index, Uint8Array.of(0, 1))),
    (fields, source) =>
      encodeRlp(fields.with(index, concatBytes(Uint8Array.of(1), source.bytes(32)))),
  ]),
  (fields) => encodeRlp(fields.with(NUMBER, integerToRlp(2n ** 64n))),
  (fields) => encodeRlp(fields.with(NUMBER, integerToRlp(2n ** 256n - 1n))),
  (fields) => encodeRlp(fields.with(EXTRA_DATA, [])),
  (fields) => encodeRlp(fields.with(EXTRA_DATA, new Uint8Array(300))),
  (fields) => encodeRlp([...fields.slice(0, 15), []]),
  // One byte below 0x80 as a string of one byte, in place of itself.
  (fields) => {
    const short = encodeRlp(fields.with(EXTRA_DATA, Uint8Array.of(0x81, 5)))
    const at = short.findIndex(
      (byte, i) => byte === 0x82 && short[i + 1] === 0x81 && short[i + 2] === 5,
    )
    const body = concatBytes(short.subarray(3, at), short.subarray(at + 1))
    return concatBytes(encodeListPrefix(body.length), body)
  },
]

/** For lists of 256 to 65535 bytes, as all headers are. */
function encodeListPrefix(length: number): Uint8Array {
  return Uint8Array.of(0xf9, length >> 8, length & 0xff)
}
