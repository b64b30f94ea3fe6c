import { type CallContext, ERROR_CODE, type Json, RpcError, type RpcHandler } from '@mosaic/rpc'

/** A request of EIP-1193. */
export type ProviderRequest = {
  readonly method: string
  readonly params?: readonly unknown[] | object | undefined
}

/** Events of EIP-1193; only `message` is ever told here. */
export type ProviderEvent =
  | 'message'
  | 'connect'
  | 'disconnect'
  | 'chainChanged'
  | 'accountsChanged'

/** Hears what a provider tells. */
export type ProviderListener = (...values: readonly unknown[]) => void

/** A provider as EIP-1193 describes it. ethers takes it as `BrowserProvider`, viem by `custom()`. */
export type Provider = {
  /** @throws ProviderError for everything that the chain answers with an error. */
  readonly request: (request: ProviderRequest) => Promise<unknown>
  readonly on: (event: ProviderEvent, listener: ProviderListener) => Provider
  readonly removeListener: (event: ProviderEvent, listener: ProviderListener) => Provider
}

/** An error of JSON-RPC as EIP-1193 wants it. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly code: number
  readonly data: Json | undefined

  constructor(code: number, message: string, data: Json | undefined) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** EIP-1193: not connected to any chain. */
const DISCONNECTED = 4900

/** A provider in front of the methods of a chain. */
export function createProvider(handler: RpcHandler): Provider & { readonly close: () => void } {
  const listeners = new Map<ProviderEvent, Set<ProviderListener>>()
  const closers = new Set<() => void>()
  const signal = new AbortController()
  const connection: CallContext['connection'] = {
    notify: (_method, params) => {
      for (const listener of listeners.get('message') ?? []) {
        listener({ type: 'eth_subscription', data: params })
      }
    },
    onClose: (listener) => {
      closers.add(listener)
    },
  }
  const provider: Provider = {
    request: async ({ method, params = [] }) => {
      if (!Array.isArray(params)) {
        throw new ProviderError(
          ERROR_CODE.invalidParameters,
          'expected parameters as a list',
          undefined,
        )
      }
      if (signal.signal.aborted)
        throw new ProviderError(DISCONNECTED, 'the chain is closed', undefined)
      const list: readonly unknown[] = params
      const after: (() => void)[] = []
      try {
        return await handler.call(method, list, {
          signal: signal.signal,
          requireWanted: () => signal.signal.throwIfAborted(),
          connection,
          afterResponse: (listener) => after.push(listener),
        })
      } catch (error) {
        if (!(error instanceof RpcError)) throw error
        throw new ProviderError(error.shape.rpcCode, error.message, error.shape.data)
      } finally {
        // What follows an answer comes after it, also for who awaits it.
        // Not later: who only awaits this chain gives no other turn away.
        for (const listener of after) queueMicrotask(() => queueMicrotask(listener))
      }
    },
    on: (event, listener) => {
      const known = listeners.get(event) ?? new Set()
      listeners.set(event, known.add(listener))
      return provider
    },
    removeListener: (event, listener) => {
      listeners.get(event)?.delete(listener)
      return provider
    },
  }
  return {
    ...provider,
    close: () => {
      signal.abort()
      for (const closer of closers) closer()
      listeners.clear()
    },
  }
}
