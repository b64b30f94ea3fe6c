import type { BlockNumber, Hash32 } from '@mosaic/primitives'

/** What the choice between two valid heads depends on. */
export type Head = {
  readonly totalDifficulty: bigint
  readonly number: BlockNumber
  /** Place of the head's signer among those in force when it sealed, ascending from 0. */
  readonly signerIndex: number
  /** How many those are; 0 for genesis, which nobody sealed. */
  readonly signerCount: number
  readonly hash: Hash32
}

/**
 * Negative if `a` is the better head, positive if `b` is, 0 only for the same: most total difficulty, then lowest number, then
 * largest (number - signer index) mod signer count, then lowest hash. A total order, so that no two nodes stay on equal forks.
 *
 * Spec: EIP-3436. Besu prefers the smallest in the third step; any rule works that all nodes share.
 */
export function compareHeads(a: Head, b: Head): number {
  return (
    compare(b.totalDifficulty, a.totalDifficulty) ||
    compare(a.number, b.number) ||
    compare(turnDistance(b), turnDistance(a)) ||
    compare(a.hash, b.hash)
  )
}

function turnDistance({ number, signerIndex, signerCount }: Head): bigint {
  if (signerCount === 0) return 0n
  const count = BigInt(signerCount)
  return (((number - BigInt(signerIndex)) % count) + count) % count
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
