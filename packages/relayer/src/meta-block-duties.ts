import {
  type CoreHead,
  coreViews,
  encodeCommit,
  encodePropose,
  finalityGadgetViews,
  PREDEPLOYS,
} from '@mosaic/contracts'
import { type OpenedKernel, readCoreLogs, readKernels, readView } from '@mosaic/origin'
import {
  bytesToHex,
  type Hash32,
  type Height,
  toBlockNumber,
  toHeight,
  ZERO_HASH,
} from '@mosaic/primitives'
import { coreIdentifier, encodeValidatorSet } from '@mosaic/protocol'
import {
  type FinalizedTransition,
  gasSince,
  readFinalizedTransition,
  readSealVotes,
} from './auxiliary-reader.ts'
import type { RelayedCore, RelayerAction, RelayerPorts, RelayPolicy } from './ports.ts'

/** What stands open on the core. */
type OpenHeight = {
  readonly head: CoreHead
  readonly kernel: OpenedKernel
  /** Height of the checkpoint committed last; 0 before the first. */
  readonly lastCheckpoint: Height
}

/** A proposal that waits at the open height. */
type OpenProposal = { readonly transitionHash: Hash32; readonly challengeEnd: bigint }

/**
 * Closes the open meta-block: commits a proposal whose challenge period is over, or proposes a finalized checkpoint. A proposal by anybody
 * is as good as an own one, if its transition object is that of a finalized checkpoint.
 */
export async function advanceMetaBlock(
  ports: RelayerPorts,
  core: RelayedCore,
  policy: RelayPolicy,
): Promise<RelayerAction | undefined> {
  const open = await readOpenHeight(ports, core)
  if (open === undefined) return undefined
  const now = (await ports.origin.client.header('latest'))?.timestamp ?? 0n
  const candidates = await readCandidates(ports, core, open)
  const proposals = await readProposals(ports, core, open)
  const known = proposals.flatMap(({ transitionHash, challengeEnd }) => {
    const candidate = candidates.find((c) => c.transitionHash === transitionHash)
    return candidate === undefined ? [] : [{ candidate, challengeEnd }]
  })
  if (known.length > 0) {
    const ripe = known.find(({ challengeEnd }) => now >= challengeEnd)
    return ripe === undefined ? undefined : commit(ports, core, open, ripe.candidate)
  }
  const chosen = await chooseCandidate(ports, open, candidates, policy, now)
  return chosen === undefined ? undefined : propose(ports, core, open, chosen)
}

async function readOpenHeight(
  { origin }: RelayerPorts,
  { identity, createdAt, epochLength }: RelayedCore,
): Promise<OpenHeight | undefined> {
  const head = await readView(origin.client, identity.core, coreViews.head, [])
  if (head.phase !== 'open') return undefined
  const kernels = await readKernels(origin.client, identity.core, createdAt)
  const kernel = kernels.find((opened) => opened.kernel.height === head.height)
  if (kernel === undefined || epochLength === 0n) return undefined
  const committed = await readCoreLogs(
    origin.client,
    identity.core,
    ['MetaBlockCommitted'],
    createdAt,
  )
  const last = committed.at(-1)?.event
  const lastCheckpoint = last?.name === 'MetaBlockCommitted' ? last.sourceHeight : toHeight(0n)
  return { head, kernel, lastCheckpoint }
}

/** Finalized checkpoints that may close the open meta-block, lowest first. */
async function readCandidates(
  { auxiliary }: RelayerPorts,
  { identity }: RelayedCore,
  { head, kernel, lastCheckpoint }: OpenHeight,
): Promise<readonly FinalizedTransition[]> {
  const status = await readView(
    auxiliary.client,
    PREDEPLOYS.finalityGadget,
    finalityGadgetViews.status,
    [coreIdentifier(identity)],
  )
  const candidates: FinalizedTransition[] = []
  if (status.finalizedHash === ZERO_HASH) return candidates
  for (let height: bigint = lastCheckpoint + 1n; height <= status.finalizedHeight; height++) {
    const found = await readFinalizedTransition(auxiliary.client, toHeight(height))
    if (
      found !== undefined &&
      found.transition.kernelHash === kernel.kernelHash &&
      found.transition.dynasty > head.dynasty &&
      found.transition.accumulatedGas > head.accumulatedGas
    ) {
      candidates.push(found)
    }
  }
  return candidates
}

async function readProposals(
  { origin }: RelayerPorts,
  { identity }: RelayedCore,
  { head, kernel }: OpenHeight,
): Promise<readonly OpenProposal[]> {
  const logs = await readCoreLogs(
    origin.client,
    identity.core,
    ['MetaBlockProposed'],
    kernel.openedAt.blockNumber,
  )
  return logs.flatMap(({ event }) =>
    event.name === 'MetaBlockProposed' && event.height === head.height
      ? [{ transitionHash: event.transitionHash, challengeEnd: event.challengeEnd }]
      : [],
  )
}

/** The earliest candidate that meets the gas target (§2.5); after a quiet interval the newest one. */
async function chooseCandidate(
  { origin }: RelayerPorts,
  { head, kernel }: OpenHeight,
  candidates: readonly FinalizedTransition[],
  policy: RelayPolicy,
  now: bigint,
): Promise<FinalizedTransition | undefined> {
  const due = candidates.find(
    ({ transition }) => gasSince(transition, head.accumulatedGas) >= kernel.kernel.gasTarget,
  )
  if (due !== undefined) return due
  const opened = await origin.client.header(kernel.openedAt.blockNumber)
  const isOverdue = opened !== undefined && now >= opened.timestamp + policy.maxIntervalSeconds
  return isOverdue ? candidates.at(-1) : undefined
}

async function propose(
  { origin }: RelayerPorts,
  { identity }: RelayedCore,
  { head }: OpenHeight,
  { transition, transitionHash }: FinalizedTransition,
): Promise<RelayerAction> {
  const { proposalBond } = await readView(origin.client, identity.core, coreViews.parameters, [])
  const receipt = await origin.sender.send({
    to: identity.core,
    data: encodePropose(transition),
    value: proposalBond,
  })
  return {
    kind: 'meta-block-proposed',
    height: head.height,
    transitionHash,
    gasUsed: receipt.gasUsed,
    transaction: receipt.hash,
  }
}

async function commit(
  { origin, auxiliary, log }: RelayerPorts,
  { identity, epochLength }: RelayedCore,
  { head, kernel }: OpenHeight,
  candidate: FinalizedTransition,
): Promise<RelayerAction | undefined> {
  const seal = await readSealVotes(auxiliary.client, identity, epochLength, candidate)
  if (seal === undefined) {
    log('warn', 'seal is not complete', { height: head.height, checkpoint: candidate.height })
    return undefined
  }
  const proof = await auxiliary.client.proof(
    PREDEPLOYS.transitionTracker,
    [ZERO_HASH],
    toBlockNumber(candidate.height * epochLength),
  )
  const receipt = await origin.sender.send({
    to: identity.core,
    data: encodeCommit({
      transition: candidate.transition,
      kernel: kernel.kernel,
      validatorSet: bytesToHex(encodeValidatorSet(kernel.validatorSet)),
      header: bytesToHex(seal.header.rlp),
      target: seal.target,
      votes: seal.votes,
      accountProof: proof.accountProof.map(bytesToHex),
      storageProof: (proof.storageProofs[0]?.proof ?? []).map(bytesToHex),
    }),
  })
  return {
    kind: 'meta-block-committed',
    height: head.height,
    transitionHash: candidate.transitionHash,
    gasUsed: receipt.gasUsed,
    transaction: receipt.hash,
  }
}
