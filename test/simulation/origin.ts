import { type BlockNumber, type Hash32, toBlockNumber } from '@mosaic/primitives'
import { nameHash } from './model.ts'

/** Blocks between the head of origin and what it calls final. */
const LAG = 2

/** A chain of hashes that may take back what it called final. */
export type SimOrigin = {
  readonly head: () => BlockNumber
  readonly finalNumber: () => BlockNumber
  readonly hashAt: (number: bigint) => Hash32 | undefined
  readonly extend: (blocks: number) => void
  /** Other blocks in the place of the newest, and one more. */
  readonly reorganise: (depth: number) => void
}

/** Origin with its genesis block. */
export function createOrigin(): SimOrigin {
  let made = 0
  const hashes: Hash32[] = []
  const extend = (blocks: number): void => {
    for (let i = 0; i < blocks; i++) hashes.push(nameHash('0a', made++))
  }
  extend(1)
  return {
    head: () => toBlockNumber(BigInt(hashes.length - 1)),
    finalNumber: () => toBlockNumber(BigInt(Math.max(0, hashes.length - 1 - LAG))),
    hashAt: (number) => hashes[Number(number)],
    extend,
    reorganise: (depth) => {
      const gone = Math.min(depth, hashes.length - 1)
      hashes.splice(hashes.length - gone, gone)
      extend(gone + 1)
    },
  }
}
