import type { Chain } from '@mosaic/chain'
import { type Fisherman, openFisherman } from '@mosaic/fisherman'
import type { JsonRpcRequest } from '@mosaic/origin'
import { createEthereumClient, createTransactionSender, type EthereumClient } from '@mosaic/origin'
import type { BlockNumber } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import type { Store } from '@mosaic/storage'
import type { NodeConfig } from './config.ts'
import { createChallengePort } from './fisherman-challenges.ts'
import { createCoreFollower } from './fisherman-core.ts'
import { createLinkReader } from './fisherman-links.ts'
import {
  createAuxiliaryCourt,
  createFishermanStore,
  createHorizon,
  createOriginCourt,
  createTransitionLookup,
} from './fisherman-ports.ts'
import { createRewardPort } from './fisherman-rewards.ts'
import { readKeyFile } from './key-file.ts'
import type { Log } from './logger.ts'

/** What a node's fisherman works with. */
export type FishermanParts = {
  readonly chain: Chain
  readonly store: Store
  readonly origin: EthereumClient
  /** Origin block that created the core: its logs begin there. */
  readonly coreCreatedAt: BlockNumber
  /** JSON-RPC of this node itself, for its reports on auxiliary. */
  readonly ownRpc: JsonRpcRequest
  /** Ends what waits for a transaction. */
  readonly signal: AbortSignal
  readonly log: Log
}

/**
 * Opens the fisherman that every node has. It reports, challenges and collects only if the configuration names a
 * key with funds to pay for that.
 */
export async function openNodeFisherman(
  config: NodeConfig,
  { chain, store, origin, coreCreatedAt, ownRpc, signal, log }: FishermanParts,
): Promise<Fisherman> {
  const secretKey =
    config.fishermanKeyFile === undefined ? undefined : await readKeyFile(config.fishermanKeyFile)
  const options = {
    sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
    ownsAccount: true,
    signal,
  }
  const ports = {
    store: createFishermanStore(store),
    transitionHash: createTransitionLookup(chain, origin),
    horizon: createHorizon(chain),
    log,
  }
  if (secretKey === undefined) {
    const nothing = { challenges: undefined, rewards: undefined, account: undefined }
    return openFisherman({ ...ports, courts: [], ...nothing })
  }
  const auxiliary = createEthereumClient(ownRpc, { kind: 'finalized-tag' }, chain.execution.chainId)
  const sender = createTransactionSender(origin, secretKey, options)
  const { core } = chain.definition.identity
  const follower = createCoreFollower(origin, core, coreCreatedAt)
  return openFisherman({
    ...ports,
    courts: [
      createOriginCourt(chain, origin, sender),
      createAuxiliaryCourt(chain, origin, createTransactionSender(auxiliary, secretKey, options)),
    ],
    challenges: createChallengePort({
      origin,
      core,
      follower,
      links: createLinkReader(chain, store, origin),
      sender,
      validator:
        config.validatorKeyFile === undefined
          ? undefined
          : secretKeyToAddress(await readKeyFile(config.validatorKeyFile)),
    }),
    rewards: createRewardPort(origin, core, follower, sender),
    account: sender.address,
  })
}
