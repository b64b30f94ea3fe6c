import { type Address, concatBytes, hexToBytes, keccak256, utf8ToBytes } from '@mosaic/primitives'

/** Rounds over which fishermen that know nothing of each other spread themselves. */
const TURNS = 4n

/**
 * Whether it is this fisherman's turn to do what all fishermen see to be due. Each waits a number of rounds that follows from its address and
 * the thing's name; who comes later sees in its dry run that it is done, and pays nothing.
 */
export type Turns = {
  /** Called once per round for everything that is due; `isUrgent` ends the waiting. */
  readonly isOurs: (name: string, isUrgent?: boolean) => boolean
}

/** Creates turns. What was due before a restart waits anew. */
export function createTurns(address: Address | undefined): Turns {
  const rounds = new Map<string, bigint>()
  return {
    isOurs: (name, isUrgent = false) => {
      if (address === undefined || isUrgent) return true
      const digest = keccak256(concatBytes(hexToBytes(address), utf8ToBytes(name)))
      const waited = rounds.get(name) ?? 0n
      if (waited >= BigInt(digest) % TURNS) return true
      rounds.set(name, waited + 1n)
      return false
    },
  }
}
