import { compareHeads } from '@mosaic/authority'
import type { BlockRecord } from './block-record.ts'

/** What fork choice looks at of a block. */
export type ForkChoiceRecord = Pick<BlockRecord, 'hash' | 'totalDifficulty' | 'signer'> & {
  readonly header: Pick<BlockRecord['header'], 'number'>
  readonly auxiliary: Pick<BlockRecord['auxiliary'], 'justified'>
  readonly snapshot: Pick<BlockRecord['snapshot'], 'signers'>
}

/**
 * Compares two heads of valid chains that both contain every checkpoint known to be finalized; negative when `a` is the better head.
 *
 * Highest justified height in the head's own state, then EIP-3436 (docs/protocol.md §6).
 *
 * @param parentOf the parent of a head: its signers are those in force when the head was sealed.
 */
export function compareRecords<T extends ForkChoiceRecord>(
  a: T,
  b: T,
  parentOf: (record: T) => T,
): number {
  if (a.auxiliary.justified.height !== b.auxiliary.justified.height) {
    return a.auxiliary.justified.height > b.auxiliary.justified.height ? -1 : 1
  }
  return compareHeads(toHead(a, parentOf), toHead(b, parentOf))
}

function toHead<T extends ForkChoiceRecord>(
  record: T,
  parentOf: (record: T) => T,
): Parameters<typeof compareHeads>[0] {
  const { totalDifficulty, signer, hash } = record
  const { number } = record.header
  if (signer === undefined) return { totalDifficulty, number, signerIndex: 0, signerCount: 0, hash }
  const { signers } = parentOf(record).snapshot
  const signerIndex = signers.indexOf(signer)
  return { totalDifficulty, number, signerIndex, signerCount: signers.length, hash }
}
