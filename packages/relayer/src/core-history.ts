import {
  type CoreLog,
  type EthereumClient,
  followKernel,
  type OpenedKernel,
  readCoreLogs,
} from '@mosaic/origin'
import {
  type Address,
  type BlockNumber,
  type Dynasty,
  type Hash32,
  type Height,
  type MetaHeight,
  toBlockNumber,
  toHeight,
} from '@mosaic/primitives'

/** A proposal that waits at the open height. */
type OpenProposal = {
  readonly height: MetaHeight
  readonly transitionHash: Hash32
  /** Seconds since 1970. */
  readonly challengeEnd: bigint
}

/** What a core's logs say, as far as a relayer needs it. */
export type CoreState = {
  /** The last kernels, the open one at the end. */
  readonly kernels: readonly OpenedKernel[]
  /** Height of the checkpoint committed last; 0 before the first. */
  readonly lastCheckpoint: Height
  /** Since the last kernel was opened. */
  readonly proposals: readonly OpenProposal[]
  /** Dynasty above which nothing can close the open height any more. */
  readonly ceiling: Dynasty | undefined
}

/** Follows the logs of one core. */
export type CoreHistory = {
  /** The state at the newest block. Who asks while it is being read gets the same answer. */
  readonly read: () => Promise<CoreState>
}

/** The open kernel, the one that auxiliary has active before it is confirmed there, and some to spare. */
const KERNELS_KEPT = 4
const EMPTY: CoreState = {
  kernels: [],
  lastCheckpoint: toHeight(0n),
  proposals: [],
  ceiling: undefined,
}
const EVENTS = [
  'KernelOpened',
  'MetaBlockCommitted',
  'MetaBlockProposed',
  'DynastyCapped',
  'ProposalStruck',
] as const

/**
 * Follows a core from its creation. What final blocks say is kept, not their logs, and read once; what later blocks say is read each time.
 * When the block up to which it has read is no longer there, it begins again.
 */
export function createCoreHistory(
  client: EthereumClient,
  core: Address,
  createdAt: BlockNumber,
): CoreHistory {
  let settled = EMPTY
  let anchor: { readonly number: BlockNumber; readonly hash: Hash32 } | undefined

  const follow = async (
    before: CoreState,
    from: BlockNumber,
    to: BlockNumber | 'latest',
  ): Promise<CoreState> => {
    return (await readCoreLogs(client, core, EVENTS, from, to)).reduce(applyLog, before)
  }

  const settle = async (): Promise<void> => {
    if (anchor !== undefined && (await client.header(anchor.number))?.hash !== anchor.hash) {
      settled = EMPTY
      anchor = undefined
    }
    const from = anchor === undefined ? createdAt : toBlockNumber(anchor.number + 1n)
    const final = await client.finalNumber()
    if (final === undefined || final < from) return
    // Read before the logs: if the chain changes in between, the next call notices.
    const header = await client.header(final)
    if (header === undefined) return
    settled = await follow(settled, from, final)
    anchor = { number: final, hash: header.hash }
  }

  const read = async (): Promise<CoreState> => {
    await settle()
    const from = anchor === undefined ? createdAt : toBlockNumber(anchor.number + 1n)
    return follow(settled, from, 'latest')
  }

  let reading: Promise<CoreState> | undefined
  return {
    read: () => {
      reading ??= read().finally(() => {
        reading = undefined
      })
      return reading
    },
  }
}

function applyLog(state: CoreState, entry: CoreLog): CoreState {
  const { event } = entry
  if (event.name === 'KernelOpened') {
    const opened = followKernel(state.kernels.at(-1)?.validatorSet ?? [], entry)
    if (opened === undefined) return state
    const kernels = [...state.kernels, opened].slice(-KERNELS_KEPT)
    return { ...state, kernels, proposals: [], ceiling: undefined }
  }
  if (event.name === 'MetaBlockCommitted') return { ...state, lastCheckpoint: event.sourceHeight }
  if (event.name === 'DynastyCapped') return { ...state, ceiling: event.dynasty }
  if (event.name === 'ProposalStruck') {
    const { transitionHash } = event
    const proposals = state.proposals.filter((each) => each.transitionHash !== transitionHash)
    return { ...state, proposals }
  }
  if (event.name !== 'MetaBlockProposed') return state
  const { height, transitionHash, challengeEnd } = event
  return { ...state, proposals: [...state.proposals, { height, transitionHash, challengeEnd }] }
}
