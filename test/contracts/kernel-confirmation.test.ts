import {
  type AuxiliaryConfiguration,
  decodeAuxiliaryEvent,
  decodeSubmitVotes,
  encodeConfirmKernel,
  encodeReportHeader,
  encodeSubmitVotes,
  finalityGadgetViews,
  kernelRegistryViews,
  originObserverViews,
  PREDEPLOYS,
  transitionTrackerViews,
} from '@mosaic/contracts'
import { bytesToHex, type Hash32, toBlockNumber, toGas, toHeight } from '@mosaic/primitives'
import {
  domainSeparator,
  encodeValidatorSet,
  type Kernel,
  kernelHash,
  originIdentifier,
  originTransitionHash,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Anvil, getProof, startAnvil } from './anvil.ts'
import { getHeader, type HeaderOfBlock } from './anvil-header.ts'
import {
  closeMetaBlock,
  kernelHashSlot,
  ORIGIN_CHAIN_ID,
  openCore,
  type RunningCore,
} from './meta-block.ts'
import { placePredeploys } from './predeploys.ts'

/** One anvil is origin, and holds the predeploys too; only the clock of auxiliary checkpoints stands still. */
describe('KernelRegistry.confirmKernel against eth_getProof', () => {
  let anvil: Anvil
  let core: RunningCore
  let root: HeaderOfBlock

  beforeEach(async () => {
    anvil = await startAnvil()
    core = await openCore(anvil, 4)
    root = await getHeader(anvil, 'latest')
    const configuration: AuxiliaryConfiguration = {
      originChainId: ORIGIN_CHAIN_ID,
      core: core.address,
      epochLength: 1_000_000n,
      originEpochLength: 1n,
      maxVoteAge: 1_000n,
      originRootNumber: toBlockNumber(root.number),
      originRootHash: root.hash,
      originRootStateRoot: root.stateRoot,
    }
    await placePredeploys(anvil, core, configuration)
  })

  afterEach(async () => {
    await anvil.stop()
  })

  test('starts from the kernel and the observation of genesis', async () => {
    const registry = await anvil.call(
      PREDEPLOYS.kernelRegistry,
      kernelRegistryViews.activeKernel.encode(),
    )
    expect(kernelRegistryViews.activeKernel.decode(registry)).toEqual({
      kernel: core.kernel,
      kernelHash: kernelHash(core.kernel),
    })
    const set = await anvil.call(
      PREDEPLOYS.finalityGadget,
      finalityGadgetViews.validatorSet.encode(),
    )
    expect(finalityGadgetViews.validatorSet.decode(set)).toBe(
      bytesToHex(encodeValidatorSet(core.validators)),
    )
    const transition = await anvil.call(
      PREDEPLOYS.transitionTracker,
      transitionTrackerViews.transition.encode(),
    )
    expect(transitionTrackerViews.transition.decode(transition)).toMatchObject({
      dynasty: 0n,
      originBlockNumber: root.number,
      originBlockHash: root.hash,
    })
  })

  test('confirms a kernel that a commit opened (negative test 5)', async () => {
    const { core: next } = await closeMetaBlock(anvil, core)
    const pending = await confirm(next.kernel)
    expect(pending).toEqual(next.kernel)
  })

  test('confirms a kernel whose hash begins with zeros (negative test 5)', async () => {
    const { core: next } = await closeMetaBlock(anvil, core)
    const kernel = findKernelWithLeadingZeros(next.kernel)
    await anvil.request('anvil_setStorageAt', core.address, kernelHashSlot(2n), kernelHash(kernel))
    await anvil.request('anvil_mine')
    const pending = await confirm(kernel)
    expect(pending).toEqual(kernel)
  })

  /** Finalizes the newest block and confirms the kernel under it. Returns the kernel that waits for activation. */
  async function confirm(kernel: Kernel): Promise<Kernel> {
    const observed = await getHeader(anvil, 'latest')
    const proof = await getProof(anvil, core.address, kernelHashSlot(2n))
    await finalize(observed)
    const confirmed = await anvil.send({
      to: PREDEPLOYS.kernelRegistry,
      data: encodeConfirmKernel({
        kernel,
        validatorSet: bytesToHex(encodeValidatorSet(core.validators)),
        originBlockNumber: toBlockNumber(observed.number),
        ...proof,
      }),
    })
    expect(confirmed.logs.map(decodeAuxiliaryEvent)).toEqual([
      {
        name: 'KernelConfirmed',
        height: 2n,
        kernelHash: kernelHash(kernel),
        dynasty: 0n,
        kernel,
      },
    ])
    const pending = await anvil.call(
      PREDEPLOYS.kernelRegistry,
      kernelRegistryViews.pendingKernel.encode(),
    )
    const waiting = kernelRegistryViews.pendingKernel.decode(pending)
    expect(waiting.kernelHash).toBe(kernelHash(kernel))
    expect(waiting.activationDynasty).toBe(2n)
    return waiting.kernel
  }

  /** Justifies the block from the root, and finalizes it by a link to the block after it. */
  async function finalize(observed: HeaderOfBlock): Promise<void> {
    await anvil.request('anvil_mine')
    const after = await getHeader(anvil, `0x${(observed.number + 1n).toString(16)}`)
    for (const header of [observed, after]) {
      await anvil.send({ to: PREDEPLOYS.originObserver, data: encodeReportHeader(header.rlp) })
    }
    const links: readonly VoteMessage[] = [link(root, observed), link(observed, after)]
    const domain = domainSeparator({ originChainId: ORIGIN_CHAIN_ID, core: core.address })
    const votes = links.flatMap((vote) =>
      core.keys.map((key) => ({ vote, signature: signDigest(voteDigest(domain, vote), key) })),
    )
    const data = encodeSubmitVotes(votes)
    const results = decodeSubmitVotes(await anvil.call(PREDEPLOYS.finalityGadget, data))
    expect(results).toEqual(votes.map(() => 'recorded'))
    const { logs } = await anvil.send({ to: PREDEPLOYS.finalityGadget, data })
    const events = logs.map(decodeAuxiliaryEvent)
    const recorded = events.flatMap((event) =>
      event?.name === 'VoteRecorded' ? [event.signature] : [],
    )
    expect(recorded).toEqual(votes.map(({ signature }) => signature))
    expect(events.filter((event) => event?.name === 'CheckpointFinalized')).toHaveLength(1)
    const latest = await anvil.call(
      PREDEPLOYS.originObserver,
      originObserverViews.latestFinalized.encode(),
    )
    expect(originObserverViews.latestFinalized.decode(latest)).toEqual({
      number: observed.number,
      blockHash: observed.hash,
      stateRoot: observed.stateRoot,
    })
  }
})

function link(source: HeaderOfBlock, target: HeaderOfBlock): VoteMessage {
  return {
    chain: originIdentifier(ORIGIN_CHAIN_ID),
    transitionHash: originTransitionHash({
      blockNumber: toBlockNumber(source.number),
      blockHash: source.hash,
      stateRoot: source.stateRoot,
    }),
    source: source.hash,
    target: target.hash,
    sourceHeight: toHeight(source.number),
    targetHeight: toHeight(target.number),
  }
}

function findKernelWithLeadingZeros(kernel: Kernel): Kernel {
  for (let gasTarget = 0n; ; gasTarget++) {
    const candidate = { ...kernel, gasTarget: toGas(gasTarget) }
    const hash: Hash32 = kernelHash(candidate)
    if (hash.startsWith('0x00')) return candidate
  }
}
