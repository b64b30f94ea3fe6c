import type { Chain, ChainPosition, TransactionPool } from '@mosaic/chain'
import type { Transaction } from '@mosaic/execution'
import type { Clock, ClockState } from './clock.ts'
import type { Miner, MinerSettings } from './miner.ts'

/** Positions of a chain that one can go back to, the latest first. */
export type Snapshots = {
  readonly take: () => bigint
  /** Whether there was such a snapshot. It and all later ones are gone then. */
  readonly revert: (id: bigint) => Promise<boolean>
  readonly list: () => ReadonlyMap<
    bigint,
    { readonly number: bigint; readonly hash: ChainPosition['head'] }
  >
}

type Snapshot = {
  readonly position: ChainPosition
  readonly number: bigint
  readonly clock: ClockState
  readonly settings: MinerSettings
  readonly waiting: readonly Transaction[]
}

/** Creates the snapshots of a chain. `refill` puts transactions into the emptied pool. */
export function createSnapshots(parts: {
  readonly chain: Chain
  readonly transactions: TransactionPool
  readonly clock: Clock
  readonly miner: Miner
  readonly refill: (waiting: readonly Transaction[]) => Promise<void>
}): Snapshots {
  const { chain, transactions, clock, miner, refill } = parts
  const kept = new Map<bigint, Snapshot>()
  let last = 0n
  return {
    take: () => {
      last++
      kept.set(last, {
        position: chain.position(),
        number: chain.head().header.number,
        clock: clock.state(),
        settings: miner.settings(),
        waiting: transactions.waiting(),
      })
      return last
    },
    revert: async (id) => {
      const snapshot = kept.get(id)
      if (snapshot === undefined) return false
      for (const other of kept.keys()) if (other >= id) kept.delete(other)
      await chain.exclusive(async () => {
        await chain.moveTo(snapshot.position, { returnsTransactions: false })
        clock.restore(snapshot.clock)
        miner.set(snapshot.settings)
      })
      await refill(snapshot.waiting)
      return true
    },
    list: () =>
      new Map([...kept].map(([id, { number, position }]) => [id, { number, hash: position.head }])),
  }
}
