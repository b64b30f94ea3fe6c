import type { Checkpoint } from '@mosaic/chain'
import { coreViews } from '@mosaic/contracts'
import type { NetworkGenesis } from '@mosaic/genesis'
import { type EthereumClient, readCoreLogs, readView } from '@mosaic/origin'
import { type Address, CodedError, type Hash32, type MetaHeight } from '@mosaic/primitives'
import { kernelHash } from '@mosaic/protocol'

/** An auxiliary checkpoint that the core has taken as final. */
export type CommittedCheckpoint = {
  readonly metaHeight: MetaHeight
  readonly checkpoint: Checkpoint
  /** Anchored in the core's storage. */
  readonly stateRoot: Hash32
}

/** What origin has at the core's address is not the core of this genesis, or contradicts itself. */
export class WrongCoreError extends CodedError<{
  readonly code: 'WRONG_CORE'
  readonly core: Address
  readonly expected: Hash32
  readonly received: Hash32 | undefined
}> {
  override readonly name = 'WrongCoreError'

  constructor(core: Address, what: string, expected: Hash32, received: Hash32 | undefined) {
    super(
      { code: 'WRONG_CORE', core, expected, received },
      `expected the core ${core} with ${what} ${expected}, received ${received}`,
    )
  }
}

/**
 * Reads the newest meta-block that is committed in a final block of origin, from this node's own endpoint.
 *
 * @returns undefined if there is none yet.
 * @throws WrongCoreError; and what the endpoint throws.
 */
export async function readCommittedCheckpoint(
  origin: EthereumClient,
  genesis: Pick<NetworkGenesis, 'core' | 'coreCreatedAt' | 'kernelHash'>,
): Promise<CommittedCheckpoint | undefined> {
  const { core, coreCreatedAt } = genesis
  const final = await origin.finalNumber()
  if (final === undefined || final < coreCreatedAt) return undefined
  const names = ['KernelOpened', 'MetaBlockCommitted'] as const
  const events = (await readCoreLogs(origin, core, names, coreCreatedAt, final)).map(
    ({ event }) => event,
  )
  const first = events.find((event) => event.name === 'KernelOpened')
  const opened = first === undefined ? undefined : kernelHash(first.kernel)
  if (opened !== genesis.kernelHash) {
    throw new WrongCoreError(core, 'first kernel', genesis.kernelHash, opened)
  }
  const committed = events.findLast((event) => event.name === 'MetaBlockCommitted')
  if (committed === undefined) return undefined
  const { height, source, sourceHeight, stateRoot } = committed
  const anchored = await readView(origin, core, coreViews.stateRoot, [height], final)
  if (anchored !== stateRoot) throw new WrongCoreError(core, 'state root', stateRoot, anchored)
  return { metaHeight: height, checkpoint: { height: sourceHeight, hash: source }, stateRoot }
}
