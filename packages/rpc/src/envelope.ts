import { ERROR_CODE, RpcError } from './errors.ts'
import { isRecord, type Json } from './json.ts'

const MAX_METHOD_LENGTH = 2048

/** What a client tells answers apart by. */
export type RequestId = string | number | null

/** A well-formed request; one without an identifier is a notification, and is not answered. */
type Request = {
  readonly id: RequestId | undefined
  readonly method: string
  readonly params: readonly unknown[]
}

/** What a message turned out to be. */
export type Envelope =
  | { readonly kind: 'request'; readonly request: Request }
  /** Not a request; answered under the identifier, or under null, unless it is a notification for all that. */
  | { readonly kind: 'malformed'; readonly id: RequestId | undefined; readonly error: RpcError }

/** Reads one message of a batch, or the only one (JSON-RPC 2.0, section 4). */
export function readEnvelope(message: unknown): Envelope {
  if (!isRecord(message)) return malformed(null, 'invalid request')
  const read = (name: string): unknown => (Object.hasOwn(message, name) ? message[name] : undefined)
  const rawId = read('id')
  const id = toId(rawId)
  if (rawId !== undefined && id === undefined) return malformed(null, 'invalid request')
  const method = read('method')
  if (read('jsonrpc') !== '2.0' || typeof method !== 'string' || method === '') {
    return malformed(id ?? null, 'invalid request')
  }
  if (method.length > MAX_METHOD_LENGTH) {
    return malformed(id ?? null, `method name too long: ${method.length} > ${MAX_METHOD_LENGTH}`)
  }
  const params = read('params') ?? []
  if (!Array.isArray(params)) {
    const error = new RpcError(ERROR_CODE.invalidParameters, 'non-array args')
    return { kind: 'malformed', id, error }
  }
  return { kind: 'request', request: { id, method, params } }
}

/** The text of a successful answer; `result` is JSON already. */
export function resultText(id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
}

/** The text of an answer with an error. */
export function errorText(id: RequestId, error: RpcError): string {
  const { rpcCode, data } = error.shape
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code: rpcCode, message: error.message, ...(data === undefined ? {} : { data }) },
  })
}

/** The text of a notification. */
export function notificationText(method: string, params: Json): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params })
}

function malformed(id: RequestId, message: string): Envelope {
  return { kind: 'malformed', id, error: new RpcError(ERROR_CODE.invalidRequest, message) }
}

/** Undefined for what cannot be an identifier, and for numbers that would come back changed. */
function toId(value: unknown): RequestId | undefined {
  if (value === null || typeof value === 'string') return value
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : value
}
