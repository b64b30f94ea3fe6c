import type { Worker } from 'node:worker_threads'
import {
  packRequest,
  type RecoveredSender,
  type RecoveryAnswer,
  unpackAnswer,
} from './recovery-messages.ts'

/** Recovers the senders of transactions on another thread. */
export type SenderRecovery = {
  /**
   * Senders in the order of the transactions. Undefined for each that has none, and for all that were not asked after: too few, too many at a
   * time, before the thread works or after it failed. Never rejects. The first request that is worth it starts the thread.
   */
  readonly recover: (
    chainId: bigint,
    raws: readonly Uint8Array[],
  ) => Promise<readonly (RecoveredSender | undefined)[]>
  /** Starts the thread, if that has not been done; whether it works, as soon as that is known. */
  readonly start: () => Promise<boolean>
  /** Ends the thread for good. */
  readonly close: () => Promise<void>
}

/** Below, the main thread is done before the way to the other and back. */
const FEWEST = 32

/** About 2 s of work. */
const MOST_WAITING = 20_000

const HOLD_MS = 1000

type Waiting = {
  readonly count: number
  readonly resolve: (found: readonly (RecoveredSender | undefined)[]) => void
}

/**
 * Creates what recovers senders on another thread. That keeps no process alive but while it starts or is asked something. If it cannot start or
 * dies, everything is left to the main thread from then on.
 *
 * @param options.workerUrl the program of the thread, for a bundle that has it elsewhere: `recovery-worker` beside this module unless told.
 * @param options.onFailure is told why the thread ended, once.
 */
export function createSenderRecovery(
  options: {
    readonly workerUrl?: URL | undefined
    readonly onFailure?: ((cause: unknown) => void) | undefined
    /** Of fewer transactions it is asked in vain; 32 unless told. Fewer are worth it to a main thread that has other work to do meanwhile. */
    readonly fewest?: number | undefined
  } = {},
): SenderRecovery {
  const { fewest = FEWEST } = options
  const waiting = new Map<number, Waiting>()
  let load = 0
  let lastId = 0
  let worker: Worker | undefined
  let starting: Promise<boolean> | undefined
  let isReady = false
  let hasEnded = false

  const end = (cause?: unknown): void => {
    if (hasEnded) return
    hasEnded = true
    isReady = false
    for (const { count, resolve } of waiting.values()) resolve(nobody(count))
    waiting.clear()
    if (cause !== undefined) options.onFailure?.(cause)
  }

  const take = (answer: RecoveryAnswer): void => {
    const asked = waiting.get(answer.id)
    if (asked === undefined) return
    waiting.delete(answer.id)
    load -= asked.count
    if (waiting.size === 0) worker?.unref()
    asked.resolve(unpackAnswer(answer))
  }

  const start = (): Promise<boolean> => {
    if (hasEnded) return Promise.resolve(false)
    starting ??= new Promise((resolve) => {
      const fail = (cause: unknown): void => {
        end(cause)
        resolve(false)
      }
      worker = startWorker(options.workerUrl ?? ownProgram())
      worker.on('message', (message: 'ready' | RecoveryAnswer) => {
        if (message !== 'ready') {
          take(message)
          return
        }
        isReady = !hasEnded
        if (waiting.size === 0) worker?.unref()
        resolve(isReady)
      })
      worker.on('error', fail)
      worker.on('messageerror', fail)
      worker.on('exit', (code) => fail(new Error(`the thread ended with code ${code}`)))
    })
    return starting
  }

  const ask = (
    chainId: bigint,
    raws: readonly Uint8Array[],
  ): Promise<readonly (RecoveredSender | undefined)[]> => {
    lastId++
    const request = packRequest(lastId, chainId, raws)
    load += raws.length
    worker?.ref()
    worker?.postMessage(request, [request.bytes.buffer])
    return new Promise((resolve) => {
      waiting.set(request.id, { count: raws.length, resolve })
    })
  }

  return {
    start,
    recover: async (chainId, raws) => {
      if (raws.length < fewest || load + raws.length > MOST_WAITING) return nobody(raws.length)
      if (isReady) return ask(chainId, raws)
      // Not waited for: the main thread is there.
      start().catch(() => undefined)
      return nobody(raws.length)
    },
    close: async () => {
      end()
      // Node sometimes forgets that it waits for a thread that kept no process alive before, and ends in the middle of this.
      const hold = setInterval(() => undefined, HOLD_MS)
      await worker?.terminate()
      clearInterval(hold)
    },
  }
}

function nobody(count: number): readonly undefined[] {
  return Array.from<undefined>({ length: count })
}

/** Named as this module is: `.ts` in source, `.js` in what was built, something else in a bundle. */
function ownProgram(): URL {
  const own = new URL(import.meta.url)
  return new URL(`./recovery-worker${own.pathname.slice(own.pathname.lastIndexOf('.'))}`, own)
}

/** Without the flags of this process: some, like those of code on the command line, are none that a thread may have. */
function startWorker(url: URL): Worker {
  // Most chains for tests never need one.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  return new Worker(url, {
    execArgv: url.pathname.endsWith('.ts') ? ['--conditions=source'] : [],
  })
}
