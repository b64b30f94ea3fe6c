import type { DevAccountChange, DevPort } from './dev-port.ts'
import { ERROR_CODE, RpcError } from './errors.ts'
import { isRecord, type Json, quantity } from './json.ts'
import { type Method, type MethodTable, method0, method1, method2, method3 } from './method.ts'
import {
  address,
  boolean,
  decimalOrHex,
  field,
  hash32,
  hexData,
  optional,
  type Parse,
  recordOf,
  required,
  storageKey,
  uint256,
} from './parameters.ts'
import type { ChainPort, NodePort } from './ports.ts'

/** Timestamps above this are milliseconds: as seconds they lie beyond the year 5000. */
const LATEST_SECONDS = 100_000_000_000n
const MS_PER_SECOND = 1000n

const timestamp: Parse<bigint> = (value) => {
  const number = decimalOrHex(value)
  return number > LATEST_SECONDS ? number / MS_PER_SECOND : number
}

const mineFields = recordOf('evm.MineOptions')

/** The parameter of `evm_mine`: a timestamp, or an object with one and a number of blocks. */
const mineOptions: Parse<{ readonly at: bigint | undefined; readonly blocks: bigint }> = (value) =>
  isRecord(value)
    ? {
        at: field(mineFields(value), 'timestamp', timestamp),
        blocks: field(mineFields(value), 'blocks', decimalOrHex) ?? 1n,
      }
    : { at: timestamp(value), blocks: 1n }

/** Methods of a chain for tests, under the names of ganache (`evm_`), anvil and hardhat. */
export function createDevMethods(ports: {
  readonly dev: DevPort
  readonly node: NodePort
  readonly chain: ChainPort
}): MethodTable {
  const { dev } = ports
  const edit =
    (result: Json) =>
    async (change: DevAccountChange): Promise<Json> => {
      await dev.edit(change)
      return result
    }
  const editQuietly = edit(null)
  const setBalance = method2(required(address), required(uint256), (account, balance) =>
    editQuietly({ address: account, balance }),
  )
  const addBalance = method2(required(address), required(uint256), (account, addedBalance) =>
    editQuietly({ address: account, addedBalance }),
  )
  const setCode = method2(required(address), required(hexData), (account, code) =>
    editQuietly({ address: account, code }),
  )
  const setNonce = method2(required(address), required(decimalOrHex), (account, nonce) =>
    editQuietly({ address: account, nonce }),
  )
  const setStorageAt = method3(
    required(address),
    required(storageKey),
    required(storageKey),
    (account, slot, value) => edit(true)({ address: account, slots: [[slot, value]] }),
  )
  const mine = method2(
    optional(decimalOrHex, 1n),
    optional(decimalOrHex, undefined),
    async (count, interval) => {
      await dev.mine(count, interval)
      return null
    },
  )
  const revert = method1(required(decimalOrHex), (id) => dev.revert(id))
  const setAutomine = method1(required(boolean), (on) => {
    dev.mining.setAutomatic(on)
    return null
  })
  const setTimestampOfNext = method1(required(timestamp), (at) => {
    dev.time.setNext(at)
    return null
  })
  const setGasLimit = method1(required(decimalOrHex), (limit) => {
    dev.mining.setGasLimit(limit)
    return true
  })
  const unitOfInterval = dev.info().compat === 'hardhat' ? 1 : 1000

  return {
    ...aliases(['anvil', 'hardhat'], {
      mine,
      setBalance,
      addBalance,
      setCode,
      setNonce,
      setStorageAt,
    }),
    ...aliases(['tenderly'], { setBalance, addBalance }),
    ...aliases(['evm', 'anvil'], {
      revert,
      setAutomine,
      setNextBlockTimestamp: setTimestampOfNext,
      setBlockGasLimit: setGasLimit,
      snapshot: method0(async () => quantity(await dev.snapshot())),
      increaseTime: method1(required(decimalOrHex), (seconds) =>
        quantity(dev.time.increase(seconds)),
      ),
      setTime: method1(required(timestamp), (at) => Number(dev.time.set(at))),
      setIntervalMining: method1(required(decimalOrHex), (interval) => {
        dev.mining.setIntervalMs(Number(interval) * unitOfInterval)
        return null
      }),
    }),
    ...aliases(['anvil', 'hardhat'], {
      getAutomine: method0(() => dev.mining.isAutomatic()),
      impersonateAccount: method1(required(address), (account) => {
        dev.impersonate(account, true)
        return null
      }),
      stopImpersonatingAccount: method1(required(address), (account) => {
        dev.impersonate(account, false)
        return null
      }),
      autoImpersonateAccount: method1(required(boolean), (on) => {
        dev.impersonateAll(on)
        return null
      }),
      setNextBlockBaseFeePerGas: method1(required(uint256), (fee) => {
        dev.mining.setNextBaseFee(fee)
        return null
      }),
      setLoggingEnabled: method1(required(boolean), () => null),
      dropAllTransactions: method0(() => {
        dev.dropTransactions(undefined)
        return null
      }),
      dumpState: method0(() => dev.dumpState()),
      loadState: method1(required(hexData), async (dump) => {
        await dev.loadState(dump)
        return true
      }),
      reset: async (params) => {
        const [options] = params
        const forking = isRecord(options) ? options['forking'] : undefined
        if (isRecord(forking) && typeof forking['jsonRpcUrl'] === 'string') {
          throw new RpcError(ERROR_CODE.invalidParameters, 'forking is not offered by this chain')
        }
        await dev.reset()
        return true
      },
      setMinGasPrice: refuse('this chain has a base fee: use setNextBlockBaseFeePerGas'),
      setCoinbase: refuse(
        "the fees of a block go to the account that sealed it, which is its signature's",
      ),
      setPrevRandao: refuse('the blocks of a proof-of-authority chain carry no randomness'),
    }),
    anvil_dropTransaction: method1(required(hash32), (hash) =>
      dev.dropTransaction(hash) ? hash : null,
    ),
    hardhat_dropTransaction: method1(required(hash32), (hash) => dev.dropTransaction(hash)),
    anvil_removePoolTransactions: method1(required(address), (sender) => {
      dev.dropTransactions(sender)
      return null
    }),
    evm_mine: method1(
      optional(mineOptions, { at: undefined, blocks: 1n }),
      async ({ at, blocks }) => {
        if (at !== undefined) dev.time.setNext(at)
        await dev.mine(blocks, undefined)
        return '0x0'
      },
    ),
    evm_setAccountBalance: setBalance,
    evm_setAccountCode: setCode,
    evm_setAccountNonce: setNonce,
    evm_setAccountStorageAt: setStorageAt,
    anvil_getIntervalMining: method0(() => {
      const ms = dev.mining.intervalMs()
      return ms === 0 ? null : ms / 1000
    }),
    anvil_setBlockTimestampInterval: method1(required(decimalOrHex), (seconds) => {
      dev.time.setInterval(seconds)
      return null
    }),
    anvil_removeBlockTimestampInterval: method0(() => {
      const had = dev.time.hasInterval()
      dev.time.setInterval(undefined)
      return had
    }),
    anvil_getGenesisTime: method0(() => Number(dev.time.genesis())),
    anvil_reorg: reorg(dev),
    anvil_rollback: method1(optional(decimalOrHex, 1n), async (depth) => {
      await dev.rollback(depth)
      return null
    }),
    anvil_setRpcUrl: refuse('forking is not offered by this chain'),
    anvil_setChainId: refuse('the chain id is part of genesis'),
    ...createIdentityMethods(ports),
  }
}

