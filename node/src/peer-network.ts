import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TransactionIntake } from '@mosaic/api'
import type { Chain, TransactionPool, VoteIntake, VotePool } from '@mosaic/chain'
import type { NetworkGenesis } from '@mosaic/genesis'
import {
  createNetwork,
  createSystemClock,
  MAX_TRANSACTION_HASHES,
  MAX_TRANSACTIONS_BY_HASH,
  type Network,
  type Status,
} from '@mosaic/network'
import type { EthereumClient } from '@mosaic/origin'
import {
  bytesToHash32,
  type Hash32,
  type Height,
  toBlockNumber,
  toHeight,
} from '@mosaic/primitives'
import { coreIdentifier } from '@mosaic/protocol'
import type { Store } from '@mosaic/storage'
import type { NodeConfig } from './config/types.ts'
import { createExchangeHandlers } from './exchange-handlers.ts'
import { createGossipValidators } from './gossip-validators.ts'
import { listenAt } from './input-file.ts'
import type { Log } from './logger.ts'
import { loadNodeKey } from './node-key.ts'
import { readPeerFile, writePeerFile } from './peer-file.ts'
import { every } from './periodic.ts'
import { syncToCheckpoint } from './sync/checkpoint-sync.ts'
import type { PeerPort } from './sync/courier.ts'
import { backfillHistory } from './sync/history-backfill.ts'
import { createSynchroniser, type Synchroniser } from './sync/synchroniser.ts'

/** The node's place among its peers. */
export type PeerNetwork = {
  readonly network: Network
  readonly sync: Synchroniser
  readonly stop: () => Promise<void>
}

/** What the network serves and feeds. */
export type PeerNetworkParts = {
  readonly chain: Chain
  readonly genesis: NetworkGenesis
  readonly origin: EthereumClient
  readonly store: Store
  readonly votes: VotePool
  readonly intake: VoteIntake
  readonly transactions: TransactionPool
  readonly transactionIntake: TransactionIntake
  readonly log: Log
}

/** How often a peer is asked for votes and transactions that gossip may have lost. */
const PULL_INTERVAL_MS = 4000
/** How often what is known of peers is brought to disk; a kill loses so much of it. */
const SAVE_INTERVAL_MS = 30_000
/** Heights asked for at a time. */
const VOTE_PULL_HEIGHTS = 64n
/** Origin heights beyond the justified one that votes may be about. */
const ORIGIN_HEIGHTS_AHEAD = 8n

