import {
  type Address,
  type BlockNumber,
  type Hash32,
  type Hex,
  toAddress,
  toHash32,
} from '@mosaic/primitives'
import { type BlockParameter, blockNumberOrTag, findHeader, LATEST } from './block-reference.ts'
import { ERROR_CODE, RpcError, serverError } from './errors.ts'
import { least } from './least.ts'
import {
  bytesIn,
  field,
  hash32,
  listOf,
  ParameterError,
  type Parse,
  recordOf,
} from './parameters.ts'
import type { ChainPort, LogFilter } from './ports.ts'
import type { LogView } from './views.ts'

const MAX_ADDRESSES = 1000
const MAX_TOPICS = 4
const MAX_ALTERNATIVES = 1000

/** What a caller asks of logs: a block, or a range whose ends stand for the latest block when missing. */
export type LogCriteria = {
  readonly filter: LogFilter
  readonly blockHash: Hash32 | undefined
  readonly from: BlockParameter | undefined
  readonly to: BlockParameter | undefined
}

/** Bounds on one query. */
export type LogLimits = { readonly maxBlocks: bigint; readonly maxLogs: number }

/** Bytes of an address or topic in the words that geth has in queries of logs. */
function decode(written: string, bytes: number, what: string): Hex {
  const hex = bytesIn(written)
  const size = (hex.length - 2) / 2
  if (size !== bytes) {
    throw new ParameterError(
      `hex has invalid length ${size} after decoding; expected ${bytes} for ${what}`,
    )
  }
  return hex
}

const toAddresses: Parse<readonly Address[]> = (value) => {
  if (typeof value === 'string') {
    return [named('invalid address', () => toAddress(decode(value, 20, 'address')))]
  }
  if (!Array.isArray(value)) throw new ParameterError('invalid addresses in query')
  if (value.length > MAX_ADDRESSES) throw new ParameterError('exceed max addresses')
  return value.map((each: unknown, i) => {
    if (typeof each !== 'string') throw new ParameterError(`non-string address at index ${i}`)
    return named(`invalid address at index ${i}`, () => toAddress(decode(each, 20, 'address')))
  })
}

function named<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error
    throw new ParameterError(`${what}: ${error.message}`)
  }
}

const toTopic: Parse<Hash32> = (value) => {
  if (typeof value !== 'string') throw new ParameterError('invalid topic(s)')
  return toHash32(decode(value, 32, 'topic'))
}

/** One position of the topics: null for anything, one topic, or alternatives among which null is anything. */
const topicPosition: Parse<readonly Hash32[]> = (value) => {
  if (value === null) return []
  if (!Array.isArray(value)) return [toTopic(value)]
  if (value.length > MAX_ALTERNATIVES) throw new ParameterError('exceed max topics')
  return value.includes(null) ? [] : value.map(toTopic)
}

/** The object of `eth_getLogs`, `eth_newFilter` and the `logs` subscription. */
export const logCriteria: Parse<LogCriteria> = (value) => {
  const criteria = recordOf('filters.input')(value)
  const blockHash = field(criteria, 'blockHash', hash32)
  const from = field(criteria, 'fromBlock', blockNumberOrTag)
  const to = field(criteria, 'toBlock', blockNumberOrTag)
  if (blockHash !== undefined && (from !== undefined || to !== undefined)) {
    throw new ParameterError(
      'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    )
  }
  return {
    blockHash,
    from,
    to,
    filter: {
      addresses: field(criteria, 'address', toAddresses) ?? [],
      topics:
        field(
          criteria,
          'topics',
          listOf(topicPosition, MAX_TOPICS, '[]interface {}', 'exceed max topics'),
        ) ?? [],
    },
  }
}

/** Whether a log is asked for. */
export function matchesFilter(log: LogView, { addresses, topics }: LogFilter): boolean {
  if (addresses.length > 0 && !addresses.includes(log.address)) return false
  if (topics.length > log.topics.length) return false
  return topics.every((alternatives, i) => {
    const topic = log.topics[i]
    return alternatives.length === 0 || (topic !== undefined && alternatives.includes(topic))
  })
}

/**
 * The logs that `criteria` ask for.
 *
 * @throws {@link RpcError} -32000 for a range that runs backwards and for an unknown block, -32005 above the limits.
 */
export async function queryLogs(
  chain: ChainPort,
  criteria: LogCriteria,
  limits: LogLimits,
): Promise<readonly LogView[]> {
  const range = await toRange(chain, criteria, limits)
  if (range === undefined) return []
  const result = await chain.logs({ ...criteria.filter, range }, limits.maxLogs)
  if (result.ok) return result.value
  switch (result.fault.code) {
    case 'UNKNOWN_BLOCK':
      throw serverError('unknown block')
    case 'PRUNED':
      throw serverError('pruned history unavailable')
    case 'TOO_MANY':
      throw new RpcError(ERROR_CODE.limit, `query returned more than ${result.fault.limit} results`)
    default:
      return result.fault satisfies never
  }
}

type Range =
  | { readonly from: BlockNumber; readonly to: BlockNumber }
  | { readonly blockHash: Hash32 }

async function toRange(
  chain: ChainPort,
  criteria: LogCriteria,
  limits: LogLimits,
): Promise<Range | undefined> {
  if (criteria.blockHash !== undefined) return { blockHash: criteria.blockHash }
  const head = await findHeader(chain, LATEST)
  if (head === undefined) return undefined
  const end = async (parameter: BlockParameter | undefined): Promise<BlockNumber> => {
    if (parameter === undefined) return head.number
    if ('number' in parameter) return parameter.number
    return (await findHeader(chain, parameter))?.number ?? head.number
  }
  const [from, to] = [await end(criteria.from), await end(criteria.to)]
  // A missing end is the latest block, so `from` alone may lie ahead of it.
  if (criteria.to === undefined && from > head.number) return undefined
  if (from > to) throw serverError('invalid block range params')
  if (from > head.number) return undefined
  const last = least(to, head.number)
  if (last - from >= limits.maxBlocks) {
    throw new RpcError(ERROR_CODE.limit, `exceed maximum block range: ${limits.maxBlocks}`)
  }
  return { from, to: last }
}
