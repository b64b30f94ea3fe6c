import { describeCoreError } from '@mosaic/contracts'
import {
  type Address,
  type BlockNumber,
  bytesToHex,
  createQueue,
  type Hash32,
  type Hex,
  hexToBytes,
  keccak256,
  toAddress,
  toBlockNumber,
  ZERO_HASH,
} from '@mosaic/primitives'
import { Transaction, Wallet } from 'ethers'
import { FeesTooHighError, NotSentError, RpcError, TransactionFailedError } from './errors.ts'
import { type EthereumClient, toQuantity, toQuantityHex } from './ethereum-client.ts'
import { isRecord } from './json-rpc.ts'

/** What a transaction did. */
export type TransactionReceipt = {
  readonly hash: Hash32
  readonly blockNumber: BlockNumber
  readonly gasUsed: bigint
  /** Wei: gas times what was paid for each. The value that went along is not in it. */
  readonly cost: bigint
  /** Address of a created contract. */
  readonly contract: Address | undefined
}

/** A call to send. */
export type TransactionRequest = {
  readonly to: Address | undefined
  readonly data: Hex
  readonly value?: bigint
  /** What it is for, in the book. */
  readonly purpose?: string
}

/** A transaction that is about to leave. */
export type TransactionIntent = {
  readonly account: Address
  readonly nonce: bigint
  readonly hash: Hash32
  readonly purpose: string
  /** Wei: the most that its gas can cost. */
  readonly mostCost: bigint
}

/** Keeps what was sent and what it cost. */
export type TransactionBook = {
  /** Returns when the intent is kept. One with the nonce of another takes its place. @throws if it must not be sent */
  readonly begin: (intent: TransactionIntent) => Promise<void>
  /** A transaction was included, succeeded or reverted. */
  readonly end: (
    receipt: Omit<TransactionReceipt, 'contract'>,
    hasSucceeded: boolean,
  ) => Promise<void>
}

/** Wei per gas. */
export type FeeLimits = {
  /** Base fee included. */
  readonly maxFeePerGas?: bigint | undefined
  readonly maxPriorityFeePerGas?: bigint | undefined
}

/** Sends transactions of one account, one after the other. */
export type TransactionSender = {
  readonly address: Address
  /**
   * Estimates, signs, sends and waits for the receipt. A call that would revert is not sent. One that is not included in time is sent
   * again with the same nonce and higher fees, also when the endpoint has forgotten it.
   *
   * @throws RpcError with the revert data if the estimate fails; {@link FeesTooHighError} if the limits allow none to be included; what the
   * book throws; {@link TransactionFailedError} if it reverts all the same, is not
   * included after all attempts, or another transaction took its nonce; EndpointUnreachableError; what `signal` was aborted with.
   */
  readonly send: (request: TransactionRequest) => Promise<TransactionReceipt>
}

/** How the sender waits; the timer is a port so that tests turn it by hand. */
export type SenderOptions = {
  readonly sleep: (ms: number) => Promise<void>
  /** Pause between looks for the receipt. */
  readonly pollMs?: number
  /** Looks before the fees are raised. */
  readonly pollsPerAttempt?: number
  /** Times that a transaction is sent before it counts as not included. Each raises the fees by an eighth. */
  readonly maxAttempts?: number
  /**
   * Whether nobody else sends from this account. Then what an earlier run has left waiting in the endpoint's pool is replaced; otherwise
   * the next transaction stands behind it.
   */
  readonly ownsAccount?: boolean
  /** No transaction offers more, however long it waits. */
  readonly limits?: FeeLimits
  readonly book?: TransactionBook
  /** Ends the waiting. */
  readonly signal?: AbortSignal
}

type Fees = { readonly tip: bigint; readonly cap: bigint }

