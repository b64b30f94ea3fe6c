import { setTimeout } from 'node:timers'
import {
  type BlockDraft,
  type BlockRecord,
  type Chain,
  poolCandidates,
  type TransactionPool,
} from '@mosaic/chain'
import {
  type Built,
  type Candidates,
  effectiveTip,
  type GrowingBlock,
  type SkippedTransaction,
  type Transaction,
} from '@mosaic/execution'
import type { Address, Hash32 } from '@mosaic/primitives'

/**
 * The next block, begun while this thread has nothing else to do, so that there is little left when it is due. It is the very block that would
 * be built then at once, or none: what a better candidate, a change of the pool or of the owner's mind makes wrong is thrown away.
 */
export type BlockAhead = {
  /** Takes note of a transaction that waits and could be in the next block. */
  readonly note: (transaction: Transaction) => void
  /** The block with all else that waits; undefined if none was begun, or it is not the one that is wanted. */
  readonly finish: (parent: BlockRecord, wanted: BlockDraft) => Promise<Built | undefined>
  /** Takes note that the block is in the chain that was finished last. */
  readonly sealed: () => void
}

/** What a block ahead is made from. */
export type BlockAheadPorts = {
  readonly chain: Pick<Chain, 'execution' | 'exclusive' | 'head' | 'stateRoot'>
  readonly transactions: TransactionPool
  readonly feeRecipient: Address
  /** The block after `parent` that is due next; undefined while blocks wait for no time. */
  readonly nextDraft: (parent: BlockRecord) => BlockDraft | undefined
  /** In how many milliseconds that is. */
  readonly dueInMs: () => number | undefined
  /** Seals the block that is due next, though it is not due yet. */
  readonly sealEarly: () => void
}

type Begun = {
  readonly draft: BlockDraft
  readonly stateRoot: Hash32
  readonly block: GrowingBlock
  /** {@link TransactionPool.departures} when it was begun. */
  readonly departures: number
  /** What waited when it was begun, best first, then the others as they came. */
  readonly queue: Transaction[]
  /** How many waited. */
  readonly ranked: number
  /** How many of the queue have run. */
  at: number
  /** Nonces of those who are in it, after their last ones; undefined for whom it has no more room. */
  readonly nonces: Map<Address, bigint | undefined>
  lowestTip: bigint | undefined
  readonly skipped: SkippedTransaction[]
}

/** Between two looks at how busy this thread is. */
const LOOK_MS = 1
/** A thread that is busy for less of that has nothing to do. Otherwise what it was idle for is used, no more: those who send come first. */
const IDLE_MS = 0.8
/** At once, so that whoever asks something meanwhile does not wait long. */
const MOST_MS = 10
/** Who has sent nothing for so long sends no more for now. */
const QUIET_MS = 25
/** Blocks of fewer transactions do not tell how long it takes to finish and seal one. */
const TELLING = 100
/** How much of that a block is begun to be finished before it is due: none shall be there before. */
const EARLY = 0.9

