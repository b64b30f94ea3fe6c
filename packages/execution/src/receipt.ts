import {
  type Address,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  decodeRlp,
  type Hash32,
  type Hex,
  hexToBytes,
  InvalidValueError,
  type RlpItem,
} from '@mosaic/primitives'
import { BackwardRlp } from './backward-rlp.ts'

/** An event. */
export type Log = {
  readonly address: Address
  readonly topics: readonly Hash32[]
  readonly data: Uint8Array
}

/** What a transaction did. */
export type Receipt = {
  readonly type: number
  readonly succeeded: boolean
  readonly cumulativeGasUsed: bigint
  readonly gasUsed: bigint
  readonly effectiveGasPrice: bigint
  readonly contract: Address | undefined
  readonly logs: readonly Log[]
}

const BLOOM_BYTES = 256
/** Of no logs; not to be changed. */
const EMPTY_BLOOM: Uint8Array = new Uint8Array(BLOOM_BYTES)
const NOTHING = new Uint8Array()
const rlp = new BackwardRlp()

/** The receipt as it is hashed into the receipts root (EIP-2718, EIP-658). */
export function encodeReceiptEnvelope(receipt: Receipt, bloom: Uint8Array): Uint8Array {
  rlp.reset()
  writeLogs(receipt.logs)
  rlp.string(bloom)
  rlp.integer(receipt.cumulativeGasUsed)
  rlp.integer(receipt.succeeded ? 1n : 0n)
  rlp.list(0)
  if (receipt.type !== 0) rlp.byte(receipt.type)
  return rlp.take()
}

/** Receipts of a block for the store, with what the consensus form leaves out. */
export function encodeReceipts(receipts: readonly Receipt[]): Uint8Array {
  rlp.reset()
  forEachBackward(receipts, writeReceipt)
  rlp.list(0)
  return rlp.take()
}

/** Encodes logs that are in no receipt: those of the end-of-block call. */
export function encodeLogs(logs: readonly Log[]): Uint8Array {
  rlp.reset()
  writeLogs(logs)
  return rlp.take()
}

function writeReceipt(receipt: Receipt): void {
  const mark = rlp.mark()
  writeLogs(receipt.logs)
  if (receipt.contract === undefined) rlp.string(NOTHING)
  else rlp.hex(receipt.contract)
  rlp.integer(receipt.effectiveGasPrice)
  rlp.integer(receipt.gasUsed)
  rlp.integer(receipt.cumulativeGasUsed)
  rlp.integer(receipt.succeeded ? 1n : 0n)
  rlp.integer(BigInt(receipt.type))
  rlp.list(mark)
}

function writeLogs(logs: readonly Log[]): void {
  const mark = rlp.mark()
  forEachBackward(logs, writeLog)
  rlp.list(mark)
}

function writeLog({ address, topics, data }: Log): void {
  const mark = rlp.mark()
  rlp.string(data)
  const beforeTopics = rlp.mark()
  forEachBackward(topics, (topic) => {
    rlp.hex(topic)
  })
  rlp.list(beforeTopics)
  rlp.hex(address)
  rlp.list(mark)
}

function forEachBackward<T>(items: readonly T[], step: (item: T) => void): void {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i]
    if (item !== undefined) step(item)
  }
}

/** @throws InvalidValueError if the bytes are not what {@link encodeReceipts} makes. */
export function decodeReceipts(bytes: Uint8Array): readonly Receipt[] {
  return list(decodeRlp(bytes)).map((item) => {
    const [type, status, cumulative, gasUsed, price, contract, logs] = list(item)
    const address = text(contract)
    return {
      type: Number(bytesToBigint(text(type))),
      succeeded: text(status).length === 1,
      cumulativeGasUsed: bytesToBigint(text(cumulative)),
      gasUsed: bytesToBigint(text(gasUsed)),
      effectiveGasPrice: bytesToBigint(text(price)),
      contract: address.length === 0 ? undefined : bytesToAddress(address),
      logs: list(logs).map(readLog),
    }
  })
}

/** @throws InvalidValueError if the bytes are not what {@link encodeLogs} makes. */
export function decodeLogs(bytes: Uint8Array): readonly Log[] {
  return list(decodeRlp(bytes)).map(readLog)
}

/** Three bits of the filter by the address or topic that sets them: contracts log the same ones again and again. */
const bloomBits = new Map<Hex, readonly number[]>()
const MOST_BLOOM_BITS = 4096

/** The 2048-bit bloom filter of logs (yellow paper, 4.3.1). @param total a filter that gets the same bits, as that of a block does. */
export function logsBloom(
  logs: readonly Log[],
  keccak: (bytes: Uint8Array) => Uint8Array,
  total?: Uint8Array,
): Uint8Array {
  if (logs.length === 0) return EMPTY_BLOOM
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const { address, topics } of logs) {
    for (const entry of [address, ...topics]) {
      const bits = bitsOf(entry, keccak)
      setBits(bloom, bits)
      if (total !== undefined) setBits(total, bits)
    }
  }
  return bloom
}

function bitsOf(entry: Hex, keccak: (bytes: Uint8Array) => Uint8Array): readonly number[] {
  const known = bloomBits.get(entry)
  if (known !== undefined) return known
  const hash = keccak(hexToBytes(entry))
  const bits = [0, 2, 4].map((i) => (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 2047)
  if (bloomBits.size >= MOST_BLOOM_BITS) bloomBits.clear()
  bloomBits.set(entry, bits)
  return bits
}

function setBits(bloom: Uint8Array, bits: readonly number[]): void {
  for (const bit of bits) {
    const at = BLOOM_BYTES - 1 - (bit >> 3)
    bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7))
  }
}

/** @throws InvalidValueError unless the item is address, topics and data. */
export function readLog(item: RlpItem): Log {
  const [address, topics, data] = list(item)
  return {
    address: bytesToAddress(text(address)),
    topics: list(topics).map((topic) => bytesToHash32(text(topic))),
    data: text(data),
  }
}

function list(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array)
    throw new InvalidValueError('a list', 'a string')
  return item
}

function text(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new InvalidValueError('a string', 'a list')
  return item
}
