import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createAutomation } from '../src/automation.ts'

const SECOND = 1000

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** An automation of blocks of one second, and when each was due that was sealed, and when it was. */
function start() {
  const sealed: { readonly due: number; readonly at: number }[] = []
  const begun = performance.now()
  let sealing = Promise.resolve()
  const automation = createAutomation(
    {
      mineDue: (due) => {
        sealed.push({ due: due - begun, at: performance.now() - begun })
        return sealing
      },
    },
    { isAutomatic: false, intervalMs: SECOND },
  )
  return {
    automation,
    sealed,
    takes: (promise: Promise<void>): void => {
      sealing = promise
    },
  }
}

describe('the automation of blocks', () => {
  test('seals one at each interval and knows when the next is due', async () => {
    const { automation, sealed } = start()
    await vi.advanceTimersByTimeAsync(2600)
    expect(sealed).toEqual([
      { due: 1000, at: 1000 },
      { due: 2000, at: 2000 },
    ])
    expect(automation.dueInMs()).toBe(400)
    automation.setIntervalMs(5 * SECOND)
    expect(automation.dueInMs()).toBe(5000)
    automation.setAutomatic(true)
    expect(automation.dueInMs()).toBeUndefined()
    automation.setAutomatic(false)
    automation.close()
    expect(automation.dueInMs()).toBeUndefined()
    await vi.advanceTimersByTimeAsync(10 * SECOND)
    expect(sealed).toHaveLength(2)
  })

  test('seals one early instead of when it is due, not as well', async () => {
    const { automation, sealed } = start()
    await vi.advanceTimersByTimeAsync(900)
    automation.sealEarly()
    automation.sealEarly()
    expect(sealed).toEqual([{ due: 1000, at: 900 }])
    await vi.advanceTimersByTimeAsync(50)
    expect(automation.dueInMs()).toBe(1050)
    automation.sealEarly()
    await vi.advanceTimersByTimeAsync(1100)
    expect(sealed.slice(1)).toEqual([{ due: 2000, at: 2000 }])
    automation.close()
    automation.sealEarly()
    expect(sealed).toHaveLength(2)
  })

  test('begins no other while one is being sealed, and goes on after one that could not be', async () => {
    const { automation, sealed, takes } = start()
    const slow = Promise.withResolvers<void>()
    takes(slow.promise)
    await vi.advanceTimersByTimeAsync(2500)
    automation.sealEarly()
    expect(sealed).toEqual([{ due: 1000, at: 1000 }])
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    slow.reject(new Error('disk'))
    takes(Promise.resolve())
    await vi.advanceTimersByTimeAsync(500)
    expect(warned).toHaveBeenCalledWith('block not sealed: Error: disk')
    expect(sealed).toHaveLength(2)
    automation.close()
    warned.mockRestore()
  })
})
