import { randomBytes } from 'node:crypto'
import type { Chain, TransactionPool } from '@mosaic/chain'
import { bytesToHash32, type Hex, hexToBytes, InvalidValueError } from '@mosaic/primitives'
import { type DevPort, ERROR_CODE, RpcError } from '@mosaic/rpc'
import type { Automation } from './automation.ts'
import type { Clock } from './clock.ts'
import type { Miner } from './miner.ts'
import type { Compatibility } from './options.ts'
import type { Snapshots } from './snapshots.ts'
import type { Wallet } from './wallet.ts'

/** The parts of a chain for tests that its owner may turn. */
export type DevParts = {
  readonly chain: Chain
  readonly transactions: TransactionPool
  readonly clock: Clock
  readonly miner: Miner
  readonly automation: Automation
  readonly snapshots: Snapshots
  readonly wallet: Wallet
  readonly compat: Compatibility
  readonly dumpState: () => Promise<Hex>
  readonly loadState: (dump: Hex) => Promise<void>
}

/** Blocks that one call may seal: more is a mistake. */
const MOST_BLOCKS = 1_000_000n

/** Hands the parts to the methods of JSON-RPC. */
export function createDevPort(parts: DevParts): DevPort {
  const { chain, transactions, clock, miner, automation, snapshots, wallet } = parts
  const instanceId = bytesToHash32(randomBytes(32))

  const rollback = async (depth: bigint): Promise<void> => {
    const { number } = chain.head().header
    if (depth > number) throw new InvalidValueError(`a depth from 0 to ${number}`, depth)
    await chain.exclusive(async () => {
      let record = chain.head()
      for (let i = 0n; i < depth; i++) {
        const parent = chain.database.record(record.header.parentHash)
        if (parent === undefined) throw new InvalidValueError('a parent', record.hash)
        record = parent
      }
      await chain.moveTo(
        { head: record.hash, stateRoot: chain.stateRoot(record) },
        { returnsTransactions: false },
      )
    })
  }
  return {
    mine: async (count, interval) => {
      if (count > MOST_BLOCKS) throw invalid(`expected at most ${MOST_BLOCKS} blocks, got ${count}`)
      await miner.mine(count, interval)
    },
    snapshot: () => chain.exclusive(async () => snapshots.take()),
    revert: snapshots.revert,
    reorg: (depth) => told(miner.reorganise(depth)),
    rollback: (depth) => told(rollback(depth)),
    reset: async () => {
      const { hash, header } = chain.genesis
      await chain.exclusive(() =>
        chain.moveTo({ head: hash, stateRoot: header.stateRoot }, { returnsTransactions: false }),
      )
      dropAll(transactions)
    },
    mining: {
      isAutomatic: automation.isAutomatic,
      setAutomatic: automation.setAutomatic,
      intervalMs: automation.intervalMs,
      setIntervalMs: automation.setIntervalMs,
      setNextBaseFee: (nextBaseFee) => miner.set({ nextBaseFee }),
      setGasLimit: (gasLimit) => miner.set({ gasLimit }),
    },
    time: {
      increase: clock.increase,
      set: clock.set,
      setNext: (timestamp) => clock.setNext(timestamp, chain.head().header.timestamp),
      setInterval: clock.setInterval,
      hasInterval: () => clock.state().interval !== undefined,
      genesis: () => chain.genesis.header.timestamp,
    },
    edit: ({ address, balance, addedBalance, nonce, code, slots }) =>
      chain.exclusive(async () => {
        const root = chain.stateRoot(chain.head())
        const added =
          addedBalance === undefined
            ? undefined
            : (await chain.execution.queries.account(root, address)).balance + addedBalance
        await chain.edit([
          {
            address,
            balance: balance ?? added,
            nonce,
            code: code === undefined ? undefined : hexToBytes(code),
            slots,
          },
        ])
      }),
    impersonate: wallet.impersonate,
    impersonateAll: wallet.impersonateAll,
    dropTransaction: (hash) => {
      const isThere = transactions.get(hash) !== undefined
      transactions.remove(hash)
      return isThere
    },
    dropTransactions: (sender) => {
      if (sender === undefined) dropAll(transactions)
      else
        for (const { hash } of transactions.senders().get(sender) ?? []) transactions.remove(hash)
    },
    dumpState: parts.dumpState,
    loadState: (dump) => told(parts.loadState(dump)),
    info: () => ({
      compat: parts.compat,
      instanceId,
      gasLimit: miner.settings().gasLimit,
      timeOffset: clock.state().offset,
      snapshots: snapshots.list(),
    }),
  }
}

/** Empties a pool. */
export function dropAll(transactions: TransactionPool): void {
  for (const { hash } of transactions.waiting()) transactions.remove(hash)
}

/** What the caller got wrong, told to the caller. */
async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof InvalidValueError) throw invalid(error.message)
    throw error
  }
}

function invalid(message: string): RpcError {
  return new RpcError(ERROR_CODE.invalidParameters, message)
}
