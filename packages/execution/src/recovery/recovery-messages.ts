import { type Address, bytesToAddress } from '@mosaic/primitives'

/** Encoded transactions, one behind the other in one buffer. */
export type RecoveryRequest = {
  readonly id: number
  readonly chainId: bigint
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where each ends. */
  readonly ends: Uint32Array
}

/** One record for each transaction of a request, in order. */
export type RecoveryAnswer = { readonly id: number; readonly records: Uint8Array<ArrayBuffer> }

/** Hash of the transaction, whether it has a sender, the sender. */
const RECORD_SIZE = 32 + 1 + 20

/** Whose transaction that of `hash` is. */
export type RecoveredSender = { readonly hash: Uint8Array; readonly sender: Address }

export function packRequest(
  id: number,
  chainId: bigint,
  raws: readonly Uint8Array[],
): RecoveryRequest {
  const ends = new Uint32Array(raws.length)
  let size = 0
  for (const [index, raw] of raws.entries()) {
    size += raw.length
    ends[index] = size
  }
  const bytes = new Uint8Array(size)
  for (const [index, raw] of raws.entries()) bytes.set(raw, (ends[index] ?? 0) - raw.length)
  return { id, chainId, bytes, ends }
}

export function* unpackRequest({ bytes, ends }: RecoveryRequest): Generator<Uint8Array> {
  let start = 0
  for (const end of ends) {
    yield bytes.subarray(start, end)
    start = end
  }
}

/** @param found a sender, or undefined for a transaction that has none. */
export function packAnswer(
  id: number,
  found: readonly { readonly hash: Uint8Array; readonly sender: Uint8Array | undefined }[],
): RecoveryAnswer {
  const records = new Uint8Array(found.length * RECORD_SIZE)
  for (const [index, { hash, sender }] of found.entries()) {
    const at = index * RECORD_SIZE
    records.set(hash, at)
    if (sender === undefined) continue
    records[at + 32] = 1
    records.set(sender, at + 33)
  }
  return { id, records }
}

export function unpackAnswer({
  records,
}: RecoveryAnswer): readonly (RecoveredSender | undefined)[] {
  return Array.from({ length: records.length / RECORD_SIZE }, (_, index) => {
    const record = records.subarray(index * RECORD_SIZE, (index + 1) * RECORD_SIZE)
    if (record[32] !== 1) return undefined
    return { hash: record.subarray(0, 32), sender: bytesToAddress(record.subarray(33)) }
  })
}
