import { effectiveTip, type Transaction } from '@mosaic/execution'
import { type Address, accept, type Hash32, refuse, type Verdict } from '@mosaic/primitives'

/** Why a transaction does not enter the pool. */
export type PoolFault =
  | { readonly code: 'POOL_ALREADY_KNOWN' }
  | { readonly code: 'POOL_NONCE_TOO_LOW'; readonly next: bigint; readonly given: bigint }
  | { readonly code: 'POOL_INTRINSIC_GAS'; readonly gas: bigint; readonly needed: bigint }
  | { readonly code: 'POOL_ABOVE_BLOCK_GAS_LIMIT'; readonly limit: bigint }
  | {
      readonly code: 'POOL_INSUFFICIENT_FUNDS'
      readonly balance: bigint
      readonly cost: bigint
      /** What the sender's other waiting transactions cost, if the sender can pay this one but not all. */
      readonly queued: bigint | undefined
      /** What a transaction costs that this one would replace; undefined if there is none. */
      readonly replaced: bigint | undefined
    }
  | { readonly code: 'POOL_TIP_ABOVE_FEE_CAP' }
  | { readonly code: 'POOL_REPLACEMENT_UNDERPRICED' }
  | { readonly code: 'POOL_ACCOUNT_LIMIT'; readonly limit: number }
  | { readonly code: 'POOL_OVERSIZED'; readonly size: number; readonly limit: number }
  /** The pool is full, and no transaction in it pays less. */
  | { readonly code: 'POOL_UNDERPRICED' }
  /** The pool is full, and this one stands behind a gap: it would cost nothing to drive out others with such. */
  | { readonly code: 'POOL_FUTURE_REPLACES_PENDING' }
  /** The pool is full of transactions that pay less, but too few of them may give way. */
  | { readonly code: 'POOL_FULL' }

/** The account of a sender at the head. */
export type SenderAccount = { readonly nonce: bigint; readonly balance: bigint }

/** Transactions that wait for a block. Nothing here is on disk. When it is full, the one that pays least gives way to one that pays more. */
export type TransactionPool = {
  readonly add: (
    transaction: Transaction,
    sender: SenderAccount,
    blockGasLimit: bigint,
  ) => Verdict<Transaction, PoolFault>
  readonly get: (hash: Hash32) => Transaction | undefined
  /** Drops what a block included, and everything of those senders below their new nonces. */
  readonly included: (transactions: readonly Transaction[]) => void
  readonly remove: (hash: Hash32) => void
  /**
   * Executable transactions by tip at a base fee, best first, as they came where tips are equal; one sender's in order of nonce, none of those
   * without one.
   */
  readonly best: (
    baseFeePerGas: bigint,
    nonceOf: (address: Address) => bigint | undefined,
  ) => Iterator<Transaction> & { readonly skipSender: () => void }
  /** The nonce after the last of a sender's unbroken run from `nonce`. */
  readonly nextNonce: (address: Address, nonce: bigint) => bigint
  readonly senders: () => ReadonlyMap<Address, readonly Transaction[]>
  /** The transaction of a sender that waits with a nonce. */
  readonly at: (address: Address, nonce: bigint) => Transaction | undefined
  readonly hasSender: (address: Address) => boolean
  /** Who has something waiting. */
  readonly addresses: () => Iterable<Address>
  /** All that waits, in the order in which it came. */
  readonly waiting: () => readonly Transaction[]
  /** Hashes of what came first, at most `count`. */
  readonly hashes: (count: number) => readonly Hash32[]
  readonly size: () => number
  /** How many have left since it was made, whyever: while it stays, all that waited still wait. */
  readonly departures: () => number
}

/** Bounds of a pool. */
export type PoolLimits = {
  readonly transactions: number
  /** Of all encoded transactions together. */
  readonly bytes: number
  readonly perSender: number
  readonly transactionBytes: number
}

const DEFAULT_LIMITS: PoolLimits = {
  transactions: 20_000,
  bytes: 64 * 1024 * 1024,
  perSender: 4096,
  transactionBytes: 128 * 1024,
}

/** A replacement must pay this much more of both fees, in percent. */
const REPLACEMENT_BUMP = 10n

