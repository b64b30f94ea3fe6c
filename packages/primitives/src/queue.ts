/** Steps that run one after the other, in the order in which they were asked for. */
export type Queue = {
  readonly exclusive: <T>(step: () => Promise<T>) => Promise<T>
  /** Resolves when everything asked for before has ended. */
  readonly idle: () => Promise<void>
}

/** Creates an empty queue. A step that fails does not keep the next from running. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return {
    exclusive: (step) => {
      const result = last.then(step)
      last = result.catch(() => undefined)
      return result
    },
    idle: async () => {
      await last
    },
  }
}
