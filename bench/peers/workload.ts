import { devnetTokenAbi, devnetTokenCreationCode } from '@mosaic/contracts'
import { createDevChain } from '@mosaic/devchain'
import { bytesToHex, hexToBytes, toAddress, toHex } from '@mosaic/primitives'
import { AbiCoder, getCreateAddress, Interface } from 'ethers'

export const MNEMONIC = 'test test test test test test test test test test test junk'
export const CHAIN_ID = 31_337
/** Clients that send at the same time. */
export const LANES = 64
/** Accounts 0 and 1 are for what the server signs; each lane has one of the others. */
export const ACCOUNTS = LANES + 2

const GWEI = 1_000_000_000n
const TRANSFER_GAS = 21_000n
const TOKEN_GAS = 80_000n
const CALLS = new Interface(devnetTokenAbi)

/** Signed transactions, for each lane one after the other. */
export type Lanes = readonly (readonly string[])[]

/** What all peers are given to do: the same bytes for all of them. */
export type Workload = {
  /** Puts the token on the chain and gives some to each lane: the first transactions of account 0. */
  readonly setup: readonly string[]
  readonly token: string
  /** Asks for a balance of the token. */
  readonly balanceOf: string
  /** Signs transfers of ether, to accounts that are new. `nonce` is that of the first of each lane. */
  readonly transfers: (perLane: number, nonce: number) => Lanes
  /** Signs transfers of the token, to accounts that never had any. */
  readonly tokenTransfers: (perLane: number, nonce: number) => Lanes
}

/** Signs with the accounts of the development mnemonic. */
export async function createWorkload(): Promise<Workload> {
  await using chain = await createDevChain({ accounts: ACCOUNTS, mnemonic: MNEMONIC })
  const { execution } = chain.chain
  const [owner, , ...senders] = chain.accounts
  if (owner === undefined) throw new TypeError('expected an account')
  const token = toAddress(getCreateAddress({ from: owner.address, nonce: 0 }).toLowerCase())
  let recipients = 0xabc0_0000n
  const nextRecipient = (): string => `0x${(++recipients).toString(16).padStart(40, '0')}`
  const sign = (
    secretKey: string,
    nonce: number,
    to: string | undefined,
    data: string,
    gasLimit: bigint,
    value = 0n,
  ): string =>
    bytesToHex(
      execution.signTransaction(
        {
          nonce: BigInt(nonce),
          gasLimit,
          maxFeePerGas: 100n * GWEI,
          maxPriorityFeePerGas: GWEI,
          to: to === undefined ? undefined : toAddress(to),
          value,
          data: hexToBytes(toHex(data)),
        },
        hexToBytes(toHex(secretKey)),
      ).raw,
    )
  const lanes = (perLane: number, nonce: number, one: (key: string, nonce: number) => string) =>
    senders.map(({ secretKey }) =>
      Array.from({ length: perLane }, (_, i) => one(secretKey, nonce + i)),
    )
  const creation =
    devnetTokenCreationCode +
    AbiCoder.defaultAbiCoder().encode(['address'], [owner.address]).slice(2)
  const mint = (to: string): string => CALLS.encodeFunctionData('mint', [to, 10n ** 24n])
  return {
    setup: [
      sign(owner.secretKey, 0, undefined, creation, 3_000_000n),
      ...senders.map(({ address }, i) =>
        sign(owner.secretKey, i + 1, token, mint(address), 100_000n),
      ),
    ],
    token,
    balanceOf: CALLS.encodeFunctionData('balanceOf', [senders[0]?.address]),
    transfers: (perLane, nonce) =>
      lanes(perLane, nonce, (key, at) => sign(key, at, nextRecipient(), '0x', TRANSFER_GAS, 1n)),
    tokenTransfers: (perLane, nonce) =>
      lanes(perLane, nonce, (key, at) =>
        sign(
          key,
          at,
          token,
          CALLS.encodeFunctionData('transfer', [nextRecipient(), 1n]),
          TOKEN_GAS,
        ),
      ),
  }
}
