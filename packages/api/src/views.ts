import type { AuthorityHeader } from '@mosaic/authority'
import {
  authorizationsOf,
  type Block,
  encodeBlock,
  logsBloom,
  type Receipt,
  type Transaction,
} from '@mosaic/execution'
import { bytesToHex, type Hash32, InvalidValueError } from '@mosaic/primitives'
import type { BlockView, HeaderView, LogView, ReceiptView, TransactionView } from '@mosaic/rpc'

const SET_CODE = 4
const EMPTY_BLOOM = bytesToHex(new Uint8Array(256))

/** Headers do not change, and that of the head is asked for by almost every request. */
const headerViews = new WeakMap<AuthorityHeader, HeaderView>()

/** A header with its hash, as JSON-RPC knows it. */
export function toHeaderView(hash: Hash32, header: AuthorityHeader): HeaderView {
  const known = headerViews.get(header)
  if (known?.hash === hash) return known
  const view = describeHeader(hash, header)
  headerViews.set(header, view)
  return view
}

function describeHeader(hash: Hash32, header: AuthorityHeader): HeaderView {
  return {
    hash,
    parentHash: header.parentHash,
    unclesHash: header.uncleHash,
    coinbase: header.coinbase,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: header.difficulty,
    number: header.number,
    gasLimit: header.gasLimit,
    gasUsed: header.gasUsed,
    timestamp: header.timestamp,
    extraData: bytesToHex(header.extraData),
    mixHash: header.mixHash,
    nonce: bytesToHex(header.nonce),
    baseFeePerGas: header.baseFeePerGas ?? 0n,
  }
}

/** A block with what its record adds. */
export function toBlockView(block: Block, totalDifficulty: bigint | undefined): BlockView {
  return {
    header: toHeaderView(block.hash, block.header),
    size: encodeBlock(block).length,
    totalDifficulty,
    transactionHashes: block.transactions.map(({ hash }) => hash),
  }
}

/** A transaction, waiting or included. */
export function toTransactionView(transaction: Transaction): TransactionView {
  const type = toType(transaction.type)
  const hasPrice = type < 2
  return {
    hash: transaction.hash,
    type,
    chainId: transaction.chainId,
    nonce: transaction.nonce,
    from: transaction.from,
    to: transaction.to,
    value: transaction.value,
    gas: transaction.gasLimit,
    gasPrice: hasPrice ? transaction.maxFeePerGas : undefined,
    maxFeePerGas: hasPrice ? undefined : transaction.maxFeePerGas,
    maxPriorityFeePerGas: hasPrice ? undefined : transaction.maxPriorityFeePerGas,
    input: bytesToHex(transaction.data),
    accessList: transaction.accessList,
    authorizationList: type === SET_CODE ? authorizationsOf(transaction) : undefined,
    v: transaction.v,
    r: transaction.r,
    s: transaction.s,
    raw: bytesToHex(transaction.raw),
  }
}

/** The receipts of a block with their places in it. */
export function toReceiptViews(
  block: Block,
  receipts: readonly Receipt[],
  keccak256: (bytes: Uint8Array) => Uint8Array,
): readonly ReceiptView[] {
  const { number, timestamp } = block.header
  let logIndex = 0
  return receipts.map((receipt, transactionIndex) => {
    const transaction = block.transactions[transactionIndex]
    if (transaction === undefined)
      throw new InvalidValueError(`transaction ${transactionIndex} of ${block.hash}`, undefined)
    const place = {
      blockNumber: number,
      blockHash: block.hash,
      transactionHash: transaction.hash,
      transactionIndex,
    }
    const logs = receipt.logs.map(({ address, topics, data }): LogView => {
      const view = {
        address,
        topics,
        data: bytesToHex(data),
        ...place,
        blockTimestamp: timestamp,
        logIndex,
      }
      logIndex++
      return view
    })
    return {
      ...place,
      from: transaction.from,
      to: transaction.to,
      type: toType(receipt.type),
      succeeded: receipt.succeeded,
      gasUsed: receipt.gasUsed,
      cumulativeGasUsed: receipt.cumulativeGasUsed,
      effectiveGasPrice: receipt.effectiveGasPrice,
      contractAddress: receipt.contract,
      logs,
      logsBloom:
        receipt.logs.length === 0 ? EMPTY_BLOOM : bytesToHex(logsBloom(receipt.logs, keccak256)),
    }
  })
}

function toType(type: number): 0 | 1 | 2 | 4 {
  if (type === 0 || type === 1 || type === 2 || type === 4) return type
  throw new InvalidValueError('a transaction type of 0, 1, 2 or 4', type)
}
