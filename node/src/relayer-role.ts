import type { NetworkGenesis } from '@mosaic/genesis'
import { readKeyFile } from '@mosaic/keys'
import {
  createDrySender,
  createTransactionSender,
  type EthereumClient,
  type TransactionSender,
} from '@mosaic/origin'
import { type Address, InvalidValueError } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { createRelayer, createRelayTurns, type LedgerChain, settleLedger } from '@mosaic/relayer'
import type { RelayerRole } from './config/types.ts'
import { type PayingAccount, relayerFigures } from './figures.ts'
import { openLedgerFile } from './ledger-file.ts'
import type { Log } from './logger.ts'
import type { Metrics } from './metrics.ts'
import { every } from './periodic.ts'

/** What a relayer runs upon. */
export type RelayerParts = {
  readonly dataDir: string
  readonly genesis: NetworkGenesis
  readonly origin: EthereumClient
  readonly auxiliary: EthereumClient
  /** The account of this process that sends transactions of its own on auxiliary. */
  readonly signer: Address | undefined
  readonly passwordFile: string | undefined
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly metrics: Metrics | undefined
  readonly log: Log
}

/** A relayer at work. */
export type WorkingRelayer = {
  readonly stop: () => Promise<void>
}

const ROUND_MS = 1000
/** How often transactions of unknown fate are looked up. */
const SETTLE_MS = 60_000

/**
 * Starts a relayer that works until it is stopped, also while an endpoint is down.
 *
 * @throws KeyFileError, InvalidValueError if its account is not in the team.
 */
export async function startRelayer(
  role: RelayerRole,
  parts: RelayerParts,
): Promise<WorkingRelayer> {
  const { dataDir, genesis, origin, auxiliary, log } = parts
  const stopping = new AbortController()
  const { signal } = stopping
  const pause = (ms: number): Promise<void> => parts.sleep(ms, signal)
  const ledger = await openLedgerFile(dataDir, log)
  const openSender = async (
    chain: LedgerChain,
    client: EthereumClient,
  ): Promise<TransactionSender> => {
    const { keyFile, spendingCap, ...limits } = role[chain]
    const secretKey = await readKeyFile(keyFile, parts.passwordFile)
    if (role.dryRun) return createDrySender(client, secretKeyToAddress(secretKey))
    const book = ledger.book(chain, spendingCap)
    return createTransactionSender(client, secretKey, {
      sleep: pause,
      ownsAccount: true,
      limits,
      book,
      signal,
    })
  }
  const senders = {
    origin: await openSender('origin', origin),
    auxiliary: await openSender('auxiliary', auxiliary),
  }
  if (senders.auxiliary.address === parts.signer) {
    const expected = 'another account for the relayer than the one that seals'
    throw new InvalidValueError(expected, parts.signer)
  }
  const relayer = createRelayer(
    {
      origin: { client: origin, sender: senders.origin },
      auxiliary: { client: auxiliary, sender: senders.auxiliary },
      turns:
        role.team === undefined
          ? undefined
          : createRelayTurns({
              accounts: role.team,
              own: senders.origin.address,
              turnMs: Number(role.turnSeconds) * 1000,
              now: Date.now,
            }),
      log,
    },
    {
      identity: { originChainId: genesis.originChainId, core: genesis.core },
      createdAt: genesis.coreCreatedAt,
      epochLength: genesis.epochLength,
      originEpochLength: genesis.originEpochLength,
    },
    { maxIntervalSeconds: role.maxIntervalSeconds, followsReputations: role.reputations },
  )
  const settle = async (): Promise<void> => {
    await settleLedger(ledger, 'origin', origin)
    await settleLedger(ledger, 'auxiliary', auxiliary)
  }
  const tellUnsettled = (error: unknown): void => log('warn', 'ledger not settled', { error })
  const accounts = { origin: senders.origin.address, auxiliary: senders.auxiliary.address }
  const payers: readonly PayingAccount[] = [
    { chain: 'origin', use: 'relayer', account: accounts.origin, client: origin },
    { chain: 'auxiliary', use: 'relayer', account: accounts.auxiliary, client: auxiliary },
  ]
  parts.metrics?.add(relayerFigures(ledger, payers))
  // Not waited for: an endpoint may be down for long.
  const settling = settle().catch(tellUnsettled)
  const stopSettling = every(SETTLE_MS, settle, tellUnsettled)
  log('info', 'relayer.ready', { core: genesis.core, ...accounts, dryRun: role.dryRun })
  const working = relayer
    .relayUntil(signal, () => pause(ROUND_MS))
    .catch((error: unknown) => log('error', 'relayer stopped', { error }))
  return {
    stop: async () => {
      stopping.abort()
      await settling
      await stopSettling()
      await working
    },
  }
}
