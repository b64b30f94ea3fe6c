import type { AuthorityHeader } from '@mosaic/authority'
import {
  type Block,
  decodeLogs,
  decodeReceipts,
  type Execution,
  type ExecutionLayer,
  encodeBlock,
  encodeLogs,
  encodeReceipts,
  type Log,
  type Receipt,
  type StateWrites,
} from '@mosaic/execution'
import {
  type BlockNumber,
  bigintToBytes,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  createRecent,
  decodeRlp,
  encodeRlp,
  type Hash32,
  hexToBytes,
  InvalidValueError,
  toBlockNumber,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { blockNumberKey, type Store, type StoreOperation } from '@mosaic/storage'
import { type BlockRecord, type Checkpoint, decodeRecord, encodeRecord } from './block-record.ts'
import { linkMessage } from './vote-index.ts'

/** Receipts of a block, with the logs that are in none. */
export type BlockReceipts = {
  readonly receipts: readonly Receipt[]
  readonly systemLogs: readonly Log[]
}

/** Where a transaction stands on the canonical chain. */
export type TransactionPosition = { readonly blockHash: Hash32; readonly index: number }

/**
 * What a node lacks that did not begin at genesis. It has executed the blocks above `base`, and of those up to `base` it has what it fetched
 * since: blocks and receipts from `from` on, without records and states.
 */
export type MissingHistory = {
  readonly base: BlockNumber
  /** The lowest block from which on none is missing; 1 once all are there. */
  readonly from: BlockNumber
  /** Hash of the block before `from`. */
  readonly parent: Hash32
}

/** Blocks and records on the store: reads by key, and the operations that a caller joins into one batch. */
export type BlockDatabase = {
  /** Of a block that was executed here, of the one on whose state the first of them was, and of genesis. */
  readonly record: (hash: Hash32) => BlockRecord | undefined
  /** The header of any block that is here. */
  readonly header: (hash: Hash32) => AuthorityHeader | undefined
  readonly block: (hash: Hash32) => Block | undefined
  /** A block as it is stored and sent, without decoding it. */
  readonly encodedBlock: (hash: Hash32) => Uint8Array | undefined
  readonly receipts: (hash: Hash32) => BlockReceipts | undefined
  readonly canonicalHash: (number: BlockNumber) => Hash32 | undefined
  readonly position: (transactionHash: Hash32) => TransactionPosition | undefined
  readonly head: () => Hash32 | undefined
  readonly putBlock: (
    block: Block,
    record: BlockRecord,
    execution: Pick<Execution, 'receipts' | 'systemLogs'>,
  ) => readonly StoreOperation[]
  /** Hashes of all blocks from a number on, on any branch, in order of number. */
  readonly hashesFrom: (number: BlockNumber) => AsyncIterable<Hash32>
  /** Forgets which blocks there are on which branch below a number. The blocks stay. */
  readonly forgetBranches: (below: BlockNumber) => Promise<void>
  readonly putState: (writes: StateWrites) => readonly StoreOperation[]
  /** Undefined if all blocks from genesis on were executed here. */
  readonly missing: () => MissingHistory | undefined
  readonly setMissing: (missing: MissingHistory) => readonly StoreOperation[]
  /** Makes a record the head that has no block yet. @param ancestors hashes of the blocks before it, its parent first. */
  readonly putBase: (record: BlockRecord, ancestors: readonly Hash32[]) => readonly StoreOperation[]
  /** A canonical block that was not executed here. */
  readonly putHistory: (block: Block, receipts: readonly Receipt[]) => readonly StoreOperation[]
  /** Keeps a block at hand. Only after the batch that stores it has succeeded. */
  readonly remember: (block: Block, record: BlockRecord) => void
  /** The highest checkpoint known to be finalized; undefined before the first. */
  readonly finalized: () => Checkpoint | undefined
  readonly setFinalized: (checkpoint: Checkpoint) => readonly StoreOperation[]
  /** The message behind a link that any executed block opened. */
  readonly linkMessage: (link: Hash32) => VoteMessage | undefined
  /** Makes a block the head; `removed` leave the canonical index, `added` enter it. */
  readonly setHead: (
    head: Hash32,
    removed: readonly Block[],
    added: readonly Block[],
  ) => readonly StoreOperation[]
}

const HEAD_KEY = utf8ToBytes('head')
const FINALIZED_KEY = utf8ToBytes('finalized')
const MISSING_KEY = utf8ToBytes('missing')
const RECORDS_KEPT = 8192
const BLOCKS_KEPT = 256
/** Of all blocks that are kept, about 20 MB of transfers. */
const TRANSACTIONS_KEPT = 16_384
const BRANCHES_AT_ONCE = 1000

/** @param decodeBlock decodes stored blocks, which were valid when they were stored. */
export function createBlockDatabase(
  store: Store,
  decodeBlock: ExecutionLayer['decodeBlock'],
): BlockDatabase {
  const records = createRecent<Hash32, BlockRecord>(RECORDS_KEPT)
  const blocks = createRecent<Hash32, Block>(BLOCKS_KEPT, {
    of: ({ transactions }) => transactions.length,
    most: TRANSACTIONS_KEPT,
  })

  const readRecord = (hash: Hash32): BlockRecord | undefined => {
    const cached = records.get(hash)
    if (cached !== undefined) return cached
    const bytes = store.get('blockMeta', hexToBytes(hash))
    return bytes === undefined ? undefined : records.set(hash, decodeRecord(bytes))
  }
  const readBlock = (hash: Hash32): Block | undefined => {
    const cached = blocks.get(hash)
    if (cached !== undefined) return cached
    const bytes = store.get('block', hexToBytes(hash))
    if (bytes === undefined) return undefined
    const verdict = decodeBlock(bytes)
    if (!verdict.ok || verdict.value.hash !== hash) {
      throw new InvalidValueError(
        `block ${hash} in the store`,
        verdict.ok ? verdict.value.hash : verdict.fault.code,
      )
    }
    return blocks.set(hash, verdict.value)
  }

  return {
    record: readRecord,
    block: readBlock,
    encodedBlock: (hash) => store.get('block', hexToBytes(hash)),
    header: (hash) => readRecord(hash)?.header ?? readBlock(hash)?.header,
    receipts: (hash) => {
      const bytes = store.get('receipts', hexToBytes(hash))
      if (bytes === undefined) return undefined
      const decoded = decodeRlp(bytes, 1)
      const [receipts, logs] = decoded instanceof Uint8Array ? [] : decoded
      if (!(receipts instanceof Uint8Array) || !(logs instanceof Uint8Array)) {
        throw new InvalidValueError('stored receipts', bytesToHex(bytes))
      }
      return { receipts: decodeReceipts(receipts), systemLogs: decodeLogs(logs) }
    },
    canonicalHash: (number) => toHash(store.get('canonical', blockNumberKey(number))),
    position: (transactionHash) => {
      const bytes = store.get('transaction', hexToBytes(transactionHash))
      if (bytes === undefined) return undefined
      return {
        blockHash: bytesToHash32(bytes.subarray(0, 32)),
        index: Number(bytesToBigint(bytes.subarray(32))),
      }
    },
    head: () => toHash(store.get('meta', HEAD_KEY)),
    remember: (block, record) => {
      records.set(block.hash, record)
      blocks.set(block.hash, block)
    },
    finalized: () => {
      const bytes = store.get('meta', FINALIZED_KEY)
      if (bytes === undefined) return undefined
      return {
        height: toHeight(bytesToBigint(bytes.subarray(0, 8))),
        hash: bytesToHash32(bytes.subarray(8)),
      }
    },
    setFinalized: ({ height, hash }) => [
      {
        type: 'put',
        space: 'meta',
        key: FINALIZED_KEY,
        value: concatBytes(bigintToBytes(height, 8), hexToBytes(hash)),
      },
    ],
    linkMessage: (link) => linkMessage(store, link),
    missing: () => {
      const bytes = store.get('meta', MISSING_KEY)
      if (bytes === undefined) return undefined
      return {
        base: toBlockNumber(bytesToBigint(bytes.subarray(0, 8))),
        from: toBlockNumber(bytesToBigint(bytes.subarray(8, 16))),
        parent: bytesToHash32(bytes.subarray(16)),
      }
    },
    setMissing: ({ base, from, parent }) => [
      {
        type: 'put',
        space: 'meta',
        key: MISSING_KEY,
        value: concatBytes(blockNumberKey(base), blockNumberKey(from), hexToBytes(parent)),
      },
    ],
    putBase: (record, ancestors) => [
      ...putRecord(record),
      ...[record.hash, ...ancestors].map((hash, index) =>
        canonicalOperation(record.header.number - BigInt(index), hash),
      ),
      headOperation(record.hash),
    ],
    putHistory: (block, receipts) => [
      ...putBody(block, { receipts, systemLogs: [] }),
      ...canonicalOperations(block),
    ],
    putBlock: (block, record, execution) => [...putBody(block, execution), ...putRecord(record)],
    hashesFrom: async function* (number) {
      for await (const [key] of store.entries('branch', { from: blockNumberKey(number) })) {
        yield bytesToHash32(key.subarray(8))
      }
    },
    forgetBranches: async (below) => {
      const range = { to: blockNumberKey(below), limit: BRANCHES_AT_ONCE }
      for (;;) {
        const forgotten: StoreOperation[] = []
        for await (const [key] of store.entries('branch', range)) {
          forgotten.push({ type: 'delete', space: 'branch', key })
        }
        if (forgotten.length === 0) return
        await store.batch(forgotten)
      }
    },
    putState: ({ nodes, codes }) => [
      ...nodes.map(([key, value]) => ({ type: 'put', space: 'node', key, value }) as const),
      ...codes.map(([key, value]) => ({ type: 'put', space: 'code', key, value }) as const),
    ],
    setHead: (head, removed, added) => [
      ...removed.flatMap((block): StoreOperation[] => [
        {
          type: 'delete',
          space: 'canonical',
          key: blockNumberKey(toBlockNumber(block.header.number)),
        },
        ...block.transactions.map(
          ({ hash }): StoreOperation => ({
            type: 'delete',
            space: 'transaction',
            key: hexToBytes(hash),
          }),
        ),
      ]),
      ...added.flatMap(canonicalOperations),
      headOperation(head),
    ],
  }
}

function putRecord(record: BlockRecord): readonly StoreOperation[] {
  const key = hexToBytes(record.hash)
  return [
    {
      type: 'put',
      space: 'branch',
      key: concatBytes(blockNumberKey(toBlockNumber(record.header.number)), key),
      value: new Uint8Array(),
    },
    { type: 'put', space: 'blockMeta', key, value: encodeRecord(record) },
  ]
}

function putBody(block: Block, { receipts, systemLogs }: BlockReceipts): readonly StoreOperation[] {
  const key = hexToBytes(block.hash)
  return [
    { type: 'put', space: 'block', key, value: encodeBlock(block) },
    {
      type: 'put',
      space: 'receipts',
      key,
      value: encodeRlp([encodeReceipts(receipts), encodeLogs(systemLogs)]),
    },
  ]
}

function headOperation(head: Hash32): StoreOperation {
  return { type: 'put', space: 'meta', key: HEAD_KEY, value: hexToBytes(head) }
}

function canonicalOperation(number: bigint, hash: Hash32): StoreOperation {
  return {
    type: 'put',
    space: 'canonical',
    key: blockNumberKey(toBlockNumber(number)),
    value: hexToBytes(hash),
  }
}

/** The block by its number, its transactions by their hash. */
function canonicalOperations(block: Block): readonly StoreOperation[] {
  const blockHash = hexToBytes(block.hash)
  return [
    canonicalOperation(block.header.number, block.hash),
    ...block.transactions.map(
      ({ hash }, index): StoreOperation => ({
        type: 'put',
        space: 'transaction',
        key: hexToBytes(hash),
        value: transactionPosition(blockHash, index),
      }),
    ),
  ]
}

/** The hash of the block and the index in it, four bytes. */
function transactionPosition(blockHash: Uint8Array, index: number): Uint8Array {
  const value = new Uint8Array(blockHash.length + 4)
  value.set(blockHash)
  new DataView(value.buffer).setUint32(blockHash.length, index)
  return value
}

function toHash(bytes: Uint8Array | undefined): Hash32 | undefined {
  return bytes === undefined ? undefined : bytesToHash32(bytes)
}

/** Keeps a value in a cache of at most `limit` entries; the oldest goes. */
