import { type Block, orderedRoot, type Receipt, readReceiptEnvelopes } from '@mosaic/execution'
import {
  accept,
  bytesToHex,
  type Hash32,
  InvalidValueError,
  refuse,
  toBlockNumber,
  toHash32,
  type Verdict,
} from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import type { Store, StoreOperation } from '@mosaic/storage'
import type { Chain } from './chain.ts'
import { claimVotes, openedLinks, voteOperations } from './vote-index.ts'

/** A block as peers hand it out, with its receipts as they are hashed. */
export type HistoricBlock = {
  readonly block: Uint8Array
  readonly receipts: readonly Uint8Array[]
}

/** Why blocks below the beginning are not taken; the sender is to blame for all of it. */
export type HistoryFault =
  | { readonly code: 'HISTORY_MALFORMED'; readonly reason: string }
  /** A block that is not the one named by its child. */
  | {
      readonly code: 'HISTORY_BROKEN_CHAIN'
      readonly expected: Hash32
      readonly received: Hash32 | undefined
    }
  | {
      readonly code: 'HISTORY_WRONG_ROOT'
      readonly what: 'transactions' | 'receipts'
      readonly block: Hash32
    }

/**
 * Takes blocks from before the beginning of a chain, without executing them: each must be the parent of the one above it, and have the
 * transactions and receipts of its roots. They are stored with the votes they counted, in one batch.
 *
 * @param blocks in rising order of number; the last is the parent of the lowest block that is here.
 * @returns how many were taken.
 * @throws InvalidValueError if not so many are missing, or if all blocks hold together but do not lead to genesis.
 */
export async function takeHistory(
  chain: Chain,
  store: Store,
  blocks: readonly HistoricBlock[],
): Promise<Verdict<number, HistoryFault>> {
  const { database, execution, definition, genesis } = chain
  const missing = database.missing()
  if (missing === undefined || missing.from === 1n) {
    throw new InvalidValueError('a chain without its beginning', missing?.from)
  }
  const rootOf = (items: readonly Uint8Array[]): Hash32 =>
    toHash32(bytesToHex(orderedRoot(execution.keccak256, items)))
  if (BigInt(blocks.length) >= missing.from) {
    throw new InvalidValueError(`at most ${missing.from - 1n} blocks`, blocks.length)
  }
  let expected = missing.parent
  const taken: { readonly block: Block; readonly receipts: readonly Receipt[] }[] = []
  for (const each of blocks.toReversed()) {
    const decoded = execution.decodeBlock(each.block)
    if (!decoded.ok) return refuse({ code: 'HISTORY_MALFORMED', reason: decoded.fault.code })
    const block = decoded.value
    if (block.hash !== expected) {
      return refuse({ code: 'HISTORY_BROKEN_CHAIN', expected, received: block.hash })
    }
    if (rootOf(block.transactions.map(({ raw }) => raw)) !== block.header.transactionsRoot) {
      return refuse({ code: 'HISTORY_WRONG_ROOT', what: 'transactions', block: block.hash })
    }
    if (rootOf(each.receipts) !== block.header.receiptsRoot) {
      return refuse({ code: 'HISTORY_WRONG_ROOT', what: 'receipts', block: block.hash })
    }
    // Of the right root, so of the right form.
    taken.push({ block, receipts: readReceiptEnvelopes(block, each.receipts) })
    expected = block.header.parentHash
  }
  const from = toBlockNumber(missing.from - BigInt(taken.length))
  if (from === 1n && expected !== genesis.hash) {
    throw new InvalidValueError(`blocks that lead to genesis ${genesis.hash}`, expected)
  }
  const operations: StoreOperation[] = []
  const opened = new Map<Hash32, VoteMessage>()
  // In the order of the chain: what opens a link comes before the votes for it.
  for (const { block, receipts } of taken.toReversed()) {
    operations.push(...database.putHistory(block, receipts))
    for (const { link, vote } of openedLinks({ receipts })) {
      opened.set(link, vote)
      operations.push(...(await claimVotes(link, vote, definition, store)))
    }
    const messageOf = (link: Hash32): VoteMessage | undefined => opened.get(link)
    operations.push(...voteOperations(block, { receipts }, definition, messageOf))
  }
  operations.push(...database.setMissing({ base: missing.base, from, parent: expected }))
  await store.batch(operations)
  return accept(taken.length)
}
