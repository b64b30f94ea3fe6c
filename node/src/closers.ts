import type { Log } from './logger.ts'

/** What is to be closed, in reverse order, also when a later part did not start. */
export type Closers = {
  readonly add: (closer: () => Promise<void> | void) => void
  /** Closes all; one that fails is logged and keeps no other open. */
  readonly close: () => Promise<void>
}

/** Creates an empty list. */
export function createClosers(log: Log): Closers {
  const closers: (() => Promise<void> | void)[] = []
  return {
    add: (closer) => {
      closers.push(closer)
    },
    close: async () => {
      for (const closer of closers.splice(0).toReversed()) {
        try {
          await closer()
        } catch (error) {
          log('warn', 'a part did not close cleanly', { error })
        }
      }
    },
  }
}
