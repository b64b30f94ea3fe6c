import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRateLimiter } from '../src/rate-limit.ts'

describe('the rate limiter', () => {
  test('gives out the quota at once and then evenly, per key', () => {
    let time = 0
    const limiter = createRateLimiter({ quota: 10, perMs: 1000 }, () => time)
    expect(limiter.take('a', 10)).toBe(true)
    expect(limiter.take('a', 1)).toBe(false)
    expect(limiter.take('b', 10)).toBe(true)
    time = 100
    expect(limiter.take('a', 1)).toBe(true)
    expect(limiter.take('a', 1)).toBe(false)
    time = 1100
    expect(limiter.take('a', 10)).toBe(true)
    expect(limiter.take('b', 11)).toBe(false)
  })

  test('never gives more than the quota plus what refilled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 12 }))),
        (steps) => {
          let time = 0
          let taken = 0
          const limiter = createRateLimiter({ quota: 10, perMs: 1000 }, () => time)
          for (const [wait, cost] of steps) {
            time += wait
            if (limiter.take('a', cost)) taken += cost
            limiter.prune()
            expect(taken).toBeLessThanOrEqual(10 + time / 100 + 0.001)
          }
        },
      ),
    )
  })

  test('says when nothing is left, and takes back what was not used', () => {
    let time = 0
    const limiter = createRateLimiter({ quota: 10, perMs: 1000 }, () => time)
    expect(limiter.isSpent('a')).toBe(false)
    expect(limiter.take('a', 10)).toBe(true)
    expect(limiter.isSpent('a')).toBe(true)
    expect(limiter.isSpent('b')).toBe(false)
    limiter.refund('a', 4)
    expect(limiter.take('a', 5)).toBe(false)
    expect(limiter.take('a', 4)).toBe(true)
    time += 100
    expect(limiter.isSpent('a')).toBe(false)
    limiter.refund('a', 1000)
    expect(limiter.take('a', 11)).toBe(false)
    expect(limiter.take('a', 10)).toBe(true)
  })
})
