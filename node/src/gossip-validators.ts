import { setImmediate } from 'node:timers/promises'
import type { TransactionIntake } from '@mosaic/api'
import type { Chain, VoteIntake } from '@mosaic/chain'
import {
  createRateLimiter,
  type GossipVerdict,
  type NetworkPorts,
  type Status,
} from '@mosaic/network'
import { bytesToHex, decodeRlp, InvalidValueError } from '@mosaic/primitives'
import type { Log } from './logger.ts'
import type { Synchroniser } from './sync/synchroniser.ts'

/** What the checks of gossip need to know. */
export type GossipParts = {
  readonly chain: Chain
  readonly intake: VoteIntake
  readonly transactionIntake: TransactionIntake
  readonly sync: Synchroniser
  /** What a peer last said of itself. */
  readonly statusOf: (peerId: string) => Status | undefined
  /** Milliseconds that never run backwards. */
  readonly now: () => number
  readonly log: Log
}

/** So many are decoded before other work gets its turn. */
const TRANSACTIONS_AT_ONCE = 64
/** Transactions of one peer that are looked at and not taken. A batch may hold thousands, and each has a sender to be recovered. */
const FUTILE_TRANSACTIONS = { quota: 1000, perMs: 10_000 }

/** Checks each gossiped message before it is passed on: a `reject` costs its sender, an `ignore` does not. */
export function createGossipValidators(parts: GossipParts): NetworkPorts['validators'] {
  const { chain, transactionIntake, sync, statusOf, log } = parts
  const futileTransactions = createRateLimiter(FUTILE_TRANSACTIONS, parts.now)
  return {
    block: async (bytes, peerId) => {
      const verdict = await chain.importBlock(bytes)
      if (verdict.ok) return verdict.value.isNew ? 'accept' : 'ignore'
      const { fault } = verdict
      if (fault.code === 'CHAIN_UNKNOWN_PARENT') {
        const known = statusOf(peerId)
        if (known !== undefined) {
          // The sender has at least this block, whatever it said at the last handshake.
          const number = fault.number > known.head.number ? fault.number : known.head.number
          const totalDifficulty = known.head.totalDifficulty + chain.head().totalDifficulty
          sync.notice(peerId, {
            ...known,
            head: { number, hash: fault.parentHash, totalDifficulty },
          })
        }
        return 'ignore'
      }
      if (fault.code === 'FUTURE_BLOCK' || fault.code === 'CHAIN_CONFLICTS_WITH_FINALITY')
        return 'ignore'
      log('warn', 'block refused', { peerId, fault })
      return 'reject'
    },
    transactions: async (bytes, peerId) => {
      const raws = decodeTransactionBatch(bytes)
      if (raws === undefined || raws.length === 0) return 'reject'
      let accepted = 0
      let futile = 0
      for (let at = 0; at < raws.length; at += TRANSACTIONS_AT_ONCE) {
        const part = raws.slice(at, at + TRANSACTIONS_AT_ONCE)
        if (!futileTransactions.take(peerId, part.length)) return 'ignore'
        const decoded = await chain.execution.decodeTransactions(part)
        if (!decoded.every(({ ok }) => ok)) return 'reject'
        for (const raw of part) {
          const added = await transactionIntake.add(raw)
          if (added.ok) accepted++
          else if (added.fault.code !== 'ALREADY_KNOWN') futile++
          if (added.ok || added.fault.code === 'ALREADY_KNOWN') futileTransactions.refund(peerId, 1)
        }
        await setImmediate()
      }
      return accepted > 0 && accepted >= futile ? 'accept' : 'ignore'
    },
    vote: (bytes) => takeVote(parts.intake, bytes),
  }
}

/** Takes a vote from anywhere. Only bytes that nobody honest sends are rejected. */
export async function takeVote(intake: VoteIntake, bytes: Uint8Array): Promise<GossipVerdict> {
  const verdict = await intake.take(bytes)
  if (verdict.ok) return 'accept'
  return verdict.fault.code === 'VOTE_MALFORMED' ? 'reject' : 'ignore'
}

function decodeTransactionBatch(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  try {
    const items = decodeRlp(bytes, 1)
    if (items instanceof Uint8Array) return undefined
    return items.map((item) => {
      if (!(item instanceof Uint8Array))
        throw new InvalidValueError('a transaction', bytesToHex(bytes))
      return item
    })
  } catch {
    return undefined
  }
}
