import type { MethodTypes, Network, RequestOptions, ServedMethod } from '@mosaic/network'
import { CodedError } from '@mosaic/primitives'
import type { Log } from '../logger.ts'

/** The peers of this node, as what is fetched from them needs them. */
export type PeerPort = {
  /** Who has done the handshake. */
  readonly ready: () => readonly string[]
  readonly request: <Name extends ServedMethod>(
    peerId: string,
    method: Name,
    request: MethodTypes[Name]['request'],
    options?: RequestOptions,
  ) => AsyncIterable<Uint8Array>
  readonly penalise: Network['penalise']
}

/** What a courier needs of the node. */
export type CourierParts = {
  readonly peers: PeerPort
  readonly log: Log
  /** Milliseconds that never run backwards. */
  readonly now: () => number
  /** Rejects when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

/** A peer's answer: undefined if it has nothing; incomplete if it lacks some of it. */
export type Answer<T> = { readonly value: T; readonly isComplete: boolean } | undefined

/** Asks peers in turn until one has the answer. Who has none, or is too slow, rests, the longer the more often. */
export type Courier = {
  /**
   * Tries one peer after the other, never one that another question is with.
   *
   * @throws NobodyAnswersError once all peers were tried several times; not while there is no peer at all.
   * @throws the signal's reason when it is aborted.
   */
  readonly ask: <T>(attempt: (peerId: string) => Promise<Answer<T>>) => Promise<T>
}

/** A peer answered what cannot be true. */
export class FalseAnswerError extends CodedError<{ readonly code: 'FALSE_ANSWER' }> {
  override readonly name = 'FalseAnswerError'

  constructor(message: string) {
    super({ code: 'FALSE_ANSWER' }, message)
  }
}

/** No peer has what was asked for. */
class NobodyAnswersError extends CodedError<{
  readonly code: 'NOBODY_ANSWERS'
  readonly attempts: number
}> {
  override readonly name = 'NobodyAnswersError'

  constructor(attempts: number) {
    super({ code: 'NOBODY_ANSWERS', attempts }, `no peer had an answer in ${attempts} attempts`)
  }
}

/** Attempts per connected peer after which nobody is taken to have the answer. */
const ROUNDS = 4
const FIRST_REST_MS = 500
const LONGEST_REST_MS = 30_000
const POLL_MS = 100

/** Creates a courier. */
export function createCourier(parts: CourierParts): Courier {
  const { peers, log, now, sleep, signal } = parts
  const busy = new Set<string>()
  const rests = new Map<string, { readonly failures: number; readonly until: number }>()
  const lastAsked = new Map<string, number>()

  const take = (): string | undefined => {
    const free = peers
      .ready()
      .filter((peerId) => !busy.has(peerId) && (rests.get(peerId)?.until ?? 0) <= now())
    const [peerId] = free.toSorted((a, b) => (lastAsked.get(a) ?? 0) - (lastAsked.get(b) ?? 0))
    return peerId
  }
  const rest = (peerId: string): void => {
    const failures = (rests.get(peerId)?.failures ?? 0) + 1
    const ms = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(failures - 1, 16))
    rests.set(peerId, { failures, until: now() + ms })
  }
  const forgetGone = (): void => {
    const here = new Set(peers.ready())
    for (const peerId of lastAsked.keys()) if (!here.has(peerId)) lastAsked.delete(peerId)
    for (const [peerId, { until }] of rests) {
      if (!here.has(peerId) && until <= now()) rests.delete(peerId)
    }
  }

  const tryPeer = async <T>(
    peerId: string,
    attempt: (peerId: string) => Promise<Answer<T>>,
  ): Promise<Answer<T>> => {
    busy.add(peerId)
    lastAsked.set(peerId, now())
    try {
      const answer = await attempt(peerId)
      if (answer?.isComplete === true) rests.delete(peerId)
      else rest(peerId)
      return answer
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof FalseAnswerError) {
        log('warn', 'false answer', { peerId, error })
        peers.penalise(peerId, error.message)
      } else log('debug', 'no answer', { peerId, error })
      rest(peerId)
      return undefined
    } finally {
      busy.delete(peerId)
    }
  }

  return {
    ask: async (attempt) => {
      for (let attempts = 0; ; ) {
        signal.throwIfAborted()
        const peerId = take()
        if (peerId === undefined) {
          forgetGone()
          await sleep(POLL_MS, signal)
          continue
        }
        const answer = await tryPeer(peerId, attempt)
        if (answer !== undefined) return answer.value
        attempts++
        if (attempts >= ROUNDS * Math.max(1, peers.ready().length))
          throw new NobodyAnswersError(attempts)
      }
    },
  }
}
