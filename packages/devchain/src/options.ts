import type { GenesisAccount } from '@mosaic/execution'
import type { Address, Hex } from '@mosaic/primitives'
import type { NamedAbi } from './abi-names.ts'

/** Whose dialect the chain speaks where tools ask who is there. */
export type Compatibility = 'anvil' | 'hardhat' | 'none'

/** How a chain for tests begins and behaves. Everything may be left out. */
export type DevChainOptions = {
  /** 31337 unless told. */
  readonly chainId?: bigint | number
  /** How many accounts of the mnemonic hold ether; 10 unless told. */
  readonly accounts?: number
  /** That of anvil and hardhat unless told. */
  readonly mnemonic?: string
  /** Wei of each account; 10,000 ether unless told. */
  readonly balance?: bigint
  /** Further accounts of genesis. */
  readonly alloc?: Readonly<Record<Address, GenesisAccount>>
  /** Of every block; 30,000,000 unless told. */
  readonly gasLimit?: bigint | number
  /** Wei, of genesis; 1 gwei unless told. From then on EIP-1559 rules. */
  readonly baseFee?: bigint | number
  /** When blocks are sealed: for each transaction (unless told), every so many seconds, or when asked to. */
  readonly mining?: 'auto' | 'manual' | { readonly intervalSeconds: number }
  /**
   * Unix seconds of genesis. If told, the chain's clock stands still and each block is one second after the one before, unless it is
   * moved; otherwise it is the time of this machine.
   */
  readonly time?: bigint | number
  /** Unix seconds that the chain's clock stands upon; for who turns the time of several chains. */
  readonly clock?: () => bigint
  /** Rejects the sending of a transaction that failed, though it was mined, as hardhat does; false unless `compat` is `hardhat`. */
  readonly throwOnFailure?: boolean
  /** `anvil` unless told. */
  readonly compat?: Compatibility
  /** Where lines of `console.log` in contracts go; to standard output unless told. */
  readonly onConsoleLog?: (line: string) => void
  /** Contracts whose functions and errors are called by name in traces, and whose errors are in messages of reverts. */
  readonly contracts?: readonly NamedAbi[]
  /** A dump to go on from, as `dumpState` gives it; its genesis then counts, and not that of these options. */
  readonly state?: Hex
}
