import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { createDeparture } from './departure.ts'
import { createDispatcher, type RpcLogger } from './dispatch.ts'
import { notificationText } from './envelope.ts'
import { createJsonSplitter } from './json-splitter.ts'
import { createMessageQueue } from './message-queue.ts'
import type { RpcConnection } from './method.ts'
import type { RpcHandler } from './methods.ts'
import { DEFAULT_LIMITS, type RpcLimits } from './server.ts'

/** JSON-RPC over a Unix socket, or a named pipe on Windows: messages one after the other, answers a line each. */
export type IpcServer = {
  /** Rejects if another process listens there. A socket that a killed process left behind is replaced. */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A stopped server at `path`. Only the user of this process may connect, and everybody who connects is trusted. */
export function createIpcServer(
  options: {
    readonly path: string
    readonly limits?: Partial<RpcLimits>
    readonly clock?: Clock
    readonly logger?: RpcLogger
  },
  handler: RpcHandler,
): IpcServer {
  const { path, clock = SYSTEM_CLOCK } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const logger = options.logger ?? { warn: () => undefined }
  const dispatcher = createDispatcher(handler, limits, clock, logger)
  const sockets = new Set<Socket>()

  const serve = (socket: Socket): void => {
    sockets.add(socket)
    const splitter = createJsonSplitter(limits.maxBodyBytes)
    const departure = createDeparture()
    const send = (text: string): void => {
      if (socket.destroyed) return
      socket.write(`${text}\n`)
      // A client that does not read would make the node remember everything for it.
      if (socket.writableLength > limits.maxBufferedBytes) socket.destroy()
    }
    const connection: RpcConnection = {
      notify: (method, params) => send(notificationText(method, params)),
      onClose: departure.onLeave,
    }
    const queue = createMessageQueue<string>(
      limits.maxParallel,
      async (text) => {
        const answered = await dispatcher.answer(text, departure, { connection })
        if (answered.text !== undefined) send(answered.text)
        answered.afterResponse()
      },
      socket,
    )
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      try {
        for (const text of splitter.push(String(chunk))) queue.push(text)
      } catch {
        socket.destroy()
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      departure.leave()
    })
  }
  const server = createServer(serve)
  server.maxConnections = limits.maxConnections
  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    })

  return {
    start: async () => {
      try {
        await listen()
      } catch (error) {
        if (await isServed(path)) throw error
        await rm(path, { force: true })
        await listen()
      }
      if (process.platform !== 'win32') await chmod(path, 0o600)
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

/** Whether somebody answers at a socket. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => {
      resolve(false)
    })
  })
}
