import { setImmediate } from 'node:timers/promises'
import { encodeHeader } from '@mosaic/authority'
import type { BlockRecord, Chain, Checkpoint, TransactionPosition } from '@mosaic/chain'
import { toReceiptEnvelopes } from '@mosaic/execution'
import {
  accept,
  type BlockNumber,
  bytesToHex,
  type Hash32,
  refuse,
  toBlockNumber,
  type Verdict,
} from '@mosaic/primitives'
import type { BlockReference, ChainPort, LogFault, LogFilter, LogQuery, LogView } from '@mosaic/rpc'
import type { BlockViews } from './block-views.ts'
import { createBloomTest } from './bloom-filter.ts'
import { requireAllHistory, requireHistory } from './missing-history.ts'
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
      const found = findHeader(chain, reference)
      return found === undefined ? undefined : toHeaderView(found.hash, found.header)
    },
    block: async (hash) => {
      const block = database.block(hash)
      if (block === undefined) requireAllHistory(chain, `block ${hash}`)
      return block && toBlockView(block, totalDifficultyOf(chain, hash))
    },
    isCanonical: async (hash) => chain.isCanonical(hash),
    transactionsOfBlock: async (hash) => database.block(hash)?.transactions.map(toTransactionView),
    receiptsOfBlock: async (hash) => views.receipts(hash),
    transaction: async (hash) => {
      const position = findPosition(chain, hash)
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
      const position = findPosition(chain, hash)
      return position === undefined
        ? undefined
        : views.receipts(position.blockHash)?.[position.index]
    },
    logs: async (query, limit) => collectLogs(chain, views, query, limit),
    pendingBlock,
    rawBlock: async (hash) => {
      const block = database.encodedBlock(hash)
      return block && bytesToHex(block)
    },
    rawHeader: async (hash) => {
      const header = database.header(hash)
      return header && bytesToHex(encodeHeader(header))
    },
    rawReceipts: async (hash) => {
      const stored = database.receipts(hash)
      return stored && toReceiptEnvelopes(stored.receipts, execution.keccak256).map(bytesToHex)
    },
  }
}

type FoundHeader = Pick<BlockRecord, 'hash' | 'header'>

/** @throws RpcError if the block is missing from the history. */
function findHeader(chain: Chain, reference: BlockReference): FoundHeader | undefined {
  if ('hash' in reference) {
    const found = headerOf(chain, reference.hash)
    if (found === undefined) requireAllHistory(chain, `block ${reference.hash}`)
    return found
  }
  if ('number' in reference) return canonicalHeader(chain, reference.number)
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

function beyondGenesis(chain: Chain, checkpoint: Checkpoint | undefined): FoundHeader | undefined {
  if (checkpoint === undefined || checkpoint.height === 0n) return undefined
  return headerOf(chain, checkpoint.hash)
}

function headerOf({ database }: Chain, hash: Hash32): FoundHeader | undefined {
  const header = database.header(hash)
  return header && { hash, header }
}

/** @throws RpcError if the block is missing from the history. */
function canonicalHeader(chain: Chain, number: BlockNumber): FoundHeader | undefined {
  requireHistory(chain, number)
  const hash = chain.database.canonicalHash(number)
  return hash === undefined ? undefined : headerOf(chain, hash)
}

/** @throws RpcError if the transaction may be in a block that is missing from the history. */
function findPosition(chain: Chain, hash: Hash32): TransactionPosition | undefined {
  const position = chain.database.position(hash)
  if (position === undefined) requireAllHistory(chain, `transaction ${hash}`)
  return position
}

/** Unknown to a node that did not begin at genesis. */
function totalDifficultyOf({ database }: Chain, hash: Hash32): bigint | undefined {
  return database.missing() === undefined ? database.record(hash)?.totalDifficulty : undefined
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
  const search = (record: FoundHeader): LogFault | undefined => {
    if (!mayMatch(record.header.logsBloom)) return undefined
    const block = chain.database.block(record.hash)
    const logs = block === undefined ? undefined : views.logs(block)
    if (logs === undefined) return { code: 'PRUNED' }
    for (const log of logs) if (isWanted(log, query)) found.push(log)
    return found.length > limit ? { code: 'TOO_MANY', limit } : undefined
  }
  if ('blockHash' in query.range) {
    const record = headerOf(chain, query.range.blockHash)
    const fault = record === undefined ? ({ code: 'UNKNOWN_BLOCK' } as const) : search(record)
    return fault === undefined ? accept(found) : refuse(fault)
  }
  const { from, to } = query.range
  for (let number: bigint = from; number <= to; number++) {
    const header = canonicalHeader(chain, toBlockNumber(number))
    if (header === undefined) break
    const fault = search(header)
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
