import type { RawData, WebSocket } from 'ws'
import type { Clock } from './clock.ts'
import { createDeparture } from './departure.ts'
import type { Dispatcher } from './dispatch.ts'
import { notificationText } from './envelope.ts'
import { createMessageQueue } from './message-queue.ts'
import type { RpcConnection } from './method.ts'

/** Bounds on one WebSocket. */
export type SessionLimits = {
  /** Bytes that may wait to be taken by the client; above that it is disconnected. */
  readonly maxBufferedBytes: number
  /** Messages that are worked on at a time; above that no more are read. */
  readonly maxParallel: number
  /** Between two pings; a client that has not answered one by the next is disconnected. */
  readonly pingMs: number
}

/** Serves one WebSocket until it closes. */
export function serveWebSocket(
  socket: WebSocket,
  dispatcher: Dispatcher,
  limits: SessionLimits,
  clock: Clock,
  isStranger: boolean,
): void {
  const departure = createDeparture()
  let isAlive = true

  const send = (message: string): void => {
    if (socket.readyState !== socket.OPEN) return
    socket.send(message)
    // A client that does not read would make the node remember everything for it.
    if (socket.bufferedAmount > limits.maxBufferedBytes) socket.terminate()
  }
  const connection: RpcConnection = {
    notify: (method, params) => {
      send(notificationText(method, params))
    },
    onClose: departure.onLeave,
  }
  const queue = createMessageQueue<RawData>(
    limits.maxParallel,
    async (message) => {
      const answer = await dispatcher.answer(toText(message), departure, {
        connection,
        isStranger,
      })
      if (answer.text !== undefined) send(answer.text)
      answer.afterResponse()
    },
    socket,
  )

  const ping = (): void => {
    if (!isAlive) {
      socket.terminate()
      return
    }
    isAlive = false
    socket.ping()
    cancelPing = clock.schedule(ping, limits.pingMs)
  }
  let cancelPing = clock.schedule(ping, limits.pingMs)

  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('message', (message) => {
    isAlive = true
    queue.push(message)
  })
  // Too long or malformed frames: the socket closes itself after this.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    cancelPing()
    departure.leave()
  })
}

function toText(message: RawData): string {
  if (Array.isArray(message)) return Buffer.concat(message).toString('utf8')
  return Buffer.isBuffer(message)
    ? message.toString('utf8')
    : Buffer.from(new Uint8Array(message)).toString('utf8')
}
