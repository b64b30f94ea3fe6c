import type { Block, Transaction } from '@mosaic/execution'
import type { BlockEvent, ChainEvent, EventPort, TransactionView } from '@mosaic/rpc'
import type { BlockViews } from './block-views.ts'
import type { RpcContext } from './context.ts'
import { toHeaderView, toTransactionView } from './views.ts'

/** Feeds subscriptions with what happens to the chain and its pool. Closed with the node. */
export function createEventPort(
  context: Pick<RpcContext, 'chain' | 'transactionIntake' | 'syncProgress'>,
  views: BlockViews,
): EventPort & { readonly close: () => void } {
  const { chain, transactionIntake, syncProgress } = context
  const listeners = new Set<(event: ChainEvent) => void>()
  const emit = (event: ChainEvent): void => {
    for (const listener of listeners) listener(event)
  }
  // Views are made when somebody looks at them: most transactions and blocks nobody has subscribed to.
  const toEvent = (block: Block): BlockEvent => {
    let logs: BlockEvent['logs'] | undefined
    return {
      header: toHeaderView(block.hash, block.header),
      get logs() {
        logs ??= views.logs(block) ?? []
        return logs
      },
    }
  }
  let wasBehind = false

  const unsubscribers = [
    chain.onHead(({ removed, added }) => {
      if (listeners.size === 0) return
      emit({
        kind: 'head',
        removed: removed.toReversed().map(toEvent),
        added: added.map(toEvent),
      })
      const progress = syncProgress()
      if (wasBehind === (progress !== undefined)) return
      wasBehind = progress !== undefined
      emit({ kind: 'syncing', progress })
    }),
    transactionIntake.onAdded((transaction) => {
      if (listeners.size === 0) return
      emit(toPending(transaction))
    }),
  ]
  return {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => {
      for (const unsubscribe of unsubscribers) unsubscribe()
      listeners.clear()
    },
  }
}

function toPending(transaction: Transaction): ChainEvent {
  let view: TransactionView | undefined
  return {
    kind: 'pending-transaction',
    get transaction() {
      view ??= toTransactionView(transaction)
      return view
    },
  }
}
