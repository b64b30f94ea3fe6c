import {
  type AuthorityFault,
  applyHeader,
  genesisSnapshot,
  type HeaderCheck,
  type SignerSnapshot,
  verifyHeader,
} from '@mosaic/authority'
import type {
  AccountChange,
  Block,
  Execution,
  ExecutionLayer,
  StateWrites,
} from '@mosaic/execution'
import {
  accept,
  type BlockNumber,
  createQueue,
  equalBytes,
  type Hash32,
  type Height,
  InvalidValueError,
  refuse,
  toBlockNumber,
  type Verdict,
} from '@mosaic/primitives'
import type { Store, StoreOperation } from '@mosaic/storage'
import { type BlockDatabase, createBlockDatabase } from './block-database.ts'
import { createPreparations } from './block-preparation.ts'
import type { BlockRecord, Checkpoint } from './block-record.ts'
import type { ChainFault } from './chain-errors.ts'
import type { ChainDefinition } from './definition.ts'
import { compareRecords } from './fork-choice.ts'
import { deriveRecord, genesisRecord } from './record-derivation.ts'
import { voteOperations } from './vote-index.ts'

/** The head moved. Blocks in rising order of number. */
export type HeadChange = {
  readonly head: BlockRecord
  readonly removed: readonly Block[]
  readonly added: readonly Block[]
  /** Whether removed transactions wait again; if not they are as if they had never been sent. */
  readonly returnsTransactions: boolean
}

/** The head, and the root of the state that the next block is built on. */
export type ChainPosition = { readonly head: Hash32; readonly stateRoot: Hash32 }

/** What an import did. */
export type Imported = {
  readonly record: BlockRecord
  readonly isNew: boolean
  readonly isHead: boolean
}

/** The auxiliary chain of one node: all valid branches above finality, and which of them is canonical. */
export type Chain = {
  readonly definition: ChainDefinition
  readonly execution: ExecutionLayer
  readonly database: BlockDatabase
  readonly genesis: BlockRecord
  readonly head: () => BlockRecord
  /**
   * The highest checkpoint that any executed state said is finalized, on any branch that did not contradict an earlier one; genesis before
   * the first. It never goes back, also not by a restart.
   */
  readonly finalized: () => Checkpoint
  /** Takes a block from anywhere, after checking all of it. Imports run one after the other. The bytes must not change any more. */
  readonly importBlock: (bytes: Uint8Array) => Promise<Verdict<Imported, ChainFault>>
  /**
   * Begins to read a block, while others are imported. `importBlock` with the same array goes on from there. Its transactions are decoded only
   * if its header may follow a block that is here, or one whose header was read before.
   */
  readonly prepareBlock: (bytes: Uint8Array) => void
  /** Takes a block that this node has just built and sealed. */
  readonly adopt: (block: Block, execution: Execution) => Promise<Verdict<Imported, ChainFault>>
  /** Runs `step` while no import runs, so that its view of the head holds. */
  readonly exclusive: <T>(step: () => Promise<T>) => Promise<T>
  /** Root of the state after a block, with what was edited since: queries read it and the next block is built on it. */
  readonly stateRoot: (record: BlockRecord) => Hash32
  /**
   * Changes accounts in the state after the head, where no block did. From then on this chain is none that a peer could follow. Not to
   * be called while an import runs.
   */
  readonly edit: (changes: readonly AccountChange[]) => Promise<void>
  readonly position: () => ChainPosition
  /**
   * Makes a known block the head, whatever fork choice says, with the state it had at `position`. Not to be called while an import runs.
   *
   * @throws InvalidValueError if the block is not known, or below what is finalized.
   */
  readonly moveTo: (
    position: ChainPosition,
    options: { readonly returnsTransactions: boolean },
  ) => Promise<void>
  /**
   * Goes on at a block that was not reached by executing. Written in one batch and to disk; until then nothing of it counts.
   *
   * @throws InvalidValueError if this chain is there already, or knows another block to be finalized.
   */
  readonly begin: (beginning: Beginning) => Promise<void>
  /** A canonical block that was executed here; what `begin` began at and genesis have records, too. */
  readonly canonical: (number: BlockNumber) => BlockRecord | undefined
  readonly isCanonical: (hash: Hash32) => boolean
  /** The hash of the block of `number` on the branch that ends in `from`, also if the block itself is not here. */
  readonly ancestorHash: (from: BlockRecord, number: BlockNumber) => Hash32 | undefined
  /** The block of `number` on the branch that ends in `from`. */
  readonly ancestor: (from: BlockRecord, number: BlockNumber) => BlockRecord | undefined
  /** The checkpoint at a height on the branch that ends in `from`. */
  readonly checkpoint: (from: BlockRecord, height: Height) => BlockRecord | undefined
  /** Calls `listener` after each change of the head, until the returned function is called. */
  readonly onHead: (listener: (change: HeadChange) => void) => () => void
  /** Calls `listener` before state is stored, until the returned function is called. */
  readonly onState: (listener: (writes: StateWrites) => void) => () => void
}

