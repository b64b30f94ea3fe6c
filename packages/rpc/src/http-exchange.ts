import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Access } from './access.ts'
import { createDeparture, type Departure } from './departure.ts'
import type { Dispatcher } from './dispatch.ts'

const CONTENT_TYPES = ['application/json', 'application/json-rpc', 'application/jsonrequest']
const PREFLIGHT_SECONDS = '600'

/** What is behind the pages for people and monitors. */
export type HealthPort = {
  /** Whether the node can do its work: caught up, and not stopping. The reason is told when not. */
  readonly ready: () => { readonly ok: boolean; readonly reason?: string }
}

/** Answers HTTP requests: JSON-RPC by POST, `/health` and `/ready` by GET. */
export function createHttpListener(parts: {
  readonly access: Access
  /** Whether the caller is a stranger, by its `Authorization` header; undefined: its token is not valid. */
  readonly isStranger: (authorization: string | undefined) => boolean | undefined
  readonly dispatcher: Dispatcher
  readonly health: HealthPort
  readonly maxBodyBytes: number
}): (request: IncomingMessage, response: ServerResponse) => void {
  const { access } = parts
  const departures = new WeakMap<Socket, Departure>()

  const departureOf = (socket: Socket): Departure => {
    const known = departures.get(socket)
    if (known !== undefined) return known
    const departure = createDeparture()
    if (socket.destroyed) departure.leave()
    else socket.once('close', departure.leave)
    departures.set(socket, departure)
    return departure
  }

  const exchange = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { origin } = request.headers
    if (!access.allowsHost(request.headers.host)) {
      send(response, 403, 'invalid host specified\n')
      return
    }
    if (!access.allowsOrigin(origin)) {
      send(response, 403, 'origin not allowed\n')
      return
    }
    if (origin !== undefined) {
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('vary', 'Origin')
    }
    switch (request.method ?? '') {
      case 'OPTIONS':
        response.setHeader('access-control-allow-methods', 'POST, GET')
        response.setHeader('access-control-allow-headers', 'content-type, authorization')
        response.setHeader('access-control-max-age', PREFLIGHT_SECONDS)
        response.writeHead(204).end()
        return
      case 'GET':
      case 'HEAD':
        sendPage(request, response, parts.health)
        return
      case 'POST':
        await call(request, response)
        return
      default:
        response.setHeader('allow', 'POST, GET, OPTIONS')
        send(response, 405, 'method not allowed\n')
    }
  }

  const call = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const isStranger = parts.isStranger(request.headers.authorization)
    if (isStranger === undefined) {
      send(response, 401, 'invalid token\n')
      return
    }
    const [type = ''] = (request.headers['content-type'] ?? '').split(';')
    if (!CONTENT_TYPES.includes(type.trim().toLowerCase())) {
      send(response, 415, 'invalid content type, only application/json is supported\n')
      return
    }
    const body = await readBody(request, parts.maxBodyBytes)
    if (body === undefined) {
      // The rest of the body is not read, so the connection cannot be used again.
      response.setHeader('connection', 'close')
      send(response, 413, `content length too large (more than ${parts.maxBodyBytes} bytes)\n`)
      return
    }
    const answer = await parts.dispatcher.answer(body, departureOf(request.socket), { isStranger })
    if (answer.text === undefined) response.writeHead(204).end()
    else send(response, 200, answer.text, 'application/json')
    answer.afterResponse()
  }

  return (request, response) => {
    exchange(request, response).catch(() => {
      // The client broke off in the middle of its body, or of our answer.
      response.destroy()
    })
  }
}

function sendPage(request: IncomingMessage, response: ServerResponse, health: HealthPort): void {
  const path = (request.url ?? '/').split('?')[0]
  const ready = health.ready()
  if (path === '/health') send(response, 200, 'ok\n')
  else if (path === '/ready') {
    send(response, ready.ok ? 200 : 503, ready.ok ? 'ready\n' : `${ready.reason ?? 'not ready'}\n`)
  } else if (path === '/') {
    send(response, 200, 'JSON-RPC 2.0 by POST or WebSocket; /health and /ready by GET\n')
  } else send(response, 404, 'not found\n')
}

/** The body as text; undefined when it is larger than `limit`. Rejects when the client breaks off. */
function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) {
        request.pause()
        resolve(undefined)
      } else chunks.push(chunk)
    })
    request.on('end', () => {
      const [only] = chunks
      const bytes = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks)
      resolve(bytes.toString('utf8'))
    })
    request.on('error', reject)
    request.on('close', () => {
      if (!request.complete) reject(new Error('the client broke off'))
    })
  })
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