/** A sender for a secret key on the chain of `client`. */
export function createTransactionSender(
  client: EthereumClient,
  secretKey: Uint8Array,
  {
    sleep,
    pollMs = 250,
    pollsPerAttempt = 120,
    maxAttempts = 8,
    ownsAccount = false,
    limits = {},
    book,
    signal,
  }: SenderOptions,
): TransactionSender {
  const wallet = new Wallet(bytesToHex(secretKey))
  const address = toAddress(wallet.address)
  const { exclusive } = createQueue()

  const countTransactions = async (at: 'latest' | 'pending'): Promise<bigint> =>
    toQuantity(
      await client.request('eth_getTransactionCount', [address, at]),
      'eth_getTransactionCount',
    )

  const readFees = async (): Promise<Fees & { readonly baseFee: bigint }> => {
    const tip = toQuantity(
      await client.request('eth_maxPriorityFeePerGas', []),
      'eth_maxPriorityFeePerGas',
    )
    const block = await client.request('eth_getBlockByNumber', ['latest', false])
    const baseFee = isRecord(block) ? toQuantity(block['baseFeePerGas'], 'baseFeePerGas') : 0n
    return { tip, cap: baseFee * 2n + tip, baseFee }
  }

  const findReceipt = async (
    hashes: readonly Hash32[],
  ): Promise<TransactionReceipt | undefined> => {
    for (const hash of hashes) {
      const found = await readReceipt(client, hash)
      if (found === undefined) continue
      await book?.end(found.receipt, found.hasSucceeded)
      if (!found.hasSucceeded) throw new TransactionFailedError(hash, 'reverted')
      return found.receipt
    }
    return undefined
  }

  const sendNow = async ({
    to,
    data,
    value = 0n,
    purpose = 'other',
  }: TransactionRequest): Promise<TransactionReceipt> => {
    signal?.throwIfAborted()
    const call = {
      from: address,
      ...(to === undefined ? {} : { to }),
      data,
      value: toQuantityHex(value),
    }
    const gas = await estimate(client, call)
    const nonce = await countTransactions(ownsAccount ? 'latest' : 'pending')
    const asked = await readFees()
    const { maxFeePerGas } = limits
    if (maxFeePerGas !== undefined && asked.baseFee >= maxFeePerGas) {
      throw new FeesTooHighError(asked.baseFee, maxFeePerGas)
    }
    let fees = limit(asked, limits)
    const sent: Hash32[] = []
    const gasLimit = gas + gas / 5n
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const raw = await wallet.signTransaction(
        Transaction.from({
          type: 2,
          chainId: client.chainId,
          nonce: Number(nonce),
          to: to ?? null,
          data,
          value,
          gasLimit,
          maxPriorityFeePerGas: fees.tip,
          maxFeePerGas: fees.cap,
        }),
      )
      const hash = keccak256(hexToBytes(raw))
      await book?.begin({ account: address, nonce, hash, purpose, mostCost: gasLimit * fees.cap })
      const outcome = await offer(client, raw)
      if (outcome === 'waiting' && !sent.includes(hash)) sent.unshift(hash)
      const polls = outcome === 'underpriced' ? 0 : pollsPerAttempt
      for (let poll = 0; poll < polls; poll++) {
        const isTaken = (await countTransactions('latest')) > nonce
        const receipt = await findReceipt(sent)
        if (receipt !== undefined) return receipt
        if (isTaken) throw new TransactionFailedError(hash, 'replaced')
        await sleep(pollMs)
        signal?.throwIfAborted()
      }
      fees = limit(raise(fees, await readFees()), limits)
    }
    throw new TransactionFailedError(sent[0] ?? ZERO_HASH, 'not-included')
  }

  return {
    address,
    send: (request) => exclusive(() => sendNow(request)),
  }
}

/**
 * A sender that sends nothing: `send` estimates, and then throws {@link NotSentError}.
 *
 * @param address the account that would pay.
 */
export function createDrySender(client: EthereumClient, address: Address): TransactionSender {
  return {
    address,
    send: async ({ to, data, value = 0n, purpose = 'other' }) => {
      const gas = await estimate(client, {
        from: address,
        ...(to === undefined ? {} : { to }),
        data,
        value: toQuantityHex(value),
      })
      throw new NotSentError(purpose, gas)
    },
  }
}

/** What a transaction did; undefined while it is in no block. @throws RpcError, EndpointUnreachableError, InvalidValueError */
export async function readReceipt(
  client: EthereumClient,
  hash: Hash32,
): Promise<{ readonly receipt: TransactionReceipt; readonly hasSucceeded: boolean } | undefined> {
  const receipt = await client.request('eth_getTransactionReceipt', [hash])
  if (!isRecord(receipt)) return undefined
  const gasUsed = toQuantity(receipt['gasUsed'], 'gasUsed')
  const contract = receipt['contractAddress']
  return {
    receipt: {
      hash,
      blockNumber: toBlockNumber(toQuantity(receipt['blockNumber'], 'blockNumber')),
      gasUsed,
      cost: gasUsed * toQuantity(receipt['effectiveGasPrice'], 'effectiveGasPrice'),
      contract: typeof contract === 'string' ? toAddress(contract) : undefined,
    },
    hasSucceeded: receipt['status'] === '0x1',
  }
}

/** @throws RpcError that names the core's error, if it is one. */
async function estimate(
  client: EthereumClient,
  call: Readonly<Record<string, unknown>>,
): Promise<bigint> {
  const method = 'eth_estimateGas'
  try {
    return toQuantity(await client.request(method, [call]), method)
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { data, rpcCode } = error.shape
    const reason = data === undefined ? undefined : describeCoreError(data)
    throw reason === undefined
      ? error
      : new RpcError(method, rpcCode, `reverts with ${reason}`, data)
  }
}

/**
 * Hands a signed transaction to the endpoint. Then it waits there, or one with its nonce waits that pays as much, or one was included.
 *
 * @throws RpcError if the endpoint refuses it for another reason.
 */
async function offer(
  client: EthereumClient,
  raw: string,
): Promise<'waiting' | 'underpriced' | 'nonce-taken'> {
  try {
    await client.request('eth_sendRawTransaction', [raw])
    return 'waiting'
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    if (/already known|already imported/i.test(error.message)) return 'waiting'
    if (/underpriced/i.test(error.message)) return 'underpriced'
    if (/nonce too low/i.test(error.message)) return 'nonce-taken'
    throw error
  }
}

/** An eighth more of both than before, or what the chain asks for now if that is more. */
function raise(before: Fees, asked: Fees): Fees {
  const tip = more(before.tip, asked.tip)
  return { tip, cap: more(before.cap, asked.cap + tip) }
}

/** What is offered within the limits: a tip above the whole would be invalid. */
function limit({ tip, cap }: Fees, { maxFeePerGas, maxPriorityFeePerGas }: FeeLimits): Fees {
  const limitedCap = least(cap, maxFeePerGas)
  return { tip: least(least(tip, maxPriorityFeePerGas), limitedCap), cap: limitedCap }
}

function least(value: bigint, most: bigint | undefined): bigint {
  return most === undefined || value < most ? value : most
}

function more(before: bigint, asked: bigint): bigint {
  const raised = before + before / 8n + 1n
  return raised > asked ? raised : asked
}
