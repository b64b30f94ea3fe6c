import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocketServer } from 'ws'
import { createAccess } from './access.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { createDispatcher, type DispatchLimits, type RpcLogger } from './dispatch.ts'
import { createHttpListener, type HealthPort } from './http-exchange.ts'
import type { RpcHandler } from './methods.ts'
import { createTokenCheck } from './token.ts'
import { type SessionLimits, serveWebSocket } from './websocket-session.ts'

/** Bounds of the server. */
export type RpcLimits = DispatchLimits &
  SessionLimits & {
    /** Bytes of one request, by either transport. */
    readonly maxBodyBytes: number
    readonly maxConnections: number
  }

/** Where the server listens, and to whom. */
export type RpcServerOptions = {
  /** 127.0.0.1 unless told. */
  readonly host?: string
  /** 0 for any free port. */
  readonly port: number
  /** Names by which the server may be called, besides addresses; `localhost` unless told. */
  readonly virtualHosts?: readonly string[]
  /** Web origins that may ask, besides those of this machine. */
  readonly origins?: readonly string[]
  /**
   * Secret of the tokens with which callers show that they are no strangers (JSON Web Tokens by HS256). Without one, everybody is trusted on
   * a loopback address and nobody elsewhere.
   */
  readonly tokenSecret?: Uint8Array | undefined
  readonly limits?: Partial<RpcLimits>
  readonly health?: HealthPort
  readonly clock?: Clock
  readonly logger?: RpcLogger
}

/** JSON-RPC over HTTP and WebSocket on one port. Started once, stopped once. */
export type RpcServer = {
  /** Resolves when the port is bound. Rejects when it cannot be. */
  readonly start: () => Promise<void>
  /** Ends all connections, and resolves when the port is free. */
  readonly stop: () => Promise<void>
  /** As in `http://127.0.0.1:8545`. @throws Error before the start. */
  readonly url: () => string
}

const IDLE_SOCKET_MS = 120_000

/** Bounds that hold unless told. */
export const DEFAULT_LIMITS: RpcLimits = {
  maxBodyBytes: 5 * 1024 * 1024,
  maxBatch: 1000,
  maxResponseBytes: 25 * 1024 * 1024,
  requestTimeoutMs: 30_000,
  maxConnections: 1024,
  maxBufferedBytes: 32 * 1024 * 1024,
  maxParallel: 64,
  pingMs: 30_000,
}

/** A stopped server of `handler`. */
export function createRpcServer(options: RpcServerOptions, handler: RpcHandler): RpcServer {
  const { host = '127.0.0.1', port, clock = SYSTEM_CLOCK } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const access = createAccess(options.virtualHosts ?? ['localhost'], options.origins ?? [])
  const dispatcher = createDispatcher(
    handler,
    limits,
    clock,
    options.logger ?? { warn: () => undefined },
  )
  const checkToken =
    options.tokenSecret === undefined
      ? undefined
      : createTokenCheck(options.tokenSecret, () => Date.now())
  const isStranger = (authorization: string | undefined): boolean | undefined => {
    if (checkToken === undefined) return !isLoopback(host)
    const check = checkToken(authorization)
    return check === 'invalid' ? undefined : check === 'absent'
  }
  // Only who serves waits for it. To import it would load all of Node's HTTP client too: an import reads every export of a module.
  const { createServer } = process.getBuiltinModule('node:http')
  const http = createServer(
    {
      headersTimeout: 30_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 120_000,
      connectionsCheckingInterval: 5000,
    },
    createHttpListener({
      access,
      isStranger,
      dispatcher,
      health: options.health ?? { ready: () => ({ ok: true }) },
      maxBodyBytes: limits.maxBodyBytes,
    }),
  )
  // Also for clients that do not read their answers; WebSockets have their own rules.
  http.timeout = IDLE_SOCKET_MS
  http.maxConnections = limits.maxConnections
  // Not with the module, nor at the start: who has no WebSockets needs none of it.
  let sockets: Promise<WebSocketServer> | undefined
  const loadSockets = async (): Promise<WebSocketServer> => {
    const ws = await import('ws')
    return new ws.WebSocketServer({
      noServer: true,
      maxPayload: limits.maxBodyBytes,
      perMessageDeflate: false,
    })
  }
  const upgrade = async (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    stranger: boolean,
  ): Promise<void> => {
    const destroy = (): void => {
      socket.destroy()
    }
    socket.on('error', destroy)
    sockets ??= loadSockets()
    const server = await sockets
    socket.off('error', destroy)
    if (socket.destroyed || !http.listening) {
      socket.destroy()
      return
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      serveWebSocket(webSocket, dispatcher, limits, clock, stranger)
    })
  }
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!access.allowsHost(request.headers.host) || !access.allowsOrigin(request.headers.origin)) {
      socket.end(refusal('403 Forbidden'))
      return
    }
    const stranger = isStranger(request.headers.authorization)
    if (stranger === undefined) {
      socket.end(refusal('401 Unauthorized'))
      return
    }
    upgrade(request, socket, head, stranger).catch(() => {
      socket.destroy()
    })
  })

  return {
    start: async () => {
      await new Promise<void>((resolve, reject) => {
        http.once('error', reject)
        http.listen({ host, port }, () => {
          http.off('error', reject)
          resolve()
        })
      })
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => {
        http.close(() => {
          resolve()
        })
        http.closeAllConnections()
      })
      const server = await sockets
      for (const client of server?.clients ?? []) client.terminate()
      server?.close()
      await closed
    },
    url: () => {
      const address = http.address()
      if (address === null || typeof address === 'string') {
        throw new Error('the server does not listen')
      }
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      return `http://${name}:${address.port}`
    },
  }
}

function refusal(status: string): string {
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
