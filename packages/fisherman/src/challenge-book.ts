import {
  type BlockNumber,
  bigintToBytes,
  bytesToBigint,
  concatBytes,
  toBlockNumber,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { FishermanStore } from './ports.ts'

/** Which challenges were brought, by name; on disk. */
export type ChallengeBook = {
  /** The origin block that took it; undefined if it was not brought. */
  readonly broughtAt: (name: string) => BlockNumber | undefined
  /** On disk, synced, when the promise resolves. */
  readonly remember: (name: string, at: BlockNumber) => Promise<void>
}

const BROUGHT = 6

/** Opens the book of a store. */
export function createChallengeBook(store: FishermanStore): ChallengeBook {
  return {
    broughtAt: (name) => {
      const value = store.get(keyOf(name))
      return value && toBlockNumber(bytesToBigint(value))
    },
    remember: (name, at) =>
      store.batch([{ key: keyOf(name), value: bigintToBytes(at, 8) }], { sync: true }),
  }
}

function keyOf(name: string): Uint8Array {
  return concatBytes(Uint8Array.of(BROUGHT), utf8ToBytes(name))
}
