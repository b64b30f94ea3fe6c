import type { GossipValidator, GossipVerdict } from './ports.ts'
import type { TopicRules } from './topics.ts'

/** A message that waits for its validator. */
export type InboxItem = { readonly id: string; readonly from: string; readonly bytes: Uint8Array }

/** The bounded queue between gossip and the validator of one topic. */
export type Inbox = {
  readonly push: (item: InboxItem) => void
  readonly length: () => number
  /** Takes nothing more, drops what waits, and resolves when running validators are done. */
  readonly close: () => Promise<void>
}

/** What waits of one peer. */
type Lane = { readonly items: InboxItem[]; bytes: number }

/**
 * A queue under `rules`; every item is settled exactly once, with `ignore` when it is dropped. Peers take turns, and when it is full, the one
 * of whom most waits loses something: a flood delays and displaces nothing but itself.
 */
export function createInbox(
  rules: TopicRules,
  validate: GossipValidator,
  settle: (item: InboxItem, verdict: GossipVerdict) => void,
  onDrop: () => void,
): Inbox {
  /** In the order of their turns. */
  const lanes = new Map<string, Lane>()
  const running = new Set<Promise<void>>()
  let length = 0
  let bytes = 0
  let scheduled = false
  let closed = false

  const drop = (item: InboxItem): void => {
    settle(item, 'ignore')
    onDrop()
  }
  const isFull = (item: InboxItem): boolean =>
    length >= rules.queueLength || bytes + item.bytes.length > rules.queueBytes
  const isNewestFirst = rules.order === 'newest-first'

  const add = (item: InboxItem): void => {
    const lane = lanes.get(item.from) ?? { items: [], bytes: 0 }
    lane.items.push(item)
    lane.bytes += item.bytes.length
    lanes.set(item.from, lane)
    length++
    bytes += item.bytes.length
  }
  const remove = (from: string, lane: Lane, end: 'oldest' | 'newest'): InboxItem | undefined => {
    const item = end === 'oldest' ? lane.items.shift() : lane.items.pop()
    const size = item?.bytes.length ?? 0
    lane.bytes -= size
    bytes -= size
    length--
    if (lane.items.length === 0) lanes.delete(from)
    return item
  }
  const take = (): InboxItem | undefined => {
    const [next] = lanes
    if (next === undefined) return undefined
    const [from, lane] = next
    const item = remove(from, lane, isNewestFirst ? 'newest' : 'oldest')
    if (lanes.delete(from)) lanes.set(from, lane)
    return item
  }
  /** How much of the queue is a peer's. */
  const share = (count: number, size: number): number =>
    Math.max(count / rules.queueLength, size / rules.queueBytes)
  /** Drops what the queue can best do without to make room for an item. False if that is the item itself. */
  const makeRoom = (item: InboxItem): boolean => {
    const own = lanes.get(item.from)
    let from = item.from
    let most = share((own?.items.length ?? 0) + 1, (own?.bytes ?? 0) + item.bytes.length)
    for (const [peer, lane] of lanes) {
      const size = share(lane.items.length, lane.bytes)
      if (peer !== item.from && size > most) [from, most] = [peer, size]
    }
    const lane = lanes.get(from)
    if (lane === undefined || (from === item.from && !isNewestFirst)) return false
    const dropped = remove(from, lane, isNewestFirst ? 'oldest' : 'newest')
    if (dropped !== undefined) drop(dropped)
    return true
  }
  const run = async (item: InboxItem): Promise<void> => {
    let verdict: GossipVerdict
    try {
      verdict = await validate(item.bytes, item.from)
    } catch {
      verdict = 'ignore'
    }
    settle(item, verdict)
  }
  const pump = (): void => {
    scheduled = false
    while (running.size < rules.concurrency) {
      const item = take()
      if (item === undefined) return
      const work = run(item).finally(() => {
        running.delete(work)
        schedule()
      })
      running.add(work)
    }
  }
  // Messages come in bursts out of one socket read: timers and other sockets get their turn between two of them.
  const schedule = (): void => {
    if (scheduled || closed || length === 0) return
    scheduled = true
    setImmediate(pump)
  }

  return {
    length: () => length,
    push: (item) => {
      if (closed) {
        settle(item, 'ignore')
        return
      }
      while (isFull(item)) {
        if (item.bytes.length > rules.queueBytes || !makeRoom(item)) {
          drop(item)
          return
        }
      }
      add(item)
      schedule()
    },
    close: async () => {
      closed = true
      for (const item of [...lanes.values()].flatMap(({ items }) => items)) settle(item, 'ignore')
      lanes.clear()
      length = 0
      bytes = 0
      await Promise.allSettled(running)
    },
  }
}