/** Joins the network: gossip is checked and taken, peers are served, missing blocks and votes are fetched. */
export async function startPeerNetwork(
  config: NodeConfig,
  parts: PeerNetworkParts,
): Promise<PeerNetwork> {
  const { chain, genesis, origin, store, votes, intake, transactions, transactionIntake, log } =
    parts
  const identifier = coreIdentifier(chain.definition.identity)
  const clock = createSystemClock()
  const stopping = new AbortController()
  const courier = {
    peers: {
      ready: () =>
        network.peers().flatMap(({ peerId, status }) => (status === undefined ? [] : [peerId])),
      request: (...asked) => network.request(...asked),
      penalise: (peerId, reason) => network.penalise(peerId, reason),
    } satisfies PeerPort,
    log,
    now: clock.now,
    sleep: (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal, ref: false }),
  }
  const isNew = chain.head().header.number === 0n
  const sync = createSynchroniser({
    ...courier,
    chain,
    ...(config.sync.mode === 'checkpoint' && isNew
      ? {
          begin: (ending, onTarget) =>
            syncToCheckpoint(
              { ...courier, chain, store, origin, genesis, signal: ending },
              onTarget,
            ),
        }
      : {}),
  })
  const peerFile = join(config.dataDir, 'peers.json')
  const network = await createNetwork(
    {
      nodeKey: await loadNodeKey(join(config.dataDir, 'node-key')),
      genesisHash: genesis.hash,
      coreIdentifier: identifier,
      listen: config.network.listen,
      announce: config.network.announce,
      peers: config.network.peers,
      wantedPeers: config.network.wantedPeers,
      mdns: config.network.mdns,
      ...(config.network.allow === undefined ? {} : { allowList: config.network.allow }),
      memory: await readPeerFile(peerFile),
    },
    {
      clock,
      unixMs: Date.now,
      random: Math.random,
      logger: {
        debug: (message, fields) => log('debug', message, fields),
        info: (message, fields) => log('info', message, fields),
        warn: (message, fields) => log('warn', message, fields),
      },
      status: () => nodeStatus(chain, genesis.hash, identifier),
      validators: createGossipValidators({
        ...parts,
        sync,
        now: clock.now,
        statusOf: (peerId) => network.peers().find((peer) => peer.peerId === peerId)?.status,
      }),
      handlers: createExchangeHandlers(chain, store, votes, transactions),
    },
  )

  const pullVotes = async (peerId: string): Promise<void> => {
    for (const { name, from, to } of voteRanges(chain)) {
      const request = { chain: name, from, to }
      for await (const bytes of network.request(peerId, 'votesByHeight', request)) {
        await intake.take(bytes)
      }
    }
  }
  const pullTransactions = async (peerId: string): Promise<void> => {
    const unknown: Hash32[] = []
    const listed = network.request(peerId, 'transactionHashes', { count: MAX_TRANSACTION_HASHES })
    for await (const bytes of listed) {
      const hash = bytesToHash32(bytes)
      if (transactions.get(hash) === undefined) unknown.push(hash)
    }
    const hashes = unknown.slice(0, MAX_TRANSACTIONS_BY_HASH)
    if (hashes.length === 0) return
    for await (const raw of network.request(peerId, 'transactionsByHash', { hashes })) {
      await transactionIntake.add(raw)
    }
  }
  /** Gossip forgets, and reaches nobody who was not connected yet. */
  const pull = async (peerId: string): Promise<void> => {
    await pullVotes(peerId)
    await pullTransactions(peerId)
  }
  network.events.on('peer-ready', (peerId, status) => {
    sync.notice(peerId, status)
    pull(peerId).catch((error: unknown) => {
      log('debug', 'nothing pulled', { peerId, error })
    })
  })
  network.events.on('status', (peerId, status) => {
    sync.notice(peerId, status)
  })
  await listenAt('network.listen', config.network.listen.join(', '), network.start())
  let filling: Promise<void> | undefined
  const { signal } = stopping
  const isBusy = (): boolean => sync.target() !== undefined
  sync.onBegun(() => {
    filling = backfillHistory({ ...courier, chain, store, signal, isBusy }).catch(
      (error: unknown) => {
        if (!signal.aborted) log('error', 'history is not filled in', { error })
      },
    )
  })
  const stopPulling = every(
    PULL_INTERVAL_MS,
    async () => {
      const peers = network.peers().filter(({ status }) => status !== undefined)
      const peer = peers[Math.floor(Math.random() * peers.length)]
      if (peer !== undefined) await pull(peer.peerId)
    },
    (error) => log('debug', 'nothing pulled', { error }),
  )
  const savePeers = (): Promise<void> => writePeerFile(peerFile, network.memory())
  const stopSaving = every(SAVE_INTERVAL_MS, savePeers, (error) =>
    log('warn', 'peers not saved', { error }),
  )
  return {
    network,
    sync,
    stop: async () => {
      stopping.abort(new Error('the node stops'))
      await stopPulling()
      await sync.stop()
      await filling
      await stopSaving()
      await savePeers().catch((error: unknown) => log('warn', 'peers not saved', { error }))
      await network.stop()
    },
  }
}

/** The checkpoints whose votes still matter to the head's finality. */
function voteRanges(chain: Chain): readonly {
  readonly name: 'auxiliary' | 'origin'
  readonly from: Height
  readonly to: Height
}[] {
  const { header, auxiliary, origin } = chain.head()
  const ranges = [
    {
      name: 'auxiliary',
      from: auxiliary.justified.height,
      last: header.number / chain.definition.epochLength,
    },
    {
      name: 'origin',
      from: origin.justified.height,
      last: origin.justified.height + ORIGIN_HEIGHTS_AHEAD,
    },
  ] as const
  return ranges.map(({ name, from, last }) => {
    const furthest = from + VOTE_PULL_HEIGHTS - 1n
    return { name, from, to: toHeight(last < furthest ? last : furthest) }
  })
}

function nodeStatus(chain: Chain, genesisHash: Hash32, identifier: Hash32): Status {
  const head = chain.head()
  return {
    genesisHash,
    coreIdentifier: identifier,
    finalized: chain.finalized(),
    head: {
      number: toBlockNumber(head.header.number),
      hash: head.hash,
      totalDifficulty: head.totalDifficulty,
    },
  }
}
