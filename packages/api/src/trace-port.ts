import type { Chain } from '@mosaic/chain'
import type { Block } from '@mosaic/execution'
import { type Hash32, InvalidValueError } from '@mosaic/primitives'
import type { TraceChoice, TracePort, TraceView } from '@mosaic/rpc'
import { requireRecord } from './block-views.ts'
import { prepareCall, toFailure, withState } from './state-port.ts'

/** Runs again what the blocks of a chain ran. */
export function createTracePort(chain: Chain): TracePort {
  const { database, execution } = chain
  const traceBlock = async (
    block: Block,
    choice: TraceChoice,
    timeoutMs: number,
    only?: number,
  ): Promise<readonly TraceView[]> => {
    const stateRoot = chain.stateRoot(requireRecord(chain, block.header.parentHash))
    return withState(
      stateRoot,
      execution.queries.traceBlock(block, stateRoot, choice, { only, timeoutMs }),
    )
  }
  const requireBlock = (hash: Hash32): Block => {
    const block = database.block(hash)
    if (block === undefined) throw new InvalidValueError('a block of this chain', hash)
    return block
  }
  return {
    transaction: async (hash, choice, timeoutMs) => {
      const position = database.position(hash)
      if (position === undefined) return undefined
      const [trace] = await traceBlock(
        requireBlock(position.blockHash),
        choice,
        timeoutMs,
        position.index,
      )
      return trace
    },
    block: async (hash, choice, timeoutMs) => {
      const block = requireBlock(hash)
      const traces = await traceBlock(block, choice, timeoutMs)
      return block.transactions.flatMap((transaction, index) => {
        const trace = traces[index]
        return trace === undefined ? [] : [{ transactionHash: transaction.hash, trace }]
      })
    },
    call: async (request, choice, timeoutMs) => {
      const { at, feeRecipient, message, pretence } = prepareCall(chain, request)
      const result = await withState(
        at.stateRoot,
        execution.queries.traceCall(at, feeRecipient, message, choice, { pretence, timeoutMs }),
      )
      return result.ok ? { kind: 'success', trace: result.value } : toFailure(result.fault)
    },
  }
}
