import { type Address, bigintToBytes, concatBytes, hexToBytes } from '@mosaic/primitives'
import { decodeVote, encodeVote, type SignedVote } from './evidence.ts'
import type { FishermanStore } from './ports.ts'

/** Votes whose T̃ cannot be judged before their source is known. On disk and in memory, bounded per validator and in all. */
export type WaitingVotes = {
  /** Oldest first. */
  readonly all: () => readonly SignedVote[]
  /** Who signs too much that nobody can judge loses the oldest of it. */
  readonly add: (vote: SignedVote) => Promise<void>
  readonly remove: (votes: readonly SignedVote[]) => Promise<void>
  readonly of: (validator: Address) => readonly SignedVote[]
}

const WAITING = 4
const PER_VALIDATOR = 16
const IN_ALL = 4096

/** Reads the waiting votes of a store. @throws InvalidValueError if a record is none. */
export async function openWaitingVotes(store: FishermanStore): Promise<WaitingVotes> {
  const votes = new Map<string, SignedVote>()
  const range = { from: Uint8Array.of(WAITING), to: Uint8Array.of(WAITING + 1) }
  for await (const [, value] of store.entries(range)) {
    const vote = decodeVote(value)
    votes.set(nameOf(vote), vote)
  }
  const of = (validator: Address): readonly SignedVote[] =>
    [...votes.values()].filter((vote) => vote.validator === validator)
  const remove = async (gone: readonly SignedVote[]): Promise<void> => {
    if (gone.length === 0) return
    await store.batch(gone.map((vote) => ({ key: keyOf(vote), value: undefined })))
    for (const vote of gone) votes.delete(nameOf(vote))
  }

  return {
    all: () => [...votes.values()],
    of,
    remove,
    add: async (vote) => {
      if (votes.has(nameOf(vote))) return
      const own = of(vote.validator)
      const [first] = own.length < PER_VALIDATOR ? votes.values() : own
      const isFull = own.length >= PER_VALIDATOR || votes.size >= IN_ALL
      if (isFull && first !== undefined) await remove([first])
      await store.batch([{ key: keyOf(vote), value: encodeVote(vote) }])
      votes.set(nameOf(vote), vote)
    },
  }
}

function nameOf({ vote, validator }: SignedVote): string {
  return `${vote.chain}${validator}${vote.targetHeight}`
}

function keyOf({ vote, validator }: SignedVote): Uint8Array {
  return concatBytes(
    Uint8Array.of(WAITING),
    hexToBytes(validator),
    hexToBytes(vote.chain),
    bigintToBytes(vote.targetHeight, 8),
  )
}
