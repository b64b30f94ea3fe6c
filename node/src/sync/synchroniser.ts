import { type Chain, importBlocks } from '@mosaic/chain'
import type { Status } from '@mosaic/network'
import { toBlockNumber } from '@mosaic/primitives'
import type { Log } from '../logger.ts'
import type { PeerPort } from './courier.ts'

/** Fetches what peers have and this node lacks. */
export type Synchroniser = {
  /** A peer said where it stands, or sent a block whose parent is unknown here. */
  readonly notice: (peerId: string, status: Status) => void
  /** The highest block that a peer claims, while blocks are being fetched. */
  readonly target: () => { readonly from: bigint; readonly highest: bigint } | undefined
  /** Calls `run` once the chain has begun: from then on blocks may be made. Never, if the node stops before. */
  readonly onBegun: (run: () => void) => void
  readonly stop: () => Promise<void>
}

/** What a synchroniser needs of the node. */
export type SynchroniserParts = {
  readonly chain: Chain
  readonly peers: PeerPort
  readonly log: Log
  /** Milliseconds that never run backwards. */
  readonly now: () => number
  /** Where to begin, if not at genesis. Runs before any block is fetched. */
  readonly begin?: (signal: AbortSignal, onTarget: (number: bigint) => void) => Promise<void>
}

/** What became of asking one peer. */
type Outcome = 'progress' | 'nothing-new' | 'failed'

/** Blocks asked for at a time. */
const BATCH = 64
/** How long the blocks of one request are waited for. Who takes longer rests, and another is asked. */
const WAIT_MS = 15_000
const FIRST_REST_MS = 1000
const LONGEST_REST_MS = 60_000

/**
 * Creates the synchroniser of a node. One peer is asked at a time: of those that failed least of late, the one that claims most. Whoever has
 * nothing new after all has failed, too: claims cost nothing, and the time they take is that of the others.
 */
export function createSynchroniser(parts: SynchroniserParts): Synchroniser {
  const { chain, peers, log, now } = parts
  const stopping = new AbortController()
  const whenBegun: (() => void)[] = []
  let target: { readonly from: bigint; readonly highest: bigint } | undefined
  let running: Promise<void> | undefined
  let hasBegun = false
  /** What peers last said, as long as it is news. */
  const claims = new Map<string, Status>()
  const rests = new Map<string, { readonly failures: number; readonly until: number }>()

  const failuresOf = (peerId: string): number => rests.get(peerId)?.failures ?? 0

  /** A head that is not here may be better than ours, whatever its number: fork choice decides after the import. */
  const isBehind = ({ head }: Status): boolean => chain.database.record(head.hash) === undefined

  /** Goes back until the peer's chain meets ours, at most to the finalized checkpoint; then forward. */
  const fetchFrom = async (peerId: string, status: Status): Promise<Outcome> => {
    const floor = chain.finalized().height * chain.definition.epochLength + 1n
    const own = chain.head().header.number + 1n
    let start: bigint = own < status.head.number ? own : status.head.number
    let step = 8n
    let outcome: Outcome = 'nothing-new'
    while (!stopping.signal.aborted && start <= status.head.number) {
      let imported = 0
      let missing = false
      const request = { start: toBlockNumber(start), count: BATCH }
      const encodings = peers.request(peerId, 'blocksByRange', request, {
        signal: stopping.signal,
        waitMs: WAIT_MS,
      })
      for await (const verdict of importBlocks(chain, encodings)) {
        if (verdict.ok) {
          imported++
          if (verdict.value.isNew) outcome = 'progress'
          continue
        }
        if (verdict.fault.code === 'CHAIN_UNKNOWN_PARENT') missing = true
        else {
          log('debug', 'block from a peer refused', { peerId, fault: verdict.fault })
          if (verdict.fault.code === 'FUTURE_BLOCK') return outcome
          peers.penalise(peerId, verdict.fault.code)
          return 'failed'
        }
        break
      }
      if (missing) {
        if (start <= floor) return outcome
        start = start - step > floor ? start - step : floor
        step *= 2n
      } else if (imported === 0) return outcome
      else start += BigInt(imported)
    }
    return outcome
  }

  /** The peer to ask next, and what it claims. */
  const choose = (): readonly [string, Status] | undefined => {
    for (const [peerId, status] of claims) if (!isBehind(status)) claims.delete(peerId)
    for (const [peerId, { until }] of rests) {
      if (until + LONGEST_REST_MS <= now()) rests.delete(peerId)
    }
    const rested = [...claims].filter(([peerId]) => (rests.get(peerId)?.until ?? 0) <= now())
    return rested.toSorted(
      ([one, a], [two, b]) =>
        failuresOf(one) - failuresOf(two) || Number(b.head.number - a.head.number),
    )[0]
  }
  const rest = (peerId: string): void => {
    const failures = failuresOf(peerId) + 1
    const ms = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(failures - 1, 16))
    rests.set(peerId, { failures, until: now() + ms })
  }

  const fetchAll = async (): Promise<void> => {
    for (let next = choose(); next !== undefined && !stopping.signal.aborted; next = choose()) {
      const [peerId, status] = next
      target = { from: chain.head().header.number, highest: status.head.number }
      let outcome: Outcome
      try {
        outcome = await fetchFrom(peerId, status)
      } catch (error) {
        log('debug', 'fetching blocks failed', { peerId, error })
        outcome = 'failed'
      }
      if (outcome === 'progress') rests.delete(peerId)
      else rest(peerId)
      // It says anew where it stands within half a minute.
      if (outcome !== 'progress' && claims.get(peerId) === status) claims.delete(peerId)
    }
    target = undefined
  }

  const wake = (): void => {
    if (!hasBegun || stopping.signal.aborted || choose() === undefined) return
    running ??= fetchAll().finally(() => {
      running = undefined
      // A claim that came after the last look.
      wake()
    })
  }

  const begin = async (): Promise<void> => {
    const from = chain.head().header.number
    target = { from, highest: from }
    try {
      await parts.begin?.(stopping.signal, (highest) => {
        target = { from, highest }
      })
    } finally {
      target = undefined
    }
    hasBegun = true
    for (const run of whenBegun.splice(0)) run()
    wake()
  }
  const beginning =
    parts.begin === undefined
      ? undefined
      : begin().catch((error: unknown) => {
          if (!stopping.signal.aborted) log('error', 'the chain does not begin', { error })
        })
  if (beginning === undefined) hasBegun = true

  return {
    notice: (peerId, status) => {
      if (stopping.signal.aborted || !isBehind(status)) return
      claims.set(peerId, status)
      wake()
    },
    target: () => target,
    onBegun: (run) => {
      if (hasBegun) run()
      else whenBegun.push(run)
    },
    stop: async () => {
      stopping.abort(new Error('the node stops'))
      await beginning
      await running
    },
  }
}
