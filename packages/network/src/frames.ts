import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { RequestFailedError } from './request-errors.ts'

const LENGTH_BYTES = 4
const RESUME_BELOW = 256 * 1024
const PAUSE_ABOVE = 1024 * 1024

/** Reads frames from a stream, and lets the peer send no faster than they are taken. */
export type FrameReader = {
  /**
   * The next frame; undefined at a clean end, which is a half-close on a frame boundary.
   *
   * @throws {@link RequestFailedError} on a reset, on an end inside a frame, and on a frame above the limit, which is
   *   refused by its length, before it is buffered.
   */
  readonly read: (signal: AbortSignal) => Promise<Uint8Array | undefined>
  /** The most bytes that were ever buffered. */
  readonly peakBytes: () => number
}

/**
 * Frames are a 4-byte big-endian length and that many bytes. The helpers of libp2p (`lpStream`, `byteStream`, iteration)
 * take everything the remote sends into memory, hence this reader: it pauses the stream above one frame or 1 MiB.
 */
export function createFrameReader(stream: Stream, maxFrameBytes: number): FrameReader {
  const buffer = new Uint8ArrayList()
  let wake: (() => void) | undefined
  let failure: Error | undefined
  let ended = false
  let peak = 0
  let received = 0

  /** Above this many bytes nothing more is wanted: the frame being received, or the high-water mark if that is more. */
  const wanted = (): number => {
    const length = frameLength(buffer)
    return Math.max(PAUSE_ABOVE, length === undefined ? 0 : length + LENGTH_BYTES)
  }
  const isBroken = (): boolean => stream.status === 'reset' || stream.status === 'aborted'
  const settle = (error?: Error): void => {
    if (error !== undefined || isBroken()) {
      failure ??= new RequestFailedError('reset', `stream ${stream.status}`, { cause: error })
    } else if (stream.readBufferLength === 0) ended = true
    wake?.()
  }

  stream.addEventListener('message', ({ data }) => {
    buffer.append(data)
    received += data.byteLength
    peak = Math.max(peak, buffer.byteLength)
    // libp2p's resume() dispatches what it holds before it re-opens the muxer's window, which undoes a pause() made
    // inside this event; a microtask later it holds. pause() throws once the remote has closed.
    queueMicrotask(() => {
      if (buffer.byteLength >= wanted() && stream.readStatus === 'readable') stream.pause()
    })
    wake?.()
  })
  // 'end' also fires on a reset, before 'close': without a look at the status a truncated answer would seem complete.
  stream.addEventListener('remoteCloseWrite', () => {
    settle()
  })
  stream.addEventListener('end', () => {
    settle()
  })
  stream.addEventListener('close', ({ error }) => {
    if (!ended) settle(error)
    else wake?.()
  })

  const take = (): Uint8Array | undefined => {
    const length = frameLength(buffer)
    if (length === undefined) return undefined
    if (length > maxFrameBytes) {
      const error = new RequestFailedError(
        'violation',
        `frame of ${length} bytes, at most ${maxFrameBytes} are taken`,
      )
      stream.abort(error)
      throw error
    }
    if (buffer.byteLength < LENGTH_BYTES + length) return undefined
    const frame = buffer.slice(LENGTH_BYTES, LENGTH_BYTES + length)
    buffer.consume(LENGTH_BYTES + length)
    return frame
  }
  const onAbort = (): void => wake?.()
  const resumeBelow = (limit: number): void => {
    if (buffer.byteLength <= limit && stream.readStatus === 'paused') stream.resume()
  }

  return {
    peakBytes: () => peak,
    read: async (signal) => {
      signal.addEventListener('abort', onAbort)
      try {
        for (;;) {
          const frame = take()
          if (frame !== undefined) {
            resumeBelow(RESUME_BELOW)
            return frame
          }
          const before = received
          resumeBelow(Number.POSITIVE_INFINITY)
          if (received !== before) continue
          if (failure !== undefined) throw failure
          if (ended && stream.readBufferLength === 0) {
            if (buffer.byteLength === 0) return undefined
            throw new RequestFailedError('violation', 'the stream ended inside a frame')
          }
          signal.throwIfAborted()
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          wake = undefined
        }
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    },
  }
}

/** Writes one frame, and waits until the stream takes more. */
export async function writeFrame(
  stream: Stream,
  parts: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const header = new Uint8Array(LENGTH_BYTES)
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  new DataView(header.buffer).setUint32(0, length)
  // Not stream.onDrain(): its promise is made once, so from the second time on it resolves at once.
  if (!stream.send(new Uint8ArrayList(header, ...parts))) await waitForDrain(stream, signal)
}

function frameLength(buffer: Uint8ArrayList): number | undefined {
  return buffer.byteLength < LENGTH_BYTES ? undefined : buffer.getUint32(0)
}

async function waitForDrain(stream: Stream, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const detach = (): void => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
      signal.removeEventListener('abort', onAbort)
    }
    const onDrain = (): void => {
      detach()
      resolve()
    }
    const onClose = (): void => {
      detach()
      reject(new RequestFailedError('reset', 'the stream closed before it drained'))
    }
    const onAbort = (): void => {
      detach()
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
    signal.addEventListener('abort', onAbort)
  })
}
