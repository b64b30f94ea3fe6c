import type { AuthorityRules } from '@mosaic/authority'
import type { BlockNumber, Hash32 } from '@mosaic/primitives'
import type { CoreIdentity } from '@mosaic/protocol'

/** What a chain is, beside its genesis block. */
export type ChainDefinition = {
  /** Clique: seconds between blocks, blocks between signer lists. */
  readonly rules: AuthorityRules
  /** A: blocks per checkpoint. */
  readonly epochLength: bigint
  /** O: origin blocks per checkpoint. */
  readonly originEpochLength: bigint
  /** §2.9. */
  readonly maxVoteAge: bigint
  readonly identity: CoreIdentity
  /** Root of the observation of origin. */
  readonly originRoot: {
    readonly number: BlockNumber
    readonly hash: Hash32
    readonly stateRoot: Hash32
  }
  /** K̃_1, active from genesis. */
  readonly kernelHash: Hash32
}
