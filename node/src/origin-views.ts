import type { OriginPort } from '@mosaic/api'
import {
  EndpointUnreachableError,
  type EthereumClient,
  readCoreLogs,
  readKernels,
} from '@mosaic/origin'
import type { Address, BlockNumber, Hash32 } from '@mosaic/primitives'
import type { TransitionObject } from '@mosaic/protocol'
import { ERROR_CODE, RpcError } from '@mosaic/rpc'

/** Reads a core that the block `createdAt` of origin created. */
export function createOriginViews(
  client: EthereumClient,
  core: Address,
  createdAt: BlockNumber,
): OriginPort {
  return {
    kernel: async (height) => {
      const kernels = await reach(readKernels(client, core, createdAt))
      return kernels.find(({ kernel }) => kernel.height === height)
    },
    metaBlock: async (height) => {
      const logs = await reach(
        readCoreLogs(client, core, ['MetaBlockProposed', 'MetaBlockCommitted'], createdAt),
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