/** Creates an empty pool. */
export function createTransactionPool(limits: PoolLimits = DEFAULT_LIMITS): TransactionPool {
  const byHash = new Map<Hash32, Transaction>()
  /** How many came before it. */
  const arrivals = new Map<Hash32, number>()
  const bySender = new Map<Address, Map<bigint, Transaction>>()
  /** What all waiting transactions of a sender cost together. */
  const costs = new Map<Address, bigint>()

  /** Nonces of a sender that all wait, as far as they were looked at: from the first to before the last. */
  const runs = new Map<Address, { readonly from: bigint; readonly end: bigint }>()

  let arrived = 0
  let departures = 0
  let bytes = 0
  /** What pays least among the last ones of all senders, while the pool is full: who does not pay more need not be compared with all. */
  let floor: Transaction | undefined

  const forget = (transaction: Transaction): void => {
    if (!byHash.delete(transaction.hash)) return
    departures++
    arrivals.delete(transaction.hash)
    const { from, raw } = transaction
    bytes -= raw.length
    costs.set(from, (costs.get(from) ?? 0n) - costOf(transaction))
  }

  const drop = (transaction: Transaction): void => {
    forget(transaction)
    runs.delete(transaction.from)
    const own = bySender.get(transaction.from)
    if (own?.get(transaction.nonce)?.hash === transaction.hash) own.delete(transaction.nonce)
    if (own?.size === 0) {
      bySender.delete(transaction.from)
      costs.delete(transaction.from)
    }
  }

  const findFault = (
    transaction: Transaction,
    sender: SenderAccount,
    blockGasLimit: bigint,
  ): PoolFault | undefined => {
    const { from, nonce, gasLimit, intrinsicGas, raw } = transaction
    if (byHash.has(transaction.hash)) return { code: 'POOL_ALREADY_KNOWN' }
    if (raw.length > limits.transactionBytes) {
      return { code: 'POOL_OVERSIZED', size: raw.length, limit: limits.transactionBytes }
    }
    if (gasLimit > blockGasLimit)
      return { code: 'POOL_ABOVE_BLOCK_GAS_LIMIT', limit: blockGasLimit }
    if (transaction.maxPriorityFeePerGas > transaction.maxFeePerGas)
      return { code: 'POOL_TIP_ABOVE_FEE_CAP' }
    if (gasLimit < intrinsicGas)
      return { code: 'POOL_INTRINSIC_GAS', gas: gasLimit, needed: intrinsicGas }
    if (nonce < sender.nonce)
      return { code: 'POOL_NONCE_TOO_LOW', next: sender.nonce, given: nonce }
    const cost = costOf(transaction)
    const { balance } = sender
    const unpaid = { code: 'POOL_INSUFFICIENT_FUNDS', balance, cost } as const
    if (cost > balance) return { ...unpaid, queued: undefined, replaced: undefined }
    const own = bySender.get(from)
    const before = own?.get(nonce)
    const queued = costs.get(from) ?? 0n
    const replaced = before && costOf(before)
    if (queued + cost - (replaced ?? 0n) > balance) return { ...unpaid, queued, replaced }
    if (before !== undefined) {
      return isBump(before, transaction) ? undefined : { code: 'POOL_REPLACEMENT_UNDERPRICED' }
    }
    if ((own?.size ?? 0) >= limits.perSender)
      return { code: 'POOL_ACCOUNT_LIMIT', limit: limits.perSender }
    return undefined
  }

  const isFull = (more: number): boolean =>
    byHash.size >= limits.transactions || bytes + more > limits.bytes

  /** What gives way to a better transaction: of the senders whose last ones pay least, those last ones, as many as it takes. */
  const findVictims = (transaction: Transaction): Verdict<readonly Transaction[], PoolFault> => {
    if (floor !== undefined && !paysLess(floor, transaction)) {
      return refuse({ code: 'POOL_UNDERPRICED' })
    }
    const tails = [...bySender.values()]
      .flatMap(lastOf)
      .toSorted((a, b) => (paysLess(a, b) ? -1 : Number(paysLess(b, a))))
    floor = tails[0]
    if (floor === undefined || !paysLess(floor, transaction)) {
      return refuse({ code: 'POOL_UNDERPRICED' })
    }
    const victims: Transaction[] = []
    let freed = 0
    const fits = (): boolean =>
      byHash.size - victims.length < limits.transactions &&
      bytes - freed + transaction.raw.length <= limits.bytes
    for (const tail of tails) {
      if (fits() || !paysLess(tail, transaction)) break
      if (tail.from === transaction.from) continue
      victims.push(tail)
      freed += tail.raw.length
    }
    return fits() ? accept(victims) : refuse({ code: 'POOL_FULL' })
  }

  const nextNonce = (address: Address, nonce: bigint): bigint => {
    const own = bySender.get(address)
    if (own === undefined) return nonce
    const run = runs.get(address)
    const isWithin = run !== undefined && nonce >= run.from && nonce <= run.end
    let end = isWithin ? run.end : nonce
    while (own.has(end)) end++
    runs.set(address, { from: isWithin ? run.from : nonce, end })
    return end
  }

  return {
    add: (transaction, sender, blockGasLimit) => {
      const fault = findFault(transaction, sender, blockGasLimit)
      if (fault !== undefined) return refuse(fault)
      const own = bySender.get(transaction.from) ?? new Map<bigint, Transaction>()
      const replaced = own.get(transaction.nonce)
      if (replaced !== undefined) forget(replaced)
      else if (isFull(transaction.raw.length)) {
        const victims = findVictims(transaction)
        if (!victims.ok) return victims
        if (nextNonce(transaction.from, sender.nonce) < transaction.nonce) {
          return refuse({ code: 'POOL_FUTURE_REPLACES_PENDING' })
        }
        for (const victim of victims.value) drop(victim)
      }
      // Only a scan of a full pool knows what it is.
      floor = undefined
      own.set(transaction.nonce, transaction)
      bySender.set(transaction.from, own)
      byHash.set(transaction.hash, transaction)
      arrivals.set(transaction.hash, arrived++)
      bytes += transaction.raw.length
      costs.set(transaction.from, (costs.get(transaction.from) ?? 0n) + costOf(transaction))
      return accept(transaction)
    },
    get: (hash) => byHash.get(hash),
    included: (transactions) => {
      const last = new Map<Address, bigint>()
      for (const { from, nonce } of transactions) {
        if (nonce >= (last.get(from) ?? 0n)) last.set(from, nonce)
      }
      for (const [from, nonce] of last) {
        for (const waiting of Array.from(bySender.get(from)?.values() ?? [])) {
          if (waiting.nonce <= nonce) drop(waiting)
        }
      }
    },
    remove: (hash) => {
      const transaction = byHash.get(hash)
      if (transaction !== undefined) drop(transaction)
    },
    best: (baseFeePerGas, nonceOf) => {
      const heads: Head[] = []
      const push = (sender: Address, nonce: bigint): void => {
        const transaction = bySender.get(sender)?.get(nonce)
        if (transaction === undefined) return
        const tip = effectiveTip(transaction, baseFeePerGas)
        const arrival = arrivals.get(transaction.hash) ?? 0
        if (tip >= 0n) insertHead(heads, { tip, arrival, transaction })
      }
      for (const sender of bySender.keys()) {
        const nonce = nonceOf(sender)
        if (nonce !== undefined) push(sender, nonce)
      }
      let last: Transaction | undefined
      return {
        next: () => {
          if (last !== undefined) push(last.from, last.nonce + 1n)
          last = heads.pop()?.transaction
          return last === undefined
            ? { done: true, value: undefined }
            : { done: false, value: last }
        },
        skipSender: () => {
          last = undefined
        },
      }
    },
    nextNonce,
    senders: () =>
      new Map(
        [...bySender].map(([sender, own]) => [
          sender,
          [...own.values()].toSorted((a, b) => (a.nonce < b.nonce ? -1 : 1)),
        ]),
      ),
    at: (address, nonce) => bySender.get(address)?.get(nonce),
    hasSender: (address) => bySender.has(address),
    addresses: () => bySender.keys(),
    waiting: () => [...byHash.values()],
    hashes: (count) => [...byHash.keys()].slice(0, count),
    size: () => byHash.size,
    departures: () => departures,
  }
}

