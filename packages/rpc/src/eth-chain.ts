import type { Hash32 } from '@mosaic/primitives'
import {
  type BlockParameter,
  blockNumberOrTag,
  blockParameter,
  findHeader,
  LATEST,
  requireHeader,
} from './block-reference.ts'
import {
  formatBlock,
  formatHeader,
  formatLog,
  formatPendingBlock,
  formatReceipt,
  formatTransaction,
} from './format.ts'
import { type Json, quantity } from './json.ts'
import { type LogLimits, logCriteria, queryLogs } from './log-parameters.ts'
import { type MethodTable, method0, method1, method2 } from './method.ts'
import { boolean, decimalOrHex, hash32, optional, required } from './parameters.ts'
import type { ChainPort, PoolPort } from './ports.ts'

/** Methods that read blocks, transactions, receipts and logs. */
export function createChainMethods(ports: {
  readonly chain: ChainPort
  readonly pool: PoolPort
  readonly logLimits: LogLimits
}): MethodTable {
  const { chain, pool } = ports

  const blockByHash = async (hash: Hash32, isFull: boolean): Promise<Json> => {
    const block = await chain.block(hash)
    if (block === undefined) return null
    return formatBlock(block, isFull ? await chain.transactionsOfBlock(hash) : undefined)
  }
  const blockByParameter = async (parameter: BlockParameter, isFull: boolean): Promise<Json> => {
    if ('tag' in parameter && parameter.tag === 'pending') {
      const pending = await chain.pendingBlock()
      if (pending === undefined) return null
      return formatPendingBlock(pending.block, isFull ? pending.transactions : undefined)
    }
    const header = await findHeader(chain, parameter)
    return header === undefined ? null : blockByHash(header.hash, isFull)
  }
  /** The number of transactions, or null without the block. */
  const count = async (parameter: BlockParameter): Promise<number | null> => {
    if ('tag' in parameter && parameter.tag === 'pending') {
      return (await chain.pendingBlock())?.transactions.length ?? null
    }
    const header = await findHeader(chain, parameter)
    if (header === undefined) return null
    return (await chain.block(header.hash))?.transactionHashes.length ?? null
  }
  const countJson = async (parameter: BlockParameter): Promise<Json> => {
    const number = await count(parameter)
    return number === null ? null : quantity(number)
  }
  /** There are no uncles, but only where there is a block. */
  const uncleCount = async (parameter: BlockParameter): Promise<Json> =>
    (await findHeader(chain, parameter)) === undefined ? null : '0x0'
  const transactionAt = async (parameter: BlockParameter, index: bigint): Promise<Json> => {
    const header = await findHeader(chain, parameter)
    if (header === undefined) return null
    const transaction = (await chain.transactionsOfBlock(header.hash))?.[Number(index)]
    if (transaction === undefined) return null
    return formatTransaction(transaction, { header, index: Number(index) })
  }
  const rawAt = async (parameter: BlockParameter, index: bigint): Promise<Json> => {
    const header = await findHeader(chain, parameter)
    if (header === undefined) return null
    return (await chain.transactionsOfBlock(header.hash))?.[Number(index)]?.raw ?? null
  }
  const headerJson = async (parameter: BlockParameter): Promise<Json> => {
    const header = await findHeader(chain, parameter)
    return header === undefined ? null : formatHeader(header)
  }
  const isFull = optional(boolean, false)
  const index = required(decimalOrHex)

  return {
    eth_blockNumber: method0(async () => quantity((await requireHeader(chain, LATEST)).number)),
    eth_getBlockByNumber: method2(required(blockNumberOrTag), isFull, blockByParameter),
    eth_getBlockByHash: method2(required(hash32), isFull, blockByHash),
    eth_getHeaderByNumber: method1(required(blockNumberOrTag), headerJson),
    eth_getHeaderByHash: method1(required(hash32), (hash) => headerJson({ hash })),
    eth_getBlockTransactionCountByNumber: method1(required(blockNumberOrTag), countJson),
    eth_getBlockTransactionCountByHash: method1(required(hash32), (hash) => countJson({ hash })),
    eth_getUncleCountByBlockNumber: method1(required(blockNumberOrTag), uncleCount),
    eth_getUncleCountByBlockHash: method1(required(hash32), (hash) => uncleCount({ hash })),
    eth_getUncleByBlockNumberAndIndex: method2(required(blockNumberOrTag), index, () => null),
    eth_getUncleByBlockHashAndIndex: method2(required(hash32), index, () => null),
    eth_getTransactionByBlockNumberAndIndex: method2(
      required(blockNumberOrTag),
      index,
      transactionAt,
    ),
    eth_getTransactionByBlockHashAndIndex: method2(required(hash32), index, (hash, at) =>
      transactionAt({ hash }, at),
    ),
    eth_getRawTransactionByBlockNumberAndIndex: method2(required(blockNumberOrTag), index, rawAt),
    eth_getRawTransactionByBlockHashAndIndex: method2(required(hash32), index, (hash, at) =>
      rawAt({ hash }, at),
    ),
    eth_getTransactionByHash: method1(required(hash32), async (hash) => {
      const included = await chain.transaction(hash)
      if (included !== undefined) return formatTransaction(included.transaction, included)
      const waiting = pool.transaction(hash)
      return waiting === undefined ? null : formatTransaction(waiting, undefined)
    }),
    eth_getRawTransactionByHash: method1(
      required(hash32),
      async (hash) =>
        ((await chain.transaction(hash))?.transaction ?? pool.transaction(hash))?.raw ?? null,
    ),
    eth_getTransactionReceipt: method1(required(hash32), async (hash) => {
      const receipt = await chain.receipt(hash)
      return receipt === undefined ? null : formatReceipt(receipt)
    }),
    eth_getBlockReceipts: method1(required(blockParameter), async (parameter) => {
      const header = await findHeader(chain, parameter)
      if (header === undefined) return null
      return (await chain.receiptsOfBlock(header.hash))?.map(formatReceipt) ?? null
    }),
    eth_getLogs: method1(required(logCriteria), async (criteria) =>
      (await queryLogs(chain, criteria, ports.logLimits)).map((log) => formatLog(log, false)),
    ),
  }
}
