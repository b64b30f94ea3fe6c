import type { Clock } from '../src/clock.ts'

/** A clock that the test turns. */
export function createHandClock(): Clock & { readonly advance: (ms: number) => void } {
  let time = 0
  let timers: { readonly at: number; readonly run: () => void }[] = []
  return {
    now: () => time,
    schedule: (run, delayMs) => {
      const timer = { at: time + delayMs, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },
    advance: (ms) => {
      time += ms
      const due = timers.filter(({ at }) => at <= time)
      timers = timers.filter(({ at }) => at > time)
      for (const { run } of due) run()
    },
  }
}
