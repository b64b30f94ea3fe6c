import {
  encodeConfirmKernel,
  encodeReportHeader,
  finalityGadgetViews,
  kernelRegistryViews,
  originObserverViews,
  PREDEPLOYS,
} from '@mosaic/contracts'
import { readView } from '@mosaic/origin'
import {
  bytesToHex,
  type Hash32,
  keccak256,
  type MetaHeight,
  toBlockNumber,
  ZERO_HASH,
} from '@mosaic/primitives'
import { encodeValidatorSet, encodeWords, originIdentifier } from '@mosaic/protocol'
import type { CoreState } from './core-history.ts'
import type { RelayedCore, RelayerAction, RelayerPorts } from './ports.ts'

/** Storage slot of the core's mapping height → K̃ for one height (docs/protocol.md §5). */
export function kernelSlot(height: MetaHeight): Hash32 {
  return keccak256(encodeWords(height, 0n))
}

/** Reports the newest origin checkpoint that is final on origin, if auxiliary has not seen it and it is above the justified observation. */
export async function reportOriginHeader(
  { origin, auxiliary, turns }: RelayerPorts,
  { identity, originEpochLength }: RelayedCore,
): Promise<RelayerAction | undefined> {
  const finalNumber = await origin.client.finalNumber()
  if (finalNumber === undefined) return undefined
  const number = toBlockNumber((finalNumber / originEpochLength) * originEpochLength)
  const status = await readView(
    auxiliary.client,
    PREDEPLOYS.finalityGadget,
    finalityGadgetViews.status,
    [originIdentifier(identity.originChainId)],
  )
  if (number / originEpochLength <= status.justifiedHeight) return undefined
  const header = await origin.client.header(number)
  if (header === undefined) return undefined
  const known = await readView(
    auxiliary.client,
    PREDEPLOYS.originObserver,
    originObserverViews.observation,
    [header.hash],
  )
  if (known.blockHash !== ZERO_HASH) return undefined
  const purpose = `header ${number}`
  if (turns?.isOurs(purpose) === false) return undefined
  const receipt = await auxiliary.sender.send({
    to: PREDEPLOYS.originObserver,
    data: encodeReportHeader(bytesToHex(header.rlp)),
    purpose,
  })
  return { kind: 'header-reported', number, transaction: receipt.hash }
}

/** Confirms the next kernel on auxiliary, once the block that opened it lies under a finalized observation. */
export async function confirmNextKernel(
  { origin, auxiliary, turns }: RelayerPorts,
  { identity }: RelayedCore,
  { kernels }: CoreState,
): Promise<RelayerAction | undefined> {
  const registry = PREDEPLOYS.kernelRegistry
  const active = await readView(auxiliary.client, registry, kernelRegistryViews.activeKernel, [])
  const pending = await readView(auxiliary.client, registry, kernelRegistryViews.pendingKernel, [])
  if (pending.kernel.height > 0n) return undefined
  const observed = await readView(
    auxiliary.client,
    PREDEPLOYS.originObserver,
    originObserverViews.latestFinalized,
    [],
  )
  const next = kernels.find(
    ({ kernel, openedAt }) =>
      kernel.height === active.kernel.height + 1n && openedAt.blockNumber <= observed.number,
  )
  if (next === undefined) return undefined
  const purpose = `kernel ${next.kernel.height}`
  if (turns?.isOurs(purpose) === false) return undefined
  const slot = kernelSlot(next.kernel.height)
  const proof = await origin.client.proof(identity.core, [slot], observed.number)
  const receipt = await auxiliary.sender.send({
    to: registry,
    data: encodeConfirmKernel({
      kernel: next.kernel,
      validatorSet: bytesToHex(encodeValidatorSet(next.validatorSet)),
      originBlockNumber: observed.number,
      accountProof: proof.accountProof.map(bytesToHex),
      storageProof: (proof.storageProofs[0]?.proof ?? []).map(bytesToHex),
    }),
    purpose,
  })
  return { kind: 'kernel-confirmed', height: next.kernel.height, transaction: receipt.hash }
}
