import {
  type Address,
  type BlockNumber,
  bytesToHex,
  type Hash32,
  type Hex,
  toAddress,
  toBlockNumber,
  toHash32,
} from '@mosaic/primitives'
import { Transaction, Wallet } from 'ethers'
import { TransactionFailedError } from './errors.ts'
import { type EthereumClient, toQuantity, toQuantityHex } from './ethereum-client.ts'
import { isRecord } from './json-rpc.ts'

/** What a transaction did. */
export type TransactionReceipt = {
  readonly hash: Hash32
  readonly blockNumber: BlockNumber
  readonly gasUsed: bigint
  /** Address of a created contract. */
  readonly contract: Address | undefined
}

/** A call to send. */
export type TransactionRequest = {
  readonly to: Address | undefined
  readonly data: Hex
  readonly value?: bigint
}

/** Sends transactions of one account, one after the other. */
export type TransactionSender = {
  readonly address: Address
  /**
   * Estimates, signs, sends and waits for the receipt. A call that would revert is not sent.
   *
   * @throws RpcError with the revert data if the estimate fails; {@link TransactionFailedError} if it reverts all the same or is not
   * included in time; EndpointUnreachableError.
   */
  readonly send: (request: TransactionRequest) => Promise<TransactionReceipt>
}

/** How the sender waits; the timer is a port so that tests turn it by hand. */
export type SenderOptions = {
  readonly sleep: (ms: number) => Promise<void>
  /** Pause between looks for the receipt. */
  readonly pollMs?: number
  /** Looks before the transaction counts as not included. */
  readonly maxPolls?: number
}

/** A sender for a secret key on the chain of `client`. */
export function createTransactionSender(
  client: EthereumClient,
  secretKey: Uint8Array,
  { sleep, pollMs = 250, maxPolls = 480 }: SenderOptions,
): TransactionSender {
  const wallet = new Wallet(bytesToHex(secretKey))
  const address = toAddress(wallet.address)
  let queue: Promise<unknown> = Promise.resolve()

  const sendNow = async ({
    to,
    data,
    value = 0n,
  }: TransactionRequest): Promise<TransactionReceipt> => {
    const call = {
      from: address,
      ...(to === undefined ? {} : { to }),
      data,
      value: toQuantityHex(value),
    }
    const gas = toQuantity(await client.request('eth_estimateGas', [call]), 'eth_estimateGas')
    const nonce = toQuantity(
      await client.request('eth_getTransactionCount', [address, 'pending']),
      'eth_getTransactionCount',
    )
    const tip = toQuantity(
      await client.request('eth_maxPriorityFeePerGas', []),
      'eth_maxPriorityFeePerGas',
    )
    const block = await client.request('eth_getBlockByNumber', ['latest', false])
    const baseFee = isRecord(block) ? toQuantity(block['baseFeePerGas'], 'baseFeePerGas') : 0n
    const transaction = Transaction.from({
      type: 2,
      chainId: client.chainId,
      nonce: Number(nonce),
      to: to ?? null,
      data,
      value,
      gasLimit: gas + gas / 5n,
      maxPriorityFeePerGas: tip,
      maxFeePerGas: baseFee * 2n + tip,
    })
    const hash = toHash32(
      String(
        await client.request('eth_sendRawTransaction', [await wallet.signTransaction(transaction)]),
      ),
    )
    for (let poll = 0; poll < maxPolls; poll++) {
      const receipt = await client.request('eth_getTransactionReceipt', [hash])
      if (isRecord(receipt)) {
        if (receipt['status'] !== '0x1') throw new TransactionFailedError(hash, 'reverted')
        const contract = receipt['contractAddress']
        return {
          hash,
          blockNumber: toBlockNumber(toQuantity(receipt['blockNumber'], 'blockNumber')),
          gasUsed: toQuantity(receipt['gasUsed'], 'gasUsed'),
          contract: typeof contract === 'string' ? toAddress(contract) : undefined,
        }
      }
      await sleep(pollMs)
    }
    throw new TransactionFailedError(hash, 'not-included')
  }

  return {
    address,
    send: (request) => {
      const result = queue.then(() => sendNow(request))
      queue = result.catch(() => undefined)
      return result
    },
  }
}
