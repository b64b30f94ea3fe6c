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

/** A queue under `rules`; every item is settled exactly once, with `ignore` when it is dropped. */
export function createInbox(
  rules: TopicRules,
  validate: GossipValidator,
  settle: (item: InboxItem, verdict: GossipVerdict) => void,
  onDrop: () => void,
): Inbox {
  const waiting: InboxItem[] = []
  const running = new Set<Promise<void>>()
  let bytes = 0
  let scheduled = false
  let closed = false

  const drop = (item: InboxItem): void => {
    settle(item, 'ignore')
    onDrop()
  }
  const isFull = (item: InboxItem): boolean =>
    waiting.length >= rules.queueLength || bytes + item.bytes.length > rules.queueBytes
  const take = (): InboxItem | undefined => {
    const item = rules.order === 'newest-first' ? waiting.pop() : waiting.shift()
    bytes -= item?.bytes.length ?? 0
    return item
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
    if (scheduled || closed || waiting.length === 0) return
    scheduled = true
    setImmediate(pump)
  }

  return {
    length: () => waiting.length,
    push: (item) => {
      if (closed) {
        settle(item, 'ignore')
        return
      }
      while (isFull(item)) {
        const makesRoom = rules.order === 'newest-first' && item.bytes.length <= rules.queueBytes
        const oldest = makesRoom ? waiting.shift() : undefined
        if (oldest === undefined) {
          drop(item)
          return
        }
        bytes -= oldest.bytes.length
        drop(oldest)
      }
      waiting.push(item)
      bytes += item.bytes.length
      schedule()
    },
    close: async () => {
      closed = true
      for (const item of waiting.splice(0)) settle(item, 'ignore')
      bytes = 0
      await Promise.allSettled(running)
    },
  }
}
