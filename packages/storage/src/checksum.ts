import { crc32 } from 'node:zlib'
import { bytesToHex } from '@mosaic/primitives'
import { CorruptRecordError } from './errors.ts'

/** Bytes before the value: CRC-32 of key on disk and value, big-endian. */
const CHECKSUM_BYTES = 4

/** The record for `value` under `diskKey`. The checksum covers the key, so a value in the wrong place is noticed too. */
export function addChecksum(diskKey: Uint8Array, value: Uint8Array): Uint8Array {
  const record = new Uint8Array(CHECKSUM_BYTES + value.length)
  new DataView(record.buffer).setUint32(0, crc32(value, crc32(diskKey)))
  record.set(value, CHECKSUM_BYTES)
  return record
}

/** The value of a record. @throws {@link CorruptRecordError} unless its checksum is right. */
export function removeChecksum(space: string, diskKey: Uint8Array, record: Uint8Array): Uint8Array {
  const where = { space, key: bytesToHex(diskKey.subarray(1)) }
  if (record.length < CHECKSUM_BYTES) {
    throw new CorruptRecordError(
      where,
      `at least ${CHECKSUM_BYTES} bytes`,
      `${record.length} bytes`,
    )
  }
  const value = record.subarray(CHECKSUM_BYTES)
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  const written = view.getUint32(0)
  const actual = crc32(value, crc32(diskKey))
  if (written !== actual) {
    throw new CorruptRecordError(where, `checksum ${hex(written)}`, `checksum ${hex(actual)}`)
  }
  return value
}

function hex(checksum: number): string {
  return `0x${checksum.toString(16).padStart(8, '0')}`
}
