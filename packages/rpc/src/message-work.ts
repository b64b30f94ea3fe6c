import type { Clock } from './clock.ts'
import type { Departure } from './departure.ts'

/** The work on one message: how long it may take, and who hears when it may not go on. */
export type MessageWork = {
  /** Aborts when the work may not go on. Made when somebody asks for it: most methods do not, and it takes longer than they. */
  readonly signal: () => AbortSignal
  /** What `step` comes to, or rejects with why the work may not go on, whichever is first. One step at a time. */
  readonly run: <T>(step: () => Promise<T>) => Promise<T>
  readonly isAborted: () => boolean
  /** @throws Error if the work may not go on: why. */
  readonly requireWanted: () => void
  /** It is answered. */
  readonly end: () => void
}

/** Begins the work on a message. @param reasonOfTimeout what it rejects with after `timeoutMs`. */
export function beginWork(
  departure: Departure,
  clock: Clock,
  timeoutMs: number,
  reasonOfTimeout: () => Error,
): MessageWork {
  let reason: Error | undefined
  let controller: AbortController | undefined
  let stop: ((error: Error) => void) | undefined
  const abort = (error: Error): void => {
    if (reason !== undefined) return
    reason = error
    stop?.(error)
    controller?.abort(error)
  }
  const forget = departure.onLeave(() => abort(new Error('the client is gone')))
  const cancel = clock.schedule(() => abort(reasonOfTimeout()), timeoutMs)
  return {
    signal: () => {
      controller ??= new AbortController()
      if (reason !== undefined) controller.abort(reason)
      return controller.signal
    },
    run: (step) =>
      new Promise((resolve, reject) => {
        if (reason !== undefined) {
          reject(reason)
          return
        }
        stop = reject
        step().then(resolve, reject)
      }),
    isAborted: () => reason !== undefined,
    requireWanted: () => {
      if (reason !== undefined) throw reason
    },
    end: () => {
      cancel()
      forget()
    },
  }
}