/** What a transaction costs its sender at most, in wei. */
function costOf({ value, gasLimit, maxFeePerGas }: Transaction): bigint {
  return value + gasLimit * maxFeePerGas
}

/** The transaction with the highest nonce. */
function lastOf(own: ReadonlyMap<bigint, Transaction>): readonly Transaction[] {
  let last: Transaction | undefined
  for (const waiting of own.values()) {
    if (last === undefined || waiting.nonce > last.nonce) last = waiting
  }
  return last === undefined ? [] : [last]
}

/** What comes next of a sender's. */
type Head = { readonly tip: bigint; readonly arrival: number; readonly transaction: Transaction }

/** Keeps `heads` in order, so that the best is at the end. */
function insertHead(heads: Head[], entry: Head): void {
  let low = 0
  let high = heads.length
  while (low < high) {
    const middle = (low + high) >> 1
    const at = heads[middle]
    if (at !== undefined && isBefore(entry, at)) low = middle + 1
    else high = middle
  }
  heads.splice(low, 0, entry)
}

function isBefore(a: Head, b: Head): boolean {
  return a.tip === b.tip ? a.arrival < b.arrival : a.tip > b.tip
}

/** Whether `a` pays a signer less per gas than `b` at most, and at equal tips has the lower cap. */
function paysLess(a: Transaction, b: Transaction): boolean {
  if (a.maxPriorityFeePerGas !== b.maxPriorityFeePerGas)
    return a.maxPriorityFeePerGas < b.maxPriorityFeePerGas
  return a.maxFeePerGas < b.maxFeePerGas
}

function isBump(before: Transaction, after: Transaction): boolean {
  return (
    isEnough(before.maxFeePerGas, after.maxFeePerGas) &&
    isEnough(before.maxPriorityFeePerGas, after.maxPriorityFeePerGas)
  )
}

function isEnough(old: bigint, next: bigint): boolean {
  return next * 100n >= old * (100n + REPLACEMENT_BUMP)
}
