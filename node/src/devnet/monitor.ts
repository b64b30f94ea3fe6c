import {
  type CoreEvent,
  finalityGadgetViews,
  kernelRegistryViews,
  PREDEPLOYS,
} from '@mosaic/contracts'
import {
  type EthereumClient,
  isRecord,
  readCoreLogs,
  readView,
  toQuantity,
  toQuantityHex,
} from '@mosaic/origin'
import {
  type Address,
  type BlockNumber,
  type Hash32,
  hexToBytes,
  toBlockNumber,
  toHash32,
  toHeight,
  ZERO_HASH,
} from '@mosaic/primitives'
import { type CoreIdentity, coreIdentifier, decodeValidatorSet } from '@mosaic/protocol'

/** Something that happened on a local network, read from the two chains alone. */
export type DevnetEvent =
  | {
      readonly event: 'block'
      readonly number: bigint
      readonly hash: Hash32
      readonly transactions: number
    }
  | {
      readonly event: 'checkpoint.justified'
      readonly height: bigint
      readonly hash: Hash32
      readonly dynasty: bigint
    }
  | {
      readonly event: 'checkpoint.finalized'
      readonly height: bigint
      readonly hash: Hash32
      readonly dynasty: bigint
    }
  | {
      readonly event: 'metablock.proposed'
      readonly height: bigint
      readonly dynasty: bigint
      readonly originGas: bigint
      readonly originTx: Hash32
    }
  | {
      readonly event: 'metablock.committed'
      readonly height: bigint
      readonly dynasty: bigint
      /** Gas used on auxiliary within the meta-block. */
      readonly gas: bigint
      /** Transactions on auxiliary within the meta-block. */
      readonly transactions: bigint
      /** Gas of propose and commit on origin. */
      readonly originGas: bigint
      readonly originTx: Hash32
    }
  | { readonly event: 'kernel.activated'; readonly height: bigint }
  | {
      readonly event: 'validator.slashed'
      readonly validator: Address
      readonly offence: string
      /** What it lost, in base units of the staked token (10^-18). */
      readonly loss: bigint
      readonly reporter: Address
      readonly originTx: Hash32
    }
  | {
      /** No transition object with a greater dynasty can close the height any more. */
      readonly event: 'dynasty.capped'
      readonly height: bigint
      readonly dynasty: bigint
      readonly challenger: Address
      readonly originTx: Hash32
    }
  | {
      /** A proposal above the cap lost its bond. */
      readonly event: 'proposal.struck'
      readonly height: bigint
      readonly transitionHash: Hash32
      readonly challenger: Address
      readonly originTx: Hash32
    }
  | {
      /** All validators of the height lose a fraction of their stakes. */
      readonly event: 'gastarget.missed'
      readonly height: bigint
      readonly missedDynasties: bigint
      /** Millionths. */
      readonly fraction: bigint
      readonly challenger: Address
      readonly originTx: Hash32
    }
  | {
      /** A validator's stake followed such a loss. */
      readonly event: 'stake.reduced'
      readonly validator: Address
      /** Base units of the staked token (10^-18). */
      readonly loss: bigint
      readonly challenger: Address
      readonly originTx: Hash32
    }
  | {
      readonly event: 'core.halted'
      readonly height: bigint
      readonly reason: string
      readonly reporter: Address
      readonly originTx: Hash32
    }

/** What the live view shows. */
export type DevnetStatus = {
  readonly head: bigint
  readonly justified: bigint
  readonly finalized: bigint | undefined
  readonly dynasty: bigint
  readonly openKernel: bigint
  readonly activeKernel: bigint
  readonly observation: bigint
  readonly votes: ReadonlyMap<Address, bigint>
  readonly metaBlocks: readonly Extract<DevnetEvent, { event: 'metablock.committed' }>[]
  /** Slashings, struck proposals, losses and a halt, oldest first. */
  readonly verdicts: readonly Verdict[]
}

/** What the core decided about validators, or about itself. */
type Verdict = Extract<
  DevnetEvent,
  {
    event:
      | 'validator.slashed'
      | 'dynasty.capped'
      | 'proposal.struck'
      | 'gastarget.missed'
      | 'stake.reduced'
      | 'core.halted'
  }
