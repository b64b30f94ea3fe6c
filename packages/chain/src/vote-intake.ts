import { finalityGadgetViews, PREDEPLOYS } from '@mosaic/contracts'
import {
  type Address,
  accept,
  bytesToHex,
  createRecent,
  type Hash32,
  hexToBytes,
  InvalidValueError,
  refuse,
  type Verdict,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  decodeValidatorSet,
  domainSeparator,
  originIdentifier,
} from '@mosaic/protocol'
import type { BlockRecord } from './block-record.ts'
import type { Chain } from './chain.ts'
import { decodeSignedVote, recordedVotes } from './vote-index.ts'
import type { PendingVote, VotePool } from './vote-pool.ts'

/** Why a vote is not taken. */
export type VoteIntakeFault =
  /** The sender: no vote of this core, or not properly signed. */
  | { readonly code: 'VOTE_MALFORMED'; readonly reason: string }
  /** The sender, unless it is ahead of us: nobody in the active set signed it. */
  | { readonly code: 'VOTE_NOT_A_VALIDATOR'; readonly validator: Address }
  /** Nobody: seen before. */
  | { readonly code: 'VOTE_KNOWN' }
  /** Nobody: out of the range of heights that can still count. */
  | { readonly code: 'VOTE_OUT_OF_RANGE' }

/**
 * Checks votes from peers and users before they enter the pool, and puts back there what only blocks counted that have left the canonical
 * chain.
 */
export type VoteIntake = {
  readonly take: (bytes: Uint8Array) => Promise<Verdict<PendingVote, VoteIntakeFault>>
  /** Addresses of the active set at the head. */
  readonly validators: () => Promise<ReadonlySet<Address>>
  /** Stops following the head. */
  readonly close: () => void
}

/** Checkpoint heights above the newest that a vote may name: its sender may be a little ahead. */
const AHEAD = 2n

/** Votes of 16 validators about both chains for 128 checkpoints, 4 MB. */
const VOTES_REMEMBERED = 4096

/**
 * Creates the intake of one node.
 *
 * @param onVote told of every vote of an active validator, from peers, users and blocks, whether it can still count or not.
 */
export function createVoteIntake(
  chain: Chain,
  pool: VotePool,
  onVote: (vote: PendingVote) => void = () => undefined,
): VoteIntake {
  const { identity, epochLength, maxVoteAge, originEpochLength } = chain.definition
  const domain = domainSeparator(identity)
  const auxiliary = coreIdentifier(identity)
  const origin = originIdentifier(identity.originChainId)
  let cached: { readonly kernelHash: Hash32; readonly validators: ReadonlySet<Address> } | undefined

  const validators = async (): Promise<ReadonlySet<Address>> => {
    const head = chain.head()
    if (cached?.kernelHash !== head.kernelHash) {
      const set = await readValidatorSet(chain, head)
      cached = {
        kernelHash: head.kernelHash,
        validators: new Set(set.flatMap((seat) => (seat === undefined ? [] : [seat.address]))),
      }
    }
    return cached.validators
  }

  /** Votes whose signers were in an active set, by their bytes: those are seen again and again. */
  const recovered = createRecent<string, PendingVote>(VOTES_REMEMBERED)
  /** Votes that the chain of the head counted lately. They come again from every peer that is asked for its votes. */
  const counted = createRecent<string, true>(VOTES_REMEMBERED)

  const read = (bytes: Uint8Array): PendingVote =>
    recovered.get(bytesToHex(bytes)) ??
    decodeSignedVote(bytes, domain, chain.execution.recoverDigestSigner)
  const countedIn = (hash: Hash32): readonly PendingVote[] => {
    const { database } = chain
    const executed = database.receipts(hash)
    if (executed === undefined) return []
    return recordedVotes(executed, database.linkMessage).map((bytes) =>
      recovered.set(bytesToHex(bytes), read(bytes)),
    )
  }
  const close = chain.onHead(({ removed, added }) => {
    const lost = removed.flatMap(({ hash }) => countedIn(hash))
    for (const vote of lost) counted.delete(keyOf(vote))
    for (const vote of added.flatMap(({ hash }) => countedIn(hash))) {
      counted.set(keyOf(vote), true)
      pool.remove(vote.link, vote.validator)
      onVote(vote)
    }
    for (const vote of lost) if (counted.get(keyOf(vote)) === undefined) pool.add(vote)
  })

  return {
    validators,
    close,
    take: async (bytes) => {
      let vote: PendingVote
      try {
        vote = read(bytes)
      } catch (error) {
        if (!(error instanceof InvalidValueError)) throw error
        return refuse({ code: 'VOTE_MALFORMED', reason: error.message })
      }
      const { chain: about, targetHeight, sourceHeight } = vote.vote
      if (about !== auxiliary && about !== origin)
        return refuse({ code: 'VOTE_MALFORMED', reason: 'another chain' })
      if (targetHeight <= sourceHeight)
        return refuse({ code: 'VOTE_MALFORMED', reason: 'heights do not rise' })
      if (!(await validators()).has(vote.validator)) {
        return refuse({ code: 'VOTE_NOT_A_VALIDATOR', validator: vote.validator })
      }
      recovered.set(bytesToHex(bytes), vote)
      onVote(vote)
      if (counted.get(keyOf(vote)) !== undefined) return refuse({ code: 'VOTE_KNOWN' })
      const head = chain.head()
      const newest = about === auxiliary ? head.header.number / epochLength : undefined
      const justified = about === auxiliary ? newest : head.origin.justified.height
      if (newest !== undefined && targetHeight > newest + AHEAD)
        return refuse({ code: 'VOTE_OUT_OF_RANGE' })
      if (justified !== undefined && justified > targetHeight + maxVoteAge)
        return refuse({ code: 'VOTE_OUT_OF_RANGE' })
      if (about === origin && targetHeight > 2n ** 63n / originEpochLength)
        return refuse({ code: 'VOTE_OUT_OF_RANGE' })
      return pool.add(vote) ? accept(vote) : refuse({ code: 'VOTE_KNOWN' })
    },
  }
}

function keyOf({ link, validator }: PendingVote): string {
  return `${link}${validator}`
}

/** The active validator set in the state of a block. */
export async function readValidatorSet(
  chain: Chain,
  at: BlockRecord,
): Promise<ReturnType<typeof decodeValidatorSet>> {
  const result = await chain.execution.queries.call(at.header, at.signer ?? ZERO_ADDRESS, {
    to: PREDEPLOYS.finalityGadget,
    data: hexToBytes(finalityGadgetViews.validatorSet.encode()),
  })
  if (!result.ok) throw new InvalidValueError('the validator set of the head', result.fault.code)
  return decodeValidatorSet(
    hexToBytes(finalityGadgetViews.validatorSet.decode(bytesToHex(result.value.returned))),
  )
}
