import type { Clock } from './clock.ts'
import { ERROR_CODE, RpcError, serverError } from './errors.ts'
import { formatLog } from './format.ts'
import type { Json } from './json.ts'
import { type LogCriteria, type LogLimits, logCriteria, queryLogs } from './log-parameters.ts'
import { type MethodTable, method0, method1 } from './method.ts'
import { boolean, optional, required, textOf } from './parameters.ts'
import type { ChainPort, EventPort } from './ports.ts'
import { randomIdentifier } from './random-identifier.ts'
import { itemsOf, type Topic } from './subscription-events.ts'

const IDLE_MS = 5 * 60_000
const MAX_FILTERS = 1000
const MAX_WAITING = 10_000

type Filter = {
  readonly topic: Topic
  readonly criteria: LogCriteria | undefined
  waiting: Json[]
  usedAt: number
}

/** Filters that clients poll. */
export type Filters = {
  readonly methods: MethodTable
  /** Stops listening to events. */
  readonly close: () => void
}

/** Filters live until they are uninstalled, have not been polled for five minutes, or hold more than they may. */
export function createFilters(ports: {
  readonly chain: ChainPort
  readonly events: EventPort
  readonly clock: Clock
  readonly logLimits: LogLimits
}): Filters {
  const { chain, clock } = ports
  const filters = new Map<string, Filter>()

  const expire = (): void => {
    for (const [id, { usedAt }] of filters) if (clock.now() - usedAt > IDLE_MS) filters.delete(id)
  }
  const close = ports.events.subscribe((event) => {
    expire()
    for (const [id, filter] of filters) {
      const items = itemsOf(filter.topic, event)
      if (filter.waiting.length + items.length > MAX_WAITING) filters.delete(id)
      else filter.waiting.push(...items)
    }
  })
  const install = (topic: Topic, criteria?: LogCriteria): string => {
    expire()
    if (filters.size >= MAX_FILTERS) throw new RpcError(ERROR_CODE.limit, 'too many filters')
    const id = randomIdentifier()
    filters.set(id, { topic, criteria, waiting: [], usedAt: clock.now() })
    return id
  }
  const requireFilter = (id: string): Filter => {
    expire()
    const filter = filters.get(id)
    if (filter === undefined) throw serverError('filter not found')
    filter.usedAt = clock.now()
    return filter
  }

  const methods: MethodTable = {
    eth_newFilter: method1(required(logCriteria), (criteria) =>
      install({ kind: 'logs', filter: criteria.filter }, criteria),
    ),
    eth_newBlockFilter: method0(() => install({ kind: 'block-hashes' })),
    eth_newPendingTransactionFilter: method1(optional(boolean, false), (isFull) =>
      install({ kind: 'pending-transactions', isFull }),
    ),
    eth_getFilterChanges: method1(required(textOf('rpc.ID')), (id) => {
      const filter = requireFilter(id)
      const { waiting } = filter
      filter.waiting = []
      return waiting
    }),
    eth_getFilterLogs: method1(required(textOf('rpc.ID')), async (id) => {
      const { criteria } = requireFilter(id)
      if (criteria === undefined) throw serverError('filter not found')
      const logs = await queryLogs(chain, criteria, ports.logLimits)
      return logs.map((log) => formatLog(log, false))
    }),
    eth_uninstallFilter: method1(required(textOf('rpc.ID')), (id) => filters.delete(id)),
  }
  return { methods, close }
}
