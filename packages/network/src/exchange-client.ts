import type { Connection } from '@libp2p/interface'
import { type Clock, createDeadline } from './clock.ts'
import { decompress, maxCompressedSize } from './compression.ts'
import { CHUNK, END, FIRST_REASON, MAX_REASON_BYTES, REASONS } from './exchange.ts'
import { createFrameReader, type FrameReader, writeFrame } from './frames.ts'
import { MAX_RESPONSE_BYTES, type Method, type MethodName, type MethodTypes } from './messages.ts'
import type { NetworkTiming } from './ports.ts'
import { RequestFailedError, RequestRefusedError } from './request-errors.ts'

/** How one request is made. */
export type ExchangeParts<Name extends MethodName> = {
  readonly connection: Connection
  readonly protocol: string
  readonly method: Method<Name>
  readonly request: MethodTypes[Name]['request']
  readonly signals: readonly AbortSignal[]
  readonly clock: Clock
  readonly timing: Pick<NetworkTiming, 'dialMs' | 'firstByteMs' | 'chunkMs'>
  /** For all chunks together. */
  readonly waitMs: number
  /** Sees the reader of the stream, to measure its memory. */
  readonly onReader?: (reader: FrameReader) => void
}

/**
 * Makes one request and yields the chunks of the response. A slow consumer holds the peer back. The time-outs run only
 * while a chunk is waited for: each has its own, and all together have `waitMs`, so that no peer drips for ever.
 *
 * @yields each chunk, decoded.
 * @throws {@link RequestRefusedError} if the peer refuses.
 * @throws {@link RequestFailedError} if it does not answer, breaks off or breaks the protocol.
 */
export async function* requestChunks<Name extends MethodName>(
  parts: ExchangeParts<Name>,
): AsyncGenerator<MethodTypes[Name]['chunk'], void, undefined> {
  const { method, timing } = parts
  const { clock } = parts
  const deadline = createDeadline(clock, parts.signals)
  let patienceMs = parts.waitMs
  const expect = (delayMs: number, what: string): void => {
    deadline.extend(delayMs, () => new RequestFailedError('timeout', `no ${what} in ${delayMs} ms`))
  }
  try {
    expect(timing.dialMs, 'stream')
    const stream = await parts.connection
      .newStream(parts.protocol, { signal: deadline.signal })
      .catch((cause: unknown) => {
        deadline.signal.throwIfAborted()
        throw new RequestFailedError('reset', 'the peer did not open a stream', { cause })
      })
    let complete = false
    try {
      const reader = createFrameReader(stream, 1 + maxCompressedSize(method.maxChunkBytes))
      parts.onReader?.(reader)
      expect(timing.firstByteMs, 'first chunk')
      await writeFrame(stream, [method.encodeRequest(parts.request)], deadline.signal)
      await stream.close({ signal: deadline.signal })
      let count = 0
      let bytes = 0
      for (;;) {
        const asked = clock.now()
        const frame = await reader.read(deadline.signal)
        deadline.disarm()
        patienceMs -= clock.now() - asked
        if (frame === undefined) {
          throw new RequestFailedError('reset', 'the response broke off')
        }
        if (frame[0] !== CHUNK) {
          complete = true
          if (frame[0] === END) return
          throw toRefusal(frame)
        }
        const chunk = decompress(
          frame.subarray(1),
          Math.min(method.maxChunkBytes, MAX_RESPONSE_BYTES - bytes),
        )
        if (!chunk.ok) throw violation(`a chunk is ${chunk.fault.code}`)
        count++
        bytes += chunk.value.length
        if (count > method.maxChunks) throw violation(`more than ${method.maxChunks} chunks`)
        const decoded = method.decodeChunk(chunk.value)
        if (!decoded.ok) throw violation(decoded.fault)
        yield decoded.value
        expect(Math.max(0, Math.min(timing.chunkMs, patienceMs)), 'further chunk')
      }
    } finally {
      // A generator that is left early lands here too.
      if (complete) await stream.close().catch(() => undefined)
      else stream.abort(new RequestFailedError('stopped', 'the request ended early'))
    }
  } finally {
    deadline.close()
  }
}

function violation(message: string): RequestFailedError {
  return new RequestFailedError('violation', message)
}

function toRefusal(frame: Uint8Array): Error {
  const reason = REASONS[(frame[0] ?? 0) - FIRST_REASON]
  if (reason === undefined) return violation(`unknown result ${frame[0]}`)
  const text = Buffer.from(frame.subarray(1, 1 + MAX_REASON_BYTES)).toString('utf8')
  return new RequestRefusedError(reason, JSON.stringify(text))
}
