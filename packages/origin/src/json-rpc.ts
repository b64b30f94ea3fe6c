import { type Hex, InvalidValueError, toHex } from '@mosaic/primitives'
import { FetchRequest } from 'ethers'
import { EndpointUnreachableError, RpcError } from './errors.ts'

/** Asks a JSON-RPC endpoint. @throws {@link RpcError} or {@link EndpointUnreachableError} */
export type JsonRpcRequest = (method: string, params: readonly unknown[]) => Promise<unknown>

/**
 * A JSON-RPC client over HTTP. One request is one POST; nothing is cached or retried.
 *
 * @throws InvalidValueError unless `url` is one of HTTP.
 * @param token makes a bearer token for each request; none if it is left out.
 */
export function createJsonRpcClient(
  url: string,
  timeoutMs = 20_000,
  token?: () => string,
): JsonRpcRequest {
  if (!/^https?:\/\/./.test(url)) {
    throw new InvalidValueError('a URL that begins with http:// or https://', url)
  }
  let id = 0
  return async (method, params) => {
    const request = new FetchRequest(url)
    request.timeout = timeoutMs
    request.setThrottleParams({ maxAttempts: 1 })
    if (token !== undefined) request.setHeader('authorization', `Bearer ${token()}`)
    request.body = { jsonrpc: '2.0', id: ++id, method, params }
    let body: unknown
    try {
      const response = await request.send()
      body = response.bodyJson
    } catch (cause) {
      throw new EndpointUnreachableError(method, cause)
    }
    if (!isRecord(body))
      throw new EndpointUnreachableError(method, `unexpected body ${JSON.stringify(body)}`)
    const { error } = body
    if (isRecord(error)) {
      const { code, message, data } = error
      throw new RpcError(method, Number(code), String(message), toDataHex(data))
    }
    if ((error !== undefined && error !== null) || !('result' in body))
      throw new EndpointUnreachableError(method, `unexpected body ${JSON.stringify(body)}`)
    return body['result']
  }
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toDataHex(data: unknown): Hex | undefined {
  const text = isRecord(data) ? data['data'] : data
  return typeof text === 'string' && /^0x(?:[0-9a-fA-F]{2})*$/.test(text) ? toHex(text) : undefined
}
