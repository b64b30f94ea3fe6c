import { type CountedVote, countedVotes, encodeSignedVote, linkMessage } from '@mosaic/chain'
import type { Hash32, Height } from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  normaliseSignature,
  originIdentifier,
  voteDigest,
} from '@mosaic/protocol'
import type { SendVoteOutcome, SignedVoteView, VoteQuery, VoteView } from '@mosaic/rpc'
import type { MosaicContext, RpcContext } from './context.ts'

/** Reads and takes votes. */
export type VoteViews = {
  readonly find: (query: VoteQuery) => Promise<readonly VoteView[]>
  readonly send: (vote: SignedVoteView) => Promise<SendVoteOutcome>
}

/** Creates the votes of one node. */
export function createVoteViews(
  context: Pick<RpcContext, 'chain' | 'syncProgress'> &
    Pick<MosaicContext, 'store' | 'votes' | 'intake' | 'gossipVote'>,
): VoteViews {
  const { chain, store, votes, intake } = context
  const { definition } = chain
  const domain = domainSeparator(definition.identity)
  const auxiliary = coreIdentifier(definition.identity)
  const origin = originIdentifier(definition.identity.originChainId)

  const ofHeight = async (about: Hash32, height: Height): Promise<readonly VoteView[]> => {
    const views = new Map<string, VoteView>()
    const put = (vote: Omit<CountedVote, 'blockHash'>, blockHash: Hash32 | undefined): void => {
      const key = `${vote.link}${vote.validator}`
      if (views.has(key)) return
      const number = blockHash && chain.database.record(blockHash)?.header.number
      views.set(key, {
        message: vote.vote,
        signature: vote.signature,
        link: vote.link,
        validator: vote.validator,
        blockNumber: number,
      })
    }
    for (const vote of await countedVotes(store, definition, about, height)) {
      if (chain.isCanonical(vote.blockHash)) put(vote, vote.blockHash)
    }
    for (const vote of votes.byHeight(about, height)) put(vote, undefined)
    return [...views.values()]
  }

  return {
    find: async (query) => {
      if (!('link' in query)) {
        return ofHeight(query.chain === 'origin' ? origin : auxiliary, query.height)
      }
      const { link } = query
      const message =
        linkMessage(store, link) ?? votes.pending().find((vote) => vote.link === link)?.vote
      if (message === undefined) return []
      const views = await ofHeight(message.chain, message.targetHeight)
      return views.filter((vote) => vote.link === link)
    },

    send: async ({ message, signature }) => {
      const compact = normaliseSignature(signature)
      if (compact === undefined) return { kind: 'rejected', message: 'improper signature' }
      const bytes = encodeSignedVote({ vote: message, signature: compact })
      const link = voteDigest(domain, message)
      const verdict = await intake.take(bytes)
      if (verdict.ok) {
        // It waits here whether or not a peer heard of it now.
        await context.gossipVote(bytes).catch(() => undefined)
        return { kind: 'accepted', link }
      }
      const { fault } = verdict
      switch (fault.code) {
        case 'VOTE_KNOWN':
          return { kind: 'accepted', link }
        case 'VOTE_MALFORMED':
          return { kind: 'rejected', message: fault.reason }
        case 'VOTE_NOT_A_VALIDATOR':
          return {
            kind: context.syncProgress() === undefined ? 'rejected' : 'deferred',
            message: `signed by ${fault.validator}, who is not in the active set`,
          }
        case 'VOTE_OUT_OF_RANGE': {
          const newest = chain.head().header.number / definition.epochLength
          return message.chain === auxiliary && message.targetHeight > newest
            ? { kind: 'deferred', message: `the newest checkpoint here is ${newest}` }
            : { kind: 'rejected', message: 'the target height is out of range' }
        }
        default:
          return fault satisfies never
      }
    },
  }
}
