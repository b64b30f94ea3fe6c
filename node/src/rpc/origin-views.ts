import type { CoreEvent } from '@mosaic/contracts'
import {
  EndpointUnreachableError,
  type OpenedKernel,
  readCoreLogs,
  readKernels,
} from '@mosaic/origin'
import type { Hash32, MetaHeight } from '@mosaic/primitives'
import type { TransitionObject } from '@mosaic/protocol'
import { ERROR_CODE, RpcError } from '@mosaic/rpc'
import type { RpcContext } from './context.ts'

/** A meta-block as the core's events tell it. */
type CommittedMetaBlock = {
  readonly committed: Extract<CoreEvent, { name: 'MetaBlockCommitted' }>
  readonly transition: TransitionObject
  readonly transactionHash: Hash32
}

/** Reads the core on origin. Undefined is what origin does not know, or what nobody asked because there is no origin. */
export type OriginViews = {
  readonly kernel: (height: MetaHeight) => Promise<OpenedKernel | undefined>
  readonly metaBlock: (height: MetaHeight) => Promise<CommittedMetaBlock | undefined>
}

/** Creates the reader of the core behind a chain. */
export function createOriginViews({
  chain,
  origin,
}: Pick<RpcContext, 'chain' | 'origin'>): OriginViews {
  const { core } = chain.definition.identity
  return {
    kernel: async (height) => {
      if (origin === undefined) return undefined
      const kernels = await reach(readKernels(origin.client, core, origin.createdAt))
      return kernels.find(({ kernel }) => kernel.height === height)
    },
    metaBlock: async (height) => {
      if (origin === undefined) return undefined
      const logs = await reach(
        readCoreLogs(
          origin.client,
          core,
          ['MetaBlockProposed', 'MetaBlockCommitted'],
          origin.createdAt,
        ),
      )
      const transitions = new Map<Hash32, TransitionObject>()
      for (const { event, log } of logs) {
        if (event.name === 'MetaBlockProposed') {
          transitions.set(event.transitionHash, event.transition)
        }
        if (event.name !== 'MetaBlockCommitted' || event.height !== height) continue
        const transition = transitions.get(event.transitionHash)
        if (transition === undefined) continue
        return { committed: event, transition, transactionHash: log.transactionHash }
      }
      return undefined
    },
  }
}

async function reach<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof EndpointUnreachableError)) throw error
    throw new RpcError(ERROR_CODE.server, 'origin cannot be reached')
  }
}
