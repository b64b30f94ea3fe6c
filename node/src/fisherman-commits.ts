import type { Chain } from '@mosaic/chain'
import { decodeCommitSignatures } from '@mosaic/contracts'
import type { FishermanPorts, SignedVote } from '@mosaic/fisherman'
import { type EthereumClient, isRecord } from '@mosaic/origin'
import { type Hash32, toHeight, toHex } from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  recoverSigner,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import type { CommittedMetaBlock, CoreFollower } from './fisherman-core.ts'

/**
 * The votes of seals that the core took for blocks which this node does not have: no gossip need ever have shown them. Those of each commit once
 * while this node runs; commits that went through another contract's call show only that there is such a seal.
 */
export function createCommitWatch(
  chain: Chain,
  origin: EthereumClient,
  follower: CoreFollower,
): FishermanPorts['hiddenVotes'] {
  const { identity } = chain.definition
  const read = new Set<Hash32>()

  const readVotes = async (vote: VoteMessage, transaction: Hash32): Promise<SignedVote[]> => {
    const found = await origin.request('eth_getTransactionByHash', [transaction])
    const input = isRecord(found) ? found['input'] : undefined
    const signatures = typeof input === 'string' ? decodeCommitSignatures(toHex(input)) : undefined
    const link = voteDigest(domainSeparator(identity), vote)
    return (signatures ?? []).flatMap((signature) => {
      const validator = recoverSigner(link, signature)
      return validator === undefined ? [] : [{ vote, signature, validator }]
    })
  }
  const isHidden = ({ seal }: CommittedMetaBlock): boolean =>
    seal !== undefined &&
    !read.has(seal.transaction) &&
    (chain.database.record(seal.source) === undefined ||
      chain.database.record(seal.target) === undefined)

  return async () => {
    const votes: SignedVote[] = []
    for (const commit of (await follower.read()).commits.filter(isHidden)) {
      const { seal, sourceHeight } = commit
      if (seal === undefined) continue
      const vote: VoteMessage = {
        chain: coreIdentifier(identity),
        transitionHash: seal.transitionHash,
        source: seal.source,
        target: seal.target,
        sourceHeight,
        targetHeight: toHeight(sourceHeight + 1n),
      }
      votes.push(...(await readVotes(vote, seal.transaction)))
      read.add(seal.transaction)
    }
    return votes
  }
}
