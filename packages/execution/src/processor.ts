import type { Block as InnerBlock } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import type { AuthorityHeader } from '@mosaic/authority'
import {
  type Address,
  accept,
  bytesToHash32,
  bytesToHex,
  equalBytes,
  type Hash32,
  hexToBytes,
  refuse,
  type Verdict,
  ZERO_HASH,
} from '@mosaic/primitives'
import { type AccountChange, applyChange } from './account-change.ts'
import { type Block, transactionsRootOf } from './block.ts'
import type { Crypto } from './crypto.ts'
import { SystemCallError } from './errors.ts'
import { LEAST_TRANSACTION_GAS } from './intrinsic-gas.ts'
import {
  type AncestorHash,
  blockContext,
  callEndOfBlock,
  createMachine,
  hasTracker,
  innerAddress,
  type Machine,
  type MessageObserver,
  recordParentHash,
} from './machine.ts'
import { orderedRoot } from './ordered-root.ts'
import type { Log, Receipt } from './receipt.ts'
import { State, type StateSource, type StateWrites } from './state.ts'
import type { Transaction } from './transaction.ts'
import { type Run, startRun, tryTransaction } from './transaction-run.ts'

/** What running a block's transactions and the end-of-block call gave. */
export type Execution = {
  readonly receipts: readonly Receipt[]
  /** Logs of the end-of-block call; they are in no receipt. */
  readonly systemLogs: readonly Log[]
  readonly gasUsed: bigint
  readonly stateRoot: Hash32
  readonly transactionsRoot: Hash32
  readonly receiptsRoot: Hash32
  readonly logsBloom: Uint8Array
  /** What the state store must hold before anything is built on this block. */
  readonly writes: StateWrites
}

/** Why a block that is well-formed and well-sealed is invalid all the same. */
export type ExecutionFault =
  /** A transaction cannot stand where it stands. */
  | { readonly code: 'EXECUTION_BAD_TRANSACTION'; readonly index: number; readonly reason: string }
  /** The end-of-block call failed. */
  | { readonly code: 'EXECUTION_HOOK_FAILED'; readonly reason: string }
  /** The header says something else than what execution gave. */
  | {
      readonly code: 'EXECUTION_MISMATCH'
      readonly field: 'gasUsed' | 'stateRoot' | 'transactionsRoot' | 'receiptsRoot' | 'logsBloom'
      readonly expected: string
      readonly received: string
    }

/** Why a candidate was left out of a block being built. */
export type SkippedTransaction = {
  readonly transaction: Transaction
  readonly reason:
    | 'nonce-too-low'
    | 'nonce-too-high'
    | 'insufficient-funds'
    | 'fee-too-low'
    | 'no-room'
    | 'invalid'
}

/** The header of a block being built, as far as execution needs it. */
export type BlockEnvironment = Pick<
  AuthorityHeader,
  'parentHash' | 'number' | 'timestamp' | 'gasLimit' | 'difficulty' | 'baseFeePerGas'
>

/** Candidates in the order in which they are tried; `skip` says that the last one did not fit. */
export type Candidates = {
  readonly next: () => Transaction | undefined
  readonly skipped: (skipped: SkippedTransaction) => void
}

/** A block that was built and is not sealed. */
export type Built = Execution & { readonly transactions: readonly Transaction[] }

/** A block that is built little by little. Once the processor has run anything else, there is nothing left of it. */
export type GrowingBlock = {
  /** Runs candidates after those that ran before until there are no more. @returns whether there is anything left of the block. */
  readonly extend: (candidates: Candidates) => Promise<boolean>
  /** Ends the block; undefined if there is nothing left of it. */
  readonly finish: () => Promise<Built | undefined>
}

/** Runs blocks on the states of their parents. Calls must not overlap, those of a growing block included. */
export type Processor = {
  /** The state of `root` with accounts changed, for chains that let their owner do so. */
  readonly edit: (
    root: Hash32,
    changes: readonly AccountChange[],
  ) => Promise<{ readonly stateRoot: Hash32; readonly writes: StateWrites }>
  /** Runs candidates on the parent's state until there are no more. */
  readonly build: (
    environment: BlockEnvironment,
    parentStateRoot: Hash32,
    feeRecipient: Address,
    candidates: Candidates,
  ) => Promise<Built>
  /** Begins a block on the parent's state. Until it is finished, `warmState` is that of the parent. */
  readonly begin: (
    environment: BlockEnvironment,
    parentStateRoot: Hash32,
    feeRecipient: Address,
  ) => Promise<GrowingBlock>
  /** Runs a block and compares everything its header says. Leaves nothing behind unless the writes are stored. */
  readonly execute: (
    block: Block,
    parentStateRoot: Hash32,
  ) => Promise<Verdict<Execution, ExecutionFault>>
}

