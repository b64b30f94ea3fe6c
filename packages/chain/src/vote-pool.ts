import { isSameVote } from '@mosaic/finality'
import type { Address, Hash32, Height } from '@mosaic/primitives'
import type { LinkVote } from './vote-index.ts'

/** A vote that waits to be carried into a block. */
export type PendingVote = LinkVote

/** Votes that were seen but not yet counted by the chain of the head. Bounded per validator. */
export type VotePool = {
  /** Whether the vote is new; a validator's oldest vote gives way when it has too many. */
  readonly add: (vote: PendingVote) => boolean
  readonly has: (link: Hash32, validator: Address) => boolean
  readonly remove: (link: Hash32, validator: Address) => void
  /** All votes, by target height. */
  readonly pending: () => readonly PendingVote[]
  readonly byHeight: (chain: Hash32, height: Height) => readonly PendingVote[]
  /** Drops votes of a chain whose target lies below a height. */
  readonly prune: (chain: Hash32, below: Height) => void
}

/** Votes kept of one validator about one chain. An honest one has at most a few uncounted. */
const KEPT_PER_VALIDATOR = 32

/** Creates an empty pool. */
export function createVotePool(): VotePool {
  /** By validator and chain, oldest first. */
  const votes = new Map<string, PendingVote[]>()
  const all = (): readonly PendingVote[] => [...votes.values()].flat()

  return {
    add: (vote) => {
      const key = keyOf(vote.vote.chain, vote.validator)
      const own = votes.get(key) ?? []
      if (own.some((known) => isSameVote(known.vote, vote.vote))) return false
      own.push(vote)
      if (own.length > KEPT_PER_VALIDATOR) own.shift()
      votes.set(key, own)
      return true
    },
    has: (link, validator) =>
      all().some((vote) => vote.link === link && vote.validator === validator),
    remove: (link, validator) => {
      for (const [key, own] of votes) {
        const left = own.filter((vote) => vote.link !== link || vote.validator !== validator)
        if (left.length === 0) votes.delete(key)
        else votes.set(key, left)
      }
    },
    pending: () => all().toSorted((a, b) => (a.vote.targetHeight < b.vote.targetHeight ? -1 : 1)),
    byHeight: (chain, height) =>
      all().filter(({ vote }) => vote.chain === chain && vote.targetHeight === height),
    prune: (chain, below) => {
      for (const [key, own] of votes) {
        const left = own.filter(({ vote }) => vote.chain !== chain || vote.targetHeight >= below)
        if (left.length === 0) votes.delete(key)
        else votes.set(key, left)
      }
    },
  }
}

function keyOf(chain: Hash32, validator: Address): string {
  return `${validator}${chain}`
}
