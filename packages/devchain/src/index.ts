/**
 * A chain for tests: in one call, in this process, with the blocks of a node and hands to turn its time and its state.
 *
 * @packageDocumentation
 */
export type { NamedAbi } from './abi-names.ts'
export { accountOf, DEFAULT_MNEMONIC, DERIVATION_PATH, type DevAccount } from './accounts.ts'
export { createDevChain, type DevChain } from './dev-chain.ts'
export type { Compatibility, DevChainOptions } from './options.ts'
export {
  createProvider,
  type Provider,
  ProviderError,
  type ProviderEvent,
  type ProviderListener,
  type ProviderRequest,
} from './provider.ts'
export { createWallet, type Wallet } from './wallet.ts'
