import { join } from 'node:path'
import {
  type Chain,
  createProducer,
  encodeSignedVote,
  type Producer,
  type TransactionPool,
  type VoteIntake,
  type VotePool,
} from '@mosaic/chain'
import { encodeBlock } from '@mosaic/execution'
import { readKeyFile } from '@mosaic/keys'
import type { Network } from '@mosaic/network'
import type { EthereumClient } from '@mosaic/origin'
import { type Address, toHeight } from '@mosaic/primitives'
import { type CoreIdentity, coreIdentifier, domainSeparator } from '@mosaic/protocol'
import {
  createDoppelgangerWatch,
  createValidator,
  type DoppelgangerWatch,
  openJournalFile,
  openSigningGuard,
  type SigningGuard,
  type Validator,
} from '@mosaic/validator'
import type { NodeConfig } from './config.ts'
import { takeVote } from './gossip-validators.ts'
import type { Log } from './logger.ts'
import { createAuxiliaryView, createOriginWatch } from './validator-ports.ts'
import { openVoteSigner, type VoteSigner } from './vote-signer.ts'

/** Starts block production if the configuration names a signer's key. */
export async function startProducer(
  config: NodeConfig,
  parts: {
    readonly chain: Chain
    readonly transactions: TransactionPool
    readonly votes: VotePool
    readonly proposals: ReadonlyMap<Address, boolean>
    readonly network: Network
    readonly log: Log
  },
): Promise<Producer | undefined> {
  if (config.signerKeyFile === undefined) return undefined
  const { chain, transactions, votes, proposals, network, log } = parts
  const producer = createProducer(
    {
      chain,
      transactions,
      votes,
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
      secretKey: await readKeyFile(config.signerKeyFile, config.passwordFile),
      gasLimit: config.gasLimit,
    },
  )
  producer.start()
  return producer
}

/** Where the journal of a validator's guard is. */
export function guardJournalPath(dataDir: string, validator: Address): string {
  return join(dataDir, `guard-${validator}.journal`)
}

/**
 * Opens the guard of a validator's key.
 *
 * @throws GuardUnusableError if there is no journal and `create` is false: a new one forgets what was signed.
 */
async function openGuard(
  dataDir: string,
  signer: VoteSigner,
  identity: CoreIdentity,
  create: boolean,
): Promise<SigningGuard> {
  const validator = signer.address
  const journal = await openJournalFile(guardJournalPath(dataDir, validator), { create })
  try {
    const domain = domainSeparator(identity)
    return await openSigningGuard(journal, { validator, domain }, signer.sign)
  } catch (error) {
    await journal.close()
    throw error
  }
}

/**
 * Begins the journal of a configured validator key. To be called in a new data directory before anything else is written there, so that
 * from then on a missing journal is a lost one.
 */
export async function beginGuardJournal(config: NodeConfig, identity: CoreIdentity): Promise<void> {
  const signer = await openVoteSigner(config, identity)
  if (signer === undefined) return
  const guard = await openGuard(config.dataDir, signer, identity, true)
  await guard.close()
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
  const guard = await openGuard(config.dataDir, signer, identity, false)
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
