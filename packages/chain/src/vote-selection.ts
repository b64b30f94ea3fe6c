import type { AuthorityHeader } from '@mosaic/authority'
import {
  decodeSubmitVotes,
  encodeSubmitVotes,
  PREDEPLOYS,
  type VoteResult,
} from '@mosaic/contracts'
import { type Address, bytesToHex, hexToBytes } from '@mosaic/primitives'
import type { Chain } from './chain.ts'
import type { PendingVote, VotePool } from './vote-pool.ts'

/** Votes asked about in one call. */
const VOTES_PER_CALL = 64
/** Calls per block: more votes than these take part in turns. */
const MAX_CALLS = 16

/** Outcomes after which a vote counts on no branch, or counts already. */
const FINAL_OUTCOMES: ReadonlySet<VoteResult | undefined> = new Set([
  'already-recorded',
  'too-old',
  'signature-invalid',
  'signer-slashed',
  // The source is justified, so its T̃ is known for good.
  'transition-wrong',
])

/**
 * At most `limit` of the pending votes that the gadget would count in the next block. Those that can never count leave the pool; those that
 * wait for a justification or for a block stay.
 *
 * Validators take turns, so that one whose votes do not count keeps out nobody else's.
 */
export async function selectVotes(
  chain: Chain,
  pool: VotePool,
  at: AuthorityHeader,
  feeRecipient: Address,
  limit: number,
): Promise<readonly PendingVote[]> {
  const queue = takeTurns(pool.pending(), at.number)
  const chosen: PendingVote[] = []
  for (let call = 0; call < MAX_CALLS && chosen.length < limit; call++) {
    const asked = queue.slice(call * VOTES_PER_CALL, (call + 1) * VOTES_PER_CALL)
    if (asked.length === 0) break
    const result = await chain.execution.queries.call(at, feeRecipient, {
      from: feeRecipient,
      to: PREDEPLOYS.finalityGadget,
      data: hexToBytes(encodeSubmitVotes(asked)),
    })
    if (!result.ok) break
    const outcomes = decodeSubmitVotes(bytesToHex(result.value.returned))
    for (const [index, vote] of asked.entries()) {
      const outcome = outcomes[index]
      if (outcome === 'recorded') chosen.push(vote)
      if (FINAL_OUTCOMES.has(outcome)) pool.remove(vote.link, vote.validator)
    }
  }
  return chosen.slice(0, limit)
}

/** The first vote of each validator, then the second of each, and so on; another one begins in each block if not all get their turn. */
export function takeTurns(votes: readonly PendingVote[], number: bigint): readonly PendingVote[] {
  const taken = new Map<Address, number>()
  const queue = votes
    .map((vote) => {
      const round = taken.get(vote.validator) ?? 0
      taken.set(vote.validator, round + 1)
      return { vote, round }
    })
    .toSorted((a, b) => a.round - b.round)
    .map(({ vote }) => vote)
  const perBlock = VOTES_PER_CALL * MAX_CALLS
  if (queue.length <= perBlock) return queue
  const start = Number((number * BigInt(perBlock)) % BigInt(queue.length))
  return [...queue.slice(start), ...queue.slice(0, start)]
}
