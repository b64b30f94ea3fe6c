import type { Chain } from '@mosaic/chain'
import { type Fisherman, openFisherman } from '@mosaic/fisherman'
import type { JsonRpcRequest } from '@mosaic/origin'
import { createEthereumClient, createTransactionSender, type EthereumClient } from '@mosaic/origin'
import type { Store } from '@mosaic/storage'
import type { NodeConfig } from './config.ts'
import {
  createAuxiliaryCourt,
  createFishermanStore,
  createHorizon,
  createOriginCourt,
  createTransitionLookup,
} from './fisherman-ports.ts'
import { readKeyFile } from './key-file.ts'
import type { Log } from './logger.ts'

/** What a node's fisherman works with. */
export type FishermanParts = {
  readonly chain: Chain
  readonly store: Store
  readonly origin: EthereumClient
  /** JSON-RPC of this node itself, for its reports on auxiliary. */
  readonly ownRpc: JsonRpcRequest
  /** Ends what waits for a transaction. */
  readonly signal: AbortSignal
  readonly log: Log
}

/** Opens the fisherman that every node has. It reports only if the configuration names a key with funds to pay for that. */
export async function openNodeFisherman(
  config: NodeConfig,
  { chain, store, origin, ownRpc, signal, log }: FishermanParts,
): Promise<Fisherman> {
  const secretKey =
    config.fishermanKeyFile === undefined ? undefined : await readKeyFile(config.fishermanKeyFile)
  const options = {
    sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
    ownsAccount: true,
    signal,
  }
  const auxiliary = createEthereumClient(ownRpc, { kind: 'finalized-tag' }, chain.execution.chainId)
  return openFisherman({
    store: createFishermanStore(store),
    transitionHash: createTransitionLookup(chain, origin),
    horizon: createHorizon(chain),
    courts:
      secretKey === undefined
        ? []
        : [
            createOriginCourt(chain, origin, createTransactionSender(origin, secretKey, options)),
            createAuxiliaryCourt(
              chain,
              origin,
              createTransactionSender(auxiliary, secretKey, options),
            ),
          ],
    challenges: undefined,
    log,
  })
}
