import {
  type AuthorityHeader,
  chooseProposal,
  nextBaseFee,
  nextGasLimit,
  sealHash,
  sealPlan,
  sealPreimage,
} from '@mosaic/authority'
import { encodeSubmitVotes, PREDEPLOYS } from '@mosaic/contracts'
import {
  type Block,
  type Candidates,
  StateUnavailableError,
  type Transaction,
} from '@mosaic/execution'
import { type Address, hexToBytes, toBlockNumber, type Verdict } from '@mosaic/primitives'
import { type Body, findCulprit, listCandidates } from './block-culprit.ts'
import type { BlockRecord } from './block-record.ts'
import type { Chain, Imported } from './chain.ts'
import type { ChainFault } from './chain-errors.ts'
import { poolCandidates } from './pool-candidates.ts'
import { type BlockDraft, toSeal, unsealedBlock, withSeal } from './seal-block.ts'
import type { Sealer, SealPlace } from './sealer.ts'
import type { TransactionPool } from './transaction-pool.ts'
import type { UnsealedBlock, UnsealedBlockStore } from './unsealed-block.ts'
import type { PendingVote, VotePool } from './vote-pool.ts'
import { selectVotes } from './vote-selection.ts'

/** What a producer needs from the node around it. */
export type ProducerPorts = {
  readonly chain: Chain
  readonly transactions: TransactionPool
  readonly votes: VotePool
  /** Keeps the block that is being sealed over a crash. Without it, no block can be sealed again. */
  readonly unsealed?: UnsealedBlockStore
  /** Hands a sealed block to gossip. */
  readonly publish: (block: Block) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Calls `step` once after `ms`; the returned function cancels it. */
  readonly schedule: (ms: number, step: () => void) => () => void
  /** A fraction in [0, 1). */
  readonly random: () => number
  /** Votes of this node's operator on signers: authorise or drop. */
  readonly proposals: () => ReadonlyMap<Address, boolean>
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    event: string,
    fields: Record<string, unknown>,
  ) => void
}

/** How blocks are made. */
export type ProducerOptions = {
  readonly sealer: Sealer
  /** Gas limit that the producer moves towards. */
  readonly gasLimit: bigint
  /** At most 32 bytes, padded with zeros. */
  readonly vanity?: Uint8Array
}

/** Seals blocks when it is this signer's time. */
export type Producer = {
  readonly address: Address
  readonly start: () => void
  readonly stop: () => Promise<void>
}

const MAX_VOTES = 64
/** Gas for one vote; far more than it takes, also when it opens a link. */
const VOTE_GAS = 400_000n
const BASE_VOTE_GAS = 150_000n
const RETRY_MS = 250