/** What a chain must have at the TransitionTracker's address. */
export type TrackerRule = 'required' | 'absent'

/** The state of a root with what the last block touched in memory: to be read at once, not over a wait. */
export type WarmState = (root: Hash32) => State | undefined

/** Entries of warm state touched since the last time above which it ages: at most twice as many are kept, about 110 MB. */
const MAX_TOUCHED_ENTRIES = 50_000
const MAX_WARM_READS = 100_000

/** Creates the processor of one chain. */
export function createProcessor(options: {
  readonly common: Common
  readonly crypto: Crypto
  readonly source: StateSource
  readonly ancestorHash: AncestorHash
  readonly tracker: TrackerRule
  readonly observer?: MessageObserver | undefined
}): Processor & { readonly warmState: WarmState } {
  const { common, crypto, source, ancestorHash, tracker, observer } = options
  const hashedKeys = new Map<string, Uint8Array>()
  /** The last state, with what was touched of it in memory. Nothing changes it before the root of the next one is computed. */
  let warm: { readonly root: Hash32; readonly state: State } | undefined
  /** On a state above that. */
  let idle: Machine | undefined
  /** The latest run. */
  let latest: symbol | undefined

  /** Since the last block. What is read stays in memory. */
  let warmReads = 0

  /** What the observer is to be told of the latest run when that is worth anything: what is forgotten is run again. */
  const seen: Uint8Array[] = []
  const collector = observer && {
    to: observer.to,
    see: (data: Uint8Array): void => {
      seen.push(data.slice())
    },
  }

  const enter = async (root: Hash32, parentHash: Hash32): Promise<Machine> => {
    if (warm?.root !== root) {
      warm = { root, state: new State(crypto.keccak256, source, hexToBytes(root), hashedKeys) }
    }
    const { state } = warm
    const left = idle
    idle = undefined
    latest = Symbol('run')
    warmReads = 0
    seen.length = 0
    if (state.touchedEntries > MAX_TOUCHED_ENTRIES) state.age()
    left?.state.resetAbove(state)
    const machine =
      left ?? (await createMachine(common, State.above(state), ancestorHash, collector))
    machine.enter(parentHash)
    return machine
  }

  /** The root and the writes of all that ran. */
  const settle = (machine: Machine): Pick<Execution, 'stateRoot' | 'writes'> => {
    const state = warm?.state
    warm = undefined
    latest = undefined
    const stateRoot = bytesToHash32(machine.state.computeRoot())
    const writes = machine.state.takeWrites()
    if (state !== undefined) warm = { root: stateRoot, state }
    idle = machine
    return { stateRoot, writes }
  }

  const finish = async (
    machine: Machine,
    context: InnerBlock,
    run: Run,
    transactions: readonly Transaction[],
  ): Promise<Execution> => {
    const transactionsRoot = transactionsRootOf(transactions, crypto.keccak256)
    const hasHook = await hasTracker(machine)
    if (hasHook !== (tracker === 'required')) {
      throw new SystemCallError(`expected the transition tracker to be ${tracker}`, '0x')
    }
    const systemLogs = hasHook
      ? await callEndOfBlock(machine, context, hexToBytes(transactionsRoot), run.gasUsed)
      : []
    const { stateRoot, writes } = settle(machine)
    const receiptsRoot = orderedRoot(crypto.keccak256, run.envelopes)
    for (const data of seen) observer?.see(data)
    return {
      receipts: run.receipts,
      systemLogs,
      gasUsed: run.gasUsed,
      stateRoot,
      transactionsRoot,
      receiptsRoot: bytesToHash32(receiptsRoot),
      logsBloom: run.bloom,
      writes,
    }
  }

  const begin: Processor['begin'] = async (environment, parentStateRoot, feeRecipient) => {
    const machine = await enter(parentStateRoot, environment.parentHash)
    const own = latest
    const context = blockContext(environment, feeRecipient, common)
    await recordParentHash(machine, environment.parentHash, environment.number)
    const run = startRun()
    const transactions: Transaction[] = []
    idle = machine
    const take = (): boolean => {
      if (latest !== own || idle !== machine) return false
      // Whatever throws leaves a machine that nobody takes again.
      idle = undefined
      return true
    }
    return {
      extend: async (candidates) => {
        if (!take()) return false
        while (environment.gasLimit - run.gasUsed >= LEAST_TRANSACTION_GAS) {
          const transaction = candidates.next()
          if (transaction === undefined) break
          const reason = findObstacle(machine, transaction, environment, run.gasUsed)
          if (
            reason === undefined &&
            (await tryTransaction(machine, context, transaction, run, crypto)) === undefined
          ) {
            transactions.push(transaction)
          } else candidates.skipped({ transaction, reason: reason ?? 'invalid' })
        }
        idle = machine
        return true
      },
      finish: async () =>
        take()
          ? { ...(await finish(machine, context, run, transactions)), transactions }
          : undefined,
    }
  }

  return {
    warmState: (root) => {
      if (warm?.root !== root || warmReads >= MAX_WARM_READS) return undefined
      warmReads++
      return warm.state
    },

    edit: async (root, changes) => {
      const machine = await enter(root, ZERO_HASH)
      for (const change of changes) await applyChange(machine.state, change)
      return settle(machine)
    },

    begin,

    build: async (environment, parentStateRoot, feeRecipient, candidates) => {
      const block = await begin(environment, parentStateRoot, feeRecipient)
      await block.extend(candidates)
      const built = await block.finish()
      if (built === undefined) throw new TypeError('expected that nothing else runs meanwhile')
      return built
    },

    execute: async (block, parentStateRoot) => {
      const { header } = block
      if (block.signer === undefined)
        throw new TypeError('expected a sealed block, received genesis')
      const machine = await enter(parentStateRoot, header.parentHash)
      const context = blockContext(header, block.signer, common)
      await recordParentHash(machine, header.parentHash, header.number)
      const run = startRun()
      for (const [index, transaction] of block.transactions.entries()) {
        const reason =
          transaction.gasLimit > header.gasLimit - run.gasUsed
            ? `gas limit ${transaction.gasLimit} exceeds what is left of the block's`
            : await tryTransaction(machine, context, transaction, run, crypto)
        if (reason !== undefined) {
          idle = machine
          return refuse({ code: 'EXECUTION_BAD_TRANSACTION', index, reason })
        }
      }
      let execution: Execution
      try {
        execution = await finish(machine, context, run, block.transactions)
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error
        return refuse({ code: 'EXECUTION_HOOK_FAILED', reason: error.message })
      }
      const fault = compare(header, execution)
      if (fault === undefined) return accept(execution)
      warm = undefined
      return refuse(fault)
    },
  }
}

