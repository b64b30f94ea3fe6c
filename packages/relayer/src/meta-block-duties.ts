import {
  type CoreHead,
  coreViews,
  encodeCommit,
  encodePropose,
  finalityGadgetViews,
  PREDEPLOYS,
} from '@mosaic/contracts'
import { type OpenedKernel, readView } from '@mosaic/origin'
import { bytesToHex, type Height, toBlockNumber, toHeight, ZERO_HASH } from '@mosaic/primitives'
import { coreIdentifier, encodeValidatorSet } from '@mosaic/protocol'
import {
  type FinalizedTransition,
  gasSince,
  readFinalizedTransition,
  readSealVotes,
} from './auxiliary-reader.ts'
import type { CoreState } from './core-history.ts'
import type { RelayedCore, RelayerAction, RelayerPorts, RelayPolicy } from './ports.ts'

/** What stands open on the core. */
type OpenHeight = {
  readonly head: CoreHead
  readonly kernel: OpenedKernel
  readonly lastCheckpoint: Height
}

/** Transition objects of finalized checkpoints above the last committed one. They do not change, so each is read once. */
export type TransitionCache = Map<Height, FinalizedTransition>

/**
 * Closes the open meta-block: commits a proposal whose challenge period is over, or proposes a finalized checkpoint. A proposal by anybody
 * is as good as an own one, if its transition object is that of a finalized checkpoint, and of none later than the gas target allows.
 */
export async function advanceMetaBlock(
  ports: RelayerPorts,
  core: RelayedCore,
  policy: RelayPolicy,
  state: CoreState,
  known: TransitionCache,
): Promise<RelayerAction | undefined> {
  const { identity } = core
  const head = await readView(ports.origin.client, identity.core, coreViews.head, [])
  const kernel = state.kernels.find((opened) => opened.kernel.height === head.height)
  if (head.phase !== 'open' || kernel === undefined) return undefined
  const open = { head, kernel, lastCheckpoint: state.lastCheckpoint }
  const now = (await ports.origin.client.header('latest'))?.timestamp ?? 0n
  const finalized = (await readCandidates(ports, core, open, known)).filter(
    ({ transition }) => state.ceiling === undefined || transition.dynasty <= state.ceiling,
  )
  const due = findDue(open, finalized)
  // Who commits later than the gas target allows makes all validators of the height lose (§2.5).
  const candidates = finalized.filter(
    ({ transition }) => due === undefined || transition.dynasty <= due.transition.dynasty,
  )
  const proposed = state.proposals.flatMap(({ height, transitionHash, challengeEnd }) => {
    const candidate = candidates.find((c) => c.transitionHash === transitionHash)
    return candidate === undefined || height !== head.height ? [] : [{ candidate, challengeEnd }]
  })
  if (proposed.length > 0) {
    const ripe = proposed.find(({ challengeEnd }) => now >= challengeEnd)
    return ripe === undefined ? undefined : commit(ports, core, open, ripe.candidate)
  }
  const chosen = due ?? (await chooseQuiet(ports, open, candidates, policy, now))
  return chosen === undefined ? undefined : propose(ports, core, open, chosen)
}

/** Finalized checkpoints that may close the open meta-block, lowest first. */
async function readCandidates(
  { auxiliary }: RelayerPorts,
  { identity }: RelayedCore,
  { head, kernel, lastCheckpoint }: OpenHeight,
  known: TransitionCache,
): Promise<readonly FinalizedTransition[]> {
  for (const height of known.keys()) if (height <= lastCheckpoint) known.delete(height)
  const status = await readView(
    auxiliary.client,
    PREDEPLOYS.finalityGadget,
    finalityGadgetViews.status,
    [coreIdentifier(identity)],
  )
  const candidates: FinalizedTransition[] = []
  if (status.finalizedHash === ZERO_HASH) return candidates
  for (let h: bigint = lastCheckpoint + 1n; h <= status.finalizedHeight; h++) {
    const height = toHeight(h)
    const found = known.get(height) ?? (await readFinalizedTransition(auxiliary.client, height))
    if (found === undefined) continue
    known.set(height, found)
    if (
      found.transition.kernelHash === kernel.kernelHash &&
      found.transition.dynasty > head.dynasty &&
      found.transition.accumulatedGas > head.accumulatedGas
    ) {
      candidates.push(found)
    }
  }
  return candidates
}

/** The earliest finalized checkpoint that meets the gas target (§2.5). */
function findDue(
  { head, kernel }: OpenHeight,
  candidates: readonly FinalizedTransition[],
): FinalizedTransition | undefined {
  return candidates.find(
    ({ transition }) => gasSince(transition, head.accumulatedGas) >= kernel.kernel.gasTarget,
  )
}

/** After a quiet interval the newest candidate though it does not meet the gas target. */
async function chooseQuiet(
  { origin }: RelayerPorts,
  { kernel }: OpenHeight,
  candidates: readonly FinalizedTransition[],
  policy: RelayPolicy,
  now: bigint,
): Promise<FinalizedTransition | undefined> {
  const opened = await origin.client.header(kernel.openedAt.blockNumber)
  const isOverdue = opened !== undefined && now >= opened.timestamp + policy.maxIntervalSeconds
  return isOverdue ? candidates.at(-1) : undefined
}

async function propose(
  { origin, turns }: RelayerPorts,
  { identity }: RelayedCore,
  { head }: OpenHeight,
  { transition, transitionHash }: FinalizedTransition,
): Promise<RelayerAction | undefined> {
  const purpose = `meta-block ${head.height} propose`
  if (turns?.isOurs(purpose) === false) return undefined
  const { proposalBond } = await readView(origin.client, identity.core, coreViews.parameters, [])
  const receipt = await origin.sender.send({
    to: identity.core,
    data: encodePropose(transition),
    value: proposalBond,
    purpose,
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
  { origin, auxiliary, turns, log }: RelayerPorts,
  { identity, epochLength }: RelayedCore,
  { head, kernel }: OpenHeight,
  candidate: FinalizedTransition,
): Promise<RelayerAction | undefined> {
  const purpose = `meta-block ${head.height} commit`
  if (turns?.isOurs(purpose) === false) return undefined
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
    purpose,
  })
  return {
    kind: 'meta-block-committed',
    height: head.height,
    transitionHash: candidate.transitionHash,
    gasUsed: receipt.gasUsed,
    transaction: receipt.hash,
  }
}
