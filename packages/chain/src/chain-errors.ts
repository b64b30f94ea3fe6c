import type { AuthorityFault } from '@mosaic/authority'
import type { BlockCodecFault, ExecutionFault } from '@mosaic/execution'
import type { BlockNumber, Hash32 } from '@mosaic/primitives'

/** Why a block was not taken. */
export type ChainFault =
  /** The sender: no block, badly sealed, or its execution gives something else. */
  | BlockCodecFault
  | AuthorityFault
  | ExecutionFault
  /** Nobody: we do not have its parent. */
  | {
      readonly code: 'CHAIN_UNKNOWN_PARENT'
      readonly parentHash: Hash32
      readonly number: BlockNumber
    }
  /** The sender: it lies on a branch that leaves out a finalized checkpoint. */
  | {
      readonly code: 'CHAIN_CONFLICTS_WITH_FINALITY'
      readonly finalized: Hash32
      readonly number: BlockNumber
    }
