import { describe, expect, test } from 'vitest'
import { createClock } from '../src/clock.ts'

/** A clock above one that shows whole seconds of a time in milliseconds. */
function start() {
  let ms = 10_000
  const clock = createClock((inMs = 0) => BigInt(Math.floor((ms + inMs) / 1000)))
  return {
    clock,
    pass: (more: number): void => {
      ms += more
    },
  }
}

describe('a clock', () => {
  test('gives a block the time when it is due, be it before or after that', () => {
    const { clock, pass } = start()
    pass(900)
    expect(clock.next(9n)).toBe(10n)
    expect(clock.next(9n, 150)).toBe(11n)
    pass(300)
    expect(clock.next(9n, -250)).toBe(10n)
    expect(clock.next(10n, -250)).toBe(11n)
  })

  test('is not moved by blocks that are sealed a little before they are due', () => {
    const { clock, pass } = start()
    pass(900)
    for (let block = 0n; block < 5n; block++) {
      const timestamp = clock.next(10n + block, 150)
      expect(timestamp).toBe(11n + block)
      pass(50)
      clock.sealed(timestamp, 150)
      pass(950)
    }
    expect(clock.now()).toBe(15n)
    expect(clock.state().offset).toBe(0n)
  })

  test('goes on from a block that is later than the time underneath', () => {
    const { clock, pass } = start()
    clock.setNext(500n, 10n)
    expect(clock.next(10n)).toBe(500n)
    clock.sealed(500n)
    pass(2000)
    expect(clock.next(500n)).toBe(502n)
    clock.sealed(510n)
    expect(clock.now()).toBe(510n)
  })
})
