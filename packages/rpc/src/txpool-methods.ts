import { type Address, checksummed } from '@mosaic/primitives'
import { formatTransaction } from './format.ts'
import { type Json, quantity } from './json.ts'
import { type MethodTable, method0, method1 } from './method.ts'
import { address, required } from './parameters.ts'
import type { PoolPort } from './ports.ts'
import type { TransactionView } from './views.ts'

/** Methods that look into the pool. */
export function createTxpoolMethods(pool: PoolPort): MethodTable {
  const contentWith = (format: (transaction: TransactionView) => Json): Json => {
    const { pending, queued } = pool.content()
    return { pending: bySender(pending, format), queued: bySender(queued, format) }
  }
  return {
    txpool_status: method0(() => {
      const { pending, queued } = pool.content()
      return { pending: quantity(pending.length), queued: quantity(queued.length) }
    }),
    txpool_content: method0(() => contentWith((each) => formatTransaction(each, undefined))),
    txpool_inspect: method0(() => contentWith(summary)),
    txpool_contentFrom: method1(required(address), (sender) => {
      const { pending, queued } = pool.content()
      return { pending: byNonce(pending, sender), queued: byNonce(queued, sender) }
    }),
  }
}

function byNonce(transactions: readonly TransactionView[], sender: Address): Json {
  return Object.fromEntries(
    transactions
      .filter(({ from }) => from === sender)
      .map((each) => [each.nonce.toString(), formatTransaction(each, undefined)]),
  )
}

function bySender(
  transactions: readonly TransactionView[],
  format: (transaction: TransactionView) => Json,
): Json {
  const senders: Record<string, Record<string, Json>> = {}
  for (const transaction of transactions) {
    const sender = checksummed(transaction.from)
    const nonces = senders[sender] ?? {}
    nonces[transaction.nonce.toString()] = format(transaction)
    senders[sender] = nonces
  }
  return senders
}

function summary({ to, value, gas, gasPrice, maxFeePerGas }: TransactionView): string {
  const target = to === undefined ? 'contract creation' : checksummed(to)
  return `${target}: ${value} wei + ${gas} gas × ${gasPrice ?? maxFeePerGas ?? 0n} wei`
}
