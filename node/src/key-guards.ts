import { join } from 'node:path'
import type { Address } from '@mosaic/primitives'
import { type CoreIdentity, domainSeparator } from '@mosaic/protocol'
import {
  type Journal,
  openJournalFile,
  openSealGuard,
  openSigningGuard,
  type SealGuard,
  type SigningGuard,
} from '@mosaic/validator'
import type { NodeConfig } from './config/types.ts'
import { openSealSigner, type SealSigner } from './seal-signer.ts'
import { openVoteSigner, type VoteSigner } from './vote-signer.ts'

/** Where a guard keeps what its key has signed. */
type Place = {
  readonly dataDir: string
  readonly identity: CoreIdentity
  /** Whether a missing journal is begun: it forgets what was signed. */
  readonly create: boolean
}

/** Where the journal of a validator's guard is. */
export function guardJournalPath(dataDir: string, validator: Address): string {
  return join(dataDir, `guard-${validator}.journal`)
}

/** Where the journal of a producer's guard is. */
export function sealJournalPath(dataDir: string, signer: Address): string {
  return join(dataDir, `seals-${signer}.journal`)
}

/** Opens the guard of a validator's key. @throws GuardUnusableError if there is no journal and none is to be begun. */
export async function openVoteGuard(
  { dataDir, identity, create }: Place,
  { address, sign }: VoteSigner,
): Promise<SigningGuard> {
  return withJournal(guardJournalPath(dataDir, address), create, (journal) =>
    openSigningGuard(journal, { validator: address, domain: domainSeparator(identity) }, sign),
  )
}

/** Opens the guard of a producer's key. @throws GuardUnusableError if there is no journal and none is to be begun. */
export async function openKeySealGuard(
  { dataDir, identity, create }: Place,
  { address, seal }: Pick<SealSigner, 'address' | 'seal'>,
): Promise<SealGuard> {
  return withJournal(sealJournalPath(dataDir, address), create, (journal) =>
    openSealGuard(journal, { signer: address, domain: domainSeparator(identity) }, seal),
  )
}

/**
 * Begins the journals of the configured keys. To be called in a new data directory before anything else is written there, so that
 * from then on a missing journal is a lost one.
 */
export async function beginGuardJournals(
  config: NodeConfig,
  identity: CoreIdentity,
): Promise<void> {
  const place = { dataDir: config.dataDir, identity, create: true }
  const votes = await openVoteSigner(config, identity)
  if (votes !== undefined) await (await openVoteGuard(place, votes)).close()
  const seals = await openSealSigner(config)
  if (seals !== undefined) await (await openKeySealGuard(place, seals)).close()
}

async function withJournal<T>(
  path: string,
  create: boolean,
  open: (journal: Journal) => Promise<T>,
): Promise<T> {
  const journal = await openJournalFile(path, { create })
  try {
    return await open(journal)
  } catch (error) {
    await journal.close()
    throw error
  }
}
