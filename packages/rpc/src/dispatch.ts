import type { Clock } from './clock.ts'
import type { Departure } from './departure.ts'
import { errorText, type RequestId, readEnvelope, resultText } from './envelope.ts'
import { ERROR_CODE, RpcError } from './errors.ts'
import { beginWork, type MessageWork } from './message-work.ts'
import type { CallContext, RpcConnection } from './method.ts'
import type { RpcHandler } from './methods.ts'

/** Bounds on what one message may ask. */
export type DispatchLimits = {
  /** Requests of one batch. */
  readonly maxBatch: number
  /** Bytes of one answer. */
  readonly maxResponseBytes: number
  /** Until what is not answered yet of a message is answered with a time-out. */
  readonly requestTimeoutMs: number
}

/** Where internal failures are reported. */
export type RpcLogger = {
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** The answer to a message, and what to do once it is sent. */
type Answer = {
  /** Undefined when nothing is answered: all were notifications. */
  readonly text: string | undefined
  readonly afterResponse: () => void
}

/** Who sent a message. */
type RpcCaller = {
  readonly connection?: RpcConnection
  readonly isStranger?: boolean
}

/** Answers whole messages: single requests and batches. */
export type Dispatcher = {
  readonly answer: (body: string, departure: Departure, caller?: RpcCaller) => Promise<Answer>
}

type MessageContext = CallContext & { readonly work: MessageWork }

/** A dispatcher of `handler`. It never rejects: what goes wrong is in the answer. */
export function createDispatcher(
  handler: RpcHandler,
  limits: DispatchLimits,
  clock: Clock,
  logger: RpcLogger,
): Dispatcher {
  /** Runs one request, at most until the time of its message is over. */
  const run = async (
    method: string,
    params: readonly unknown[],
    context: MessageContext,
  ): Promise<string> => {
    return JSON.stringify(await context.work.run(() => handler.call(method, params, context)))
  }

  const toRpcError = (method: string, error: unknown, isGone: boolean): RpcError => {
    if (error instanceof RpcError) return error
    if (isGone) return new RpcError(ERROR_CODE.internal, 'the client is gone')
    logger.warn('a JSON-RPC method failed', { method: method.slice(0, 100), error })
    return new RpcError(ERROR_CODE.internal, 'internal error')
  }

  /** The answer to one message; undefined to a notification. */
  const answerOne = async (
    message: unknown,
    context: MessageContext,
  ): Promise<string | undefined> => {
    const envelope = readEnvelope(message)
    if (envelope.kind === 'malformed') {
      return envelope.id === undefined ? undefined : errorText(envelope.id, envelope.error)
    }
    const { id, method, params } = envelope.request
    try {
      const result = await run(method, params, context)
      return id === undefined ? undefined : resultText(id, result)
    } catch (error) {
      const known = toRpcError(method, error, context.work.isAborted())
      return id === undefined ? undefined : errorText(id, known)
    }
  }

  const answerBatch = async (
    batch: readonly unknown[],
    context: MessageContext,
  ): Promise<string | undefined> => {
    if (batch.length === 0) return errorText(null, invalidRequest('empty batch'))
    if (batch.length > limits.maxBatch) {
      return `[${errorText(idOf(batch[0]), invalidRequest('batch too large'))}]`
    }
    const answers: string[] = []
    let bytes = 0
    for (const message of batch) {
      const isFull = bytes >= limits.maxResponseBytes
      const text = isFull ? tooLargeText(message) : await answerOne(message, context)
      if (text === undefined) continue
      bytes += Buffer.byteLength(text)
      answers.push(
        !isFull && bytes > limits.maxResponseBytes ? (tooLargeText(message) ?? text) : text,
      )
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`
  }

  return {
    answer: async (body, departure, { connection, isStranger = false } = {}) => {
      const listeners: (() => void)[] = []
      const work = beginWork(
        departure,
        clock,
        limits.requestTimeoutMs,
        () => new RpcError(ERROR_CODE.timeout, 'request timed out'),
      )
      try {
        const text = await answerBody(body, {
          get signal() {
            return work.signal()
          },
          work,
          requireWanted: work.requireWanted,
          connection,
          isStranger,
          afterResponse: (listener) => listeners.push(listener),
        })
        return {
          text,
          afterResponse: () => {
            for (const listener of listeners) listener()
          },
        }
      } finally {
        work.end()
      }
    },
  }

  async function answerBody(body: string, context: MessageContext): Promise<string | undefined> {
    let message: unknown
    try {
      message = JSON.parse(body)
    } catch {
      return errorText(null, new RpcError(ERROR_CODE.parse, 'parse error'))
    }
    if (Array.isArray(message)) return answerBatch(message, context)
    const text = await answerOne(message, context)
    return text !== undefined && Buffer.byteLength(text) > limits.maxResponseBytes
      ? tooLargeText(message)
      : text
  }
}

function invalidRequest(message: string): RpcError {
  return new RpcError(ERROR_CODE.invalidRequest, message)
}

function tooLargeText(message: unknown): string | undefined {
  const envelope = readEnvelope(message)
  if (envelope.kind === 'request' && envelope.request.id === undefined) return undefined
  return errorText(idOf(message), new RpcError(ERROR_CODE.rejected, 'response too large'))
}

function idOf(message: unknown): RequestId {
  const envelope = readEnvelope(message)
  return (envelope.kind === 'malformed' ? envelope.id : envelope.request.id) ?? null
}
