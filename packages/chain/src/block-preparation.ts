import type { SignerSnapshot } from '@mosaic/authority'
import type { Block, BlockCodecFault, BlockOutline, ExecutionLayer } from '@mosaic/execution'
import { createRecent, type Hash32, type Verdict } from '@mosaic/primitives'
import type { BlockDatabase } from './block-database.ts'
import type { BlockRecord } from './block-record.ts'
import type { ChainFault } from './chain-errors.ts'

/** A block that was read as far as it was worth it. */
type Preparation = {
  readonly outline: Verdict<BlockOutline, BlockCodecFault>
  /** The whole block, now that its header was found good. */
  readonly complete: () => Promise<Verdict<Block, BlockCodecFault>>
}

/** Blocks that are being read while others are run. */
export type Preparations = {
  /** Reads the header; and the body ahead of time, if the header may follow one that is here or was read before. */
  readonly of: (bytes: Uint8Array) => Preparation
  readonly drop: (bytes: Uint8Array) => void
}

/** What a header is judged after. */
type Position = Pick<BlockRecord, 'header' | 'snapshot'>

/** Headers that wait for their blocks to be stored: those of the block that is run, of the next, and of some that were given up. */
const MOST_AHEAD = 16

/**
 * Recovering the senders of a body is the dearest part of a block, and may be had for nothing by who makes up bodies. So it is done for a block
 * only whose header is sealed by who may seal it.
 */
export function createPreparations(parts: {
  readonly execution: Pick<ExecutionLayer, 'outlineBlock' | 'completeBlock'>
  readonly database: Pick<BlockDatabase, 'record'>
  readonly follow: (block: BlockOutline, parent: Position) => Verdict<SignerSnapshot, ChainFault>
}): Preparations {
  const { execution, database, follow } = parts
  /** By the array they came in. */
  const preparations = new WeakMap<Uint8Array, Preparation>()
  const ahead = createRecent<Hash32, Position>(MOST_AHEAD)

  const mayFollow = (outline: BlockOutline): boolean => {
    const { hash, header } = outline
    if (database.record(hash) !== undefined) return false
    const parent = database.record(header.parentHash) ?? ahead.get(header.parentHash)
    const snapshot = parent && follow(outline, parent)
    if (snapshot?.ok !== true) return false
    ahead.set(hash, { header, snapshot: snapshot.value })
    return true
  }

  const prepare = (bytes: Uint8Array): Preparation => {
    const outline = execution.outlineBlock(bytes)
    if (!outline.ok) return { outline, complete: () => Promise.resolve(outline) }
    const begun = mayFollow(outline.value) ? execution.completeBlock(outline.value) : undefined
    // The import tells what went wrong.
    begun?.catch(() => undefined)
    return { outline, complete: () => begun ?? execution.completeBlock(outline.value) }
  }

  return {
    of: (bytes) => {
      const known = preparations.get(bytes)
      if (known !== undefined) return known
      const preparation = prepare(bytes)
      preparations.set(bytes, preparation)
      return preparation
    },
    drop: (bytes) => {
      const outline = preparations.get(bytes)?.outline
      if (outline?.ok === true) ahead.delete(outline.value.hash)
      preparations.delete(bytes)
    },
  }
}