/**
 * Where a chain goes on that did not execute what came before. All of it must be proven: the checkpoint by origin, the rest by hashes from
 * there.
 */
export type Beginning = {
  /** Of the checkpoint's parent, whose whole state is in the store. */
  readonly record: BlockRecord
  /** Hashes of the blocks before, parent first: as many as the EVM may ask for. */
  readonly ancestors: readonly Hash32[]
  /** Finalized; the next block, and the first that is executed. */
  readonly checkpoint: Checkpoint
}

/** What a chain is made from. */
export type ChainOptions = {
  readonly definition: ChainDefinition
  readonly execution: ExecutionLayer
  readonly store: Store
  /** Seconds since 1970. */
  readonly nowSeconds: () => bigint
  /** Which headers may follow; those of clique and EIP-1559 unless told. */
  readonly checkHeader?: (check: HeaderCheck) => Verdict<undefined, AuthorityFault>
}

/** Opens the chain on a store, writing genesis first if the store is new. */
export async function openChain(options: ChainOptions): Promise<Chain> {
  const { definition, execution, store, nowSeconds, checkHeader = verifyHeader } = options
  const database = createBlockDatabase(store, execution.decodeBlock)
  const { block: genesisBlock, writes } = execution.genesis
  const genesis = genesisRecord(genesisBlock, genesisSnapshot(genesisBlock.header), definition)
  if (database.head() === undefined) {
    await store.batch(
      [
        ...database.putState(writes),
        ...database.putBlock(genesisBlock, genesis, { receipts: [], systemLogs: [] }),
        ...database.setHead(genesis.hash, [], [genesisBlock]),
      ],
      { sync: true },
    )
  }
  const requireRecord = (hash: Hash32): BlockRecord => {
    const record = database.record(hash)
    if (record === undefined) throw new InvalidValueError(`the record of ${hash}`, undefined)
    return record
  }
  const requireBlock = (hash: Hash32): Block => {
    const block = database.block(hash)
    if (block === undefined) throw new InvalidValueError(`the block ${hash}`, undefined)
    return block
  }
  let head = requireRecord(database.head() ?? genesis.hash)
  let finalized: Checkpoint = database.finalized() ?? genesis.auxiliary.justified
  const listeners = new Set<(change: HeadChange) => void>()
  const stateListeners = new Set<(writes: StateWrites) => void>()
  /** Roots of states that were edited, by the block after which they stand. */
  const edited = new Map<Hash32, Hash32>()
  const stateRoot = ({ hash, header }: BlockRecord): Hash32 => edited.get(hash) ?? header.stateRoot

  const isCanonical = (hash: Hash32): boolean => {
    const header = database.header(hash)
    return header !== undefined && database.canonicalHash(toBlockNumber(header.number)) === hash
  }
  const ancestorHash = (from: BlockRecord, number: BlockNumber): Hash32 | undefined => {
    let record: BlockRecord | undefined = from
    while (record !== undefined && record.header.number > number) {
      if (isCanonical(record.hash)) return database.canonicalHash(number)
      record = database.record(record.header.parentHash)
    }
    return record?.header.number === number ? record.hash : undefined
  }
  const ancestor = (from: BlockRecord, number: BlockNumber): BlockRecord | undefined => {
    const hash = ancestorHash(from, number)
    return hash === undefined ? undefined : database.record(hash)
  }
  const checkpoint = (from: BlockRecord, height: Height): BlockRecord | undefined =>
    ancestor(from, toBlockNumber(height * definition.epochLength))

  const contains = (record: BlockRecord, { height, hash }: Checkpoint): boolean =>
    checkpoint(record, height)?.hash === hash
  const parentOf = (record: BlockRecord): BlockRecord => requireRecord(record.header.parentHash)

  /** The way from the head to a block, and on to `last` if that one is not stored yet. */
  const reorganise = (
    to: BlockRecord,
    last: readonly Block[],
  ): Pick<HeadChange, 'removed' | 'added'> => {
    const removed: Block[] = []
    const added: Block[] = []
    let from = head
    let target = to
    while (from.hash !== target.hash) {
      if (target.header.number >= from.header.number && target.hash !== from.hash) {
        added.push(requireBlock(target.hash))
        target = requireRecord(target.header.parentHash)
      } else {
        removed.push(requireBlock(from.hash))
        from = requireRecord(from.header.parentHash)
      }
    }
    return { removed: removed.toReversed(), added: [...added.toReversed(), ...last] }
  }

  const putState = (stateWrites: StateWrites): readonly StoreOperation[] => {
    for (const listener of stateListeners) listener(stateWrites)
    return database.putState(stateWrites)
  }

  const append = async (
    block: Block,
    executed: Execution,
    record: BlockRecord,
  ): Promise<Imported> => {
    // The parent contains what was final before: check refuses every other.
    const risen = risenFinality(record)
    const isForced = risen !== undefined && !contains(head, risen)
    const isHead =
      isForced ||
      record.header.parentHash === head.hash ||
      compareRecords(record, head, parentOf) < 0
    const change = isHead ? reorganise(parentOf(record), [block]) : undefined
    await store.batch([
      ...putState(executed.writes),
      ...database.putBlock(block, record, executed),
      ...voteOperations(block, executed, definition, database.linkMessage),
      ...(risen === undefined ? [] : database.setFinalized(risen)),
      ...(change === undefined ? [] : database.setHead(record.hash, change.removed, change.added)),
    ])
    database.remember(block, record)
    finalized = risen ?? finalized
    if (change !== undefined) {
      head = record
      for (const listener of listeners) listener({ head, ...change, returnsTransactions: true })
    }
    return { record, isNew: true, isHead }
  }

  /** The finalized checkpoint in a block's state, if it is higher than any before. */
  const risenFinality = ({ auxiliary }: BlockRecord): Checkpoint | undefined =>
    auxiliary.finalized !== undefined && auxiliary.finalized.height > finalized.height
      ? auxiliary.finalized
      : undefined

  /** Whether a block after `parent` lies on the finalized checkpoint. The checkpoint itself may be missing: then it comes next. */
  const isAbove = (number: BlockNumber, parent: BlockRecord): boolean =>
    number > finalized.height * definition.epochLength && contains(parent, finalized)

  /** Whether a header may follow another one, and who may seal after it. */
  const follow = (
    { header, signer }: Pick<Block, 'header' | 'signer'>,
    parent: Pick<BlockRecord, 'header' | 'snapshot'>,
  ): Verdict<SignerSnapshot, ChainFault> => {
    const verified = checkHeader({
      header,
      parent: parent.header,
      snapshot: parent.snapshot,
      signer,
      rules: definition.rules,
      nowSeconds: nowSeconds(),
    })
    if (!verified.ok) return verified
    if (signer === undefined) return refuse({ code: 'BLOCK_UNSEALED' })
    return applyHeader(parent.snapshot, header, signer, definition.rules.epoch)
  }

  /** Why a block is not taken whose parent is not here. What no block may be is told before that. */
  const findOrphanFault = ({ header, signer }: Pick<Block, 'header' | 'signer'>): ChainFault => {
    const { parentHash } = header
    const verified = checkHeader({
      header,
      parent: undefined,
      snapshot: head.snapshot,
      signer,
      rules: definition.rules,
      nowSeconds: nowSeconds(),
    })
    const isOfBadForm =
      !verified.ok &&
      verified.fault.code !== 'UNKNOWN_ANCESTOR' &&
      verified.fault.code !== 'FUTURE_BLOCK'
    if (isOfBadForm) return verified.fault
    return { code: 'CHAIN_UNKNOWN_PARENT', parentHash, number: toBlockNumber(header.number) }
  }

  const check = (
    block: Pick<Block, 'hash' | 'header' | 'signer'>,
  ): Verdict<{ parent: BlockRecord; snapshot: SignerSnapshot }, ChainFault> => {
    const number = toBlockNumber(block.header.number)
    const parent = database.record(block.header.parentHash)
    if (parent === undefined) return refuse(findOrphanFault(block))
    if (block.hash !== finalized.hash && !isAbove(number, parent)) {
      return refuse({ code: 'CHAIN_CONFLICTS_WITH_FINALITY', finalized: finalized.hash, number })
    }
    const snapshot = follow(block, parent)
    return snapshot.ok ? accept({ parent, snapshot: snapshot.value }) : snapshot
  }

  const begin = async ({ record, ancestors, checkpoint: target }: Beginning): Promise<void> => {
    const number = toBlockNumber(record.header.number)
    if (number <= head.header.number || target.height <= finalized.height) {
      throw new InvalidValueError(`a block above ${head.header.number}`, number)
    }
    if (target.height * definition.epochLength !== number + 1n) {
      throw new InvalidValueError(`a checkpoint after block ${number}`, target.height)
    }
    const missing = { base: number, from: toBlockNumber(number + 1n), parent: record.hash }
    await store.batch(
      [
        ...database.putBase(record, ancestors),
        ...database.setFinalized(target),
        ...database.setMissing(missing),
      ],
      { sync: true },
    )
    head = record
    finalized = target
    const change = { head, removed: [], added: [], returnsTransactions: true }
    for (const listener of listeners) listener(change)
  }

  /** A block whose header is that of a stored one. */
  const recognise = (record: BlockRecord, bytes: Uint8Array): Verdict<Imported, ChainFault> => {
    const stored = database.encodedBlock(record.hash)
    if (stored === undefined || equalBytes(stored, bytes))
      return accept({ record, isNew: false, isHead: false })
    const { transactionsRoot } = record.header
    return refuse({ code: 'BLOCK_FOREIGN_BODY', transactionsRoot })
  }

  const preparations = createPreparations({ execution, database, follow })

  const { exclusive } = createQueue()

  return {
    definition,
    execution,
    database,
    genesis,
    head: () => head,
    finalized: () => finalized,
    exclusive,
    prepareBlock: (bytes) => void preparations.of(bytes),
    importBlock: (bytes) => {
      const { outline, complete } = preparations.of(bytes)
      return exclusive(async () => {
        if (!outline.ok) return outline
        const known = database.record(outline.value.hash)
        if (known !== undefined) return recognise(known, bytes)
        const checked = check(outline.value)
        if (!checked.ok) return checked
        const { parent, snapshot } = checked.value
        const block = await complete()
        if (!block.ok) return block
        const executed = await execution.processor.execute(block.value, stateRoot(parent))
        if (!executed.ok) return executed
        const record = deriveRecord(block.value, executed.value, parent, snapshot, definition)
        return accept(await append(block.value, executed.value, record))
      }).finally(() => preparations.drop(bytes))
    },
    adopt: async (block, executed) => {
      const checked = check(block)
      if (!checked.ok) return checked
      const { parent, snapshot } = checked.value
      const record = deriveRecord(block, executed, parent, snapshot, definition)
      return accept(await append(block, executed, record))
    },
    stateRoot,
    edit: async (changes) => {
      const result = await execution.processor.edit(stateRoot(head), changes)
      await store.batch(putState(result.writes))
      edited.set(head.hash, result.stateRoot)
    },
    position: () => ({ head: head.hash, stateRoot: stateRoot(head) }),
    moveTo: async (position, { returnsTransactions }) => {
      const target = requireRecord(position.head)
      if (!contains(target, finalized)) {
        throw new InvalidValueError(`a block above the finalized ${finalized.hash}`, target.hash)
      }
      const change = reorganise(target, [])
      await store.batch(database.setHead(target.hash, change.removed, change.added))
      if (position.stateRoot === target.header.stateRoot) edited.delete(target.hash)
      else edited.set(target.hash, position.stateRoot)
      head = target
      for (const listener of listeners) listener({ head, ...change, returnsTransactions })
    },
    begin: (beginning) => exclusive(() => begin(beginning)),
    ancestorHash,
    canonical: (number) => {
      const hash = database.canonicalHash(number)
      return hash === undefined ? undefined : database.record(hash)
    },
    isCanonical,
    ancestor,
    checkpoint,
    onHead: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onState: (listener) => {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
  }
}
