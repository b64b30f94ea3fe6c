import type { TransactionBook } from '@mosaic/origin'
import { type Address, CodedError, type Hash32, toAddress, toHash32 } from '@mosaic/primitives'

/** Which chain a transaction was sent to. */
export type LedgerChain = 'origin' | 'auxiliary'

/** A transaction of a relayer. What stands behind one nonce is one transaction, however often it was sent. */
export type LedgerEntry = {
  readonly chain: LedgerChain
  readonly account: Address
  readonly nonce: bigint
  readonly purpose: string
  /** Seconds since 1970: when it was sent first. */
  readonly sentAt: bigint
  /** All that were sent, the latest last: one of them can be included. */
  readonly hashes: readonly Hash32[]
  /** Wei: the most that its gas can cost. */
  readonly mostCost: bigint
  /** What became of it; undefined while it waits, or if nobody knows. */
  readonly outcome: LedgerOutcome | undefined
}

/** What became of a transaction. */
type LedgerOutcome = {
  readonly hash: Hash32
  readonly blockNumber: bigint
  readonly gasUsed: bigint
  /** Wei. */
  readonly cost: bigint
  readonly hasSucceeded: boolean
}

/** All that a relayer sent, and what it cost. */
export type Ledger = {
  readonly entries: () => readonly LedgerEntry[]
  /** Wei that an account spent on a chain since a time, with the most of what still waits. */
  readonly spentSince: (chain: LedgerChain, account: Address, since: bigint) => bigint
  /** The book of a chain's sender. */
  readonly book: (chain: LedgerChain, spendingCap?: bigint) => TransactionBook
}

/** A transaction would cost more than may be spent in a day; it was not sent. */
export class SpendingCapError extends CodedError<{
  readonly code: 'SPENDING_CAP'
  readonly chain: LedgerChain
  readonly spent: bigint
  readonly mostCost: bigint
  readonly cap: bigint
}> {
  override readonly name = 'SpendingCapError'

  constructor(chain: LedgerChain, spent: bigint, mostCost: bigint, cap: bigint) {
    super(
      { code: 'SPENDING_CAP', chain, spent, mostCost, cap },
      `expected at most ${cap} wei in 24 hours on ${chain}, received ${mostCost} more than the ${spent} that are spent; nothing was sent`,
    )
  }
}

const DAY_SECONDS = 86_400n

/**
 * Opens a ledger on its lines.
 *
 * @param append returns when the line is kept.
 * @param now seconds since 1970.
 * @throws TypeError if a line is none of a ledger.
 */
export function openLedger(
  lines: readonly string[],
  append: (line: string) => Promise<void>,
  now: () => bigint,
): Ledger {
  const entries = new Map<string, LedgerEntry>()
  const byHash = new Map<Hash32, string>()
  const apply = (line: Line): void => {
    if (line.kind === 'sent') {
      const key = `${line.chain} ${line.account} ${line.nonce}`
      const known = entries.get(key)
      const isSame = known !== undefined && known.outcome === undefined
      byHash.set(line.hash, key)
      entries.set(key, {
        chain: line.chain,
        account: line.account,
        nonce: line.nonce,
        purpose: line.purpose,
        sentAt: isSame ? known.sentAt : line.time,
        hashes: [...(isSame ? known.hashes : []).filter((hash) => hash !== line.hash), line.hash],
        mostCost: isSame && known.mostCost > line.mostCost ? known.mostCost : line.mostCost,
        outcome: undefined,
      })
      return
    }
    const { kind: _, time: __, ...outcome } = line
    const key = byHash.get(line.hash)
    const entry = key === undefined ? undefined : entries.get(key)
    if (key !== undefined && entry !== undefined) entries.set(key, { ...entry, outcome })
  }
  for (const line of lines) apply(parseLine(line))
  const keep = async (line: Line): Promise<void> => {
    await append(JSON.stringify(line, (_, value: unknown) => toText(value)))
    apply(line)
  }
  const spentSince: Ledger['spentSince'] = (chain, account, since) => {
    let spent = 0n
    for (const entry of entries.values()) {
      if (entry.chain === chain && entry.account === account && entry.sentAt >= since) {
        spent += entry.outcome?.cost ?? entry.mostCost
      }
    }
    return spent
  }

  return {
    entries: () => [...entries.values()],
    spentSince,
    book: (chain, cap) => ({
      begin: async ({ account, nonce, hash, purpose, mostCost }) => {
        const time = now()
        if (cap !== undefined) {
          const waiting = entries.get(`${chain} ${account} ${nonce}`)
          const counted = waiting?.outcome === undefined ? (waiting?.mostCost ?? 0n) : 0n
          const spent = spentSince(chain, account, time - DAY_SECONDS) - counted
          if (spent + mostCost > cap) throw new SpendingCapError(chain, spent, mostCost, cap)
        }
        await keep({ kind: 'sent', time, chain, account, nonce, hash, purpose, mostCost })
      },
      end: async ({ hash, blockNumber, gasUsed, cost }, hasSucceeded) => {
        const key = byHash.get(hash)
        if (key !== undefined && entries.get(key)?.outcome?.hash === hash) return
        await keep({
          kind: 'included',
          time: now(),
          hash,
          blockNumber,
          gasUsed,
          cost,
          hasSucceeded,
        })
      },
    }),
  }
}

