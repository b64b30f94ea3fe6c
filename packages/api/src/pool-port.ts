import { type Address, accept } from '@mosaic/primitives'
import type { PoolPort } from '@mosaic/rpc'
import type { RpcContext } from './context.ts'
import { toTransactionView } from './views.ts'

/** Transactions that wait, and the way in for those of users. */
export function createPoolPort(
  context: Pick<RpcContext, 'transactions' | 'transactionIntake' | 'gossipTransaction'>,
): PoolPort {
  const { transactions, transactionIntake, gossipTransaction } = context
  return {
    add: async (raw) => {
      const verdict = await transactionIntake.add(raw)
      if (!verdict.ok) return verdict
      // It is in the pool whether or not a peer heard of it now.
      await gossipTransaction(raw).catch(() => undefined)
      return accept(verdict.value.hash)
    },
    transaction: (hash) => {
      const transaction = transactions.get(hash)
      return transaction === undefined ? undefined : toTransactionView(transaction)
    },
    pendingNonce: (address: Address) => transactionIntake.pendingNonce(address),
    content: () => {
      const { pending, queued } = transactionIntake.content()
      return {
        pending: pending.map(toTransactionView),
        queued: queued.map(toTransactionView),
      }
    },
  }
}