>

/** Follows a network. */
export type Monitor = {
  /** Reads both chains once and returns what is new. */
  readonly poll: () => Promise<readonly DevnetEvent[]>
  readonly status: () => DevnetStatus
}

type Proposed = {
  readonly dynasty: bigint
  readonly accumulatedGas: bigint
  readonly originGas: bigint
}

/** Creates a monitor that has seen nothing yet. */
export function createMonitor(
  origin: EthereumClient,
  auxiliary: EthereumClient,
  identity: CoreIdentity,
  epochLength: bigint,
  createdAt: BlockNumber,
): Monitor {
  const { core } = identity
  const chain = coreIdentifier(identity)
  const proposals = new Map<Hash32, Proposed>()
  const metaBlocks: Extract<DevnetEvent, { event: 'metablock.committed' }>[] = []
  const verdicts: Verdict[] = []
  const votes = new Map<Address, bigint>()
  let head = -1n
  let justified = 0n
  let finalized: bigint | undefined
  let dynasty = 0n
  let activeKernel = 1n
  let openKernel = 1n
  let observation = 0n
  let originFrom = createdAt
  let lastGas = 0n
  let lastBlock = 0n

  const readBlocks = async (): Promise<readonly DevnetEvent[]> => {
    const newest = await auxiliary.blockNumber()
    const events: DevnetEvent[] = []
    const from = head < 0n || newest - head > 100n ? newest : head + 1n
    for (let number: bigint = from; number <= newest; number++) {
      const block = await auxiliary.request('eth_getBlockByNumber', [toQuantityHex(number), false])
      if (!isRecord(block)) break
      const { transactions } = block
      events.push({
        event: 'block',
        number,
        hash: toHash32(String(block['hash'])),
        transactions: Array.isArray(transactions) ? transactions.length : 0,
      })
      head = number
    }
    return events
  }

  const readFinality = async (): Promise<readonly DevnetEvent[]> => {
    const gadget = PREDEPLOYS.finalityGadget
    const status = await readView(auxiliary, gadget, finalityGadgetViews.status, [chain])
    const events: DevnetEvent[] = []
    dynasty = status.finalizedCount
    if (status.justifiedHeight > justified) {
      justified = status.justifiedHeight
      events.push({
        event: 'checkpoint.justified',
        height: justified,
        hash: status.justifiedHash,
        dynasty,
      })
      await readVotes(justified)
    }
    if (
      status.finalizedHash !== ZERO_HASH &&
      (finalized === undefined || status.finalizedHeight > finalized)
    ) {
      finalized = status.finalizedHeight
      events.push({
        event: 'checkpoint.finalized',
        height: finalized,
        hash: status.finalizedHash,
        dynasty,
      })
    }
    const active = await readView(
      auxiliary,
      PREDEPLOYS.kernelRegistry,
      kernelRegistryViews.activeKernel,
      [],
    )
    if (active.kernel.height > activeKernel) {
      activeKernel = active.kernel.height
      events.push({ event: 'kernel.activated', height: activeKernel })
    }
    const answer = await auxiliary.request('mosaic_status', [])
    if (isRecord(answer) && isRecord(answer['observation'])) {
      observation = toQuantity(answer['observation']['number'], 'observation')
    }
    return events
  }

  const readVotes = async (height: bigint): Promise<void> => {
    if (votes.size === 0) {
      const words = await readView(
        auxiliary,
        PREDEPLOYS.finalityGadget,
        finalityGadgetViews.validatorSet,
        [],
      )
      for (const seat of decodeValidatorSet(hexToBytes(words))) {
        if (seat !== undefined) votes.set(seat.address, 0n)
      }
    }
    const answer = await auxiliary.request('mosaic_votes', [
      { chain: 'auxiliary', height: toQuantityHex(toHeight(height)) },
    ])
    for (const vote of Array.isArray(answer) ? answer : []) {
      if (!isRecord(vote)) continue
      const voter = [...votes.keys()].find((address) => address === vote['validator'])
      if (voter !== undefined) votes.set(voter, height)
    }
  }

  const gasOf = async (transaction: Hash32): Promise<bigint> => {
    const receipt = await origin.request('eth_getTransactionReceipt', [transaction])
    return isRecord(receipt) ? toQuantity(receipt['gasUsed'], 'gasUsed') : 0n
  }

  const countTransactions = async (fromBlock: bigint, toBlock: bigint): Promise<bigint> => {
    let count = 0n
    for (let number = fromBlock; number <= toBlock; number++) {
      const answer = await auxiliary.request('eth_getBlockTransactionCountByNumber', [
        toQuantityHex(number),
      ])
      if (typeof answer === 'string') count += BigInt(answer)
    }
    return count
  }

  const readCore = async (): Promise<readonly DevnetEvent[]> => {
    const newest = await origin.blockNumber()
    if (newest < originFrom) return []
    const names = ['MetaBlockProposed', 'MetaBlockCommitted', 'KernelOpened', ...VERDICTS] as const
    const logs = await readCoreLogs(origin, core, names, originFrom, newest)
    const events: DevnetEvent[] = []
    for (const { event, log } of logs) {
      if (event.name === 'KernelOpened') openKernel = event.height
      const verdict = toVerdict(event, log.transactionHash)
      if (verdict !== undefined) {
        verdicts.push(verdict)
        events.push(verdict)
      }
      if (event.name === 'MetaBlockProposed') {
        const { transition } = event
        const originGas = await gasOf(log.transactionHash)
        proposals.set(event.transitionHash, {
          dynasty: transition.dynasty,
          accumulatedGas: transition.accumulatedGas,
          originGas,
        })
        events.push({
          event: 'metablock.proposed',
          height: event.height,
          dynasty: transition.dynasty,
          originGas,
          originTx: log.transactionHash,
        })
      }
      if (event.name === 'MetaBlockCommitted') {
        const proposed = proposals.get(event.transitionHash)
        const block = event.sourceHeight * epochLength
        const committed = {
          event: 'metablock.committed',
          height: event.height,
          dynasty: proposed?.dynasty ?? 0n,
          gas: (proposed?.accumulatedGas ?? lastGas) - lastGas,
          transactions: await countTransactions(lastBlock + 1n, block),
          originGas: (proposed?.originGas ?? 0n) + (await gasOf(log.transactionHash)),
          originTx: log.transactionHash,
        } as const
        lastGas = proposed?.accumulatedGas ?? lastGas
        lastBlock = block
        metaBlocks.push(committed)
        events.push(committed)
      }
    }
    originFrom = toBlockNumber(newest + 1n)
    return events
  }

  return {
    poll: async () => [...(await readBlocks()), ...(await readFinality()), ...(await readCore())],
    status: () => ({
      head,
      justified,
      finalized,
      dynasty,
      openKernel,
      activeKernel,
      observation,
      votes,
      metaBlocks,
      verdicts,
    }),
  }
}