/** What one purpose cost on one chain. */
export type CostLine = {
  readonly chain: LedgerChain
  readonly purpose: string
  readonly transactions: number
  readonly reverted: number
  readonly waiting: number
  readonly gasUsed: bigint
  /** Wei. */
  readonly cost: bigint
}

/** Adds up what was spent for each purpose, in the order in which they came. */
export function addUpCosts(entries: readonly LedgerEntry[]): readonly CostLine[] {
  const lines = new Map<string, CostLine>()
  for (const { chain, purpose, outcome } of entries) {
    const key = `${chain} ${purpose}`
    const before = lines.get(key)
    lines.set(key, {
      chain,
      purpose,
      transactions: (before?.transactions ?? 0) + 1,
      reverted: (before?.reverted ?? 0) + (outcome?.hasSucceeded === false ? 1 : 0),
      waiting: (before?.waiting ?? 0) + (outcome === undefined ? 1 : 0),
      gasUsed: (before?.gasUsed ?? 0n) + (outcome?.gasUsed ?? 0n),
      cost: (before?.cost ?? 0n) + (outcome?.cost ?? 0n),
    })
  }
  return [...lines.values()]
}

type Line =
  | {
      readonly kind: 'sent'
      readonly time: bigint
      readonly chain: LedgerChain
      readonly account: Address
      readonly nonce: bigint
      readonly hash: Hash32
      readonly purpose: string
      readonly mostCost: bigint
    }
  | ({ readonly kind: 'included'; readonly time: bigint } & LedgerOutcome)

function parseLine(line: string): Line {
  const parsed: unknown = JSON.parse(line)
  if (typeof parsed !== 'object' || parsed === null)
    throw new TypeError(`expected a line, received ${line}`)
  const members: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(parsed))
  const text = (key: string): string => {
    const value = members[key]
    if (typeof value !== 'string') throw new TypeError(`expected text at ${key}, received ${line}`)
    return value
  }
  const number = (key: string): bigint => BigInt(text(key))
  const hash = toHash32(text('hash'))
  const time = number('time')
  if (members['kind'] === 'included') {
    return {
      kind: 'included',
      time,
      hash,
      blockNumber: number('blockNumber'),
      gasUsed: number('gasUsed'),
      cost: number('cost'),
      hasSucceeded: members['hasSucceeded'] === true,
    }
  }
  const chain = text('chain')
  if (members['kind'] !== 'sent' || (chain !== 'origin' && chain !== 'auxiliary')) {
    throw new TypeError(`expected a line of a ledger, received ${line}`)
  }
  return {
    kind: 'sent',
    time,
    chain,
    account: toAddress(text('account')),
    nonce: number('nonce'),
    hash,
    purpose: text('purpose'),
    mostCost: number('mostCost'),
  }
}

function toText(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
