import { isSameVote } from '@mosaic/finality'
import {
  type Address,
  bigintToBytes,
  concatBytes,
  type Hash32,
  type Height,
  hexToBytes,
} from '@mosaic/primitives'
import type { Neighbours } from './conflict.ts'
import { decodeVote, encodeVote, type SignedVote } from './evidence.ts'
import type { FishermanStore, FishermanWrite } from './ports.ts'

/** Votes seen, of validators that have not offended. On disk in full; of each validator and chain the highest targets also in memory. */
export type VoteHistory = {
  readonly neighbours: (vote: SignedVote) => Promise<Neighbours>
  /** Keeps a vote that conflicts with none. Whether it was kept: too many beyond the horizon are not. */
  readonly add: (vote: SignedVote, horizon: Height) => Promise<boolean>
  /** Drops all votes of a validator. */
  readonly forget: (validator: Address) => Promise<void>
}

/** Bounds of a history. */
export type HistoryLimits = {
  /** Votes in memory per validator and chain. */
  readonly recent: number
  /** Validators times chains of which votes are in memory. */
  readonly windows: number
  /** Votes kept per validator and chain whose target no honest vote can have yet; at most `recent`. */
  readonly ahead: number
}

/** About 10 MB for 512 validators. */
export const DEFAULT_LIMITS: HistoryLimits = { recent: 32, windows: 2048, ahead: 16 }

/** Votes by target height, and which target the first vote with a source has. */
const BY_TARGET = 1
const BY_SOURCE = 2
const FORGOTTEN_AT_ONCE = 1000

/** The votes with the highest targets, by target. */
type Window = { readonly votes: SignedVote[]; isWhole: boolean }

/** Opens the history on a store. */
export function createVoteHistory(store: FishermanStore, limits: HistoryLimits): VoteHistory {
  /** Least recently used first. */
  const windows = new Map<string, Window>()

  const read = async (
    from: Uint8Array,
    to: Uint8Array,
    options: { readonly limit: number; readonly reverse?: boolean },
  ): Promise<SignedVote[]> => {
    const votes: SignedVote[] = []
    for await (const [, value] of store.entries({ from, to, ...options })) {
      votes.push(decodeVote(value))
    }
    return votes
  }

  const windowOf = async (chain: Hash32, validator: Address): Promise<Window> => {
    const name = `${validator}${chain}`
    let window = windows.get(name)
    if (window === undefined) {
      const prefix = prefixOf(BY_TARGET, chain, validator)
      const votes = await read(prefix, endOf(prefix), {
        limit: limits.recent,
        reverse: true,
      })
      window = { votes: votes.toReversed(), isWhole: votes.length < limits.recent }
    }
    windows.delete(name)
    windows.set(name, window)
    const [oldest] = windows.keys()
    if (windows.size > limits.windows && oldest !== undefined) windows.delete(oldest)
    return window
  }

  return {
    neighbours: async ({ vote: { chain, targetHeight, source }, validator }) => {
      const { votes, isWhole } = await windowOf(chain, validator)
      const prefix = prefixOf(BY_TARGET, chain, validator)
      const here = targetKey(prefix, targetHeight)
      const place = placeOf(votes, targetHeight)
      const found = votes[place]
      const none = { same: undefined, below: undefined, above: undefined, sameSource: undefined }
      // Either this very vote, or a double vote.
      if (found?.vote.targetHeight === targetHeight) return { ...none, same: found }
      const sourceTarget = store.get(sourceKey(chain, validator, source))
      const bySource = sourceTarget && store.get(concatBytes(prefix, sourceTarget))
      const sameSource = bySource && decodeVote(bySource)
      if (place > 0 || isWhole) {
        return { ...none, below: votes[place - 1], above: found, sameSource }
      }
      // Older than what is in memory.
      const [first] = await read(here, endOf(prefix), { limit: 1 })
      if (first?.vote.targetHeight === targetHeight) return { ...none, same: first }
      const [below] = await read(prefix, here, { limit: 1, reverse: true })
      return { ...none, below, above: first, sameSource }
    },

    add: async (vote, horizon) => {
      const { chain, source, targetHeight } = vote.vote
      const { validator } = vote
      const window = await windowOf(chain, validator)
      const { votes } = window
      const place = placeOf(votes, targetHeight)
      const known = votes[place]
      if (known !== undefined && isSameVote(known.vote, vote.vote)) return true
      const ahead = votes.filter((v) => v.vote.targetHeight > horizon).length
      if (targetHeight > horizon && ahead >= limits.ahead) return false
      const prefix = prefixOf(BY_TARGET, chain, validator)
      const writes: FishermanWrite[] = [
        { key: targetKey(prefix, targetHeight), value: encodeVote(vote) },
      ]
      const bySource = sourceKey(chain, validator, source)
      if (store.get(bySource) === undefined) {
        writes.push({ key: bySource, value: bigintToBytes(targetHeight, 8) })
      }
      await store.batch(writes)
      // Unless the window is whole it is full: what is older than all in it goes at once.
      votes.splice(place, 0, vote)
      if (votes.length > limits.recent) {
        votes.shift()
        window.isWhole = false
      }
      return true
    },

    forget: async (validator) => {
      for (const name of windows.keys()) if (name.startsWith(validator)) windows.delete(name)
      for (const kind of [BY_TARGET, BY_SOURCE]) {
        const prefix = concatBytes(Uint8Array.of(kind), hexToBytes(validator))
        for (;;) {
          const writes: FishermanWrite[] = []
          const range = { from: prefix, to: endOf(prefix), limit: FORGOTTEN_AT_ONCE }
          for await (const [key] of store.entries(range)) writes.push({ key, value: undefined })
          if (writes.length === 0) break
          await store.batch(writes)
        }
      }
    },
  }
}

/** Index of the first vote whose target is not below a height. */
function placeOf(votes: readonly SignedVote[], target: Height): number {
  let low = 0
  let high = votes.length
  while (low < high) {
    const middle = (low + high) >> 1
    const at = votes[middle]
    if (at !== undefined && at.vote.targetHeight < target) low = middle + 1
    else high = middle
  }
  return low
}

function prefixOf(kind: number, chain: Hash32, validator: Address): Uint8Array {
  return concatBytes(Uint8Array.of(kind), hexToBytes(validator), hexToBytes(chain))
}

function targetKey(prefix: Uint8Array, target: bigint): Uint8Array {
  return concatBytes(prefix, bigintToBytes(target, 8))
}

function sourceKey(chain: Hash32, validator: Address, source: Hash32): Uint8Array {
  return concatBytes(prefixOf(BY_SOURCE, chain, validator), hexToBytes(source))
}

/** Above all keys with a prefix, of which none is longer by as much. */
function endOf(prefix: Uint8Array): Uint8Array {
  return concatBytes(prefix, new Uint8Array(72).fill(0xff))
}
