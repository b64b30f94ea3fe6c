/** Time as the network sees it: a port, so that tests turn it by hand. */
export type Clock = {
  /** Milliseconds that never run backwards; only differences mean anything. */
  readonly now: () => number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void
}

/** The clock of the process. Its timers do not keep the process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    schedule: (callback, delayMs) => {
      const timer = setTimeout(callback, delayMs)
      timer.unref()
      return () => {
        clearTimeout(timer)
      }
    },
  }
}

/** A signal that can be armed again and again; used for time-outs that move with progress. */
export type Deadline = {
  readonly signal: AbortSignal
  /** Forgets the earlier time-out and aborts after `delayMs` from now. */
  readonly extend: (delayMs: number, reason: () => Error) => void
  /** Forgets the time-out until the next `extend`. */
  readonly disarm: () => void
  /** Disarms for good, and detaches from the parents. */
  readonly close: () => void
}

/** A deadline that also follows `parents`. */
export function createDeadline(clock: Clock, parents: readonly AbortSignal[]): Deadline {
  const controller = new AbortController()
  let cancel: (() => void) | undefined
  const follow = (): void => {
    const aborted = parents.find((parent) => parent.aborted)
    controller.abort(aborted?.reason)
  }
  for (const parent of parents) parent.addEventListener('abort', follow)
  if (parents.some((parent) => parent.aborted)) follow()
  return {
    signal: controller.signal,
    extend: (delayMs, reason) => {
      cancel?.()
      cancel = clock.schedule(() => {
        controller.abort(reason())
      }, delayMs)
    },
    disarm: () => {
      cancel?.()
    },
    close: () => {
      cancel?.()
      for (const parent of parents) parent.removeEventListener('abort', follow)
    },
  }
}
