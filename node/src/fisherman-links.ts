import { type Chain, countedVotes, deriveTransition } from '@mosaic/chain'
import {
  type ChallengePort,
  type Checkpoint,
  type CoreFacts,
  findSealedLink,
  type LinkVotes,
} from '@mosaic/fisherman'
import type { EthereumClient } from '@mosaic/origin'
import { type Address, type Hash32, type Height, toBlockNumber, toHeight } from '@mosaic/primitives'
import { coreIdentifier, originIdentifier, type ValidatorSet } from '@mosaic/protocol'
import type { Store } from '@mosaic/storage'

/** Finalized checkpoints and links as this node has executed them. */
export type LinkReader = {
  /** Checkpoints on the branch that is finalized here, above a height, lowest first. */
  readonly checkpoints: (above: Height) => readonly Checkpoint[]
  readonly finalizingLink: ChallengePort['finalizingLink']
  /** Asks origin about the newest finalized observation. */
  readonly foreignObservation: ChallengePort['foreignObservation']
}

/** Reads links out of the votes that executed blocks have counted. */
export function createLinkReader(chain: Chain, store: Store, origin: EthereumClient): LinkReader {
  const { definition } = chain
  const auxiliary = coreIdentifier(definition.identity)
  const observed = originIdentifier(definition.identity.originChainId)

  /** The link over one epoch from a source that these validators made a supermajority. */
  const findLink = async (
    about: Hash32,
    sourceHeight: Height,
    source: Hash32,
    validators: ValidatorSet,
    slashed: ReadonlySet<Address>,
  ): Promise<LinkVotes | undefined> => {
    const votes = await countedVotes(store, definition, about, toHeight(sourceHeight + 1n))
    return findSealedLink(
      votes.filter(({ vote }) => vote.source === source && vote.sourceHeight === sourceHeight),
      validators,
      slashed,
    )
  }

  const known = new Map<Height, Checkpoint>()
  return {
    checkpoints: (above) => {
      for (const height of known.keys()) if (height <= above) known.delete(height)
      const { height: highest, hash } = chain.finalized()
      const tip = chain.database.record(hash)
      const found: Checkpoint[] = []
      if (tip === undefined) return found
      for (let number: bigint = above + 1n; number <= highest; number++) {
        const height = toHeight(number)
        const record = known.has(height) ? undefined : chain.checkpoint(tip, height)
        if (record !== undefined) {
          const parent = chain.database.record(record.header.parentHash)
          known.set(height, { height, transition: deriveTransition(record, parent) })
        }
        const checkpoint = known.get(height)
        if (checkpoint !== undefined) found.push(checkpoint)
      }
      return found
    },

    finalizingLink: async (checkpoint, validators, slashed) => {
      const tip = chain.database.record(chain.finalized().hash)
      const record = tip && chain.checkpoint(tip, checkpoint.height)
      if (record === undefined) return undefined
      const link = await findLink(auxiliary, checkpoint.height, record.hash, validators, slashed)
      return link && { ...checkpoint, link }
    },

    foreignObservation: async ({ open: { validators, slashed } }: CoreFacts) => {
      const { number, hash } = chain.head().observation
      const final = await origin.finalNumber()
      if (final === undefined || number > final) return undefined
      const originHash = (await origin.header(toBlockNumber(number)))?.hash
      if (originHash === undefined || originHash === hash) return undefined
      const height = toHeight(number / definition.originEpochLength)
      const link = await findLink(observed, height, hash, validators, slashed)
      return link && { link, originHash }
    },
  }
}
