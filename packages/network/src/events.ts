import type { NetworkEventMap, NetworkEvents } from './ports.ts'

/** The sending side of {@link NetworkEvents}. */
export type NetworkEmitter = NetworkEvents & {
  readonly emit: <Name extends keyof NetworkEventMap>(
    name: Name,
    ...event: NetworkEventMap[Name]
  ) => void
}

type Listeners = {
  readonly [Name in keyof NetworkEventMap]: Set<(...event: NetworkEventMap[Name]) => void>
}

/** Events without history. A listener that throws stops neither the others nor the network: `onError` hears of it. */
export function createEmitter(onError: (error: unknown) => void): NetworkEmitter {
  const listeners: Listeners = {
    'peer-ready': new Set(),
    'peer-gone': new Set(),
    status: new Set(),
    'other-chain': new Set(),
    'peer-banned': new Set(),
    'gossip-dead': new Set(),
    'message-dropped': new Set(),
  }
  return {
    on: (name, listener) => {
      listeners[name].add(listener)
      return () => {
        listeners[name].delete(listener)
      }
    },
    emit: (name, ...event) => {
      for (const listener of listeners[name]) {
        try {
          listener(...event)
        } catch (error) {
          onError(error)
        }
      }
    },
  }
}
