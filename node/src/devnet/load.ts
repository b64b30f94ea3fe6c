import { devnetTokenAbi, devnetTokenCreationCode } from '@mosaic/contracts'
import { createTransactionSender, type EthereumClient, toQuantity } from '@mosaic/origin'
import { type Address, bytesToHex, type Hex, toAddress, toHex } from '@mosaic/primitives'
import { AbiCoder, Interface, Transaction, Wallet } from 'ethers'
import type { DevAccount } from './accounts.ts'

/** Sends real transactions at a steady rate. */
export type Load = { readonly sent: () => number; readonly stop: () => Promise<void> }

const TICK_MS = 100
const TRANSFER_GAS = 21_000n
const TOKEN_GAS = 80_000n
const token = new Interface(devnetTokenAbi)

/** Sends `perSecond` transactions: half transfers of the base coin, half ERC-20 transfers, from all accounts in turn. */
export async function startLoad(
  client: EthereumClient,
  accounts: readonly DevAccount[],
  perSecond: number,
  sleep: (ms: number) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<Load> {
  const [first] = accounts
  if (first === undefined) throw new RangeError('expected an account to send from')
  const erc20 = await deployToken(client, first, accounts, sleep)
  const wallets = accounts.map(({ secretKey }) => new Wallet(bytesToHex(secretKey)))
  /** The next nonce by account; asked anew after a failure, which may have left a gap. */
  const nonces = new Map<Address, number>()
  const nextNonce = async (address: Address): Promise<number> =>
    Number(
      toQuantity(await client.request('eth_getTransactionCount', [address, 'pending']), 'nonce'),
    )
  let sent = 0
  let due = 0
  const stopping = new AbortController()

  const sendOne = async (): Promise<void> => {
    const index = sent % accounts.length
    const wallet = wallets[index]
    const from = accounts[index]?.address
    const to = accounts[(index + 1) % accounts.length]?.address
    if (wallet === undefined || from === undefined || to === undefined) return
    const isToken = sent % 2 === 1
    sent++
    const nonce = nonces.get(from) ?? (await nextNonce(from))
    nonces.set(from, nonce + 1)
    const data: Hex = isToken ? toHex(token.encodeFunctionData('transfer', [to, 1n])) : '0x'
    const raw = await wallet.signTransaction(
      Transaction.from({
        type: 2,
        chainId: client.chainId,
        nonce,
        to: isToken ? erc20 : to,
        data,
        value: isToken ? 0n : 1n,
        gasLimit: isToken ? TOKEN_GAS : TRANSFER_GAS,
        maxFeePerGas: 100n * 10n ** 9n,
        maxPriorityFeePerGas: 10n ** 9n,
      }),
    )
    try {
      await client.request('eth_sendRawTransaction', [raw])
    } catch (error) {
      nonces.delete(from)
      throw error
    }
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      due += (perSecond * TICK_MS) / 1000
      const batch: Promise<void>[] = []
      for (; due >= 1; due--) batch.push(sendOne().catch(onError))
      await Promise.all(batch)
      await sleep(TICK_MS)
    }
  }
  // Waits that are aborted before `stop` is called have nobody else to tell.
  const running = run().catch(onError)
  return {
    sent: () => sent,
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

async function deployToken(
  client: EthereumClient,
  owner: DevAccount,
  holders: readonly DevAccount[],
  sleep: (ms: number) => Promise<void>,
): Promise<Address> {
  const sender = createTransactionSender(client, owner.secretKey, { sleep })
  const words = AbiCoder.defaultAbiCoder().encode(['address'], [owner.address]).slice(2)
  const { contract } = await sender.send({
    to: undefined,
    data: toHex(devnetTokenCreationCode + words),
  })
  if (contract === undefined) throw new TypeError('expected a created token')
  for (const { address } of holders) {
    await sender.send({
      to: contract,
      data: toHex(token.encodeFunctionData('mint', [address, 10n ** 24n])),
    })
  }
  return toAddress(contract)
}
