import { toBlockNumber } from '@mosaic/primitives'
import type { ChainPort } from '@mosaic/rpc'
import type { Compatibility } from './options.ts'

/** Blocks under the head at which anvil's `safe` and `finalized` stand, or genesis. */
const ANVIL_DEPTHS = { safe: 32n, finalized: 64n } as const

/**
 * Gives `safe` and `finalized` a meaning on a chain that nothing ever finalizes: that of the tool whose dialect is spoken. Without one they
 * name no block.
 */
export function nameBlocks(
  chain: ChainPort,
  headNumber: () => bigint,
  compat: Compatibility,
): ChainPort {
  if (compat === 'none') return chain
  return {
    ...chain,
    header: (reference) => {
      if (!('tag' in reference) || (reference.tag !== 'safe' && reference.tag !== 'finalized')) {
        return chain.header(reference)
      }
      if (compat === 'hardhat') return chain.header({ tag: 'latest' })
      const number = headNumber() - ANVIL_DEPTHS[reference.tag]
      return chain.header({ number: toBlockNumber(number > 0n ? number : 0n) })
    },
  }
}
