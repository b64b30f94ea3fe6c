/** Time as the server sees it: a port, so that tests turn it by hand. */
export type Clock = {
  /** Milliseconds that never run backwards; only differences mean anything. */
  readonly now: () => number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void
}

/** The clock of the process. Its timers do not keep the process alive. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  schedule: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
}
