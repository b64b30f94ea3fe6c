import {
  accept,
  type BlockNumber,
  bytesToBigint,
  bytesToHash32,
  decodeRlp,
  encodeRlp,
  type Hash32,
  type Height,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  type RlpItem,
  refuse,
  toBlockNumber,
  toHeight,
  type Verdict,
} from '@mosaic/primitives'

/** What a node says of its chain. */
export type Status = {
  readonly genesisHash: Hash32
  readonly coreIdentifier: Hash32
  /** The highest finalized checkpoint; the genesis block before the first. */
  readonly finalized: { readonly height: Height; readonly hash: Hash32 }
  readonly head: {
    readonly number: BlockNumber
    readonly hash: Hash32
    readonly totalDifficulty: bigint
  }
}

/** Asks for canonical blocks from `start` upwards; fewer come when the answer is full or the chain ends. */
export type BlocksByRangeRequest = { readonly start: BlockNumber; readonly count: number }

/** Asks for blocks by hash; unknown ones are left out of the answer. */
export type BlocksByHashRequest = { readonly hashes: readonly Hash32[] }

/** Asks for the votes that were seen for targets at heights `from`…`to` of one chain. */
export type VotesByHeightRequest = {
  readonly chain: 'auxiliary' | 'origin'
  readonly from: Height
  readonly to: Height
}

/** Asks for the hashes of transactions that wait for a block; each chunk is one hash. */
export type TransactionHashesRequest = { readonly count: number }

/** Asks for waiting transactions by hash; unknown ones are left out of the answer. */
export type TransactionsByHashRequest = { readonly hashes: readonly Hash32[] }

/** Asks for canonical headers from `start` upwards; fewer come when the chain ends. */
export type HeadersByRangeRequest = { readonly start: BlockNumber; readonly count: number }

/** Asks for addresses at which other peers can be reached, those of the asked peer first. */
export type PeersRequest = { readonly count: number }

/** Asks for trie nodes and contract code by their hash; unknown ones are left out of the answer. */
export type StateNodesRequest = { readonly hashes: readonly Hash32[] }

/** Asks for the receipts of blocks by block hash, in that order; the answer ends before the first block whose receipts are unknown. */
export type ReceiptsByHashRequest = { readonly hashes: readonly Hash32[] }

/** The request and the chunk of the response, by method. Blocks, transactions and votes are their own encodings, opaque here. */
export type MethodTypes = {
  readonly status: { readonly request: Status; readonly chunk: Status }
  readonly blocksByRange: { readonly request: BlocksByRangeRequest; readonly chunk: Uint8Array }
  readonly blocksByHash: { readonly request: BlocksByHashRequest; readonly chunk: Uint8Array }
  readonly votesByHeight: { readonly request: VotesByHeightRequest; readonly chunk: Uint8Array }
  readonly transactionHashes: {
    readonly request: TransactionHashesRequest
    readonly chunk: Uint8Array
  }
  readonly transactionsByHash: {
    readonly request: TransactionsByHashRequest
    readonly chunk: Uint8Array
  }
  readonly headersByRange: { readonly request: HeadersByRangeRequest; readonly chunk: Uint8Array }
  readonly peers: { readonly request: PeersRequest; readonly chunk: string }
  readonly stateNodes: { readonly request: StateNodesRequest; readonly chunk: Uint8Array }
  readonly receiptsByHash: { readonly request: ReceiptsByHashRequest; readonly chunk: Uint8Array }
}

/** Names of the request methods. */
export type MethodName = keyof MethodTypes

/** The methods that the user of the network serves. `status` and `peers` are served by the network itself. */
export type ServedMethod = Exclude<MethodName, 'status' | 'peers'>

/**
 * Serves one request, chunk by chunk; pulled no faster than the peer reads. Throw {@link RequestRefusedError} to refuse.
 */
export type RequestHandlers = {
  readonly [Name in ServedMethod]: (
    request: MethodTypes[Name]['request'],
    context: { readonly peerId: string; readonly signal: AbortSignal },
  ) => AsyncIterable<Uint8Array>
}

