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
import type { Network } from '@mosaic/network'
import type { EthereumClient } from '@mosaic/origin'
import type { Address } from '@mosaic/primitives'
import {
  type CoreIdentity,
  domainSeparator,
  secretKeyToAddress,
  signDigest,
  voteDigest,
} from '@mosaic/protocol'
import {
  createValidator,
  openJournalFile,
  openSigningGuard,
  type SigningGuard,
  type Validator,
} from '@mosaic/validator'
import type { NodeConfig } from './config.ts'
import { takeVote } from './gossip-validators.ts'
import { readKeyFile } from './key-file.ts'
import type { Log } from './logger.ts'
import { createAuxiliaryView, createOriginWatch } from './validator-ports.ts'

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
    { secretKey: await readKeyFile(config.signerKeyFile), gasLimit: config.gasLimit },
  )
  producer.start()
  return producer
}

/**
 * Opens the guard of a configured validator key.
 *
 * @throws GuardUnusableError if there is no journal and `create` is false: a new one forgets what was signed.
 */
async function openGuard(
  config: NodeConfig,
  validatorKeyFile: string,
  identity: CoreIdentity,
  create: boolean,
): Promise<SigningGuard> {
  const domain = domainSeparator(identity)
  const secretKey = await readKeyFile(validatorKeyFile)
  const validator = secretKeyToAddress(secretKey)
  const journal = await openJournalFile(join(config.dataDir, `guard-${validator}.journal`), {
    create,
  })
  try {
    return await openSigningGuard(journal, { validator, domain }, async (vote) =>
      signDigest(voteDigest(domain, vote), secretKey),
    )
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
  if (config.validatorKeyFile === undefined) return
  const guard = await openGuard(config, config.validatorKeyFile, identity, true)
  await guard.close()
}

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
): Promise<Validator | undefined> {
  if (config.validatorKeyFile === undefined) return undefined
  const { chain, origin, intake, network, log } = parts
  const { identity } = chain.definition
  return createValidator({
    guard: await openGuard(config, config.validatorKeyFile, identity, false),
    auxiliary: async () => createAuxiliaryView(chain, log),
    origin: createOriginWatch(chain, origin),
    publish: async (vote) => {
      const bytes = encodeSignedVote(vote)
      await takeVote(intake, bytes)
      await network.publish('vote', bytes)
    },
    log,
  })
}
