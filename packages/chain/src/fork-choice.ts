import { compareHeads } from '@mosaic/authority'
import type { BlockRecord } from './block-record.ts'

/**
 * Compares two heads of valid chains that both contain every checkpoint known to be finalized; negative when `a` is the better head.
 *
 * Highest justified height in the head's own state, then EIP-3436 (docs/protocol.md §6).
 */
export function compareRecords(a: BlockRecord, b: BlockRecord): number {
  if (a.auxiliary.justified.height !== b.auxiliary.justified.height) {
    return a.auxiliary.justified.height > b.auxiliary.justified.height ? -1 : 1
  }
  return compareHeads(toHead(a), toHead(b))
}

function toHead(record: BlockRecord): Parameters<typeof compareHeads>[0] {
  const { signers } = record.snapshot
  return {
    totalDifficulty: record.totalDifficulty,
    number: record.header.number,
    signerIndex: record.signer === undefined ? 0 : signers.indexOf(record.signer),
    signerCount: signers.length,
    hash: record.hash,
  }
}
