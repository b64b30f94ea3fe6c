import { type BlockNumber, type Hash32, toBlockNumber, toHash32 } from '@mosaic/primitives'
import { ERROR_CODE, RpcError, serverError } from './errors.ts'
import { isRecord } from './json.ts'
import {
  boolean,
  bytesOf,
  field,
  hash32,
  ParameterError,
  type Parse,
  recordOf,
  text,
  toQuantity,
  UnmarshalError,
  uint64,
} from './parameters.ts'
import type { BlockReference, BlockTag, ChainPort } from './ports.ts'
import type { HeaderView } from './views.ts'

/** A block as a caller names it; `pending` is the block being built, which has no hash. */
export type BlockParameter = BlockReference | { readonly tag: 'pending' }

/** The latest block. */
export const LATEST: BlockReference = { tag: 'latest' }

/** The number of a block, as a field of an object. */
export const blockNumber: Parse<BlockNumber> = (value) => toNumber(uint64(value))

const TAGS: readonly (BlockTag | 'pending')[] = [
  'latest',
  'earliest',
  'pending',
  'safe',
  'finalized',
]

/** A tag or a number. */
export const blockNumberOrTag: Parse<BlockParameter> = (value) => {
  const tag = TAGS.find((each) => each === value)
  if (tag !== undefined) return { tag }
  if (typeof value !== 'string') throw new ParameterError('hex string without 0x prefix')
  return { number: toNumber(toQuantity(value, 64)) }
}

/** A tag, a number, a hash, or an object with one of the last two (EIP-1898). */
export const blockParameter: Parse<BlockParameter> = (value) => {
  if (!isRecord(value)) {
    const written = text(value)
    if (TAGS.some((each) => each === written)) return blockNumberOrTag(written)
    if (written.length !== HASH_LENGTH) {
      return { number: toNumber(toQuantity(written, 64), 'blocknumber too high') }
    }
    return { hash: toHash32(bytesOf(written, 32, 'Hash')) }
  }
  const { number, hash, isCanonical } = readObject(value)
  if (number !== undefined && hash !== undefined) {
    throw new ParameterError(
      'cannot specify both BlockHash and BlockNumber, choose one or the other',
    )
  }
  if (number !== undefined) return number
  if (hash === undefined) {
    throw serverError('invalid arguments; neither block nor hash specified')
  }
  return { hash, requireCanonical: isCanonical }
}

/** Characters of a hash with its prefix. */
const HASH_LENGTH = 66
const MAX_NUMBER = 2n ** 63n - 1n

function toNumber(number: bigint, tooHigh = 'block number larger than int64'): BlockNumber {
  if (number > MAX_NUMBER) throw new ParameterError(tooHigh)
  return toBlockNumber(number)
}

function readObject(value: unknown): {
  readonly number: BlockParameter | undefined
  readonly hash: Hash32 | undefined
  readonly isCanonical: boolean
} {
  const from = recordOf('rpc.erased')(value)
  try {
    return {
      number: field(from, 'blockNumber', blockNumberOrTag),
      hash: field(from, 'blockHash', hash32),
      isCanonical: field(from, 'requireCanonical', boolean) ?? false,
    }
  } catch (error) {
    // What is no such object may still be a string.
    throw error instanceof ParameterError ? new UnmarshalError('object', 'string') : error
  }
}

/** Where `pending` means the state after the head, which is all that a node without a pending block has. */
export function withoutPending(parameter: BlockParameter): BlockReference {
  return 'tag' in parameter && parameter.tag === 'pending' ? LATEST : toReference(parameter)
}

/**
 * The header of a block by tag, number or hash; undefined when there is no such number or hash.
 *
 * @throws {@link RpcError} -39001 for `safe` and `finalized` before the first such checkpoint; -32000 for a block that is
 *   not canonical when that is required.
 */
export async function findHeader(
  chain: ChainPort,
  parameter: BlockParameter,
): Promise<HeaderView | undefined> {
  const reference = withoutPending(parameter)
  const header = await chain.header(reference)
  if (header === undefined && 'tag' in reference) {
    throw new RpcError(ERROR_CODE.unknownBlock, `${reference.tag} block not found`)
  }
  if (header !== undefined && 'hash' in reference && reference.requireCanonical === true) {
    await requireCanonical(chain, header.hash)
  }
  return header
}

/** As {@link findHeader}. @throws {@link RpcError} -32000 when there is no such block. */
export async function requireHeader(
  chain: ChainPort,
  parameter: BlockParameter,
): Promise<HeaderView> {
  const header = await findHeader(chain, parameter)
  if (header !== undefined) return header
  throw serverError('hash' in parameter ? 'header for hash not found' : 'header not found')
}

async function requireCanonical(chain: ChainPort, hash: Hash32): Promise<void> {
  if (!(await chain.isCanonical(hash))) throw serverError('hash is not currently canonical')
}

function toReference(parameter: BlockParameter): BlockReference {
  if (!('tag' in parameter)) return parameter
  return parameter.tag === 'pending' ? LATEST : { tag: parameter.tag }
}
