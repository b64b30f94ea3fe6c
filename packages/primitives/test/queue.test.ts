import { describe, expect, test } from 'vitest'
import { createQueue } from '../src/index.ts'

describe('a queue', () => {
  test('runs one step after the other, also after one that fails', async () => {
    const { exclusive, idle } = createQueue()
    const steps: string[] = []
    const first = Promise.withResolvers<void>()
    const results = [
      exclusive(async () => {
        steps.push('first begins')
        await first.promise
        steps.push('first ends')
        throw new Error('failed')
      }),
      exclusive(async () => {
        steps.push('second')
        return 2
      }),
    ]
    const rest = idle().then(() => steps.push('idle'))
    await Promise.resolve()
    expect(steps).toEqual(['first begins'])
    first.resolve()
    expect(await Promise.allSettled(results)).toMatchObject([
      { status: 'rejected' },
      { status: 'fulfilled', value: 2 },
    ])
    await rest
    expect(steps).toEqual(['first begins', 'first ends', 'second', 'idle'])
  })
})