/** The most blocks that are asked for by range. */
export const MAX_BLOCKS_BY_RANGE = 128
/** The most blocks that are asked for by hash. */
export const MAX_BLOCKS_BY_HASH = 64
/** The most checkpoint heights whose votes are asked for. */
export const MAX_VOTE_HEIGHTS = 64
/** The most hashes of waiting transactions that are asked for. */
export const MAX_TRANSACTION_HASHES = 4096
/** The most waiting transactions that are asked for by hash. */
export const MAX_TRANSACTIONS_BY_HASH = 256
/** The most headers that are asked for by range. */
export const MAX_HEADERS_BY_RANGE = 512
/** The most trie nodes and codes that are asked for by hash. */
export const MAX_STATE_NODES = 1024
/** The most addresses that are asked for. */
export const MAX_PEER_ADDRESSES = 64
/** The most bytes of one code, far above what EIP-170 lets a transaction create. */
const MAX_CODE_BYTES = 256 * 1024
/** The most uncompressed bytes of a whole response, and so of one chunk. */
export const MAX_RESPONSE_BYTES: number = 4 * 1024 * 1024

/** Everything the transport must know of a method before it reads a byte. */
export type Method<Name extends MethodName> = {
  readonly name: Name
  /** The part of the protocol name after the chain. */
  readonly path: string
  readonly maxRequestBytes: number
  readonly maxChunkBytes: number
  readonly maxChunks: number
  /** What a request takes from the peer's budget. */
  readonly cost: (request: MethodTypes[Name]['request']) => number
  readonly encodeRequest: (request: MethodTypes[Name]['request']) => Uint8Array
  readonly decodeRequest: (bytes: Uint8Array) => Verdict<MethodTypes[Name]['request'], string>
  readonly decodeChunk: (bytes: Uint8Array) => Verdict<MethodTypes[Name]['chunk'], string>
}

/** The methods of version 1. */
export const METHODS: { readonly [Name in MethodName]: Method<Name> } = {
  status: {
    name: 'status',
    path: 'status/1',
    maxRequestBytes: 256,
    maxChunkBytes: 256,
    maxChunks: 1,
    cost: () => 1,
    encodeRequest: encodeStatus,
    decodeRequest: decodeStatus,
    decodeChunk: decodeStatus,
  },
  blocksByRange: {
    name: 'blocksByRange',
    path: 'blocks-by-range/1',
    maxChunkBytes: MAX_RESPONSE_BYTES,
    ...byRange(MAX_BLOCKS_BY_RANGE),
  },
  blocksByHash: {
    name: 'blocksByHash',
    path: 'blocks-by-hash/1',
    maxChunkBytes: MAX_RESPONSE_BYTES,
    ...byHash(MAX_BLOCKS_BY_HASH),
  },
  votesByHeight: {
    name: 'votesByHeight',
    path: 'votes-by-height/1',
    maxRequestBytes: 32,
    maxChunkBytes: 1024,
    maxChunks: 16_384,
    cost: ({ from, to }) => Number(to - from) + 1,
    encodeRequest: ({ chain, from, to }) =>
      encodeRlp([integerToRlp(chain === 'origin' ? 1n : 0n), integerToRlp(from), integerToRlp(to)]),
    decodeRequest: (bytes) =>
      decode(bytes, (item) => {
        const [tag, first, last] = toTuple(item, 3)
        const origin = toInteger(tag)
        if (origin > 1n) throw new InvalidValueError('a chain tag, 0 or 1', origin)
        const from = toHeight(toInteger(first))
        const to = toHeight(toInteger(last))
        toCount(to - from + 1n, MAX_VOTE_HEIGHTS)
        return { chain: origin === 1n ? 'origin' : 'auxiliary', from, to }
      }),
    decodeChunk: accept,
  },
  transactionHashes: {
    name: 'transactionHashes',
    path: 'transaction-hashes/1',
    maxChunkBytes: 32,
    ...listing(MAX_TRANSACTION_HASHES),
    decodeChunk: accept,
  },
  transactionsByHash: {
    name: 'transactionsByHash',
    path: 'transactions-by-hash/1',
    maxChunkBytes: 512 * 1024,
    ...byHash(MAX_TRANSACTIONS_BY_HASH),
  },
  headersByRange: {
    name: 'headersByRange',
    path: 'headers-by-range/1',
    maxChunkBytes: 32 * 1024,
    ...byRange(MAX_HEADERS_BY_RANGE),
  },
  peers: {
    name: 'peers',
    path: 'peers/1',
    maxChunkBytes: 256,
    ...listing(MAX_PEER_ADDRESSES),
    decodeChunk: (bytes) => accept(Buffer.from(bytes).toString('utf8')),
  },
  stateNodes: {
    name: 'stateNodes',
    path: 'state-nodes/1',
    maxChunkBytes: MAX_CODE_BYTES,
    ...byHash(MAX_STATE_NODES),
  },
  receiptsByHash: {
    name: 'receiptsByHash',
    path: 'receipts-by-hash/1',
    maxChunkBytes: MAX_RESPONSE_BYTES,
    ...byHash(MAX_BLOCKS_BY_HASH),
  },
}

