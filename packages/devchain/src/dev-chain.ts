import { createRpcPorts, createTransactionIntake } from '@mosaic/api'
import { type Chain, createTransactionPool, openChain } from '@mosaic/chain'
import { createExecutionLayer } from '@mosaic/execution'
import {
  accept,
  type Hash32,
  type Hex,
  toAddress,
  toBlockNumber,
  toHash32,
  toHex,
} from '@mosaic/primitives'
import {
  createMethods,
  createRpcServer,
  type DevPort,
  type RpcHandler,
  UNCONDITIONALLY,
} from '@mosaic/rpc'
import { createMemoryStore } from '@mosaic/storage'
import { createAbiNames, formatCalls, nameErrors } from './abi-names.ts'
import type { DevAccount } from './accounts.ts'
import { createAutomation } from './automation.ts'
import { createClock } from './clock.ts'
import { CONSOLE, decodeConsoleLog } from './console-log.ts'
import { createDevPort, dropAll } from './dev-port.ts'
import { decodeDump, encodeDump } from './dump.ts'
import { accountsOf, definitionOf, genesisOf, SEALER } from './genesis.ts'
import { createMiner } from './miner.ts'
import { nameBlocks } from './named-blocks.ts'
import type { Compatibility, DevChainOptions } from './options.ts'
import { createProvider, type Provider } from './provider.ts'
import { createRecoveryAhead } from './recovery-ahead.ts'
import { createSendingPool, refillPool } from './sending.ts'
import { createSnapshots } from './snapshots.ts'
import { createWallet } from './wallet.ts'

