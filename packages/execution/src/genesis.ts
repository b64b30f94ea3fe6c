import type { Common } from '@ethereumjs/common'
import { Account, createAddressFromString, unpadBytes } from '@ethereumjs/util'
import { type AuthorityHeader, EMPTY_UNCLE_HASH, headerHash } from '@mosaic/authority'
import {
  type Address,
  bytesToHash32,
  bytesToHex,
  type Hash32,
  type Hex,
  hexToBytes,
  toAddress,
  toBlockNumber,
  toHash32,
  toHex,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT } from '@mosaic/protocol'
import type { Block } from './block.ts'
import { createCommon } from './common.ts'
import type { Crypto } from './crypto.ts'
import { PredeployFailedError } from './errors.ts'
import { createMachine } from './machine.ts'
import { State, type StateWrites } from './state.ts'
import { EMPTY_ROOT } from './trie.ts'

/** An account at genesis. Zero-valued slots are dropped. */
export type GenesisAccount = {
  /** Wei. */
  readonly balance?: bigint
  readonly nonce?: bigint
  readonly code?: Hex
  readonly storage?: Readonly<Record<Hash32, Hash32>>
}

/** What defines block 0. */
export type ChainGenesis = {
  readonly chainId: bigint
  /** Seconds since 1970. */
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly baseFeePerGas: bigint
  /** 32 bytes vanity, signers ascending, 65 zero bytes (EIP-225). */
  readonly extraData: Hex
  readonly alloc: Readonly<Record<Address, GenesisAccount>>
}

/** Makes block 0 and its state. A pure function of the genesis. */
export async function createGenesisBlock(
  genesis: ChainGenesis,
  crypto: Crypto,
): Promise<{ readonly block: Block; readonly writes: StateWrites }> {
  const state = new State(crypto.keccak256, { node: () => undefined, code: () => undefined })
  for (const [address, account] of Object.entries(genesis.alloc).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    await putGenesisAccount(state, toAddress(address), account)
  }
  const header: AuthorityHeader = {
    parentHash: ZERO_HASH,
    uncleHash: EMPTY_UNCLE_HASH,
    coinbase: ZERO_ADDRESS,
    stateRoot: bytesToHash32(state.computeRoot()),
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(256),
    difficulty: 1n,
    number: toBlockNumber(0n),
    gasLimit: genesis.gasLimit,
    gasUsed: 0n,
    timestamp: genesis.timestamp,
    extraData: hexToBytes(genesis.extraData),
    mixHash: ZERO_HASH,
    nonce: new Uint8Array(8),
    baseFeePerGas: genesis.baseFeePerGas,
  }
  return {
    block: { hash: headerHash(header), header, transactions: [], signer: undefined },
    writes: state.takeWrites(),
  }
}

async function putGenesisAccount(
  state: State,
  address: Address,
  account: GenesisAccount,
): Promise<void> {
  const at = createAddressFromString(address)
  await state.putAccount(at, new Account(account.nonce ?? 0n, account.balance ?? 0n))
  if (account.code !== undefined && account.code !== '0x')
    await state.putCode(at, hexToBytes(account.code))
  for (const [slot, value] of Object.entries(account.storage ?? {})) {
    const bytes = unpadBytes(hexToBytes(value))
    if (bytes.length > 0) await state.putStorage(at, hexToBytes(slot), bytes)
  }
}

/**
 * Runs creation code in a throw-away EVM and returns what it leaves, to be placed at a fixed address of a genesis.
 *
 * @throws {@link PredeployFailedError} if the constructor reverts; its return data is in the message.
 */
export async function runConstructor(
  creationCode: Hex,
  chainId: bigint,
  crypto: Crypto,
): Promise<GenesisAccount> {
  const common: Common = createCommon(chainId, crypto)
  const state = new State(
    crypto.keccak256,
    { node: () => undefined, code: () => undefined },
    EMPTY_ROOT,
  )
  const { vm } = await createMachine(common, state, () => undefined)
  const { execResult, createdAddress } = await vm.evm.runCall({
    data: hexToBytes(creationCode),
    gasLimit: 1_000_000_000n,
  })
  if (execResult.exceptionError !== undefined || createdAddress === undefined) {
    throw new PredeployFailedError(
      execResult.exceptionError?.error ?? 'no contract',
      bytesToHex(execResult.returnValue),
    )
  }
  const storage: Record<Hash32, Hash32> = {}
  for (const [slot, value] of Object.entries(await state.dumpStorage(createdAddress))) {
    const word = toHash32(`0x${value.slice(2).padStart(64, '0')}`)
    if (word !== ZERO_HASH) storage[toHash32(slot)] = word
  }
  return { nonce: 1n, code: toHex(bytesToHex(await state.getCode(createdAddress))), storage }
}
