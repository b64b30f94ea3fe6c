import { setImmediate } from 'node:timers/promises'
import { nextBaseFee } from '@mosaic/authority'
import {
  type BlockDraft,
  type BlockRecord,
  type Chain,
  poolCandidates,
  sealBlock,
  type TransactionPool,
} from '@mosaic/chain'
import { type Built, type Candidates, effectiveTip, type Transaction } from '@mosaic/execution'
import {
  type Hash32,
  hexToBytes,
  InvalidValueError,
  toBlockNumber,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { type BlockAheadPorts, createBlockAhead } from './block-ahead.ts'
import type { Clock } from './clock.ts'
import { SEALER } from './genesis.ts'

/** Seals the blocks of a chain whenever it is told to. */
export type Miner = {
  /** Seals so many blocks, the first with what waits. */
  readonly mine: (count: bigint, intervalSeconds?: bigint) => Promise<void>
  /** Seals the block that is due at a time as of `performance.now()`, now. */
  readonly mineDue: (due: number) => Promise<void>
  /** Takes note of a transaction that waits for a block that will be due: it is run already. */
  readonly note: (transaction: Transaction) => void
  /** Seals blocks until a waiting transaction is in one; none if it cannot be in the next. */
  readonly include: (hash: Hash32) => Promise<void>
  /** Puts as many other, empty blocks in the place of the last ones. @throws InvalidValueError if there are not so many. */
  readonly reorganise: (depth: bigint) => Promise<void>
  readonly settings: () => MinerSettings
  readonly set: (change: Partial<MinerSettings>) => void
}

/** What the next blocks are like. */
export type MinerSettings = {
  readonly gasLimit: bigint
  /** Wei; undefined: as EIP-1559 has it. */
  readonly nextBaseFee: bigint | undefined
}

const SECRET_KEY = hexToBytes(SEALER.secretKey)
const VANITY_BYTES = 32
const DIFFICULTY_IN_TURN = 2n
/** Blocks that are sealed before other work gets its turn. */
const BLOCKS_AT_ONCE = 256n
const NOTHING: Candidates = { next: () => undefined, skipped: () => undefined }

/** Creates the miner of a chain. */
export function createMiner(
  chain: Chain,
  transactions: TransactionPool,
  clock: Clock,
  gasLimit: bigint,
  automation: Pick<BlockAheadPorts, 'dueInMs' | 'sealEarly'>,
): Miner {
  const { execution, definition } = chain
  let settings: MinerSettings = { gasLimit, nextBaseFee: undefined }
  /** Told apart in the vanity: otherwise the blocks of a new branch could be those of the old one. */
  let branch = 0
  /** The block that has been asked for and is not begun. */
  let asked: Promise<void> | undefined

  const baseFeeAfter = (parent: BlockRecord): bigint =>
    settings.nextBaseFee ?? nextBaseFee(parent.header)

  const draftAfter = (parent: BlockRecord, timestamp: bigint): BlockDraft => ({
    parentHash: parent.hash,
    number: toBlockNumber(parent.header.number + 1n),
    timestamp,
    gasLimit: settings.gasLimit,
    difficulty: DIFFICULTY_IN_TURN,
    baseFeePerGas: baseFeeAfter(parent),
  })

  const ahead = createBlockAhead({
    chain,
    transactions,
    feeRecipient: SEALER.address,
    ...automation,
    nextDraft: (parent) => {
      const inMs = automation.dueInMs()
      return inMs === undefined
        ? undefined
        : draftAfter(parent, clock.next(parent.header.timestamp, inMs))
    },
  })

  const build = (parent: BlockRecord, draft: BlockDraft, candidates: Candidates): Promise<Built> =>
    execution.processor.build(draft, chain.stateRoot(parent), SEALER.address, candidates)

  /** What waits, in a block. */
  const buildFromPool = async (parent: BlockRecord, draft: BlockDraft): Promise<Built> =>
    (await ahead.finish(parent, draft)) ??
    build(parent, draft, await poolCandidates(chain, transactions, parent, draft.baseFeePerGas))

  const seal = async (
    parent: BlockRecord,
    draft: BlockDraft,
    built: Built,
  ): Promise<BlockRecord> => {
    const { number } = draft
    const vanity = new Uint8Array(VANITY_BYTES)
    new DataView(vanity.buffer).setUint32(0, branch)
    const block = sealBlock(execution, built, {
      ...draft,
      coinbase: ZERO_ADDRESS,
      nonce: new Uint8Array(8),
      vanity,
      signers: number % definition.rules.epoch === 0n ? parent.snapshot.signers : [],
      sealer: SEALER.address,
      secretKey: SECRET_KEY,
    })
    const adopted = await chain.adopt(block, built)
    if (!adopted.ok) throw new InvalidValueError('a block that the chain takes', adopted.fault.code)
    settings = { ...settings, nextBaseFee: undefined }
    return adopted.value.record
  }

  /** A block that is due in so many milliseconds, or now, and of the time that it is then unless that is told. */
  const produce = async (inMs = 0, timestamp?: bigint): Promise<void> => {
    const parent = chain.head()
    const draft = draftAfter(parent, timestamp ?? clock.next(parent.header.timestamp, inMs))
    await seal(parent, draft, await buildFromPool(parent, draft))
    clock.sealed(draft.timestamp, inMs)
    ahead.sealed()
  }
  /** The next block, shared by all who ask in one turn of the event loop: a block for each of 64 clients would take half of the time. */
  const ask = (): Promise<void> => {
    asked ??= setImmediate().then(() =>
      chain.exclusive(async () => {
        asked = undefined
        await produce()
      }),
    )
    return asked
  }

  /** Whether a transaction would be in the next block if there is room. */
  const isReady = async (hash: Hash32): Promise<boolean> => {
    const transaction = transactions.get(hash)
    if (transaction === undefined) return false
    const head = chain.head()
    const { nonce } = await execution.queries.account(chain.stateRoot(head), transaction.from)
    const end = transactions.nextNonce(transaction.from, nonce)
    return transaction.nonce < end && effectiveTip(transaction, baseFeeAfter(head)) >= 0n
  }

  return {
    mine: async (count, intervalSeconds) => {
      for (let i = 0n; i < count; i++) {
        if (i % BLOCKS_AT_ONCE === BLOCKS_AT_ONCE - 1n) await setImmediate()
        await chain.exclusive(() =>
          i === 0n || intervalSeconds === undefined
            ? produce()
            : produce(0, chain.head().header.timestamp + intervalSeconds),
        )
      }
    },
    mineDue: (due) => chain.exclusive(() => produce(due - performance.now())),
    note: (transaction) => {
      if (automation.dueInMs() !== undefined) ahead.note(transaction)
    },
    include: async (hash) => {
      while (await isReady(hash)) {
        const before = transactions.size()
        await ask()
        // What is larger than the room that is left in every block waits for its owner to do something about it.
        if (transactions.size() >= before && transactions.get(hash) !== undefined) return
      }
    },
    reorganise: (depth) =>
      chain.exclusive(async () => {
        const head = chain.head()
        if (depth < 1n || depth > head.header.number) {
          throw new InvalidValueError(`a depth from 1 to ${head.header.number}`, depth)
        }
        branch++
        const replaced: BlockRecord[] = []
        for (let record = head; replaced.length < depth; ) {
          replaced.unshift(record)
          record = requireParent(chain, record)
        }
        const [first] = replaced
        if (first === undefined) return
        let tip = requireParent(chain, first)
        for (const { header } of replaced) {
          const draft = draftAfter(tip, header.timestamp)
          tip = await seal(tip, draft, await build(tip, draft, NOTHING))
        }
        await chain.moveTo(
          { head: tip.hash, stateRoot: tip.header.stateRoot },
          { returnsTransactions: true },
        )
      }),
    settings: () => settings,
    set: (change) => {
      settings = { ...settings, ...change }
    },
  }
}

function requireParent(chain: Chain, { header }: BlockRecord): BlockRecord {
  const parent = chain.database.record(header.parentHash)
  if (parent === undefined) throw new InvalidValueError('a block with a parent', header.number)
  return parent
}
