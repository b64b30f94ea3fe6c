/** When a client goes. An AbortSignal says the same, but to listen to one takes longer than many methods. */
export type Departure = {
  readonly hasLeft: () => boolean
  /** Calls `listener` once when the client goes, at once if it has gone. Returns what forgets the listener. */
  readonly onLeave: (listener: () => void) => () => void
}

/** Of one client. `leave` is called when its connection ends. */
export function createDeparture(): Departure & { readonly leave: () => void } {
  const listeners = new Set<() => void>()
  let hasLeft = false
  return {
    hasLeft: () => hasLeft,
    onLeave: (listener) => {
      if (hasLeft) listener()
      else listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    leave: () => {
      hasLeft = true
      for (const listener of listeners) listener()
      listeners.clear()
    },
  }
}
