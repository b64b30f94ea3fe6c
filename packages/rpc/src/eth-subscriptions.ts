import { ERROR_CODE, RpcError, serverError } from './errors.ts'
import { isRecord, type Json } from './json.ts'
import { logCriteria } from './log-parameters.ts'
import { type CallContext, type MethodTable, method1, type RpcConnection } from './method.ts'
import { boolean, optional, readArgument, requireAtMost, required, textOf } from './parameters.ts'
import type { EventPort } from './ports.ts'
import { randomIdentifier } from './random-identifier.ts'
import { itemsOf, type Topic } from './subscription-events.ts'

const MAX_PER_CONNECTION = 128

type Subscription = { readonly topic: Topic; readonly tell: (item: Json) => void }

/** Subscriptions of connections. */
export type Subscriptions = {
  readonly methods: MethodTable
  /** Stops listening to events. */
  readonly close: () => void
}

/** `eth_subscribe` and `eth_unsubscribe`; subscriptions end with their connection. */
export function createSubscriptions(events: EventPort): Subscriptions {
  const connections = new Map<RpcConnection, Map<string, Subscription>>()

  const close = events.subscribe((event) => {
    for (const subscriptions of connections.values()) {
      for (const { topic, tell } of subscriptions.values()) itemsOf(topic, event).forEach(tell)
    }
  })
  const subscriptionsOf = (connection: RpcConnection): Map<string, Subscription> => {
    const known = connections.get(connection)
    if (known !== undefined) return known
    const fresh = new Map<string, Subscription>()
    connections.set(connection, fresh)
    connection.onClose(() => {
      connections.delete(connection)
    })
    return fresh
  }

  const subscribe = async (params: readonly unknown[], context: CallContext): Promise<Json> => {
    const connection = requireConnection(context)
    const topic = readTopic(params)
    const subscriptions = subscriptionsOf(connection)
    if (subscriptions.size >= MAX_PER_CONNECTION) {
      throw new RpcError(ERROR_CODE.limit, 'too many subscriptions')
    }
    const id = randomIdentifier()
    // The caller must learn the identifier before anything that carries it.
    let early: Json[] | undefined = []
    const notify = (result: Json): void => {
      connection.notify('eth_subscription', { subscription: id, result })
    }
    context.afterResponse(() => {
      for (const item of early ?? []) notify(item)
      early = undefined
    })
    subscriptions.set(id, {
      topic,
      tell: (item) => {
        if (early === undefined) notify(item)
        else early.push(item)
      },
    })
    return id
  }

  return {
    close,
    methods: {
      eth_subscribe: subscribe,
      eth_unsubscribe: method1(required(textOf('rpc.ID')), (id, context) => {
        if (connections.get(requireConnection(context))?.delete(id) !== true) {
          throw serverError('subscription not found')
        }
        return true
      }),
    },
  }
}

function requireConnection({ connection }: CallContext): RpcConnection {
  if (connection === undefined) {
    throw new RpcError(ERROR_CODE.methodNotFound, 'notifications not supported')
  }
  return connection
}

function readTopic(params: readonly unknown[]): Topic {
  requireAtMost(params, 2)
  const [kind] = params
  if (typeof kind !== 'string') {
    throw new RpcError(ERROR_CODE.invalidParameters, 'expected subscription name as first argument')
  }
  switch (kind) {
    case 'newHeads':
      return { kind: 'heads' }
    case 'logs': {
      const criteria = isRecord(params[1])
        ? readArgument(params, 1, required(logCriteria))
        : undefined
      return { kind: 'logs', filter: criteria?.filter ?? { addresses: [], topics: [] } }
    }
    case 'newPendingTransactions':
      return {
        kind: 'pending-transactions',
        isFull: readArgument(params, 1, optional(boolean, false)),
      }
    case 'syncing':
      return { kind: 'syncing' }
    default:
      throw new RpcError(
        ERROR_CODE.methodNotFound,
        `no ${JSON.stringify(kind.slice(0, 100))} subscription in eth namespace`,
      )
  }
}
