import type { Transaction } from '@mosaic/execution'
import type { Hash32 } from '@mosaic/primitives'
import {
  type ChainPort,
  ERROR_CODE,
  failureToError,
  type PoolPort,
  RpcError,
  type StatePort,
  UNCONDITIONALLY,
} from '@mosaic/rpc'

/** A pool whose transactions are sealed before their sender has the answer. */
export function createSendingPool(
  ports: { readonly pool: PoolPort; readonly chain: ChainPort; readonly state: StatePort },
  options: {
    /** Is waited for before a transaction is looked at. */
    readonly prepare: (raw: Uint8Array) => Promise<void>
    readonly isAutomatic: () => boolean
    readonly include: (hash: Hash32) => Promise<void>
    readonly throwOnFailure: boolean
  },
): PoolPort {
  return {
    ...ports.pool,
    add: async (raw) => {
      await options.prepare(raw)
      const verdict = await ports.pool.add(raw)
      if (!verdict.ok || !options.isAutomatic()) return verdict
      await options.include(verdict.value)
      if (options.throwOnFailure) await throwIfFailed(ports, verdict.value)
      return verdict
    },
  }
}

/** @throws RpcError with what a transaction failed of, as its message does when it is run again upon the block before. */
async function throwIfFailed(
  { chain, state }: { readonly chain: ChainPort; readonly state: StatePort },
  hash: Hash32,
): Promise<void> {
  const receipt = await chain.receipt(hash)
  const included = await chain.transaction(hash)
  if (receipt === undefined || receipt.succeeded || included === undefined) return
  const { transaction, header } = included
  const outcome = await state.call(
    {
      at: header.parentHash,
      from: transaction.from,
      to: transaction.to,
      gas: transaction.gas,
      gasPrice: undefined,
      maxFeePerGas: undefined,
      maxPriorityFeePerGas: undefined,
      value: transaction.value,
      nonce: undefined,
      input: transaction.input,
      accessList: transaction.accessList,
      authorizationList: undefined,
      stateOverrides: new Map(),
      blockOverrides: {
        number: undefined,
        timestamp: undefined,
        gasLimit: undefined,
        coinbase: undefined,
        prevRandao: undefined,
        baseFeePerGas: undefined,
      },
    },
    UNCONDITIONALLY,
  )
  if (outcome.kind !== 'success') throw failureToError(outcome)
  throw new RpcError(ERROR_CODE.server, `transaction ${hash} failed`)
}

/** Puts transactions that have been in a pool before into it again. */
export async function refillPool(
  pool: Pick<PoolPort, 'add'>,
  waiting: readonly Transaction[],
): Promise<void> {
  for (const { raw } of waiting) await pool.add(raw)
}
