import type { CoreParameters } from '@mosaic/contracts'
import { InvalidValueError, toGas, toWeight, type Weight } from '@mosaic/primitives'

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
  /** What a new core is created with. */
  readonly parameters: LocalCoreParameters
}

/** What a local core is created with, but for the contracts that are created with it. */
export type LocalCoreParameters = Omit<CoreParameters, 'token' | 'reputation'>

/** Stakes of the validators, in tokens. Each is below a third of the whole, so that any one may be down. */
export const STAKES: readonly Weight[] = [31n, 27n, 23n, 19n].map((tokens) =>
  toWeight(tokens * 1000n * 10n ** 18n),
)

/** Accounts with tokens beside the validators, so that anybody may try to join. */
export const TOKEN_HOLDERS = 2

/** How many of the validators' nodes produce blocks. */
export const PRODUCERS = 2

/** Parameters of a local core: everything is short, so that a meta-block takes seconds. */
const LOCAL_CORE: LocalCoreParameters = {
  minimumStake: toWeight(10n ** 18n),
  auxiliaryChainId: 1410n,
  epochLength: 4n,
  originEpochLength: 4n,
  maxVoteAge: 16n,
  gasTarget: toGas(50_000_000n),
  challengePeriod: 3n,
  withdrawalDelay: 30n,
  proposalBond: 10n ** 17n,
  maxJoins: 10n,
  maxLogouts: 10n,
  reporterShare: 1_000n,
  missedDynastyLoss: 10_000n,
}

/** What else a local network is made with. */
export const LOCAL: {
  /** Seconds between two blocks. */
  readonly period: bigint
  readonly gasLimit: bigint
  readonly maxIntervalSeconds: bigint
} = { period: 1n, gasLimit: 60_000_000n, maxIntervalSeconds: 5n }

/**
 * The local parameters with others in the place of some.
 *
 * @param words each as in `gasTarget=1000000`.
 * @throws InvalidValueError if a word is none, or names no parameter.
 */
export function toLocalCore(words: readonly string[]): LocalCoreParameters {
  const changes = words.map((word): Partial<LocalCoreParameters> => {
    const [, name, digits] = /^(\w+)=(\d+)$/.exec(word) ?? []
    if (name === undefined || digits === undefined || !(name in LOCAL_CORE))
      throw new InvalidValueError(`one of ${Object.keys(LOCAL_CORE).join(', ')} with =N`, word)
    const value = BigInt(digits)
    if (name === 'minimumStake') return { minimumStake: toWeight(value) }
    if (name === 'gasTarget') return { gasTarget: toGas(value) }
    return { [name]: value }
  })
  return Object.assign({ ...LOCAL_CORE }, ...changes)
}
