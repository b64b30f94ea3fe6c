import type { Chain } from '@mosaic/chain'
import type { Address } from '@mosaic/primitives'
import type { CliquePort } from '@mosaic/rpc'
import { requireRecord } from './block-views.ts'

/** The signers of a chain, and the wishes of this node for them. */
export function createCliquePort(chain: Chain, proposals: Map<Address, boolean>): CliquePort {
  return {
    snapshot: async (at) => {
      const { snapshot } = requireRecord(chain, at)
      return {
        ...snapshot,
        votes: snapshot.votes.map(({ signer, number, target, authorize }) => ({
          signer,
          block: number,
          address: target,
          authorize,
        })),
      }
    },
    sealer: ({ hash }) => (chain.database.record(hash) ?? chain.database.block(hash))?.signer,
    propose: async (address, authorise) => {
      proposals.set(address, authorise)
    },
    discard: async (address) => {
      proposals.delete(address)
    },
    proposals: () => proposals,
  }
}
