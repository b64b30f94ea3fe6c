import {
  type Address,
  bytesToBigint,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  type Hash32,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  type RlpItem,
  toAddress,
  toHash32,
} from '@mosaic/primitives'

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

/** The receipt as it is hashed into the receipts root (EIP-2718, EIP-658). */
export function encodeReceiptEnvelope(receipt: Receipt, bloom: Uint8Array): Uint8Array {
  const body = encodeRlp([
    Uint8Array.from(receipt.succeeded ? [1] : []),
    integerToRlp(receipt.cumulativeGasUsed),
    bloom,
    receipt.logs.map(logItem),
  ])
  if (receipt.type === 0) return body
  const envelope = new Uint8Array(body.length + 1)
  envelope[0] = receipt.type
  envelope.set(body, 1)
  return envelope
}

/** Receipts of a block for the store, with what the consensus form leaves out. */
export function encodeReceipts(receipts: readonly Receipt[]): Uint8Array {
  return encodeRlp(
    receipts.map((receipt) => [
      integerToRlp(BigInt(receipt.type)),
      Uint8Array.from(receipt.succeeded ? [1] : []),
      integerToRlp(receipt.cumulativeGasUsed),
      integerToRlp(receipt.gasUsed),
      integerToRlp(receipt.effectiveGasPrice),
      receipt.contract === undefined ? new Uint8Array() : hexToBytes(receipt.contract),
      receipt.logs.map(logItem),
    ]),
  )
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
      contract: address.length === 0 ? undefined : toAddress(bytesToHex(address)),
      logs: list(logs).map(readLog),
    }
  })
}

/** Encodes logs that are in no receipt: those of the end-of-block call. */
export function encodeLogs(logs: readonly Log[]): Uint8Array {
  return encodeRlp(logs.map(logItem))
}

/** @throws InvalidValueError if the bytes are not what {@link encodeLogs} makes. */
export function decodeLogs(bytes: Uint8Array): readonly Log[] {
  return list(decodeRlp(bytes)).map(readLog)
}

/** The 2048-bit bloom filter of logs (yellow paper, 4.3.1). */
export function logsBloom(
  logs: readonly Log[],
  keccak: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const bloom = new Uint8Array(256)
  for (const { address, topics } of logs) {
    for (const entry of [address, ...topics]) {
      const hash = keccak(hexToBytes(entry))
      for (const i of [0, 2, 4]) {
        const bit = (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 2047
        const at = 255 - (bit >> 3)
        bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7))
      }
    }
  }
  return bloom
}

function logItem({ address, topics, data }: Log): RlpItem {
  return [hexToBytes(address), topics.map(hexToBytes), data]
}

/** @throws InvalidValueError unless the item is address, topics and data. */
export function readLog(item: RlpItem): Log {
  const [address, topics, data] = list(item)
  return {
    address: toAddress(bytesToHex(text(address))),
    topics: list(topics).map((topic) => toHash32(bytesToHex(text(topic)))),
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
