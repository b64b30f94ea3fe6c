import { setImmediate } from 'node:timers/promises'
import { beginningRecord, type Chain, firstHeaderNeeded, replaySigners } from '@mosaic/chain'
import type { NetworkGenesis } from '@mosaic/genesis'
import type { EthereumClient } from '@mosaic/origin'
import { InvalidValueError, toBlockNumber } from '@mosaic/primitives'
import type { Store } from '@mosaic/storage'
import { type CommittedCheckpoint, readCommittedCheckpoint } from './committed-checkpoint.ts'
import { type CourierParts, createCourier } from './courier.ts'
import { downloadHeaders } from './header-download.ts'
import { downloadState } from './state-download.ts'

/** What a checkpoint sync needs of the node. */
export type CheckpointSyncParts = CourierParts & {
  readonly chain: Chain
  readonly store: Store
  /** This node's own endpoint: all trust is in it. */
  readonly origin: EthereumClient
  readonly genesis: Pick<NetworkGenesis, 'core' | 'coreCreatedAt' | 'kernelHash'>
}

const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 60_000
const BLOCKHASH_REACH = 255

/**
 * Begins a chain at the newest auxiliary checkpoint that the core has committed, instead of at genesis: docs/protocol.md, "Checkpoint sync".
 * Goes on trying until it has succeeded, or there is nothing to begin at: no meta-block yet, or none above the head.
 *
 * @param onTarget is told the checkpoint's block number once it is known.
 * @throws the signal's reason when it is aborted.
 */
export async function syncToCheckpoint(
  parts: CheckpointSyncParts,
  onTarget: (number: bigint) => void,
): Promise<void> {
  const { log, sleep, signal, origin, genesis, chain } = parts
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted()
    try {
      const committed = await readCommittedCheckpoint(origin, genesis)
      if (committed === undefined) {
        log('info', 'sync.checkpoint.none', { core: genesis.core })
        return
      }
      const number = committed.checkpoint.height * chain.definition.epochLength
      if (number <= chain.head().header.number + 1n) return
      onTarget(number)
      await beginAt(parts, committed, number)
      return
    } catch (error) {
      signal.throwIfAborted()
      log('warn', 'sync.checkpoint.failed', { failures, error })
    }
    await sleep(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 16)), signal)
  }
}

async function beginAt(
  parts: CheckpointSyncParts,
  { metaHeight, checkpoint, stateRoot }: CommittedCheckpoint,
  number: bigint,
): Promise<void> {
  const { chain, log } = parts
  const { execution, definition } = chain
  log('info', 'sync.checkpoint.found', { metaHeight, number, hash: checkpoint.hash })
  const courier = createCourier(parts)
  const base = toBlockNumber(number - 1n)
  const from = firstHeaderNeeded(base, definition.rules)
  const last = { number: toBlockNumber(number), hash: checkpoint.hash }
  const headers = await downloadHeaders({ ...parts, courier }, from, last)
  const header = headers.at(-2)
  if (headers.at(-1)?.stateRoot !== stateRoot || header === undefined) {
    throw new InvalidValueError(`a checkpoint with state root ${stateRoot}`, checkpoint.hash)
  }
  const signer = execution.recoverSigner(header)
  if (signer === undefined) throw new InvalidValueError('a sealed header', base)
  const snapshot = await replaySigners(
    headers.slice(0, -1),
    definition.rules,
    execution.recoverSigner,
    setImmediate,
  )
  const state = await downloadState(
    {
      ...parts,
      courier,
      keccak256: execution.keccak256,
      onProgress: (progress) => log('debug', 'sync.checkpoint.state', { ...progress }),
    },
    header.stateRoot,
  )
  const record = await beginningRecord(chain, { header, signer, snapshot })
  const ancestors = headers
    .slice(0, -1)
    .map(({ parentHash }) => parentHash)
    .toReversed()
    .slice(0, Math.min(BLOCKHASH_REACH, Number(base)))
  await chain.begin({ record, ancestors, checkpoint })
  log('info', 'sync.checkpoint.begun', { number, headers: headers.length, ...state })
}
