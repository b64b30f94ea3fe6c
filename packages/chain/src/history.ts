import {
  type Block,
  type BlockOutline,
  orderedRoot,
  type Receipt,
  readReceiptEnvelopes,
} from '@mosaic/execution'
import {
  accept,
  bytesToHex,
  type Hash32,
  InvalidValueError,
  refuse,
  toBlockNumber,
  type Verdict,
  ZERO_HASH,
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
 * @param pause lets other work run between blocks.
 * @returns how many were taken.
 * @throws InvalidValueError if not so many are missing, or if all blocks hold together but do not lead to genesis.
 */
export async function takeHistory(
  chain: Chain,
  store: Store,
  blocks: readonly HistoricBlock[],
  pause: () => Promise<void>,
): Promise<Verdict<number, HistoryFault>> {
  const { database, execution, definition, genesis } = chain
  const missing = database.missing()
  if (missing === undefined || missing.from === 1n) {
    throw new InvalidValueError('a chain without its beginning', missing?.from)
  }
  if (BigInt(blocks.length) >= missing.from) {
    throw new InvalidValueError(`at most ${missing.from - 1n} blocks`, blocks.length)
  }
  const outlined = outlineHistory(
    chain,
    blocks.map(({ block }) => block),
  )
  if (!outlined.ok) return outlined
  const taken: { readonly block: Block; readonly receipts: readonly Receipt[] }[] = []
  for (const [index, outline] of outlined.value.entries()) {
    const { hash, header } = outline
    const receipts = blocks[index]?.receipts ?? []
    const receiptsRoot = bytesToHex(orderedRoot(execution.keccak256, receipts))
    if (receiptsRoot !== header.receiptsRoot) {
      return refuse({ code: 'HISTORY_WRONG_ROOT', what: 'receipts', block: hash })
    }
    const block = await execution.completeBlock(outline)
    if (!block.ok) {
      return block.fault.code === 'BLOCK_FOREIGN_BODY'
        ? refuse({ code: 'HISTORY_WRONG_ROOT', what: 'transactions', block: hash })
        : refuse({ code: 'HISTORY_MALFORMED', reason: block.fault.code })
    }
    // Of the right root, so of the right form.
    taken.push({ block: block.value, receipts: readReceiptEnvelopes(block.value, receipts) })
    await pause()
  }
  const from = toBlockNumber(missing.from - BigInt(taken.length))
  const parent = taken[0]?.block.header.parentHash ?? missing.parent
  if (from === 1n && parent !== genesis.hash) {
    throw new InvalidValueError(`blocks that lead to genesis ${genesis.hash}`, parent)
  }
  const operations: StoreOperation[] = []
  const opened = new Map<Hash32, VoteMessage>()
  // In the order of the chain: what opens a link comes before the votes for it.
  for (const { block, receipts } of taken) {
    operations.push(...database.putHistory(block, receipts))
    for (const { link, vote } of openedLinks({ receipts })) {
      opened.set(link, vote)
      operations.push(...(await claimVotes(link, vote, definition, store)))
    }
    const messageOf = (link: Hash32): VoteMessage | undefined => opened.get(link)
    operations.push(...voteOperations(block, { receipts }, definition, messageOf))
    await pause()
  }
  operations.push(...database.setMissing({ base: missing.base, from, parent }))
  await store.batch(operations)
  return accept(taken.length)
}

/** The headers of blocks, in their order, if each block is the parent of the next, and the last of the lowest that is here. */
export function outlineHistory(
  { database, execution }: Pick<Chain, 'database' | 'execution'>,
  blocks: readonly Uint8Array[],
): Verdict<readonly BlockOutline[], HistoryFault> {
  let expected = database.missing()?.parent ?? ZERO_HASH
  const outlines: BlockOutline[] = []
  for (const bytes of blocks.toReversed()) {
    const outline = execution.outlineBlock(bytes)
    if (!outline.ok) return refuse({ code: 'HISTORY_MALFORMED', reason: outline.fault.code })
    const { hash, header } = outline.value
    if (hash !== expected) return refuse({ code: 'HISTORY_BROKEN_CHAIN', expected, received: hash })
    outlines.push(outline.value)
    expected = header.parentHash
  }
  return accept(outlines.toReversed())
}
