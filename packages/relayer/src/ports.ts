import type { EthereumClient, TransactionSender } from '@mosaic/origin'
import type { Address, BlockNumber, Hash32, MetaHeight } from '@mosaic/primitives'
import type { CoreIdentity } from '@mosaic/protocol'
import type { RelayTurns } from './relay-turns.ts'

/** The meta-blockchain that a relayer serves. */
export type RelayedCore = {
  readonly identity: CoreIdentity
  /** Origin block that created the core: its logs begin there. */
  readonly createdAt: BlockNumber
  readonly epochLength: bigint
  readonly originEpochLength: bigint
}

/** What a relayer does without being asked by the gas target. */
export type RelayPolicy = {
  /** Seconds since the last meta-block after which the newest finalized checkpoint is proposed though the gas target is not reached. */
  readonly maxIntervalSeconds: bigint
  /** Whether it brings validators' work and asks for weights by it, where the core's reputation changes; not unless told. */
  readonly followsReputations?: boolean
}

/** Both chains, and an account on each. The relayer reads everything it needs from them, so it can be killed at any point. */
export type RelayerPorts = {
  readonly origin: { readonly client: EthereumClient; readonly sender: TransactionSender }
  readonly auxiliary: { readonly client: EthereumClient; readonly sender: TransactionSender }
  /** Whose turn it is, of several relayers. This one does everything at once if it is left out. */
  readonly turns?: RelayTurns | undefined
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    event: string,
    fields: Record<string, unknown>,
  ) => void
}

/** What a relayer did in one step. */
export type RelayerAction =
  | { readonly kind: 'header-reported'; readonly number: BlockNumber; readonly transaction: Hash32 }
  | { readonly kind: 'kernel-confirmed'; readonly height: MetaHeight; readonly transaction: Hash32 }
  | {
      readonly kind: 'meta-block-proposed'
      readonly height: MetaHeight
      readonly transitionHash: Hash32
      readonly gasUsed: bigint
      readonly transaction: Hash32
    }
  | {
      readonly kind: 'meta-block-committed'
      readonly height: MetaHeight
      readonly transitionHash: Hash32
      readonly gasUsed: bigint
      readonly transaction: Hash32
    }
  | {
      readonly kind: 'work-recorded'
      readonly validator: Address
      /** For whose closing it voted. */
      readonly height: MetaHeight
      readonly transaction: Hash32
    }
  | {
      readonly kind: 'weight-asked'
      readonly validator: Address
      /** That stood open. */
      readonly height: MetaHeight
      readonly transaction: Hash32
    }