/** By what name tools know what they talk to; each shape is that of its tool. */
function createIdentityMethods({
  dev,
  node,
  chain,
}: {
  readonly dev: DevPort
  readonly node: NodePort
  readonly chain: ChainPort
}): MethodTable {
  const latest = async (): Promise<{
    number: bigint
    hash: string
    timestamp: bigint
    fee: bigint
  }> => {
    const header = await chain.header({ tag: 'latest' })
    if (header === undefined) throw new RpcError(ERROR_CODE.internal, 'the chain has no head')
    const { number, hash, timestamp: at, baseFeePerGas: fee } = header
    return { number, hash, timestamp: at, fee }
  }
  return {
    anvil_nodeInfo: method0(async () => {
      const head = await latest()
      const { gasLimit } = dev.info()
      return {
        currentBlockNumber: Number(head.number),
        currentBlockTimestamp: Number(head.timestamp),
        currentBlockHash: head.hash,
        hardFork: 'osaka',
        transactionOrder: 'fees',
        environment: {
          baseFee: quantity(head.fee),
          chainId: Number(node.chainId),
          gasLimit: quantity(gasLimit),
          gasPrice: quantity(head.fee),
        },
        forkConfig: { forkUrl: null, forkBlockNumber: null, forkRetryBackoff: null },
        network: null,
      }
    }),
    anvil_metadata: method0(async () => {
      const head = await latest()
      const { instanceId, snapshots } = dev.info()
      return {
        clientVersion: node.clientVersion,
        clientSemver: null,
        clientCommitSha: null,
        chainId: Number(node.chainId),
        instanceId,
        latestBlockNumber: Number(head.number),
        latestBlockHash: head.hash,
        forkedNetwork: null,
        snapshots: Object.fromEntries(
          [...snapshots].map(([id, { number, hash }]) => [quantity(id), [Number(number), hash]]),
        ),
      }
    }),
    hardhat_metadata: method0(async () => {
      const head = await latest()
      return {
        clientVersion: node.clientVersion,
        chainId: Number(node.chainId),
        instanceId: dev.info().instanceId,
        latestBlockNumber: Number(head.number),
        latestBlockHash: head.hash,
      }
    }),
  }
}

/** `anvil_reorg` takes two parameters, or one object with both. */
function reorg(dev: DevPort): Method {
  return async ([first, pairs], context) => {
    const depth = isRecord(first) ? first['depth'] : first
    const insertions = isRecord(first) ? (first['tx_block_pairs'] ?? pairs) : pairs
    if (Array.isArray(insertions) && insertions.length > 0) {
      throw new RpcError(
        ERROR_CODE.invalidParameters,
        'transactions of the other branch are not taken here: send them after the reorg',
      )
    }
    return method1(required(decimalOrHex), async (count) => {
      await dev.reorg(count)
      return null
    })([depth], context)
  }
}

/** One method under the same name in several namespaces. */
function aliases(
  namespaces: readonly string[],
  methods: Readonly<Record<string, Method>>,
): MethodTable {
  return Object.fromEntries(
    namespaces.flatMap((namespace) =>
      Object.entries(methods).map(([name, method]) => [`${namespace}_${name}`, method] as const),
    ),
  )
}

/** For what tools know and this chain does not do: better said than ignored. */
function refuse(reason: string): Method {
  return async () => {
    throw new RpcError(ERROR_CODE.invalidParameters, reason)
  }
}