/** Creates a stopped producer. */
export function createProducer(ports: ProducerPorts, options: ProducerOptions): Producer {
  const { chain, transactions, votes, now, log } = ports
  const { definition, execution } = chain
  const { sealer } = options
  const { address } = sealer
  const vanity = new Uint8Array(32)
  vanity.set((options.vanity ?? new Uint8Array()).subarray(0, 32))
  let cancel: (() => void) | undefined
  let unsubscribe: (() => void) | undefined
  let running: Promise<void> | undefined
  let stopped = true

  const plan = (): void => {
    cancel?.()
    cancel = undefined
    if (stopped) return
    const head = chain.head()
    const turn = sealPlan(head.snapshot, address, head.header.timestamp, definition.rules)
    if (!turn.canSeal || !isAllowed(head)) return
    const wiggle = turn.inTurn ? 0 : 1 + ports.random() * turn.wiggleMs
    const due = Number(turn.earliestTimestamp) * 1000 + wiggle
    cancel = ports.schedule(Math.max(0, due - now()), () => {
      // The plan for the next block may come due while the last one is still being published.
      running ??= produce(head, turn.difficulty).finally(() => {
        running = undefined
        if (stopped) return
        if (chain.head().hash !== head.hash) plan()
        else cancel = ports.schedule(RETRY_MS, plan)
      })
    })
  }

  /** Whether a block upon this one may be sealed: a new one, or that which was being sealed already. */
  const isAllowed = (parent: BlockRecord): boolean =>
    sealer.maySeal(placeAfter(parent)) || findUnsealed(parent) !== undefined

  const findUnsealed = (parent: BlockRecord): UnsealedBlock | undefined => {
    const last = sealer.lastSealHash()
    if (last === undefined) return undefined
    const unsealed = ports.unsealed?.load()
    return unsealed?.header.parentHash === parent.hash && sealHash(unsealed.header) === last
      ? unsealed
      : undefined
  }

  const produce = async (parent: BlockRecord, difficulty: 1n | 2n): Promise<void> => {
    const number = parent.header.number + 1n
    let block: Block | undefined
    try {
      const unsealed = findUnsealed(parent)
      block =
        unsealed === undefined
          ? await chain.exclusive(async () =>
              stopped || chain.head().hash !== parent.hash ? undefined : build(parent, difficulty),
            )
          : await resume(parent, unsealed)
    } catch (error) {
      log('warn', 'block not produced', { number, error })
    }
    if (block === undefined) return
    try {
      await ports.publish(block)
    } catch (error) {
      log('warn', 'block not published', { number, error })
    }
  }

  const build = async (parent: BlockRecord, difficulty: 1n | 2n): Promise<Block | undefined> => {
    const number = toBlockNumber(parent.header.number + 1n)
    const earliest = parent.header.timestamp + definition.rules.period
    const clock = BigInt(Math.floor(now() / 1000))
    const isEpoch = number % definition.rules.epoch === 0n
    const draft: BlockDraft = {
      parentHash: parent.hash,
      number,
      timestamp: clock > earliest ? clock : earliest,
      gasLimit: nextGasLimit(parent.header, options.gasLimit),
      difficulty,
      baseFeePerGas: nextBaseFee(parent.header),
    }
    const built = await buildBody(parent, draft)
    const unsealed = unsealedBlock(built, {
      ...draft,
      ...chooseProposal(parent.snapshot, ports.proposals(), ports.random, definition.rules.epoch),
      vanity,
      signers: isEpoch ? parent.snapshot.signers : [],
      sealer: address,
    })
    // Before the sealer records it: from then on no other block may stand in its place.
    await ports.unsealed?.save(unsealed)
    const block = withSeal(unsealed, await seal(parent, unsealed.header))
    return told(block, await chain.adopt(block, built))
  }

  /** Seals again the block that was being sealed when something failed, or the node was killed. */
  const resume = async (
    parent: BlockRecord,
    unsealed: UnsealedBlock,
  ): Promise<Block | undefined> => {
    const bytes = unsealed.withSeal(await seal(parent, unsealed.header))
    const imported = await chain.importBlock(bytes)
    const block = imported.ok ? chain.database.block(imported.value.record.hash) : undefined
    return told(block, imported)
  }

  const seal = async (parent: BlockRecord, header: AuthorityHeader): Promise<Uint8Array> =>
    toSeal(
      await sealer.seal({
        ...placeAfter(parent),
        sealHash: sealHash(header),
        preimage: sealPreimage(header),
      }),
    )

  const told = (
    block: Block | undefined,
    taken: Verdict<Imported, ChainFault>,
  ): Block | undefined => {
    if (!taken.ok) {
      log('warn', 'own block refused', { fault: taken.fault, hash: block?.hash })
      return undefined
    }
    const { hash, header } = taken.value.record
    log('debug', 'block sealed', {
      number: header.number,
      hash,
      transactions: block?.transactions.length,
    })
    return block
  }

  /**
   * First the votes, in a transaction of the producer's own account; then the pool by tip. What lets the block not be built leaves the pool:
   * nobody may stop a producer by what he sends.
   */
  const buildBody = async (parent: BlockRecord, draft: BlockDraft): Promise<Body> => {
    const run = (candidates: Candidates): Promise<Body> =>
      execution.processor.build(draft, chain.stateRoot(parent), address, candidates)
    const votesDue = await selectVotes(
      chain,
      votes,
      { ...parent.header, ...draft },
      address,
      voteLimit(draft.gasLimit),
    )
    const carried = votesDue.length === 0 ? [] : [await carryVotes(parent, draft, votesDue)]
    const offered: Transaction[] = []
    try {
      return await run(await offerPool(parent, draft, carried, offered))
    } catch (error) {
      if (error instanceof StateUnavailableError) throw error
      const { body, culprit } = await findCulprit(
        (count) => run(listCandidates([...carried, ...offered].slice(0, count))),
        carried.length + offered.length,
        error,
      )
      if (culprit < carried.length) {
        for (const { link, validator } of votesDue) votes.remove(link, validator)
        log('warn', 'votes break the block', {
          number: draft.number,
          votes: votesDue.length,
          error,
        })
        return body
      }
      const transaction = offered[culprit - carried.length]
      if (transaction !== undefined) transactions.remove(transaction.hash)
      log('warn', 'transaction breaks the block', {
        number: draft.number,
        hash: transaction?.hash,
        error,
      })
      return body
    }
  }

  /** Candidates from the pool, after those that come first. What is handed out goes into `offered`. */
  const offerPool = async (
    parent: BlockRecord,
    draft: BlockDraft,
    carried: readonly Transaction[],
    offered: Transaction[],
  ): Promise<Candidates> => {
    const waiting = await poolCandidates(chain, transactions, parent, draft.baseFeePerGas)
    const first = [...carried]
    return {
      next: () => {
        const own = first.shift()
        if (own !== undefined) return own
        const next = waiting.next()
        if (next !== undefined) offered.push(next)
        return next
      },
      skipped: (skipped) => {
        if (carried.includes(skipped.transaction)) {
          log('warn', 'votes not carried', { reason: skipped.reason })
        } else waiting.skipped(skipped)
      },
    }
  }

  const carryVotes = async (
    parent: BlockRecord,
    draft: BlockDraft,
    due: readonly PendingVote[],
  ): Promise<Transaction> => {
    const account = await execution.queries.account(chain.stateRoot(parent), address)
    const limit = BASE_VOTE_GAS + VOTE_GAS * BigInt(due.length)
    return execution.signTransactionElsewhere(
      {
        nonce: account.nonce,
        gasLimit: limit < draft.gasLimit ? limit : draft.gasLimit,
        maxFeePerGas: draft.baseFeePerGas,
        maxPriorityFeePerGas: 0n,
        to: PREDEPLOYS.finalityGadget,
        value: 0n,
        data: hexToBytes(encodeSubmitVotes(due)),
      },
      address,
      sealer.signTransaction,
    )
  }

  return {
    address,
    start: () => {
      stopped = false
      unsubscribe = chain.onHead(plan)
      plan()
    },
    stop: async () => {
      stopped = true
      cancel?.()
      unsubscribe?.()
      await running
    },
  }
}

function placeAfter({ header, auxiliary }: BlockRecord): SealPlace {
  return {
    number: toBlockNumber(header.number + 1n),
    justifiedHeight: auxiliary.justified.height,
  }
}

/** How many votes fit into one transaction. */
function voteLimit(gasLimit: bigint): number {
  const fitting = Number((gasLimit - BASE_VOTE_GAS) / VOTE_GAS)
  return Math.max(1, Math.min(MAX_VOTES, fitting))
}
