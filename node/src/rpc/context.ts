import type { Chain, TransactionPool, VoteIntake, VotePool } from '@mosaic/chain'
import type { EthereumClient } from '@mosaic/origin'
import type { Address, BlockNumber } from '@mosaic/primitives'
import type { AccountabilityView, SyncProgress } from '@mosaic/rpc'
import type { Store } from '@mosaic/storage'
import type { TransactionIntake } from './transaction-intake.ts'

/** The parts of a node that JSON-RPC answers from. */
export type RpcContext = {
  readonly chain: Chain
  /** The store under `chain`. */
  readonly store: Store
  readonly transactions: TransactionPool
  readonly transactionIntake: TransactionIntake
  readonly votes: VotePool
  readonly intake: VoteIntake
  /** Gossips a transaction taken from a user. */
  readonly gossipTransaction: (raw: Uint8Array) => Promise<void>
  /** Gossips a vote taken from a user. */
  readonly gossipVote: (bytes: Uint8Array) => Promise<void>
  readonly peerCount: () => number
  /** Undefined when the node is not behind. */
  readonly syncProgress: () => SyncProgress | undefined
  /** Wishes for the signers, shared with the producer. */
  readonly proposals: Map<Address, boolean>
  /** The account this node votes for. */
  readonly validator: Address | undefined
  /** The account this node seals for. */
  readonly signer: Address | undefined
  /** Origin, for past kernels and meta-blocks; without it those are not known. */
  readonly origin:
    | {
        readonly client: EthereumClient
        /** Block that created the core. */
        readonly createdAt: BlockNumber
      }
    | undefined
  /** Who was punished on origin; undefined while that is not known. */
  readonly accountability: () => AccountabilityView | undefined
  /** As in `mosaic/0.1.0/linux-x64/node24`. */
  readonly clientVersion: string
}