/** A chain for tests: in this process, in memory, alone. */
export type DevChain = {
  readonly chainId: bigint
  /** The accounts that genesis gave ether to. */
  readonly accounts: readonly DevAccount[]
  /** EIP-1193. */
  readonly provider: Provider
  /** What answers JSON-RPC, for a server of one's own. */
  readonly handler: RpcHandler
  /** The chain itself, for what JSON-RPC has no word for. */
  readonly chain: Chain
  /** Seals blocks: one unless told, the first with what waits. */
  readonly mine: (count?: number, intervalSeconds?: number) => Promise<void>
  readonly snapshot: () => Promise<bigint>
  /** Whether there was such a snapshot. It and all later ones are gone then. */
  readonly revert: (id: bigint) => Promise<boolean>
  /** Replaces the last blocks by as many others; their transactions wait again. */
  readonly reorg: (depth: number) => Promise<void>
  /** Unix seconds. */
  readonly setTime: (timestamp: bigint | number) => void
  readonly increaseTime: (seconds: bigint | number) => void
  /** @throws RpcError unless it is after the latest block's. */
  readonly setNextBlockTimestamp: (timestamp: bigint | number) => void
  readonly setNextBlockBaseFee: (baseFeePerGas: bigint | number) => void
  readonly setBalance: (address: HexText, balance: bigint) => Promise<void>
  readonly setNonce: (address: HexText, nonce: bigint) => Promise<void>
  readonly setCode: (address: HexText, code: HexText) => Promise<void>
  readonly setStorageAt: (address: HexText, slot: HexText, value: HexText) => Promise<void>
  readonly impersonate: (address: HexText) => void
  readonly stopImpersonating: (address: HexText) => void
  readonly setAutomine: (on: boolean) => void
  /** 0 for none. */
  readonly setIntervalMining: (seconds: number) => void
  /** What a transaction called, a line for each call, with the names of `contracts`. @throws RpcError for one that is not mined. */
  readonly trace: (hash: HexText) => Promise<string>
  readonly dumpState: () => Promise<Hex>
  readonly loadState: (dump: HexText) => Promise<void>
  /** Serves HTTP and WebSocket until the chain is closed. Port 0 is any free one; 127.0.0.1 unless told. */
  readonly listen: (options?: {
    readonly port?: number
    readonly host?: string
  }) => Promise<{ readonly url: string; readonly close: () => Promise<void> }>
  /** Ends servers, timers and subscriptions. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Hex as ethers and viem have it: any text that begins with 0x. */
type HexText = `0x${string}`

/** Wei; what anvil and hardhat suggest. */
const TIP = 1_000_000_000n
const VERSION = '0.1.0'
const CLIENT_VERSIONS: Readonly<Record<Compatibility, string>> = {
  anvil: `anvil/mosaic/${VERSION}`,
  hardhat: `HardhatNetwork/mosaic/${VERSION}`,
  none: `mosaic/${VERSION}/dev`,
}

/** Starts a chain for tests. @throws InvalidValueError for an option that is none. */
export async function createDevChain(options: DevChainOptions = {}): Promise<DevChain> {
  const accounts = accountsOf(options)
  const dump = options.state === undefined ? undefined : decodeDump(options.state)
  const { time } = options
  const underneath = options.clock ?? (time === undefined ? systemTime : () => BigInt(time))
  const genesis = dump?.genesis ?? genesisOf(options, accounts, underneath())
  const clock = createClock(underneath)

  const store = createMemoryStore()
  let opened: Chain | undefined
  const print = options.onConsoleLog ?? ((line: string) => process.stdout.write(`${line}\n`))
  const ahead = createRecoveryAhead()
  const execution = await createExecutionLayer({
    genesis,
    source: { node: (hash) => store.get('node', hash), code: (hash) => store.get('code', hash) },
    ancestorHash: (parentHash, number) => {
      const parent = opened?.database.record(parentHash)
      return parent && opened?.ancestor(parent, toBlockNumber(number))?.hash
    },
    tracker: 'absent',
    senders: 'impersonated',
    recovery: ahead.recovery,
    observer: {
      to: CONSOLE,
      see: (data) => {
        const line = decodeConsoleLog(data)
        if (line !== undefined) print(line)
      },
    },
  })
  const chain = await openChain({
    definition: definitionOf(genesis),
    execution,
    store,
    nowSeconds: clock.now,
    // Base fees and gas limits are the owner's to set, and there is no other signer.
    checkHeader: () => accept(undefined),
  })
  opened = chain
  const transactions = createTransactionPool()
  const intake = createTransactionIntake(chain, transactions)
  const miner = createMiner(
    chain,
    transactions,
    clock,
    BigInt(options.gasLimit ?? genesis.gasLimit),
    { dueInMs: () => automation.dueInMs(), sealEarly: () => automation.sealEarly() },
  )
  intake.onAdded(miner.note)
  const { mining = 'auto', compat = 'anvil' } = options
  const automation = createAutomation(miner, {
    isAutomatic: mining === 'auto',
    intervalMs: typeof mining === 'object' ? mining.intervalSeconds * 1000 : 0,
  })
  const wallet = createWallet(execution, accounts)
  const ofChain = createRpcPorts({
    chain,
    transactions,
    transactionIntake: intake,
    gossipTransaction: async () => undefined,
    peerCount: () => 0,
    syncProgress: () => undefined,
    signer: SEALER.address,
    proposals: new Map(),
    clientVersion: CLIENT_VERSIONS[compat],
    mosaic: undefined,
  })
  const base = {
    ...ofChain,
    chain: nameBlocks(ofChain.chain, () => chain.head().header.number, compat),
  }
  const snapshots = createSnapshots({
    chain,
    transactions,
    clock,
    miner,
    refill: async (waiting) => {
      dropAll(transactions)
      await refillPool(base.pool, waiting)
    },
  })
  const loadState = async (text: Hex): Promise<void> => {
    const loaded = decodeDump(text)
    await chain.exclusive(async () => {
      await store.batch(loaded.records)
      const isOurs = chain.database.record(loaded.position.head)
      const isSameChain =
        isOurs !== undefined &&
        chain.ancestor(isOurs, toBlockNumber(0n))?.hash === chain.genesis.hash
      const head = isSameChain ? loaded.position.head : chain.head().hash
      await chain.moveTo(
        { head, stateRoot: loaded.position.stateRoot },
        { returnsTransactions: false },
      )
      clock.restore({ ...clock.state(), offset: loaded.clockOffset })
    })
  }
  if (options.state !== undefined) await loadState(options.state)
  const dev: DevPort = createDevPort({
    chain,
    transactions,
    clock,
    miner,
    automation,
    snapshots,
    wallet,
    compat,
    dumpState: () =>
      chain.exclusive(() =>
        encodeDump(store, {
          genesis,
          position: chain.position(),
          clockOffset: clock.state().offset,
        }),
      ),
    loadState,
  })
  const names = createAbiNames(options.contracts ?? [])
  const methods = createMethods({
    ...base,
    pool: createSendingPool(base, {
      // Where each block waits for its transactions, those that come at once are too few to be worth the way.
      prepare: async (raw) => {
        if (!automation.isAutomatic()) await ahead.prepare(execution, raw)
      },
      isAutomatic: automation.isAutomatic,
      include: miner.include,
      throwOnFailure: options.throwOnFailure ?? compat === 'hardhat',
    }),
    fees: {
      suggestTip: async () => TIP,
      nextBaseFee: (parent) =>
        parent.hash === chain.head().hash
          ? (miner.settings().nextBaseFee ?? base.fees.nextBaseFee(parent))
          : base.fees.nextBaseFee(parent),
    },
    dev,
    wallet,
  })
  const handler = nameErrors(methods, names)
  const provider = createProvider(handler)
  const servers = new Set<() => Promise<void>>()
  let closing: Promise<void> | undefined

  const close = (): Promise<void> => {
    closing ??= (async () => {
      automation.close()
      provider.close()
      await Promise.all([...servers].map((stop) => stop()))
      methods.close()
      base.close()
      intake.close()
      await ahead.close()
      await chain.exclusive(async () => store.close())
    })()
    return closing
  }
  return {
    chainId: genesis.chainId,
    accounts,
    provider,
    handler,
    chain,
    mine: (count = 1, interval) =>
      dev.mine(BigInt(count), interval === undefined ? undefined : BigInt(interval)),
    snapshot: dev.snapshot,
    revert: dev.revert,
    reorg: (depth) => dev.reorg(BigInt(depth)),
    setTime: (timestamp) => {
      clock.set(BigInt(timestamp))
    },
    increaseTime: (seconds) => {
      clock.increase(BigInt(seconds))
    },
    setNextBlockTimestamp: (timestamp) => dev.time.setNext(BigInt(timestamp)),
    setNextBlockBaseFee: (fee) => dev.mining.setNextBaseFee(BigInt(fee)),
    setBalance: (address, balance) => dev.edit({ address: toAddress(address), balance }),
    setNonce: (address, nonce) => dev.edit({ address: toAddress(address), nonce }),
    setCode: (address, code) => dev.edit({ address: toAddress(address), code: toHex(code) }),
    setStorageAt: (address, slot, value) =>
      dev.edit({ address: toAddress(address), slots: [[toSlot(slot), toSlot(value)]] }),
    impersonate: (address) => wallet.impersonate(toAddress(address), true),
    stopImpersonating: (address) => wallet.impersonate(toAddress(address), false),
    setAutomine: automation.setAutomatic,
    setIntervalMining: (seconds) => automation.setIntervalMs(seconds * 1000),
    trace: async (hash) => {
      const call = await handler.call(
        'debug_traceTransaction',
        [hash, { tracer: 'callTracer' }],
        NO_CONTEXT,
      )
      return formatCalls(call, names)
    },
    dumpState: dev.dumpState,
    loadState: (text) => dev.loadState(toHex(text)),
    listen: async ({ port = 0, host = '127.0.0.1' } = {}) => {
      const server = createRpcServer({ port, host }, handler)
      await server.start()
      const stop = async (): Promise<void> => {
        servers.delete(stop)
        await server.stop()
      }
      servers.add(stop)
      return { url: server.url(), close: stop }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Of a call that nobody pushes anything to, nor waits for the end of. */
const NO_CONTEXT = {
  ...UNCONDITIONALLY,
  connection: undefined,
  afterResponse: (): void => undefined,
}

/** Unix seconds of this machine, in so many milliseconds. */
function systemTime(inMs = 0): bigint {
  return BigInt(Math.floor((Date.now() + inMs) / 1000))
}

/** A slot or its value, of up to 32 bytes. */
function toSlot(hex: HexText): Hash32 {
  return toHash32(`0x${hex.slice(2).padStart(64, '0')}`)
}