/** The wire form of a status. */
export function encodeStatus(status: Status): Uint8Array {
  const { finalized, head } = status
  return encodeRlp([
    hexToBytes(status.genesisHash),
    hexToBytes(status.coreIdentifier),
    [integerToRlp(finalized.height), hexToBytes(finalized.hash)],
    [integerToRlp(head.number), hexToBytes(head.hash), integerToRlp(head.totalDifficulty)],
  ])
}

/** Reads the one wire form of a status; the fault says what is wrong with the bytes. */
export function decodeStatus(bytes: Uint8Array): Verdict<Status, string> {
  return decode(bytes, (item) => {
    const [genesis, core, finalized, head] = toTuple(item, 4)
    const [height, finalizedHash] = toTuple(finalized, 2)
    const [number, headHash, totalDifficulty] = toTuple(head, 3)
    return {
      genesisHash: toHash(genesis),
      coreIdentifier: toHash(core),
      finalized: { height: toHeight(toInteger(height)), hash: toHash(finalizedHash) },
      head: {
        number: toBlockNumber(toInteger(number)),
        hash: toHash(headHash),
        totalDifficulty: toInteger(totalDifficulty),
      },
    }
  })
}

/** What methods have in common that ask in the same way. */
type Asking<Name extends MethodName> = Pick<
  Method<Name>,
  'maxRequestBytes' | 'maxChunks' | 'cost' | 'encodeRequest' | 'decodeRequest' | 'decodeChunk'
>

function byRange(max: number): Asking<'blocksByRange' | 'headersByRange'> {
  return {
    maxRequestBytes: 32,
    maxChunks: max,
    cost: ({ count }) => count,
    encodeRequest: ({ start, count }) =>
      encodeRlp([integerToRlp(start), integerToRlp(BigInt(count))]),
    decodeRequest: (bytes) =>
      decode(bytes, (item) => {
        const [start, count] = toTuple(item, 2)
        return {
          start: toBlockNumber(toInteger(start)),
          count: toCount(toInteger(count), max),
        }
      }),
    decodeChunk: accept,
  }
}

function listing(max: number): Omit<Asking<'transactionHashes' | 'peers'>, 'decodeChunk'> {
  return {
    maxRequestBytes: 8,
    maxChunks: max,
    cost: () => 1,
    encodeRequest: ({ count }) => encodeRlp([integerToRlp(BigInt(count))]),
    decodeRequest: (bytes) =>
      decode(bytes, (item) => {
        const [count] = toTuple(item, 1)
        return { count: toCount(toInteger(count), max) }
      }),
  }
}

function byHash(
  max: number,
): Asking<'blocksByHash' | 'transactionsByHash' | 'stateNodes' | 'receiptsByHash'> {
  return {
    maxRequestBytes: 33 * max + 8,
    maxChunks: max,
    cost: ({ hashes }) => hashes.length,
    encodeRequest: ({ hashes }) => encodeRlp(hashes.map(hexToBytes)),
    decodeRequest: (bytes) =>
      decode(bytes, (item) => {
        const hashes = toList(item)
        toCount(BigInt(hashes.length), max)
        return { hashes: hashes.map(toHash) }
      }),
    decodeChunk: accept,
  }
}

function decode<T>(bytes: Uint8Array, read: (item: RlpItem) => T): Verdict<T, string> {
  try {
    return accept(read(decodeRlp(bytes, 2)))
  } catch (error) {
    if (error instanceof InvalidValueError) return refuse(error.message)
    throw error
  }
}

function toList(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) {
    throw new InvalidValueError('a list', item === undefined ? 'nothing' : 'a string')
  }
  return item
}

function toTuple(item: RlpItem | undefined, length: number): readonly RlpItem[] {
  const list = toList(item)
  if (list.length !== length) throw new InvalidValueError(`${length} fields`, list.length)
  return list
}

function toBytes(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new InvalidValueError('a string', 'a list')
  return item
}

function toInteger(item: RlpItem | undefined): bigint {
  const bytes = toBytes(item)
  if (bytes.length > 32) throw new InvalidValueError('at most 32 bytes', bytes.length)
  if (bytes[0] === 0) throw new InvalidValueError('an integer without leading zeros', 0)
  return bytesToBigint(bytes)
}

function toHash(item: RlpItem | undefined): Hash32 {
  return bytesToHash32(toBytes(item))
}

function toCount(value: bigint, max: number): number {
  if (value < 1n || value > BigInt(max))
    throw new InvalidValueError(`a count of 1 to ${max}`, value)
  return Number(value)
}
