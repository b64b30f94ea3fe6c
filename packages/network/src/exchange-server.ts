import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { InvalidValueError, utf8ToBytes } from '@mosaic/primitives'
import { type Clock, createDeadline } from './clock.ts'
import { compress } from './compression.ts'
import { CHUNK, END, FIRST_REASON, MAX_REASON_BYTES, REASONS } from './exchange.ts'
import { createFrameReader, writeFrame } from './frames.ts'
import { MAX_RESPONSE_BYTES, type Method, type MethodName, type MethodTypes } from './messages.ts'
import type { NetworkBudgets, NetworkLogger, NetworkTiming } from './ports.ts'
import { createRateLimiter, type RateLimiter } from './rate-limit.ts'
import { PENALTY, type Reputation } from './reputation.ts'
import { RequestFailedError, RequestRefusedError } from './request-errors.ts'

const MAX_STREAMS = { maxInboundStreams: 8, maxOutboundStreams: 32 } as const

/** What answers one method. */
type Handler<Name extends MethodName> = (
  request: MethodTypes[Name]['request'],
  context: { readonly peerId: string; readonly signal: AbortSignal },
) => AsyncIterable<Uint8Array>

/** Serves requests of peers, within their budgets. */
export type ExchangeServer = {
  readonly handle: <Name extends MethodName>(
    protocol: string,
    method: Method<Name>,
    handler: Handler<Name>,
  ) => Promise<void>
  readonly prune: () => void
}

/** A server on `node`; `isReady` says whether a peer has done the handshake that all methods but `status` need. */
export function createExchangeServer(parts: {
  readonly node: () => Libp2p
  readonly isReady: (peerId: string) => boolean
  readonly reputation: Reputation
  readonly clock: Clock
  readonly timing: NetworkTiming
  readonly budgets: NetworkBudgets
  readonly closing: AbortSignal
  readonly logger: NetworkLogger
}): ExchangeServer {
  const { clock, timing, budgets, reputation, logger } = parts
  const blocks = createRateLimiter(
    { quota: 10 * budgets.blocksPerSecond, perMs: 10_000 },
    clock.now,
  )
  const limiters: Readonly<Record<MethodName, RateLimiter>> = {
    status: createRateLimiter({ quota: budgets.statusPerMinute, perMs: 60_000 }, clock.now),
    blocksByRange: blocks,
    blocksByHash: blocks,
    votesByHeight: createRateLimiter(
      { quota: 10 * budgets.voteHeightsPerSecond, perMs: 10_000 },
      clock.now,
    ),
    transactionHashes: createRateLimiter(
      { quota: budgets.transactionListsPerMinute, perMs: 60_000 },
      clock.now,
    ),
    transactionsByHash: createRateLimiter(
      { quota: 10 * budgets.transactionsPerSecond, perMs: 10_000 },
      clock.now,
    ),
    peers: createRateLimiter({ quota: budgets.peerListsPerMinute, perMs: 60_000 }, clock.now),
    headersByRange: createRateLimiter(
      { quota: 10 * budgets.headersPerSecond, perMs: 10_000 },
      clock.now,
    ),
    stateNodes: createRateLimiter(
      { quota: 10 * budgets.stateNodesPerSecond, perMs: 10_000 },
      clock.now,
    ),
    receiptsByHash: createRateLimiter(
      { quota: 10 * budgets.blocksPerSecond, perMs: 10_000 },
      clock.now,
    ),
  }
  const inFlight = new Map<string, number>()

  /** The request, if it may be served now. */
  const admit = <Name extends MethodName>(
    method: Method<Name>,
    peerId: string,
    bytes: Uint8Array,
  ): MethodTypes[Name]['request'] => {
    const request = method.decodeRequest(bytes)
    if (!request.ok) {
      reputation.penalise(peerId, PENALTY.violation, `malformed ${method.name} request`)
      throw new RequestRefusedError('invalid', request.fault)
    }
    if (method.name !== 'status' && !parts.isReady(peerId)) {
      throw new RequestRefusedError('unavailable', 'the status comes first')
    }
    if ((inFlight.get(peerId) ?? 0) > budgets.parallelRequests) {
      throw new RequestRefusedError('rate-limited', 'too many requests at a time')
    }
    if (!limiters[method.name].take(peerId, method.cost(request.value))) {
      reputation.penalise(peerId, PENALTY.excess, `${method.name} requests above the budget`)
      throw new RequestRefusedError('rate-limited', 'the budget is used up')
    }
    return request.value
  }

  const serve = async <Name extends MethodName>(
    method: Method<Name>,
    handler: Handler<Name>,
    stream: Stream,
    peerId: string,
  ): Promise<void> => {
    const deadline = createDeadline(clock, [parts.closing])
    const { signal } = deadline
    const expect = (delayMs: number): void => {
      deadline.extend(delayMs, () => new RequestFailedError('timeout', 'the peer is too slow'))
    }
    inFlight.set(peerId, (inFlight.get(peerId) ?? 0) + 1)
    try {
      expect(timing.firstByteMs)
      const bytes = await createFrameReader(stream, method.maxRequestBytes).read(signal)
      if (bytes === undefined) throw new RequestFailedError('violation', 'no request')
      expect(timing.serveMs)
      try {
        const request = admit(method, peerId, bytes)
        await respond(stream, method, handler(request, { peerId, signal }), signal)
        await writeFrame(stream, [Uint8Array.of(END)], signal)
      } catch (error) {
        if (signal.aborted || stream.status !== 'open') throw error
        await writeFrame(stream, toRefusalFrame(error), signal)
        if (!(error instanceof RequestRefusedError)) {
          logger.warn('a request could not be served', { peerId, method: method.name, error })
        }
      }
      await stream.close({ signal })
    } catch (error) {
      if (error instanceof RequestFailedError && error.shape.reason === 'violation') {
        reputation.penalise(peerId, PENALTY.violation, `malformed ${method.name} request`)
      }
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      deadline.close()
      const left = (inFlight.get(peerId) ?? 1) - 1
      if (left > 0) inFlight.set(peerId, left)
      else inFlight.delete(peerId)
    }
  }

  return {
    handle: async (protocol, method, handler) => {
      await parts.node().handle(
        protocol,
        async (stream: Stream, connection: Connection) => {
          await serve(method, handler, stream, connection.remotePeer.toString())
        },
        MAX_STREAMS,
      )
    },
    prune: () => {
      for (const limiter of new Set(Object.values(limiters))) limiter.prune()
    },
  }
}

/** Writes chunks until the response is full; the peer asks again for the rest. */
async function respond<Name extends MethodName>(
  stream: Stream,
  method: Method<Name>,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  let bytes = 0
  let count = 0
  for await (const chunk of chunks) {
    if (chunk.length > method.maxChunkBytes) {
      throw new InvalidValueError(`at most ${method.maxChunkBytes} bytes`, chunk.length)
    }
    bytes += chunk.length
    count++
    if (bytes > MAX_RESPONSE_BYTES || count > method.maxChunks) return
    await writeFrame(stream, [Uint8Array.of(CHUNK), compress(chunk)], signal)
  }
}

function toRefusalFrame(error: unknown): readonly Uint8Array[] {
  const refused = error instanceof RequestRefusedError
  const reason = refused ? error.shape.reason : 'failed'
  const text = refused ? error.message : 'internal error'
  return [
    Uint8Array.of(FIRST_REASON + REASONS.indexOf(reason)),
    utf8ToBytes(text).subarray(0, MAX_REASON_BYTES),
  ]
}