/** Creates what begins blocks. */
export function createBlockAhead(ports: BlockAheadPorts): BlockAhead {
  const { chain, transactions, feeRecipient, nextDraft, dueInMs, sealEarly } = ports
  let begun: Begun | undefined
  /** The next look, and how long this thread had been idle at the last one. */
  let looking: NodeJS.Timeout | undefined
  let idle = 0
  /** When it may be time to finish. */
  let ending: NodeJS.Timeout | undefined
  /** When the last transaction came. */
  let noted = 0
  let finished: { readonly at: number; readonly count: number } | undefined
  /** What it took to finish and seal a block, for each transaction. */
  let msEach = 0
  /** The block after this one is not begun again: what came in its way may come again and again. */
  let givenUp: Hash32 | undefined

  const giveUp = (): void => {
    begun = undefined
    givenUp = chain.head().hash
  }

  /** Whether nothing that it stands on has changed since. */
  const isCurrent = (own: Begun, parent: BlockRecord, wanted: BlockDraft): boolean =>
    own.stateRoot === chain.stateRoot(parent) &&
    own.departures === transactions.departures() &&
    process.getBuiltinModule('node:util').isDeepStrictEqual(own.draft, wanted)

  const begin = async (parent: BlockRecord, draft: BlockDraft): Promise<Begun> => {
    const stateRoot = chain.stateRoot(parent)
    const departures = transactions.departures()
    const block = await chain.execution.processor.begin(draft, stateRoot, feeRecipient)
    const { next } = await poolCandidates(chain, transactions, parent, draft.baseFeePerGas)
    const queue: Transaction[] = []
    for (let one = next(); one !== undefined; one = next()) queue.push(one)
    return {
      draft,
      stateRoot,
      block,
      departures,
      queue,
      ranked: queue.length,
      at: 0,
      nonces: new Map(),
      lowestTip: undefined,
      skipped: [],
    }
  }

  /** Runs candidates until one should have stood before others that have run. @returns whether none should. */
  const extend = async (
    own: Begun,
    { next, skipped }: Candidates,
    isRanked: () => boolean,
  ): Promise<boolean> => {
    let isOutbid = false
    const isThere = await own.block.extend({
      next: () => {
        const candidate = next()
        if (candidate === undefined) return undefined
        const tip = effectiveTip(candidate, own.draft.baseFeePerGas)
        const isHigher = own.lowestTip !== undefined && tip > own.lowestTip
        isOutbid = isHigher && !isRanked()
        if (isOutbid) return undefined
        if (!isHigher) own.lowestTip = tip
        own.nonces.set(candidate.from, candidate.nonce + 1n)
        return candidate
      },
      skipped: (one) => {
        own.nonces.set(one.transaction.from, undefined)
        skipped(one)
      },
    })
    return isThere && !isOutbid
  }

  /** The queue, as far as its transactions come next for their senders and pay enough: one at least, then until a time as of `performance.now()`. */
  const queued = (own: Begun, until: number): Candidates => {
    let isFirst = true
    return {
      next: () => {
        while (isFirst || performance.now() < until) {
          isFirst = false
          const candidate = own.queue[own.at]
          if (candidate === undefined) return undefined
          own.at++
          const { from, nonce } = candidate
          const isNext = !own.nonces.has(from) || own.nonces.get(from) === nonce
          if (isNext && effectiveTip(candidate, own.draft.baseFeePerGas) >= 0n) return candidate
        }
        return undefined
      },
      skipped: (one) => {
        own.skipped.push(one)
      },
    }
  }

  const advance = async (ms: number): Promise<void> => {
    const parent = chain.head()
    const draft = nextDraft(parent)
    if (draft === undefined || givenUp === parent.hash) return
    if (begun?.draft.parentHash !== parent.hash) begun = await begin(parent, draft)
    const own = begun
    const before = own.at
    const candidates = queued(own, performance.now() + ms)
    const isGood =
      isCurrent(own, parent, draft) && (await extend(own, candidates, () => own.at <= own.ranked))
    if (!isGood) giveUp()
    else if (own.at === own.queue.length) end(own)
    // Otherwise it is full.
    else if (own.at > before) look()
  }

  /** Has the block sealed so early that it is there when it is due, unless more comes. */
  const end = (own: Begun): void => {
    clearTimeout(ending)
    const earlyMs = EARLY * msEach * own.queue.length
    const inMs = dueInMs()
    if (inMs === undefined || earlyMs < LOOK_MS) return
    ending = setTimeout(
      () => {
        const isWhole = begun === own && own.at === own.queue.length
        const isQuiet = performance.now() - noted >= QUIET_MS
        const isTime = (dueInMs() ?? Number.POSITIVE_INFINITY) <= earlyMs + LOOK_MS
        if (isWhole && isQuiet && isTime) sealEarly()
      },
      Math.max(QUIET_MS, inMs - earlyMs),
    ).unref()
  }

  /** Looks soon whether there is time. */
  const look = (): void => {
    idle = idleMs()
    looking ??= setTimeout(() => {
      looking = undefined
      const rest = idleMs() - idle
      if (rest === 0) look()
      // Whatever is wrong is told when the block is built for good.
      else chain.exclusive(() => advance(rest < IDLE_MS ? rest : MOST_MS)).catch(giveUp)
    }, LOOK_MS).unref()
  }

  return {
    note: (transaction) => {
      noted = performance.now()
      begun?.queue.push(transaction)
      if (looking === undefined) look()
    },
    finish: async (parent, wanted) => {
      const own = begun
      begun = undefined
      finished = undefined
      clearTimeout(ending)
      if (own === undefined || !isCurrent(own, parent, wanted)) return undefined
      const rest = await poolCandidates(
        chain,
        transactions,
        parent,
        wanted.baseFeePerGas,
        own.nonces,
      )
      for (const one of own.skipped) rest.skipped(one)
      if (!(await extend(own, rest, () => false))) return undefined
      finished = { at: performance.now(), count: own.queue.length }
      return own.block.finish()
    },
    sealed: () => {
      if (finished === undefined || finished.count < TELLING) return
      msEach = (performance.now() - finished.at) / finished.count
    },
  }
}

/** How long this thread has been idle. Not by the global `performance`: environments that pretend to be browsers have another. */
function idleMs(): number {
  return process.getBuiltinModule('node:perf_hooks').performance.eventLoopUtilization().idle
}
