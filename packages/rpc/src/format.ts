import { type Json, quantity } from './json.ts'
import { least } from './least.ts'
import type { ProofKey } from './parameters.ts'
import type {
  AccessListEntry,
  AccountProofView,
  BlockView,
  HeaderView,
  LogView,
  ReceiptView,
  TransactionView,
} from './views.ts'

type JsonObject = { readonly [key: string]: Json }

/** The header as `newHeads` and blocks carry it. */
export function formatHeader(header: HeaderView): JsonObject {
  return {
    number: quantity(header.number),
    hash: header.hash,
    parentHash: header.parentHash,
    nonce: header.nonce,
    mixHash: header.mixHash,
    sha3Uncles: header.unclesHash,
    logsBloom: header.logsBloom,
    stateRoot: header.stateRoot,
    miner: header.coinbase,
    difficulty: quantity(header.difficulty),
    extraData: header.extraData,
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    baseFeePerGas: quantity(header.baseFeePerGas),
  }
}

/** A block with the hashes of its transactions, or with `transactions` in full. */
export function formatBlock(
  block: BlockView,
  transactions?: readonly TransactionView[],
): JsonObject {
  return {
    ...formatHeader(block.header),
    size: quantity(block.size),
    ...(block.totalDifficulty === undefined
      ? {}
      : { totalDifficulty: quantity(block.totalDifficulty) }),
    transactions:
      transactions?.map((transaction, index) =>
        formatTransaction(transaction, { header: block.header, index }),
      ) ?? block.transactionHashes,
    uncles: [],
  }
}

/** A block that is being built: it has no hash, seal or signer yet. */
export function formatPendingBlock(
  block: BlockView,
  transactions?: readonly TransactionView[],
): JsonObject {
  return {
    ...formatBlock(block),
    ...(transactions === undefined
      ? {}
      : { transactions: transactions.map((each) => formatTransaction(each, undefined)) }),
    hash: null,
    nonce: null,
    miner: null,
  }
}

/** A transaction where it was included, or as it waits. */
export function formatTransaction(
  transaction: TransactionView,
  inclusion: { readonly header: HeaderView; readonly index: number } | undefined,
): JsonObject {
  const { type, maxFeePerGas, maxPriorityFeePerGas, chainId } = transaction
  return {
    blockHash: inclusion?.header.hash ?? null,
    blockNumber: inclusion === undefined ? null : quantity(inclusion.header.number),
    blockTimestamp: inclusion === undefined ? null : quantity(inclusion.header.timestamp),
    from: transaction.from,
    gas: quantity(transaction.gas),
    gasPrice: quantity(effectivePrice(transaction, inclusion?.header.baseFeePerGas)),
    ...(maxFeePerGas === undefined ? {} : { maxFeePerGas: quantity(maxFeePerGas) }),
    ...(maxPriorityFeePerGas === undefined
      ? {}
      : { maxPriorityFeePerGas: quantity(maxPriorityFeePerGas) }),
    hash: transaction.hash,
    input: transaction.input,
    nonce: quantity(transaction.nonce),
    to: transaction.to ?? null,
    transactionIndex: inclusion === undefined ? null : quantity(inclusion.index),
    value: quantity(transaction.value),
    type: quantity(type),
    ...(type === 0 ? {} : { accessList: formatAccessList(transaction.accessList ?? []) }),
    ...(chainId === undefined ? {} : { chainId: quantity(chainId) }),
    ...(type === 4
      ? {
          authorizationList: (transaction.authorizationList ?? []).map((each) => ({
            chainId: quantity(each.chainId),
            address: each.address,
            nonce: quantity(each.nonce),
            yParity: quantity(each.yParity),
            r: quantity(each.r),
            s: quantity(each.s),
          })),
        }
      : {}),
    v: quantity(transaction.v),
    r: quantity(transaction.r),
    s: quantity(transaction.s),
    ...(type === 0 ? {} : { yParity: quantity(transaction.v) }),
  }
}

/** The price that is paid: under a base fee what the caps leave, without one the cap. */
function effectivePrice(transaction: TransactionView, baseFee: bigint | undefined): bigint {
  const { gasPrice, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = transaction
  if (gasPrice !== undefined) return gasPrice
  if (baseFee === undefined) return maxFeePerGas
  return least(baseFee + maxPriorityFeePerGas, maxFeePerGas)
}

/** An access list (EIP-2930). */
export function formatAccessList(list: readonly AccessListEntry[]): Json {
  return list.map(({ address, storageKeys }) => ({ address, storageKeys }))
}

/** A receipt with its logs. */
export function formatReceipt(receipt: ReceiptView): JsonObject {
  return {
    blockHash: receipt.blockHash,
    blockNumber: quantity(receipt.blockNumber),
    contractAddress: receipt.contractAddress ?? null,
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: quantity(receipt.effectiveGasPrice),
    from: receipt.from,
    gasUsed: quantity(receipt.gasUsed),
    logs: receipt.logs.map((log) => formatLog(log, false)),
    logsBloom: receipt.logsBloom,
    status: receipt.succeeded ? '0x1' : '0x0',
    to: receipt.to ?? null,
    transactionHash: receipt.transactionHash,
    transactionIndex: quantity(receipt.transactionIndex),
    type: quantity(receipt.type),
  }
}

/** A log; `removed` when its block has left the chain. */
export function formatLog(log: LogView, removed: boolean): JsonObject {
  return {
    address: log.address,
    topics: log.topics,
    data: log.data,
    blockNumber: quantity(log.blockNumber),
    transactionHash: log.transactionHash,
    transactionIndex: quantity(log.transactionIndex),
    blockHash: log.blockHash,
    blockTimestamp: quantity(log.blockTimestamp),
    logIndex: quantity(log.logIndex),
    removed,
  }
}

/** A proof; `keys` are echoed in the form in which the caller wrote them. */
export function formatProof(proof: AccountProofView, keys: readonly ProofKey[]): JsonObject {
  return {
    address: proof.address,
    accountProof: proof.accountProof,
    balance: quantity(proof.balance),
    codeHash: proof.codeHash,
    nonce: quantity(proof.nonce),
    storageHash: proof.storageHash,
    storageProof: keys.map(({ slot, isFull }, i) => ({
      key: isFull ? slot : quantity(BigInt(slot)),
      value: quantity(proof.storageProof[i]?.value ?? 0n),
      proof: proof.storageProof[i]?.proof ?? [],
    })),
  }
}
