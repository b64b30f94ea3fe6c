import { encodeHeader } from '@mosaic/authority'
import { type BlockRecord, readValidatorSet } from '@mosaic/chain'
import { kernelRegistryViews, PREDEPLOYS } from '@mosaic/contracts'
import {
  bytesToHex,
  type Hash32,
  type MetaHeight,
  toDynasty,
  toGas,
  toHeight,
  toMetaHeight,
  ZERO_HASH,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  EMPTY_TRIE_ROOT,
  type Kernel,
  kernelHash,
  metaBlockHash,
  type TransitionObject,
  transitionHash,
  type ValidatorSet,
  voteDigest,
} from '@mosaic/protocol'
import type {
  KernelView,
  MetaBlockView,
  MosaicPort,
  MosaicStatusView,
  ValidatorSetView,
} from '@mosaic/rpc'
import { checkpointNumber, createCheckpoints, dynastyOf, readContract } from './checkpoints.ts'
import type { MosaicContext, RpcContext } from './context.ts'
import { readProof } from './state-port.ts'
import { createVoteViews } from './vote-views.ts'

/** What a node knows of the protocol: from the states of its chain, and of the core on origin. */
export function createMosaicPort(
  { chain, signer, syncProgress }: Pick<RpcContext, 'chain' | 'signer' | 'syncProgress'>,
  context: MosaicContext,
): MosaicPort {
  const { origin } = context
  const { definition } = chain
  const { identity } = definition
  const domain = domainSeparator(identity)
  const checkpoints = createCheckpoints(chain)
  const votes = createVoteViews({ ...context, chain, syncProgress })
  let active: { readonly kernelHash: Hash32; readonly kernel: Kernel } | undefined

  const activeKernel = async (head: BlockRecord): Promise<Kernel> => {
    if (active?.kernelHash === head.kernelHash) return active.kernel
    const view = kernelRegistryViews.activeKernel
    active = await readContract(chain, head, PREDEPLOYS.kernelRegistry, view, [])
    return active.kernel
  }

  const findKernel = async (height: MetaHeight | undefined): Promise<KernelView | undefined> => {
    const head = chain.head()
    const kernel = await activeKernel(head)
    if (height === undefined || height === kernel.height) {
      return { hash: head.kernelHash, kernel, active: true }
    }
    const pending = await readContract(
      chain,
      head,
      PREDEPLOYS.kernelRegistry,
      kernelRegistryViews.pendingKernel,
      [],
    )
    if (height !== 0n && pending.kernel.height === height) {
      return { hash: pending.kernelHash, kernel: pending.kernel, active: false }
    }
    const first = height === 0n ? await findKernel(toMetaHeight(1n)) : undefined
    if (first !== undefined) {
      const zeroth = zerothKernel(coreIdentifier(identity), first.kernel)
      return { hash: kernelHash(zeroth), kernel: zeroth, active: true }
    }
    const opened = await origin?.kernel(height)
    if (opened === undefined) return undefined
    return { hash: opened.kernelHash, kernel: opened.kernel, active: height <= kernel.height }
  }

  const findValidatorSet = async (
    height: MetaHeight | undefined,
  ): Promise<ValidatorSetView | undefined> => {
    const head = chain.head()
    const kernel = await activeKernel(head)
    if (height === undefined || height === kernel.height) {
      return toSetView(kernel, await readValidatorSet(chain, head))
    }
    // V_0 is V_1.
    const opened = await origin?.kernel(height === 0n ? toMetaHeight(1n) : height)
    if (opened === undefined) return undefined
    return { ...toSetView(opened.kernel, opened.validatorSet), height }
  }

  const genesisMetaBlock = async (): Promise<MetaBlockView | undefined> => {
    const zeroth = await findKernel(toMetaHeight(0n))
    if (zeroth === undefined) return undefined
    const { number, hash } = definition.originRoot
    const transition: TransitionObject = {
      dynasty: toDynasty(0n),
      originBlockNumber: number,
      originBlockHash: hash,
      accumulatedTransactionRoot: EMPTY_TRIE_ROOT,
      accumulatedGas: toGas(0n),
      kernelHash: zeroth.hash,
    }
    const committed = transitionHash(transition)
    return {
      height: toMetaHeight(0n),
      hash: metaBlockHash(zeroth.hash, committed),
      kernel: zeroth.kernel,
      kernelHash: zeroth.hash,
      transition,
      transitionHash: committed,
      checkpoint: undefined,
      seal: [],
      stateRoot: ZERO_HASH,
      commitTransaction: undefined,
    }
  }

  return {
    status: async (): Promise<MosaicStatusView> => {
      const head = chain.head()
      const { justified, finalized = { height: toHeight(0n), hash: chain.genesis.hash } } =
        head.auxiliary
      const { height: kernelHeight } = await activeKernel(head)
      return {
        coreIdentifier: coreIdentifier(identity),
        originChainId: identity.originChainId,
        core: identity.core,
        epochLength: definition.epochLength,
        originEpochLength: definition.originEpochLength,
        genesisHash: chain.genesis.hash,
        head: { number: head.header.number, hash: head.hash },
        justified: { ...justified, number: checkpointNumber(chain, justified.height) },
        finalized: { ...finalized, number: checkpointNumber(chain, finalized.height) },
        dynasty: dynastyOf(chain, head),
        kernelHeight,
        observation: head.observation,
        validator: context.validator,
        signer,
        accountability: context.accountability(),
      }
    },
    checkpoint: checkpoints.view,
    transitionObject: checkpoints.transition,
    votes: votes.find,
    sendVote: votes.send,
    kernel: findKernel,
    validatorSet: findValidatorSet,
    metaBlock: async (height) => {
      if (height === 0n) return genesisMetaBlock()
      const found = await origin?.metaBlock(height)
      const opened = found === undefined ? undefined : await findKernel(height)
      if (found === undefined || opened === undefined) return undefined
      const { committed, transition, transactionHash } = found
      const { source, target, sourceHeight, stateRoot } = committed
      const link = voteDigest(domain, {
        chain: coreIdentifier(identity),
        transitionHash: committed.transitionHash,
        source,
        target,
        sourceHeight,
        targetHeight: toHeight(sourceHeight + 1n),
      })
      return {
        height,
        hash: metaBlockHash(opened.hash, committed.transitionHash),
        kernel: opened.kernel,
        kernelHash: opened.hash,
        transition,
        transitionHash: committed.transitionHash,
        checkpoint: {
          height: sourceHeight,
          number: checkpointNumber(chain, sourceHeight),
          hash: source,
        },
        seal: await votes.find({ link }),
        stateRoot,
        commitTransaction: transactionHash,
      }
    },
    proof: async (address, slots, height) => {
      const source = (await origin?.metaBlock(height))?.committed.source
      const record = source === undefined ? undefined : chain.database.record(source)
      if (record === undefined) return undefined
      return {
        height,
        blockNumber: record.header.number,
        blockHash: record.hash,
        stateRoot: record.header.stateRoot,
        header: bytesToHex(encodeHeader(record.header)),
        proof: await readProof(chain, record.hash, address, slots),
      }
    },
  }
}

/** K_0, which no event tells: K_1 has its set and its updates (docs/protocol.md §2, "Genesis"). */
function zerothKernel(identifier: Hash32, first: Kernel): Kernel {
  return { ...first, height: toMetaHeight(0n), parent: identifier, gasTarget: toGas(0n) }
}

function toSetView(kernel: Kernel, seats: ValidatorSet): ValidatorSetView {
  return {
    height: kernel.height,
    hash: kernel.validatorSetHash,
    seats,
    forwardWeight: kernel.forwardWeight,
    rearWeight: kernel.rearWeight,
  }
}
