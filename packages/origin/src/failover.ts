import { EndpointUnreachableError, RpcError, WrongChainError } from './errors.ts'
import { readChainId } from './ethereum-client.ts'
import type { JsonRpcRequest } from './json-rpc.ts'

/** Something happened to one of several endpoints. */
export type EndpointEvent =
  | { readonly kind: 'down'; readonly endpoint: string; readonly error: unknown }
  | { readonly kind: 'up'; readonly endpoint: string }

/** How several endpoints are used as one. */
export type FailoverOptions = {
  /** In order of preference, with a name for what is logged. */
  readonly endpoints: readonly { readonly name: string; readonly request: JsonRpcRequest }[]
  /** Which chain all of them must serve. */
  readonly chainId: bigint
  /** Milliseconds since any fixed moment. */
  readonly now: () => number
  readonly onEvent?: (event: EndpointEvent) => void
}

type Endpoint = {
  readonly name: string
  readonly request: JsonRpcRequest
  /** Whether it was seen to serve the chain since it was last down. */
  isVerified: boolean
  failures: number
  downUntil: number
}

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** "Limit exceeded" (EIP-1474), and what providers say when somebody asks too much. */
const LIMIT_EXCEEDED = -32_005

/**
 * Several endpoints of one chain as one: each request goes to the first that is up. One that does not answer, asks for less, or serves
 * another chain is left alone for a second, then twice as long each time, up to a minute. What the chain itself refuses (a revert, say) is
 * no failure of an endpoint.
 *
 * The returned function throws what the last endpoint threw: EndpointUnreachableError, RpcError, or WrongChainError.
 */
export function createFailover({
  endpoints,
  chainId,
  now,
  onEvent,
}: FailoverOptions): JsonRpcRequest {
  const all = endpoints.map(
    ({ name, request }): Endpoint => ({
      name,
      request,
      isVerified: false,
      failures: 0,
      downUntil: 0,
    }),
  )
  const ask = async (
    endpoint: Endpoint,
    method: string,
    params: readonly unknown[],
  ): Promise<unknown> => {
    if (!endpoint.isVerified) {
      const served = await readChainId(endpoint.request)
      if (served !== chainId) throw new WrongChainError(chainId, served)
      endpoint.isVerified = true
    }
    const result = await endpoint.request(method, params)
    succeed(endpoint)
    return result
  }
  const succeed = (endpoint: Endpoint): void => {
    if (endpoint.failures === 0) return
    endpoint.failures = 0
    onEvent?.({ kind: 'up', endpoint: endpoint.name })
  }
  const fail = (endpoint: Endpoint, error: unknown): void => {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** endpoint.failures, LONGEST_PAUSE_MS)
    endpoint.downUntil = now() + pause
    endpoint.isVerified = false
    endpoint.failures++
    if (endpoint.failures === 1) onEvent?.({ kind: 'down', endpoint: endpoint.name, error })
  }

  return async (method, params) => {
    const up = all.filter(({ downUntil }) => downUntil <= now())
    let last: unknown = new EndpointUnreachableError(method, new Error('no endpoint is given'))
    // If all are down, whichever will be asked again first is asked now.
    for (const endpoint of up.length > 0 ? up : byReturn(all)) {
      try {
        return await ask(endpoint, method, params)
      } catch (error) {
        if (!isFailure(error)) {
          succeed(endpoint)
          throw error
        }
        fail(endpoint, error)
        last = error
      }
    }
    throw last
  }
}

function byReturn(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return endpoints.toSorted((a, b) => a.downUntil - b.downUntil).slice(0, 1)
}

function isFailure(error: unknown): boolean {
  if (error instanceof RpcError) return error.shape.rpcCode === LIMIT_EXCEEDED
  return error instanceof EndpointUnreachableError || error instanceof WrongChainError
}