/** Events of a core that are verdicts. */
const VERDICTS = [
  'ValidatorSlashed',
  'DynastyCapped',
  'ProposalStruck',
  'GasTargetMissed',
  'StakeReduced',
  'Halted',
] as const

/** What the core decided by an event; undefined if it decided about nobody. */
export function toVerdict(event: CoreEvent, originTx: Hash32): Verdict | undefined {
  if (event.name === 'ValidatorSlashed') {
    const { validator, offence, stake, reporter } = event
    return { event: 'validator.slashed', validator, offence, loss: stake, reporter, originTx }
  }
  if (event.name === 'DynastyCapped') {
    const { height, dynasty, challenger } = event
    return { event: 'dynasty.capped', height, dynasty, challenger, originTx }
  }
  if (event.name === 'ProposalStruck') {
    const { height, transitionHash, challenger } = event
    return { event: 'proposal.struck', height, transitionHash, challenger, originTx }
  }
  if (event.name === 'GasTargetMissed') {
    const { height, missedDynasties, fraction, challenger } = event
    return { event: 'gastarget.missed', height, missedDynasties, fraction, challenger, originTx }
  }
  if (event.name === 'StakeReduced') {
    const { validator, loss, challenger } = event
    return { event: 'stake.reduced', validator, loss, challenger, originTx }
  }
  if (event.name !== 'Halted') return undefined
  const { height, reason, reporter } = event
  return { event: 'core.halted', height, reason, reporter, originTx }
}
