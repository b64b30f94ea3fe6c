import { buildExtraData } from '@mosaic/authority'
import type { ChainDefinition } from '@mosaic/chain'
import { type ChainGenesis, type GenesisAccount, HISTORY_STORAGE } from '@mosaic/execution'
import {
  type Address,
  bytesToHex,
  InvalidValueError,
  toAddress,
  toBlockNumber,
  toHex,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import { accountOf, DEFAULT_MNEMONIC, type DevAccount, deriveAccounts } from './accounts.ts'
import type { DevChainOptions } from './options.ts'

const ETHER = 10n ** 18n
const NEVER = 2n ** 48n

/** Who seals the blocks of every such chain. Fees go there. */
export const SEALER: DevAccount = accountOf('sealer of a chain for tests')

/** Code of the block-hash history contract as EIP-2935 gives it. */
const HISTORY_CODE = toHex(
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
)
/** The deterministic-deployment proxy that tools expect at a fixed address, and its runtime code. */
const CREATE2_PROXY = toAddress('0x4e59b44847b379578588920ca78fbf26c0b4956c')
const CREATE2_PROXY_CODE = toHex(
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3',
)

/** The accounts that a chain of these options gives ether to. */
export function accountsOf(options: DevChainOptions): readonly DevAccount[] {
  const count = options.accounts ?? 10
  if (!Number.isSafeInteger(count) || count < 0 || count > 10_000) {
    throw new InvalidValueError('a number of accounts from 0 to 10,000', count)
  }
  return deriveAccounts(options.mnemonic ?? DEFAULT_MNEMONIC, count)
}

/** Block 0 of these options. `time` is that of this machine. @throws InvalidValueError for an option out of range. */
export function genesisOf(
  options: DevChainOptions,
  accounts: readonly DevAccount[],
  time: bigint,
): ChainGenesis {
  const chainId = requirePositive('a chain id', options.chainId ?? 31_337n)
  const gasLimit = requirePositive('a gas limit', options.gasLimit ?? 30_000_000n)
  const balance = options.balance ?? 10_000n * ETHER
  const alloc: Record<Address, GenesisAccount> = {
    [HISTORY_STORAGE]: { nonce: 1n, code: HISTORY_CODE },
    [CREATE2_PROXY]: { nonce: 1n, code: CREATE2_PROXY_CODE },
    ...Object.fromEntries(accounts.map(({ address }) => [address, { balance }])),
    ...options.alloc,
  }
  return {
    chainId,
    timestamp: options.time === undefined ? time : BigInt(options.time),
    gasLimit,
    baseFeePerGas: BigInt(options.baseFee ?? 1_000_000_000n),
    extraData: bytesToHex(
      buildExtraData({ vanity: new Uint8Array(32), signers: [SEALER.address] }),
    ),
    alloc,
  }
}

/** What such a chain is to the package of chains: one signer, and no core that knows it. */
export function definitionOf({ chainId }: ChainGenesis): ChainDefinition {
  return {
    rules: { period: 1n, epoch: 30_000n },
    epochLength: NEVER,
    originEpochLength: NEVER,
    maxVoteAge: 0n,
    identity: { originChainId: chainId, core: ZERO_ADDRESS },
    originRoot: { number: toBlockNumber(0n), hash: ZERO_HASH, stateRoot: ZERO_HASH },
    kernelHash: ZERO_HASH,
  }
}

function requirePositive(what: string, value: bigint | number): bigint {
  const number = BigInt(value)
  if (number <= 0n || number >= 2n ** 63n)
    throw new InvalidValueError(`${what} from 1 to 2^63`, value)
  return number
}
