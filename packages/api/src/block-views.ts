import type { BlockRecord, Chain } from '@mosaic/chain'
import type { Block } from '@mosaic/execution'
import { createRecent, type Hash32 } from '@mosaic/primitives'
import { ERROR_CODE, type LogView, type ReceiptView, RpcError } from '@mosaic/rpc'
import { requireExecuted } from './missing-history.ts'
import { toReceiptViews } from './views.ts'

/** Reads blocks of a chain as JSON-RPC shows them; what was shown lately is kept. */
export type BlockViews = {
  readonly receipts: (hash: Hash32) => readonly ReceiptView[] | undefined
  /** Undefined when the receipts are not kept. */
  readonly logs: (block: Block) => readonly LogView[] | undefined
}

const KEPT = 64

/** Creates the reader of one chain. */
export function createBlockViews(chain: Chain): BlockViews {
  const kept = createRecent<Hash32, readonly ReceiptView[]>(KEPT)
  const receipts = (hash: Hash32): readonly ReceiptView[] | undefined => {
    const known = kept.get(hash)
    if (known !== undefined) return known
    const block = chain.database.block(hash)
    const stored = chain.database.receipts(hash)
    if (block === undefined || stored === undefined) return undefined
    return kept.set(hash, toReceiptViews(block, stored.receipts, chain.execution.keccak256))
  }
  return {
    receipts,
    logs: (block) =>
      block.header.logsBloom.every((byte) => byte === 0)
        ? []
        : receipts(block.hash)?.flatMap(({ logs }) => logs),
  }
}

/** The record of a block. @throws RpcError if the node has no such block, or did not execute it. */
export function requireRecord(chain: Chain, hash: Hash32): BlockRecord {
  const record = chain.database.record(hash)
  const header = record === undefined ? chain.database.header(hash) : undefined
  if (header !== undefined) requireExecuted(chain, header.number)
  if (record === undefined) throw new RpcError(ERROR_CODE.server, 'header for hash not found')
  return record
}
