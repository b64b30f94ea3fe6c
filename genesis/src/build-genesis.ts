import { buildExtraData } from '@mosaic/authority'
import {
  type AuxiliaryConfiguration,
  type CoreParameters,
  encodeFinalityGadgetCreation,
  encodeKernelRegistryCreation,
  encodeOriginObserverCreation,
  encodeTransitionTrackerCreation,
  PREDEPLOYS,
} from '@mosaic/contracts'
import {
  type ChainGenesis,
  createGenesisBlock,
  type GenesisAccount,
  HISTORY_STORAGE,
  loadCrypto,
  runConstructor,
} from '@mosaic/execution'
import {
  type Address,
  type BlockNumber,
  bytesToHex,
  type Hash32,
  InvalidValueError,
  toAddress,
  toHex,
} from '@mosaic/primitives'
import {
  EMPTY_TRIE_ROOT,
  encodeValidatorSet,
  type Kernel,
  kernelHash,
  type ValidatorSet,
} from '@mosaic/protocol'
import { decodeDefinition } from './definition.ts'

/** What a genesis is made from, as it stands on origin. */
export type GenesisSource = {
  readonly core: Address
  readonly originChainId: bigint
  /** Block that created the core. */
  readonly createdAt: BlockNumber
  readonly openedTimestamp: bigint
  readonly parameters: CoreParameters
  readonly definition: Uint8Array
  readonly originRoot: {
    readonly number: BlockNumber
    readonly hash: Hash32
    readonly stateRoot: Hash32
  }
  readonly kernel: Kernel
  readonly validatorSet: ValidatorSet
}

/** The genesis of an auxiliary chain, and what a node must know of its core. */
export type NetworkGenesis = {
  readonly hash: Hash32
  readonly chain: ChainGenesis
  readonly clique: { readonly period: bigint; readonly epoch: bigint }
  readonly core: Address
  readonly originChainId: bigint
  readonly coreCreatedAt: BlockNumber
  readonly epochLength: bigint
  readonly originEpochLength: bigint
  readonly maxVoteAge: bigint
  readonly originRoot: {
    readonly number: BlockNumber
    readonly hash: Hash32
    readonly stateRoot: Hash32
  }
  /** K̃_1. */
  readonly kernelHash: Hash32
}

/** Code of the block-hash history contract as EIP-2935 gives it. */
const HISTORY_CODE = toHex(
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
)

/** The deterministic-deployment proxy that tools expect at a fixed address, and its runtime code. */
const CREATE2_PROXY: Address = toAddress('0x4e59b44847b379578588920ca78fbf26c0b4956c')
const CREATE2_PROXY_CODE = toHex(
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3',
)

/** Makes the genesis of a core's auxiliary chain. A pure function of what is on origin: anyone gets the same bytes. @throws InvalidValueError if the definition is none. */
export async function buildGenesis(source: GenesisSource): Promise<NetworkGenesis> {
  const { parameters, kernel, originRoot } = source
  const definition = decodeDefinition(source.definition)
  const crypto = await loadCrypto()
  const configuration: AuxiliaryConfiguration = {
    originChainId: source.originChainId,
    core: source.core,
    epochLength: parameters.epochLength,
    originEpochLength: parameters.originEpochLength,
    maxVoteAge: parameters.maxVoteAge,
    originRootNumber: originRoot.number,
    originRootHash: originRoot.hash,
    originRootStateRoot: originRoot.stateRoot,
  }
  const opened = kernelHash(kernel)
  const words = bytesToHex(encodeValidatorSet(source.validatorSet))
  const creations = {
    [PREDEPLOYS.transitionTracker]: encodeTransitionTrackerCreation(
      configuration,
      EMPTY_TRIE_ROOT,
      opened,
    ),
    [PREDEPLOYS.finalityGadget]: encodeFinalityGadgetCreation(configuration, words),
    [PREDEPLOYS.originObserver]: encodeOriginObserverCreation(configuration),
    [PREDEPLOYS.kernelRegistry]: encodeKernelRegistryCreation(configuration, kernel),
  }
  const alloc: Record<Address, GenesisAccount> = {
    [HISTORY_STORAGE]: { nonce: 1n, code: HISTORY_CODE },
    [CREATE2_PROXY]: { nonce: 1n, code: CREATE2_PROXY_CODE },
  }
  for (const [address, creation] of Object.entries(creations)) {
    alloc[toAddress(address)] = await runConstructor(creation, parameters.auxiliaryChainId, crypto)
  }
  for (const [key, balance] of Object.entries(definition.balances)) {
    const address = toAddress(key)
    if (alloc[address] !== undefined) {
      throw new InvalidValueError('balances of accounts that are no predeploy', address)
    }
    alloc[address] = { balance }
  }
  const chain: ChainGenesis = {
    chainId: parameters.auxiliaryChainId,
    timestamp: source.openedTimestamp,
    gasLimit: definition.gasLimit,
    baseFeePerGas: definition.baseFeePerGas,
    extraData: bytesToHex(
      buildExtraData({ vanity: new Uint8Array(32), signers: definition.signers.toSorted() }),
    ),
    alloc,
  }
  const { block } = await createGenesisBlock(chain, crypto)
  return {
    hash: block.hash,
    chain,
    clique: { period: definition.period, epoch: definition.cliqueEpoch },
    core: source.core,
    originChainId: source.originChainId,
    coreCreatedAt: source.createdAt,
    epochLength: parameters.epochLength,
    originEpochLength: parameters.originEpochLength,
    maxVoteAge: parameters.maxVoteAge,
    originRoot,
    kernelHash: opened,
  }
}
