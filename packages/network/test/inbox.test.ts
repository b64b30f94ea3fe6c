import { describe, expect, test } from 'vitest'
import { createInbox, type InboxItem } from '../src/inbox.ts'
import type { GossipVerdict } from '../src/ports.ts'
import { TOPIC_RULES } from '../src/topics.ts'

const item = (id: number, size = 1, from = 'peer'): InboxItem => ({
  id: String(id),
  from,
  bytes: new Uint8Array(size).fill(id),
})

async function runInbox(
  order: 'newest-first' | 'oldest-first',
  items: readonly InboxItem[],
): Promise<{ readonly validated: number[]; readonly settled: Record<string, GossipVerdict> }> {
  const validated: number[] = []
  const settled: Record<string, GossipVerdict> = {}
  const inbox = createInbox(
    { ...TOPIC_RULES.vote, order, concurrency: 1, queueLength: 3, queueBytes: 30 },
    async (bytes) => {
      validated.push(bytes[0] ?? -1)
      return 'accept'
    },
    ({ id }, verdict) => {
      expect(settled[id]).toBeUndefined()
      settled[id] = verdict
    },
    () => undefined,
  )
  for (const each of items) inbox.push(each)
  await new Promise((resolve) => {
    const wait = (): void => {
      if (Object.keys(settled).length === items.length) resolve(undefined)
      else setImmediate(wait)
    }
    wait()
  })
  return { validated, settled }
}

describe('the inbox', () => {
  test('keeps and serves the newest when it is newest-first', async () => {
    const { validated, settled } = await runInbox(
      'newest-first',
      [1, 2, 3, 4, 5].map((id) => item(id)),
    )
    expect(validated).toEqual([5, 4, 3])
    expect(settled).toEqual({ 1: 'ignore', 2: 'ignore', 3: 'accept', 4: 'accept', 5: 'accept' })
  })

  test('keeps and serves the oldest when it is oldest-first', async () => {
    const { validated, settled } = await runInbox(
      'oldest-first',
      [1, 2, 3, 4, 5].map((id) => item(id)),
    )
    expect(validated).toEqual([1, 2, 3])
    expect(settled).toMatchObject({ 4: 'ignore', 5: 'ignore' })
  })

  test.each(['newest-first', 'oldest-first'] as const)(
    'lets peers take turns when it is %s',
    async (order) => {
      const { validated } = await runInbox(order, [item(1), item(2), item(3, 1, 'other')])
      expect(validated.indexOf(3)).toBe(1)
    },
  )

  test.each([
    ['newest-first', [3, 9, 2]],
    ['oldest-first', [1, 9, 2]],
  ] as const)('drops only what the flooding peer sent when it is %s', async (order, expected) => {
    const { validated, settled } = await runInbox(order, [
      item(1),
      item(2),
      item(3),
      item(9, 1, 'other'),
    ])
    expect(validated).toEqual(expected)
    expect(settled[9]).toBe('accept')
  })

  test('weighs peers by bytes when bytes are short', async () => {
    const items = [item(1, 20, 'large'), item(2, 4), item(3, 10, 'other')]
    const { settled } = await runInbox('newest-first', items)
    expect(settled).toEqual({ 1: 'ignore', 2: 'accept', 3: 'accept' })
  })

  test('counts bytes as well', async () => {
    const { validated } = await runInbox('newest-first', [item(1, 15), item(2, 20), item(3, 31)])
    expect(validated).toEqual([2])
  })

  test('takes a validator that throws for one that ignores, and settles all on close', async () => {
    const settled: Record<string, GossipVerdict> = {}
    const inbox = createInbox(
      { ...TOPIC_RULES.block, concurrency: 1 },
      async () => {
        throw new Error('database closed')
      },
      ({ id }, verdict) => {
        settled[id] = verdict
      },
      () => undefined,
    )
    inbox.push(item(1))
    await new Promise((resolve) => {
      setImmediate(() => setImmediate(resolve))
    })
    inbox.push(item(2))
    await inbox.close()
    inbox.push(item(3))
    expect(settled).toEqual({ 1: 'ignore', 2: 'ignore', 3: 'ignore' })
  })
})
