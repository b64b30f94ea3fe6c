import type { Chain } from '@mosaic/chain'
import { type Fisherman, type FishermanPorts, openFisherman } from '@mosaic/fisherman'
import { readKeyFile } from '@mosaic/keys'
import type { JsonRpcRequest } from '@mosaic/origin'
import { createEthereumClient, createTransactionSender, type EthereumClient } from '@mosaic/origin'
import type { Address, BlockNumber } from '@mosaic/primitives'
import type { Store } from '@mosaic/storage'
import type { NodeConfig } from './config/types.ts'
import { createChallengePort } from './fisherman-challenges.ts'
import { createCommitWatch } from './fisherman-commits.ts'
import { type CoreFollower, createCoreFollower } from './fisherman-core.ts'
import { createLinkReader } from './fisherman-links.ts'
import {
  createAuxiliaryCourt,
  createFishermanStore,
  createHorizon,
  createOriginCourt,
  createTransitionLookup,
} from './fisherman-ports.ts'
import { createRewardPort } from './fisherman-rewards.ts'
import type { Log } from './logger.ts'
import { openVoteSigner } from './vote-signer.ts'

/** What a node's fisherman works with. */
export type FishermanParts = {
  readonly chain: Chain
  readonly store: Store
  readonly origin: EthereumClient
  /** Origin block that created the core: its logs begin there. */
  readonly coreCreatedAt: BlockNumber
  /** JSON-RPC of this node itself, for its reports on auxiliary. */
  readonly ownRpc: JsonRpcRequest
  readonly sleep: (ms: number) => Promise<void>
  /** Ends what waits for a transaction. */
  readonly signal: AbortSignal
  readonly log: Log
}

/** For whom a fisherman works. */
export type FishermanOwner = {
  /** Pays for what it sends, and receives what that earns. */
  readonly secretKey: Uint8Array
  /** The validator whose stake it must not harm. */
  readonly validator: Address | undefined
}

/**
 * Opens the fisherman that every node has. It reports, challenges and collects only if the configuration names a key with funds to pay for that.
 *
 * @throws InvalidValueError if a key file holds no key, or the store something else.
 */
export async function openNodeFisherman(
  config: NodeConfig,
  parts: FishermanParts,
): Promise<Fisherman> {
  const { fishermanKeyFile, passwordFile } = config
  if (fishermanKeyFile === undefined) return openPoorFisherman(parts)
  const secretKey = await readKeyFile(fishermanKeyFile, passwordFile)
  const validator = (await openVoteSigner(config, parts.chain.definition.identity))?.address
  return openPaidFisherman({ secretKey, validator }, parts)
}

/** Opens a fisherman that brings what it finds to both chains. */
export async function openPaidFisherman(
  { secretKey, validator }: FishermanOwner,
  parts: FishermanParts,
): Promise<Fisherman> {
  const { chain, store, origin, coreCreatedAt, ownRpc, sleep, signal } = parts
  const options = { sleep, signal, ownsAccount: true }
  const auxiliary = createEthereumClient(ownRpc, { kind: 'finalized-tag' }, chain.execution.chainId)
  const sender = createTransactionSender(origin, secretKey, options)
  const { core } = chain.definition.identity
  const follower = createCoreFollower(origin, core, coreCreatedAt)
  const links = createLinkReader(chain, store, origin)
  return openFisherman({
    ...createWatch(parts, follower),
    courts: [
      createOriginCourt(chain, origin, sender),
      createAuxiliaryCourt(chain, origin, createTransactionSender(auxiliary, secretKey, options)),
    ],
    challenges: createChallengePort({ origin, core, follower, links, sender, validator }),
    rewards: createRewardPort(origin, core, follower, sender),
    account: sender.address,
  })
}

/** Finds and keeps. */
function openPoorFisherman(parts: FishermanParts): Promise<Fisherman> {
  const { chain, origin, coreCreatedAt } = parts
  const follower = createCoreFollower(origin, chain.definition.identity.core, coreCreatedAt)
  const nothing = { courts: [], challenges: undefined, rewards: undefined, account: undefined }
  return openFisherman({ ...createWatch(parts, follower), ...nothing })
}

function createWatch(
  { chain, store, origin, log }: FishermanParts,
  follower: CoreFollower,
): Pick<FishermanPorts, 'store' | 'transitionHash' | 'horizon' | 'hiddenVotes' | 'log'> {
  return {
    store: createFishermanStore(store),
    transitionHash: createTransitionLookup(chain, origin),
    horizon: createHorizon(chain),
    hiddenVotes: createCommitWatch(chain, origin, follower),
    log,
  }
}
