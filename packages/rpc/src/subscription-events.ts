import { formatHeader, formatLog, formatTransaction } from './format.ts'
import type { Json } from './json.ts'
import { matchesFilter } from './log-parameters.ts'
import { formatProgress } from './node-methods.ts'
import type { BlockEvent, ChainEvent, LogFilter } from './ports.ts'

/** What a filter or subscription is about. */
export type Topic =
  | { readonly kind: 'heads' }
  | { readonly kind: 'block-hashes' }
  | { readonly kind: 'logs'; readonly filter: LogFilter }
  | { readonly kind: 'pending-transactions'; readonly isFull: boolean }
  | { readonly kind: 'syncing' }

/** What an event means to a topic, in the order in which it is told. */
export function itemsOf(topic: Topic, event: ChainEvent): readonly Json[] {
  switch (topic.kind) {
    case 'heads':
      return event.kind === 'head' ? event.added.map(({ header }) => formatHeader(header)) : []
    case 'block-hashes':
      return event.kind === 'head' ? event.added.map(({ header }) => header.hash) : []
    case 'logs':
      return event.kind === 'head'
        ? [
            ...logsOf(event.removed, topic.filter, true),
            ...logsOf(event.added, topic.filter, false),
          ]
        : []
    case 'pending-transactions':
      if (event.kind !== 'pending-transaction') return []
      return [
        topic.isFull ? formatTransaction(event.transaction, undefined) : event.transaction.hash,
      ]
    case 'syncing':
      if (event.kind !== 'syncing') return []
      return [
        event.progress === undefined
          ? false
          : { syncing: true, status: formatProgress(event.progress) },
      ]
    default:
      return topic satisfies never
  }
}

function logsOf(
  blocks: readonly BlockEvent[],
  filter: LogFilter,
  removed: boolean,
): readonly Json[] {
  return blocks.flatMap(({ logs }) =>
    logs.filter((log) => matchesFilter(log, filter)).map((log) => formatLog(log, removed)),
  )
}
