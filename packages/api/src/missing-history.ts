import type { Chain } from '@mosaic/chain'
import { ERROR_CODE, RpcError } from '@mosaic/rpc'

/**
 * For whoever asks for a block below the checkpoint at which this node began.
 *
 * @throws RpcError if the block of that number is on the chain, but not here yet.
 */
export function requireHistory({ database }: Chain, number: bigint): void {
  const missing = database.missing()
  if (missing === undefined || number === 0n || number >= missing.from) return
  throw toError(`block ${number}`, missing.from)
}

/**
 * For whoever was to be told that there is no such block or transaction.
 *
 * @throws RpcError if there may be, below the checkpoint at which this node began.
 */
export function requireAllHistory({ database }: Chain, what: string): void {
  const missing = database.missing()
  if (missing !== undefined && missing.from > 1n) throw toError(what, missing.from)
}

/**
 * For whoever asks what only executing a block tells.
 *
 * @throws RpcError if this node began above it.
 */
export function requireExecuted({ database }: Chain, number: bigint): void {
  const missing = database.missing()
  if (missing === undefined || number === 0n || number >= missing.base) return
  throw new RpcError(
    ERROR_CODE.missingHistory,
    `this node began at block ${missing.base} and did not execute block ${number}`,
  )
}

function toError(what: string, from: bigint): RpcError {
  return new RpcError(
    ERROR_CODE.missingHistory,
    `${what} is not available: blocks below ${from} are not here yet`,
  )
}
