import {
  type Address,
  type BlockNumber,
  type Hash32,
  type Hex,
  hexToBytes,
  InvalidValueError,
  toAddress,
  toBlockNumber,
  toHash32,
  toHex,
} from '@mosaic/primitives'
import { WrongChainError } from './errors.ts'
import { blockToHeader, type RawHeader } from './header-rlp.ts'
import { isRecord, type JsonRpcRequest } from './json-rpc.ts'

/** When a block of a chain counts as final: by the chain's own `finalized` tag, or by depth below the head. */
export type FinalityPolicy =
  | { readonly kind: 'finalized-tag' }
  | { readonly kind: 'confirmations'; readonly depth: bigint }

/** A log as the protocol reads it. */
export type ChainLog = {
  readonly address: Address
  readonly topics: readonly Hash32[]
  readonly data: Hex
  readonly blockNumber: BlockNumber
  readonly blockHash: Hash32
  readonly transactionHash: Hash32
  readonly logIndex: number
}

/** What `eth_getProof` gives for one account and its slots. */
export type AccountProof = {
  readonly accountProof: readonly Uint8Array[]
  readonly storageHash: Hash32
  readonly storageProofs: readonly {
    readonly slot: Hash32
    readonly value: bigint
    readonly proof: readonly Uint8Array[]
  }[]
}

/** Block height or tag of a query. */
export type BlockTag = BlockNumber | 'latest' | 'safe' | 'finalized' | 'pending'

/** Reads one Ethereum chain through its JSON-RPC. Every answer is checked for its form; headers for their hash; logs for address and range. */
export type EthereumClient = {
  readonly chainId: bigint
  readonly request: JsonRpcRequest
  readonly blockNumber: () => Promise<BlockNumber>
  /** The header at a height, tag or hash; undefined if the chain has none there. */
  readonly header: (at: BlockTag | Hash32) => Promise<RawHeader | undefined>
  /** Newest block that is final under the policy; undefined if none is yet. */
  readonly finalNumber: () => Promise<BlockNumber | undefined>
  readonly call: (to: Address, data: Hex, at?: BlockTag) => Promise<Hex>
  readonly logs: (filter: LogFilter) => Promise<readonly ChainLog[]>
  readonly proof: (
    account: Address,
    slots: readonly Hash32[],
    at: BlockTag,
  ) => Promise<AccountProof>
  readonly code: (account: Address, at?: BlockTag) => Promise<Hex>
  readonly balance: (account: Address, at?: BlockTag) => Promise<bigint>
}

/** Which logs to read: a contiguous range of blocks, one contract, alternatives per topic. */
export type LogFilter = {
  readonly address: Address
  readonly topics: readonly (readonly Hash32[] | null)[]
  readonly fromBlock: BlockNumber
  readonly toBlock: BlockTag
}

/** Blocks asked for in one `eth_getLogs`. */
const LOG_RANGE = 10_000n

/** The chain that an endpoint serves. */
export async function readChainId(request: JsonRpcRequest): Promise<bigint> {
  return toQuantity(await request('eth_chainId', []), 'eth_chainId')
}

/**
 * A client of the chain `chainId`. Connects to nothing yet: before its first answer it asks the endpoint which chain it serves, and every call
 * throws {@link WrongChainError} if it is another one.
 */
