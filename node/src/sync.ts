import type { Chain } from '@mosaic/chain'
import type { Network, Status } from '@mosaic/network'
import { toBlockNumber } from '@mosaic/primitives'
import type { Log } from './logger.ts'

/** Fetches what peers have and this node lacks. One peer is asked at a time. */
export type Synchroniser = {
  /** A peer said where it stands, or sent a block whose parent is unknown here. */
  readonly notice: (peerId: string, status: Status) => void
  /** The highest block that a peer claims, while blocks are being fetched. */
  readonly target: () => { readonly from: bigint; readonly highest: bigint } | undefined
  readonly stop: () => Promise<void>
}

/** Blocks asked for at a time. */
const BATCH = 64

/** Creates the synchroniser of a node. */
export function createSynchroniser(chain: Chain, network: () => Network, log: Log): Synchroniser {
  const stopping = new AbortController()
  let target: { readonly from: bigint; readonly highest: bigint } | undefined
  let running: Promise<void> | undefined
  let next: { readonly peerId: string; readonly status: Status } | undefined

  /** A head that is not here may be better than ours, whatever its number: fork choice decides after the import. */
  const isBehind = ({ head }: Status): boolean => chain.database.record(head.hash) === undefined

  /** Goes back until the peer's chain meets ours, at most to the finalized checkpoint; then forward. */
  const fetchFrom = async (peerId: string, status: Status): Promise<void> => {
    const floor = chain.finalized().height * chain.definition.epochLength + 1n
    const own = chain.head().header.number + 1n
    let start: bigint = own < status.head.number ? own : status.head.number
    let step = 8n
    while (!stopping.signal.aborted && start <= status.head.number) {
      let imported = 0
      let missing = false
      const request = { start: toBlockNumber(start), count: BATCH }
      for await (const bytes of network().request(peerId, 'blocksByRange', request, {
        signal: stopping.signal,
      })) {
        const verdict = await chain.importBlock(bytes)
        if (verdict.ok) {
          imported++
          continue
        }
        if (verdict.fault.code === 'CHAIN_UNKNOWN_PARENT') missing = true
        else {
          log('debug', 'block from a peer refused', { peerId, fault: verdict.fault })
          if (verdict.fault.code !== 'FUTURE_BLOCK') network().penalise(peerId, verdict.fault.code)
          return
        }
        break
      }
      if (missing) {
        if (start <= floor) return
        start = start - step > floor ? start - step : floor
        step *= 2n
      } else if (imported === 0) return
      else start += BigInt(imported)
    }
  }

  const run = async (): Promise<void> => {
    while (next !== undefined && !stopping.signal.aborted) {
      const { peerId, status } = next
      next = undefined
      if (!isBehind(status)) continue
      target = { from: chain.head().header.number, highest: status.head.number }
      try {
        await fetchFrom(peerId, status)
      } catch (error) {
        log('debug', 'fetching blocks failed', { peerId, error })
      }
      target = undefined
    }
  }

  return {
    notice: (peerId, status) => {
      if (stopping.signal.aborted || !isBehind(status)) return
      next = { peerId, status }
      running ??= run().finally(() => {
        running = undefined
      })
    },
    target: () => target,
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