function findObstacle(
  { state }: Machine,
  transaction: Transaction,
  environment: BlockEnvironment,
  gasUsed: bigint,
): SkippedTransaction['reason'] | undefined {
  if (transaction.gasLimit > environment.gasLimit - gasUsed) return 'no-room'
  if (transaction.maxFeePerGas < (environment.baseFeePerGas ?? 0n)) return 'fee-too-low'
  const account = state.peekAccount(innerAddress(transaction.from))
  const nonce = account?.nonce ?? 0n
  if (transaction.nonce < nonce) return 'nonce-too-low'
  if (transaction.nonce > nonce) return 'nonce-too-high'
  const cost = transaction.value + transaction.gasLimit * transaction.maxFeePerGas
  return (account?.balance ?? 0n) < cost ? 'insufficient-funds' : undefined
}

function compare(header: AuthorityHeader, execution: Execution): ExecutionFault | undefined {
  const mismatch = (
    field: Extract<ExecutionFault, { code: 'EXECUTION_MISMATCH' }>['field'],
    expected: string,
    received: string,
  ): ExecutionFault => ({ code: 'EXECUTION_MISMATCH', field, expected, received })
  for (const field of ['transactionsRoot', 'receiptsRoot', 'stateRoot'] as const) {
    if (execution[field] !== header[field]) return mismatch(field, execution[field], header[field])
  }
  if (execution.gasUsed !== header.gasUsed) {
    return mismatch('gasUsed', String(execution.gasUsed), String(header.gasUsed))
  }
  if (!equalBytes(execution.logsBloom, header.logsBloom)) {
    return mismatch('logsBloom', bytesToHex(execution.logsBloom), bytesToHex(header.logsBloom))
  }
  return undefined
}
