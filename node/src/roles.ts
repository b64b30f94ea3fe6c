import {
  type Chain,
  createProducer,
  createUnsealedBlockStore,
  encodeSignedVote,
  type Producer,
  type TransactionPool,
  type VoteIntake,
  type VotePool,
} from '@mosaic/chain'
import { encodeBlock } from '@mosaic/execution'
import type { Network } from '@mosaic/network'
import type { EthereumClient } from '@mosaic/origin'
import { type Address, toHeight } from '@mosaic/primitives'
import { coreIdentifier } from '@mosaic/protocol'
import type { Store } from '@mosaic/storage'
import {
  createDoppelgangerWatch,
  createValidator,
  type DoppelgangerWatch,
  type SealGuard,
  type Validator,
} from '@mosaic/validator'
import type { NodeConfig } from './config/types.ts'
import { takeVote } from './gossip-validators.ts'
import { openKeySealGuard, openVoteGuard } from './key-guards.ts'
import type { Log } from './logger.ts'
import { openSealSigner } from './seal-signer.ts'
import type { Synchroniser } from './sync/synchroniser.ts'
import { createAuxiliaryView, createOriginWatch } from './validator-ports.ts'
import { openVoteSigner } from './vote-signer.ts'

/** Opens the guard of blocks and makes a producer, not started yet, if the configuration names a signer's key. */
export async function openProducer(
  config: NodeConfig,
  parts: {
    readonly chain: Chain
    readonly store: Store
    readonly transactions: TransactionPool
    readonly votes: VotePool
    readonly proposals: ReadonlyMap<Address, boolean>
    readonly network: Network
    /** Calls back once there is a chain to make blocks on. */
    readonly onBegun: Synchroniser['onBegun']
    readonly log: Log
  },
): Promise<Producer | undefined> {
  const { chain, store, transactions, votes, proposals, network, onBegun, log } = parts
  const signer = await openSealSigner(config)
  if (signer === undefined) return undefined
  const { identity } = chain.definition
  const guard = await openKeySealGuard({ dataDir: config.dataDir, identity, create: false }, signer)
  const producer = createProducer(
    {
      chain,
      transactions,
      votes,
      unsealed: createUnsealedBlockStore(store),
      proposals: () => proposals,
      publish: async (block) => {
        await network.publish('block', encodeBlock(block))
      },
      now: Date.now,
      random: Math.random,
      schedule: (ms, step) => {
        const timer = setTimeout(step, ms)
        return () => clearTimeout(timer)
      },
      log,
    },
    {
      sealer: {
        address: signer.address,
        maySeal: guard.maySeal,
        seal: guard.seal,
        lastSealHash: guard.lastSealHash,
        signTransaction: signer.signTransaction,
      },
      gasLimit: config.gasLimit,
    },
  )
  const stopWatching = watchOwnSeals(chain, guard, log, producer.stop)
  let stopped = false
  return {
    ...producer,
    start: () => {
      onBegun(() => {
        if (!stopped) producer.start()
      })
    },
    stop: async () => {
      stopped = true
      stopWatching()
      await producer.stop()
      await guard.close()
    },
  }
}

/**
 * Looks for blocks of this signer that its guard does not know: another program runs with the key, and this one seals no more.
 * What was sealed before the start may have been lost here.
 */
function watchOwnSeals(
  chain: Chain,
  guard: SealGuard,
  log: Log,
  stop: () => Promise<void>,
): () => void {
  const startedAt = BigInt(Math.floor(Date.now() / 1000))
  return chain.onHead(({ added }) => {
    const highest = guard.highest()?.number
    const strange = added.find(
      ({ signer, header }) =>
        signer === guard.signer &&
        header.timestamp > startedAt &&
        (highest === undefined || header.number > highest),
    )
    if (strange === undefined) return
    log('error', 'somebody else seals blocks with this key; this node seals no more', {
      signer: guard.signer,
      number: strange.header.number,
      hash: strange.hash,
    })
    stop().catch((error: unknown) => log('error', 'producer not stopped', { error }))
  })
}

/** A validator with the watch that must let it vote. */
export type WatchedValidator = Validator & { readonly doppelganger: DoppelgangerWatch }

/** Opens the signing guard and makes a validator if the configuration names a validator's key. */
export async function openValidator(
  config: NodeConfig,
  parts: {
    readonly chain: Chain
    readonly origin: EthereumClient
    readonly intake: VoteIntake
    readonly network: Network
    readonly log: Log
  },
): Promise<WatchedValidator | undefined> {
  const { chain, origin, intake, network, log } = parts
  const { identity, epochLength } = chain.definition
  const signer = await openVoteSigner(config, identity)
  if (signer === undefined) return undefined
  const guard = await openVoteGuard({ dataDir: config.dataDir, identity, create: false }, signer)
  const validator = createValidator({
    guard,
    auxiliary: async () => createAuxiliaryView(chain, log),
    origin: createOriginWatch(chain, origin),
    publish: async (vote) => {
      const bytes = encodeSignedVote(vote)
      await takeVote(intake, bytes)
      await network.publish('vote', bytes)
    },
    log,
  })
  const doppelganger = createDoppelgangerWatch({
    guard,
    chain: coreIdentifier(identity),
    newest: () => toHeight(chain.head().header.number / epochLength),
    checkpoints: config.doppelgangerCheckpoints,
  })
  return { ...validator, doppelganger }
}
