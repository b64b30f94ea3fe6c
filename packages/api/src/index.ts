/**
 * Answers the ports of `@mosaic/rpc` from a chain: blocks, states, pool, fees, events, signers, and what Mosaic adds.
 *
 * @packageDocumentation
 */
import type { RpcPorts } from '@mosaic/rpc'
import { createBlockViews } from './block-views.ts'
import { createChainPort } from './chain-port.ts'
import { createCliquePort } from './clique-port.ts'
import type { RpcContext } from './context.ts'
import { createEventPort } from './event-port.ts'
import { createFeePort } from './fee-port.ts'
import { createMosaicPort } from './mosaic-port.ts'
import { createPendingBlock } from './pending-block.ts'
import { createPoolPort } from './pool-port.ts'
import { createStatePort } from './state-port.ts'
import { createTracePort } from './trace-port.ts'

export { readContract } from './checkpoints.ts'
export type { MosaicContext, OriginPort, RpcContext } from './context.ts'
export { createTransactionIntake, type TransactionIntake } from './transaction-intake.ts'

/** Makes the ports of a chain. Closing them ends their subscriptions to the chain; the intake is its owner's to close. */
export function createRpcPorts(context: RpcContext): RpcPorts & { readonly close: () => void } {
  const { chain } = context
  const views = createBlockViews(chain)
  const events = createEventPort(context, views)
  return {
    node: {
      clientVersion: context.clientVersion,
      chainId: chain.execution.chainId,
      peerCount: context.peerCount,
      isListening: () => true,
      signer: () => context.signer,
      syncProgress: context.syncProgress,
    },
    chain: createChainPort(
      chain,
      views,
      createPendingBlock(context, () => Date.now()),
    ),
    state: createStatePort(chain),
    traces: createTracePort(chain),
    pool: createPoolPort(context),
    fees: createFeePort(chain),
    events,
    clique: createCliquePort(chain, context.proposals),
    mosaic: context.mosaic && createMosaicPort(context, context.mosaic),
    close: events.close,
  }
}
