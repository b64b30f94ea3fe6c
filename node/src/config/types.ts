import type { Address } from '@mosaic/primitives'
import type { LogLevel } from '../logger.ts'

/** Where origin is reached, and at what depth its blocks count as final. */
export type OriginConfig = {
  readonly url: string | readonly string[]
  readonly confirmations?: bigint | undefined
}

/** How transactions to one chain are paid. Amounts in wei. */
type PayerConfig = {
  readonly keyFile: string
  readonly maxFeePerGas?: bigint | undefined
  readonly maxPriorityFeePerGas?: bigint | undefined
  readonly spendingCap?: bigint | undefined
}

/** How a relayer works, wherever it runs. */
export type RelayerRole = {
  readonly origin: PayerConfig
  readonly auxiliary: PayerConfig
  readonly maxIntervalSeconds: bigint
  readonly dryRun: boolean
  readonly reputations: boolean
  readonly team?: readonly Address[] | undefined
  readonly turnSeconds: bigint
}

/** Where Prometheus finds the metrics. */
export type MetricsConfig = { readonly host: string; readonly port: number }

/** Everything one node is told. Paths are absolute; what each member means is in the schema. */
export type NodeConfig = {
  readonly dataDir: string
  readonly genesisFile: string
  readonly origin: OriginConfig
  readonly network: {
    readonly listen: readonly string[]
    readonly announce: readonly string[]
    /** Dialled for ever. */
    readonly peers: readonly string[]
    /** When given, only these peer ids and those of `peers` may connect. */
    readonly allow?: readonly string[] | undefined
    /** While fewer peers are connected, more are looked for; 0: none but `peers`. */
    readonly wantedPeers: number
    /** Whether nodes on the local network are looked for by multicast DNS, and told where this one is. */
    readonly mdns: boolean
  }
  readonly sync: { readonly mode: 'full' | 'checkpoint' }
  readonly rpc: {
    readonly host: string
    readonly port: number
    readonly tokenSecretFile?: string | undefined
    readonly ipcPath?: string | undefined
  }
  readonly metrics?: MetricsConfig | undefined
  readonly signerKeyFile?: string | undefined
  readonly sealSigner?: { readonly url: string; readonly address: Address } | undefined
  readonly validatorKeyFile?: string | undefined
  readonly validatorSigner?:
    | { readonly url: string; readonly address: Address; readonly api: 'web3signer' | 'typed-data' }
    | undefined
  readonly fishermanKeyFile?: string | undefined
  readonly relayer?: RelayerRole | undefined
  readonly passwordFile?: string | undefined
  readonly newGuardJournal: boolean
  readonly doppelgangerCheckpoints: bigint
  readonly gasLimit: bigint
  /** Undefined: all. */
  readonly keepStates: bigint | undefined
  readonly logLevel: LogLevel
}

/** Everything a relayer is told that runs by itself. Paths are absolute. */
export type RelayerConfig = {
  readonly dataDir: string
  readonly genesisFile: string
  readonly origin: OriginConfig
  readonly auxiliary: { readonly url: string | readonly string[] }
  readonly relayer: RelayerRole
  readonly metrics?: MetricsConfig | undefined
  readonly passwordFile?: string | undefined
  readonly logLevel: LogLevel
}
