import { setImmediate } from 'node:timers/promises'
import { type Chain, type HistoricBlock, outlineHistory, takeHistory } from '@mosaic/chain'
import { decodeRlp, InvalidValueError, toBlockNumber } from '@mosaic/primitives'
import type { Store } from '@mosaic/storage'
import { type Answer, type CourierParts, createCourier, FalseAnswerError } from './courier.ts'

/** What filling in history needs of the node. */
export type BackfillParts = CourierParts & {
  readonly chain: Chain
  readonly store: Store
  /** Whether there is more important work. */
  readonly isBusy: () => boolean
}

const BLOCKS_AT_ONCE = 64
/** How long the blocks of one request are waited for, and then their receipts. */
const WAIT_MS = 20_000
const BUSY_MS = 1000
/** So many times as long as a batch took, nothing is done. */
const REST_FACTOR = 3
const RETRY_MS = 15_000
const BATCHES_PER_REPORT = 64

/**
 * Fetches the blocks from before the beginning of the chain, downwards to genesis, with their receipts, and at a quarter of the time at most.
 * Each batch is complete on disk before the next is asked for.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function backfillHistory(parts: BackfillParts): Promise<void> {
  const { chain, log, now, sleep, signal, isBusy } = parts
  const { database } = chain
  const fetcher = createFetcher(parts)
  for (let batches = 0; ; batches++) {
    const missing = database.missing()
    if (missing === undefined || missing.from === 1n) break
    if (batches % BATCHES_PER_REPORT === 0) log('info', 'history.missing', { below: missing.from })
    while (isBusy()) {
      signal.throwIfAborted()
      await sleep(BUSY_MS, signal)
    }
    const begun = now()
    try {
      await fetcher(missing.from - 1n)
    } catch (error) {
      signal.throwIfAborted()
      log('debug', 'history not fetched', { error })
      await sleep(RETRY_MS, signal)
      continue
    }
    await sleep(REST_FACTOR * (now() - begun), signal)
    if (database.missing()?.from === 1n) log('info', 'history.complete', {})
  }
}

/** Fetches and takes a batch of blocks, the highest of them number `end`. */
function createFetcher(parts: BackfillParts): (end: bigint) => Promise<void> {
  const { chain, store, peers, signal } = parts
  const courier = createCourier(parts)
  /** Halved when blocks are so large that not all fit into an answer, and doubled again. */
  let most = BLOCKS_AT_ONCE

  return async (end) => {
    const count = end < BigInt(most) ? Number(end) : most
    const request = { start: toBlockNumber(end - BigInt(count) + 1n), count }
    await courier.ask(async (peerId): Promise<Answer<void>> => {
      const options = { signal, waitMs: WAIT_MS }
      const blocks: Uint8Array[] = []
      for await (const block of peers.request(peerId, 'blocksByRange', request, options)) {
        blocks.push(block)
      }
      if (blocks.length === 0) return undefined
      if (blocks.length > count) throw new FalseAnswerError('blocks that nobody asked for')
      if (blocks.length < count) {
        most = Math.max(1, Math.floor(count / 2))
        return undefined
      }
      const outlines = outlineHistory(chain, blocks)
      if (!outlines.ok) throw new FalseAnswerError(outlines.fault.code)
      const hashes = outlines.value.map(({ hash }) => hash)
      const history: HistoricBlock[] = []
      while (history.length < hashes.length) {
        const before = history.length
        const wanted = { hashes: hashes.slice(before) }
        for await (const bytes of peers.request(peerId, 'receiptsByHash', wanted, options)) {
          const block = blocks[history.length]
          if (block === undefined) throw new FalseAnswerError('receipts that nobody asked for')
          history.push({ block, receipts: toEnvelopes(bytes) })
        }
        if (history.length === before) return undefined
      }
      const verdict = await takeHistory(chain, store, history, setImmediate)
      if (!verdict.ok) throw new FalseAnswerError(verdict.fault.code)
      most = Math.min(BLOCKS_AT_ONCE, most * 2)
      return { value: undefined, isComplete: true }
    })
  }
}

function toEnvelopes(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    const items = decodeRlp(bytes, 1)
    if (items instanceof Uint8Array) throw new FalseAnswerError('no list of receipts')
    return items.filter((item) => item instanceof Uint8Array)
  } catch (error) {
    if (error instanceof InvalidValueError) throw new FalseAnswerError('no receipts')
    throw error
  }
}
