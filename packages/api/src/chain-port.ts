import { setImmediate } from 'node:timers/promises'
import { encodeHeader } from '@mosaic/authority'
import type { BlockRecord, Chain, Checkpoint } from '@mosaic/chain'
import { encodeBlock, encodeReceiptEnvelope, logsBloom } from '@mosaic/execution'
import { accept, bytesToHex, refuse, toBlockNumber, type Verdict } from '@mosaic/primitives'
import type { BlockReference, ChainPort, LogFault, LogFilter, LogQuery, LogView } from '@mosaic/rpc'
import type { BlockViews } from './block-views.ts'
import { createBloomTest } from './bloom-filter.ts'
import { toBlockView, toHeaderView, toTransactionView } from './views.ts'

/** Blocks whose blooms are tested before other work gets its turn. */
const BLOOMS_AT_ONCE = 256n

/** Blocks, transactions, receipts and logs of a chain. */
export function createChainPort(
  chain: Chain,
  views: BlockViews,
  pendingBlock: ChainPort['pendingBlock'],
): ChainPort {
  const { database, execution } = chain
  return {
    header: async (reference) => {
      const record = findRecord(chain, reference)
      return record === undefined ? undefined : toHeaderView(record.hash, record.header)
    },
    block: async (hash) => {
      const block = database.block(hash)
      const record = database.record(hash)
      return block === undefined || record === undefined ? undefined : toBlockView(block, record)
    },
    isCanonical: async (hash) => chain.isCanonical(hash),
    transactionsOfBlock: async (hash) => database.block(hash)?.transactions.map(toTransactionView),
    receiptsOfBlock: async (hash) => views.receipts(hash),
    transaction: async (hash) => {
      const position = database.position(hash)
      if (position === undefined) return undefined
      const block = database.block(position.blockHash)
      const transaction = block?.transactions[position.index]
      if (block === undefined || transaction === undefined) return undefined
      return {
        header: toHeaderView(block.hash, block.header),
        index: position.index,
        transaction: toTransactionView(transaction),
      }
    },
    receipt: async (hash) => {
      const position = database.position(hash)
      return position === undefined
        ? undefined
        : views.receipts(position.blockHash)?.[position.index]
    },
    logs: async (query, limit) => collectLogs(chain, views, query, limit),
    pendingBlock,
    rawBlock: async (hash) => {
      const block = database.block(hash)
      return block === undefined ? undefined : bytesToHex(encodeBlock(block))
    },
    rawHeader: async (hash) => {
      const record = database.record(hash)
      return record === undefined ? undefined : bytesToHex(encodeHeader(record.header))
    },
    rawReceipts: async (hash) =>
      database
        .receipts(hash)
        ?.receipts.map((receipt) =>
          bytesToHex(encodeReceiptEnvelope(receipt, logsBloom(receipt.logs, execution.keccak256))),
        ),
  }
}

function findRecord(chain: Chain, reference: BlockReference): BlockRecord | undefined {
  if ('hash' in reference) return chain.database.record(reference.hash)
  if ('number' in reference) return chain.canonical(reference.number)
  const head = chain.head()
  switch (reference.tag) {
    case 'latest':
      return head
    case 'earliest':
      return chain.genesis
    case 'safe':
      return beyondGenesis(chain, head.auxiliary.justified)
    case 'finalized':
      return beyondGenesis(chain, head.auxiliary.finalized)
    default:
      return reference.tag satisfies never
  }
}

function beyondGenesis(chain: Chain, checkpoint: Checkpoint | undefined): BlockRecord | undefined {
  if (checkpoint === undefined || checkpoint.height === 0n) return undefined
  return chain.database.record(checkpoint.hash)
}

async function collectLogs(
  chain: Chain,
  views: BlockViews,
  query: LogQuery,
  limit: number,
): Promise<Verdict<readonly LogView[], LogFault>> {
  const mayMatch = createBloomTest(query)
  const found: LogView[] = []
  /** The fault that ends the search, if any. */
  const search = (record: BlockRecord): LogFault | undefined => {
    if (!mayMatch(record.header.logsBloom)) return undefined
    const block = chain.database.block(record.hash)
    const logs = block === undefined ? undefined : views.logs(block)
    if (logs === undefined) return { code: 'PRUNED' }
    for (const log of logs) if (isWanted(log, query)) found.push(log)
    return found.length > limit ? { code: 'TOO_MANY', limit } : undefined
  }
  if ('blockHash' in query.range) {
    const record = chain.database.record(query.range.blockHash)
    const fault = record === undefined ? ({ code: 'UNKNOWN_BLOCK' } as const) : search(record)
    return fault === undefined ? accept(found) : refuse(fault)
  }
  const { from, to } = query.range
  for (let number: bigint = from; number <= to; number++) {
    const record = chain.canonical(toBlockNumber(number))
    if (record === undefined) break
    const fault = search(record)
    if (fault !== undefined) return refuse(fault)
    if ((number - from) % BLOOMS_AT_ONCE === BLOOMS_AT_ONCE - 1n) await setImmediate()
  }
  return accept(found)
}

function isWanted(log: LogView, { addresses, topics }: LogFilter): boolean {
  if (addresses.length > 0 && !addresses.includes(log.address)) return false
  if (topics.length > log.topics.length) return false
  return topics.every((alternatives, i) => {
    const topic = log.topics[i]
    return alternatives.length === 0 || (topic !== undefined && alternatives.includes(topic))
  })
}
