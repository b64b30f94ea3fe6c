import { type Gas, toGas, toWeight, type Weight } from '@mosaic/primitives'

/** How a local network is laid out. */
export type DevnetOptions = {
  /** Where everything is kept; undefined: a temporary folder that is removed at the end. */
  readonly dataDir: string | undefined
  /** An Ethereum endpoint to use as origin instead of an own anvil. */
  readonly originUrl: string | undefined
  /** Transactions per second to send as load; 0 for none. */
  readonly load: number
  /** Print JSON lines instead of the live view. */
  readonly json: boolean
  /** Seconds after which the network stops by itself. */
  readonly durationSeconds: number | undefined
}

/** Stakes of the validators, in tokens. Each is below a third of the whole, so that any one may be down. */
export const STAKES: readonly Weight[] = [31n, 27n, 23n, 19n].map((tokens) =>
  toWeight(tokens * 1000n * 10n ** 18n),
)

/** Accounts with tokens beside the validators, so that anybody may try to join. */
export const TOKEN_HOLDERS = 2

/** How many of the validators' nodes produce blocks. */
export const PRODUCERS = 2

/** Parameters of a local core: everything is short, so that a meta-block takes seconds. */
export const LOCAL: {
  readonly auxiliaryChainId: bigint
  readonly epochLength: bigint
  readonly originEpochLength: bigint
  readonly maxVoteAge: bigint
  readonly gasTarget: Gas
  readonly challengePeriod: bigint
  readonly withdrawalDelay: bigint
  readonly proposalBond: bigint
  readonly period: bigint
  readonly gasLimit: bigint
  readonly maxIntervalSeconds: bigint
} = {
  auxiliaryChainId: 1410n,
  epochLength: 4n,
  originEpochLength: 4n,
  maxVoteAge: 16n,
  gasTarget: toGas(50_000_000n),
  challengePeriod: 3n,
  withdrawalDelay: 30n,
  proposalBond: 10n ** 17n,
  period: 1n,
  gasLimit: 60_000_000n,
  maxIntervalSeconds: 5n,
}