export function createEthereumClient(
  endpoint: JsonRpcRequest,
  policy: FinalityPolicy,
  chainId: bigint,
): EthereumClient {
  let verified: Promise<void> | undefined
  const verify = async (): Promise<void> => {
    const served = await readChainId(endpoint)
    if (served !== chainId) throw new WrongChainError(chainId, served)
  }
  const request: JsonRpcRequest = async (method, params) => {
    verified ??= verify().catch((error: unknown) => {
      verified = undefined
      throw error
    })
    await verified
    return endpoint(method, params)
  }
  const blockNumber = async (): Promise<BlockNumber> =>
    toBlockNumber(toQuantity(await request('eth_blockNumber', []), 'eth_blockNumber'))
  const header = async (at: BlockTag | Hash32): Promise<RawHeader | undefined> => {
    const isHash = typeof at === 'string' && at.startsWith('0x')
    const block = await request(isHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber', [
      isHash ? at : toTag(at),
      false,
    ]).catch(ignoreMissingTag)
    if (block === null || block === undefined) return undefined
    if (!isRecord(block)) throw new InvalidValueError('a block', JSON.stringify(block))
    const found = blockToHeader(block)
    if (isHash && found.hash !== at) throw new InvalidValueError(`the block ${at}`, found.hash)
    if (typeof at === 'bigint' && found.number !== at) {
      throw new InvalidValueError(`block ${at}`, found.number)
    }
    return found
  }

  return {
    chainId,
    request,
    blockNumber,
    header,
    finalNumber: async () => {
      if (policy.kind === 'finalized-tag') return (await header('finalized'))?.number
      const head = await blockNumber()
      return head < policy.depth ? undefined : toBlockNumber(head - policy.depth)
    },
    call: async (to, data, at = 'latest') =>
      toHex(requireText(await request('eth_call', [{ to, data }, toTag(at)]), 'eth_call')),
    logs: async ({ address, topics, fromBlock, toBlock }) => {
      const end = typeof toBlock === 'bigint' ? toBlock : (await header(toBlock))?.number
      const logs: ChainLog[] = []
      if (end === undefined) return logs
      for (let from: bigint = fromBlock; from <= end; from += LOG_RANGE) {
        const last = from + LOG_RANGE - 1n < end ? from + LOG_RANGE - 1n : end
        const page = await request('eth_getLogs', [
          { address, topics, fromBlock: toQuantityHex(from), toBlock: toQuantityHex(last) },
        ])
        for (const log of requireList(page, 'eth_getLogs').map(toChainLog)) {
          if (log.address !== address || log.blockNumber < from || log.blockNumber > last) {
            const received = `one of ${log.address} in block ${log.blockNumber}`
            throw new InvalidValueError(`a log of ${address} in ${from} to ${last}`, received)
          }
          logs.push(log)
        }
      }
      return logs
    },
    proof: async (account, slots, at) =>
      toAccountProof(await request('eth_getProof', [account, slots, toTag(at)])),
    code: async (account, at = 'latest') =>
      toHex(requireText(await request('eth_getCode', [account, toTag(at)]), 'eth_getCode')),
    balance: async (account, at = 'latest') =>
      toQuantity(await request('eth_getBalance', [account, toTag(at)]), 'eth_getBalance'),
  }
}

/** A JSON-RPC quantity: hex without leading zeros. */
export function toQuantityHex(value: bigint): string {
  return `0x${value.toString(16)}`
}

/** @throws InvalidValueError unless `value` is a hex quantity. */
export function toQuantity(value: unknown, method: string): bigint {
  const text = requireText(value, method)
  if (!/^0x[0-9a-fA-F]+$/.test(text)) throw new InvalidValueError(`a quantity from ${method}`, text)
  return BigInt(text)
}

function toTag(at: BlockTag | Hash32): string {
  return typeof at === 'bigint' ? toQuantityHex(at) : at
}

/** Nodes answer a tag they cannot resolve yet with an error (geth: -39001) instead of null. */
function ignoreMissingTag(error: unknown): undefined {
  if (
    error instanceof Error &&
    /(?:finalized|safe) block not found|unknown block/i.test(error.message)
  ) {
    return undefined
  }
  throw error
}

function toChainLog(value: unknown): ChainLog {
  if (!isRecord(value)) throw new InvalidValueError('a log', JSON.stringify(value))
  return {
    address: toAddress(requireText(value['address'], 'log.address')),
    topics: requireList(value['topics'], 'log.topics').map((topic) => toHash32(String(topic))),
    data: toHex(requireText(value['data'], 'log.data')),
    blockNumber: toBlockNumber(toQuantity(value['blockNumber'], 'log.blockNumber')),
    blockHash: toHash32(requireText(value['blockHash'], 'log.blockHash')),
    transactionHash: toHash32(requireText(value['transactionHash'], 'log.transactionHash')),
    logIndex: Number(toQuantity(value['logIndex'], 'log.logIndex')),
  }
}

function toAccountProof(value: unknown): AccountProof {
  if (!isRecord(value)) throw new InvalidValueError('a proof', JSON.stringify(value))
  const nodes = (list: unknown): readonly Uint8Array[] =>
    requireList(list, 'proof').map((node) => hexToBytes(requireText(node, 'proof node')))
  return {
    accountProof: nodes(value['accountProof']),
    storageHash: toHash32(requireText(value['storageHash'], 'storageHash')),
    storageProofs: requireList(value['storageProof'], 'storageProof').map((entry) => {
      if (!isRecord(entry)) throw new InvalidValueError('a storage proof', JSON.stringify(entry))
      const slot = toQuantity(entry['key'], 'storage key')
      return {
        slot: toHash32(`0x${slot.toString(16).padStart(64, '0')}`),
        value: toQuantity(entry['value'], 'storage value'),
        proof: nodes(entry['proof']),
      }
    }),
  }
}

function requireText(value: unknown, what: string): string {
  if (typeof value !== 'string')
    throw new InvalidValueError(`text from ${what}`, JSON.stringify(value))
  return value
}

function requireList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value))
    throw new InvalidValueError(`a list from ${what}`, JSON.stringify(value))
  return value
}
