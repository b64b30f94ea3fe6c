import {
  coreViews,
  encodeRecordWork,
  encodeReweigh,
  rampUpViews,
  type WorkRecord,
} from '@mosaic/contracts'
import { type OpenedKernel, RpcError, readView } from '@mosaic/origin'
import { type Address, type MetaHeight, toMetaHeight } from '@mosaic/primitives'
import { readFinalizedTransition, readSealVotes } from './auxiliary-reader.ts'
import type { CoreState } from './core-history.ts'
import type { RelayedCore, RelayerAction, RelayerPorts } from './ports.ts'

/** What of a height is done. Forgotten without harm: it is all on the chains. */
export type ReputationProgress = {
  /** The open height that was looked at last. */
  height: bigint
  /** Validators of which nothing more is due at it. */
  readonly done: Set<string>
  /** Heights of work until the whole weight; undefined if the contract asks for none, or it is not known yet. */
  fullWork: bigint | undefined
  isProbed: boolean
}

/** Nothing is known yet. */
export function beginReputationProgress(): ReputationProgress {
  return { height: -1n, done: new Set(), fullWork: undefined, isProbed: false }
}

/**
 * Lets the weights of the next kernel follow the reputations (docs/protocol.md §5): brings the work of the last closed height where the
 * reputation asks for work (`RampUpReputation`), then asks for the weight of each seated validator whose reputation changed. One
 * transaction each time; each validator is looked at once for each height, so a contract that changes its mind costs no more.
 */
export async function followReputations(
  ports: RelayerPorts,
  core: RelayedCore,
  state: CoreState,
  progress: ReputationProgress,
): Promise<RelayerAction | undefined> {
  const { client } = ports.origin
  const { core: address } = core.identity
  const head = await readView(client, address, coreViews.head, [])
  const kernel = state.kernels.find((opened) => opened.kernel.height === head.height)
  if (head.phase !== 'open' || kernel === undefined) return undefined
  if (progress.height !== head.height) {
    progress.height = head.height
    progress.done.clear()
  }
  const { reputation } = await readView(client, address, coreViews.parameters, [])
  if (!progress.isProbed) {
    progress.fullWork = await readFullWork(ports, reputation)
    progress.isProbed = true
  }
  return (
    (await recordWork(ports, core, state, kernel, reputation, progress)) ??
    (await reweigh(ports, core, kernel, progress))
  )
}

/** Heights of work until the whole weight; undefined if `reputation` is no contract that counts work. */
async function readFullWork(
  { origin }: RelayerPorts,
  reputation: Address,
): Promise<bigint | undefined> {
  try {
    const probation = await readView(origin.client, reputation, rampUpViews.probation, [])
    return probation + (await readView(origin.client, reputation, rampUpViews.ramp, []))
  } catch (error) {
    // Another contract reverts, or answers nothing that could be decoded.
    if (error instanceof RpcError || isDecodingFailure(error)) {
      return undefined
    }
    throw error
  }
}

function isDecodingFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'BAD_DATA'
}

async function recordWork(
  { origin, auxiliary, turns }: RelayerPorts,
  { identity, epochLength }: RelayedCore,
  state: CoreState,
  kernel: OpenedKernel,
  reputation: Address,
  progress: ReputationProgress,
): Promise<RelayerAction | undefined> {
  const closed = toMetaHeight(kernel.kernel.height - 1n)
  const before = state.kernels.find((opened) => opened.kernel.height === closed)
  if (progress.fullWork === undefined || closed < 1n || before === undefined) return undefined
  const missing = new Map<Address, number>()
  for (const [index, seat] of before.validatorSet.entries()) {
    if (seat === undefined || progress.done.has(`work ${seat.address}`)) continue
    const work = await readView(origin.client, reputation, rampUpViews.workOf, [
      identity.core,
      seat.address,
    ])
    const entry = await readView(origin.client, identity.core, coreViews.validatorOf, [
      seat.address,
    ])
    if (isDue(entry, work, closed, progress.fullWork)) missing.set(seat.address, index)
    else progress.done.add(`work ${seat.address}`)
  }
  if (missing.size === 0) return undefined
  const transition = await readFinalizedTransition(auxiliary.client, state.lastCheckpoint)
  const seal =
    transition && (await readSealVotes(auxiliary.client, identity, epochLength, transition))
  for (const [validator, index] of missing) {
    const cast = seal?.votes.find(({ validatorIndex }) => validatorIndex === index)
    // It may still vote for that checkpoint; until it does, nothing is due.
    if (seal === undefined || cast === undefined) continue
    const purpose = `meta-block ${closed} work of ${validator}`
    if (turns?.isOurs(purpose) === false) continue
    const receipt = await origin.sender.send({
      to: reputation,
      data: encodeRecordWork({
        core: identity.core,
        kernel: kernel.kernel,
        vote: seal.vote,
        signature: cast.signature,
      }),
      purpose,
    })
    progress.done.add(`work ${validator}`)
    // It counts for more now.
    progress.done.delete(`weight ${validator}`)
    return { kind: 'work-recorded', validator, height: closed, transaction: receipt.hash }
  }
  return undefined
}

/** Whether the work of a height counts for a validator and has not been shown. The genesis set is whole from the beginning. */
function isDue(
  { status, startHeight }: { readonly status: string; readonly startHeight: bigint },
  { heights, lastHeight }: WorkRecord,
  closed: MetaHeight,
  fullWork: bigint,
): boolean {
  const isSeated = status === 'seated' || status === 'logout-queued'
  return (
    isSeated &&
    startHeight > 0n &&
    startHeight <= closed &&
    lastHeight < closed &&
    heights < fullWork
  )
}

async function reweigh(
  { origin, turns }: RelayerPorts,
  { identity }: RelayedCore,
  { kernel, validatorSet }: OpenedKernel,
  progress: ReputationProgress,
): Promise<RelayerAction | undefined> {
  for (const seat of validatorSet) {
    if (seat === undefined || progress.done.has(`weight ${seat.address}`)) continue
    const validator = seat.address
    const data = encodeReweigh(validator)
    if (!(await isAccepted(origin.client, identity.core, data))) {
      progress.done.add(`weight ${validator}`)
      continue
    }
    const purpose = `meta-block ${kernel.height} weight of ${validator}`
    if (turns?.isOurs(purpose) === false) continue
    const receipt = await origin.sender.send({ to: identity.core, data, purpose })
    progress.done.add(`weight ${validator}`)
    return {
      kind: 'weight-asked',
      validator,
      height: kernel.height,
      transaction: receipt.hash,
    }
  }
  return undefined
}

/** Whether the core would do it now: it refuses what changes nothing. */
async function isAccepted(
  client: RelayerPorts['origin']['client'],
  core: Address,
  data: `0x${string}`,
): Promise<boolean> {
  try {
    await client.call(core, data)
    return true
  } catch (error) {
    if (error instanceof RpcError) return false
    throw error
  }
}
