import { isSameVote } from '@mosaic/finality'
import { type Address, concatBytes, hexToBytes, keccak256Bytes } from '@mosaic/primitives'
import { decodeVote, encodeVote, type SignedVote } from './evidence.ts'
import type { FishermanStore, FishermanWrite } from './ports.ts'

/**
 * What validators signed after they were found guilty. It convicts none of them again, but shows who else shares their guilt: the votes for
 * two links that exclude each other halt the core in one stroke. On disk and in memory, bounded per validator.
 */
export type GuiltyVotes = {
  readonly add: (vote: SignedVote) => Promise<void>
  readonly of: (validator: Address) => readonly SignedVote[]
  readonly forget: (validator: Address) => Promise<void>
}

const GUILTY = 5
const PER_VALIDATOR = 64

/** Reads the votes of a store. @throws InvalidValueError if a record is none. */
export async function openGuiltyVotes(store: FishermanStore): Promise<GuiltyVotes> {
  const votes = new Map<Address, SignedVote[]>()
  const range = { from: Uint8Array.of(GUILTY), to: Uint8Array.of(GUILTY + 1) }
  for await (const [, value] of store.entries(range)) {
    const vote = decodeVote(value)
    votes.set(vote.validator, [...(votes.get(vote.validator) ?? []), vote])
  }

  return {
    of: (validator) => votes.get(validator) ?? [],
    add: async (vote) => {
      const own = votes.get(vote.validator) ?? []
      if (own.some((known) => isSameVote(known.vote, vote.vote))) return
      const writes: FishermanWrite[] = [{ key: keyOf(vote), value: encodeVote(vote) }]
      const kept = [...own, vote]
      for (const gone of kept.splice(0, Math.max(0, kept.length - PER_VALIDATOR))) {
        writes.push({ key: keyOf(gone), value: undefined })
      }
      await store.batch(writes)
      votes.set(vote.validator, kept)
    },
    forget: async (validator) => {
      const own = votes.get(validator) ?? []
      await store.batch(own.map((vote) => ({ key: keyOf(vote), value: undefined })))
      votes.delete(validator)
    },
  }
}

function keyOf(vote: SignedVote): Uint8Array {
  return concatBytes(
    Uint8Array.of(GUILTY),
    hexToBytes(vote.validator),
    keccak256Bytes(encodeVote(vote)),
  )
}
