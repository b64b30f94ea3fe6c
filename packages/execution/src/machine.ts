import { createBlock, type Block as InnerBlock } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import type { EVMMockBlockchainInterface } from '@ethereumjs/evm'
import {
  bigIntToBytes,
  createAddressFromString,
  Address as InnerAddress,
  setLengthLeft,
} from '@ethereumjs/util'
import { createVM, type VM } from '@ethereumjs/vm'
import type { AuthorityHeader } from '@mosaic/authority'
import {
  type Address,
  bytesToAddress,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  equalBytes,
  type Hash32,
  hexToBytes,
  keccak256Bytes,
  toAddress,
  toWord,
  utf8ToBytes,
} from '@mosaic/primitives'
import { StateUnavailableError, SystemCallError } from './errors.ts'
import { FastEvm } from './interpreter/fast-evm.ts'
import { loadInnerInterpreter } from './interpreter/inner-interpreter.ts'
import { FAST_PRECOMPILES, FastBls, FastBn254 } from './precompiles.ts'
import type { Log } from './receipt.ts'
import type { State } from './state.ts'
import type { AccessListEntry } from './transaction.ts'

/** Finds the hash of an ancestor, for BLOCKHASH: the block of `number` on the branch that ends in `parentHash`. */
export type AncestorHash = (parentHash: Hash32, number: bigint) => Hash32 | undefined

/** An EVM on one state. It runs one thing at a time. */
export type Machine = {
  readonly vm: VM
  readonly evm: FastEvm
  readonly state: State
  /** Sets the block whose ancestors BLOCKHASH sees, itself included. */
  readonly enter: (parentHash: Hash32, pretended?: PretendedAncestors) => void
  /** Whether the observer of messages is told of any. */
  readonly observe: (on: boolean) => void
  /** Where the messages go of which the observer is told. */
  readonly observed: Address | undefined
}

/** Blocks that are only pretended. */
type PretendedAncestors = {
  /** Number of the first. */
  readonly from: bigint
  readonly hash: (number: bigint) => Hash32
}

/** Is told of each message to one address before it runs. */
export type MessageObserver = {
  readonly to: Address
  readonly see: (data: Uint8Array) => void
}

/** Address of the TransitionTracker (docs/protocol.md §4). */
export const TRANSITION_TRACKER: Address = toAddress('0x0000000000000000000000000000000000004d00')

/** Caller of the end-of-block call, as in EIP-4788. */
export const SYSTEM_CALLER: Address = toAddress('0xfffffffffffffffffffffffffffffffffffffffe')

/** Gas of the end-of-block call. */
const SYSTEM_CALL_GAS = 30_000_000n

/** Address of the block-hash history contract (EIP-2935). */
export const HISTORY_STORAGE: Address = toAddress('0x0000f90827f1c53a10cb7a02335b175320002935')

const HISTORY_WINDOW = 8191n
const END_BLOCK = keccak256Bytes(utf8ToBytes('endBlock(bytes32,uint64)')).subarray(0, 4)
const TRACKER = createAddressFromString(TRANSITION_TRACKER)
const SYSTEM = createAddressFromString(SYSTEM_CALLER)
const HISTORY = createAddressFromString(HISTORY_STORAGE)

/** An EVM with the chain's rules on a state. */
export async function createMachine(
  common: Common,
  state: State,
  ancestorHash: AncestorHash,
  observer?: MessageObserver,
): Promise<Machine> {
  let isObserved = true
  let parent: Hash32 | undefined
  let pretended: PretendedAncestors | undefined
  const blockchain: EVMMockBlockchainInterface = {
    getBlock: async (number) => {
      const wanted = BigInt(number)
      const isPretended = pretended !== undefined && wanted >= pretended.from
      const real = parent === undefined ? undefined : ancestorHash(parent, wanted)
      const hash = isPretended ? pretended?.hash(wanted) : real
      if (hash === undefined)
        throw new StateUnavailableError(`ancestor ${number} of ${parent} in the store`)
      return { hash: () => hexToBytes(hash) }
    },
    putBlock: async () => undefined,
    shallowCopy: () => blockchain,
  }
  const evm = new FastEvm(
    {
      common,
      stateManager: state,
      blockchain,
      bls: new FastBls(),
      bn254: new FastBn254(),
      customPrecompiles: FAST_PRECOMPILES,
    },
    await loadInnerInterpreter(common),
  )
  // The rules are frozen, and a listener on what all machines share would keep each of them, with its state, for ever.
  common.events.removeAllListeners('hardforkChanged')
  if (observer !== undefined) {
    const observed = hexToBytes(observer.to)
    evm.see = ({ bytes }, data) => {
      if (isObserved && equalBytes(bytes, observed)) observer.see(data)
    }
  }
  const vm = await createVM({ common, stateManager: state, evm, blockchain })
  return {
    vm,
    evm,
    state,
    enter: (parentHash, blocks) => {
      parent = parentHash
      pretended = blocks
    },
    observe: (on) => {
      isObserved = on
    },
    observed: observer?.to,
  }
}

/**
 * Undoes what the EVM did since the state was at `mark` ({@link State.mark}) and threw instead of returning: EthereumJS then leaves its
 * checkpoints open.
 */
export function abandon({ evm, state }: Machine, mark: number): void {
  state.unwind(mark)
  evm.journal.cleanJournal()
  evm.transientStorage.clear()
  state.originalStorageCache.clear()
}

/**
 * The block as the EVM sees it. EthereumJS pays fees to `header.coinbase` and COINBASE reads it; on this chain both mean the signer, while
 * the header's own field carries clique votes. So the EVM gets the signer there.
 */
export function blockContext(
  header: Pick<
    AuthorityHeader,
    'parentHash' | 'number' | 'timestamp' | 'gasLimit' | 'difficulty' | 'baseFeePerGas'
  > &
    Partial<Pick<AuthorityHeader, 'mixHash'>>,
  feeRecipient: Address,
  common: Common,
): InnerBlock {
  return createBlock(
    {
      header: {
        parentHash: header.parentHash,
        number: header.number,
        timestamp: header.timestamp,
        gasLimit: header.gasLimit,
        difficulty: header.difficulty,
        baseFeePerGas: header.baseFeePerGas ?? 0n,
        coinbase: innerAddress(feeRecipient),
        // Of no meaning on this chain; PREVRANDAO under rules that have it.
        ...(header.mixHash === undefined ? {} : { mixHash: header.mixHash }),
      },
    },
    { common, freeze: false },
  )
}

/** Before the first transaction: the parent's hash goes into the history contract (EIP-2935), if the chain has it. */
export async function recordParentHash(
  { state }: Machine,
  parentHash: Hash32,
  number: bigint,
): Promise<void> {
  if ((await state.getCodeSize(HISTORY)) === 0) return
  const slot = setLengthLeft(bigIntToBytes((number - 1n) % HISTORY_WINDOW), 32)
  await state.putStorage(HISTORY, slot, hexToBytes(parentHash))
}

/** Whether the chain has a TransitionTracker at all. */
export async function hasTracker({ state }: Machine): Promise<boolean> {
  return (await state.getCodeSize(TRACKER)) > 0
}

/**
 * After the last transaction: TransitionTracker.endBlock(transactionsRoot, gasUsed) (docs/protocol.md §4). Identical in builder and verifier.
 *
 * @throws {@link SystemCallError} if it fails.
 */
export async function callEndOfBlock(
  { vm, state }: Machine,
  block: InnerBlock,
  transactionsRoot: Uint8Array,
  gasUsed: bigint,
): Promise<readonly Log[]> {
  const before = await state.getAccount(SYSTEM)
  const { execResult } = await vm.evm.runCall({
    caller: SYSTEM,
    to: TRACKER,
    data: concatBytes(END_BLOCK, transactionsRoot, toWord(gasUsed)),
    gasLimit: SYSTEM_CALL_GAS,
    block,
    skipNonceIncrement: true,
  })
  if (before === undefined) await state.deleteAccount(SYSTEM)
  else await state.putAccount(SYSTEM, before)
  await vm.evm.journal.cleanup()
  vm.evm.journal.cleanJournal()
  state.originalStorageCache.clear()
  if (execResult.exceptionError !== undefined) {
    throw new SystemCallError(execResult.exceptionError.error, bytesToHex(execResult.returnValue))
  }
  return toLogs(execResult.logs)
}

/** Warms what costs a message no cold access beside precompiles (EIP-2929, EIP-2930, EIP-3651). */
export function warmUp(
  accesses: FastEvm['accesses'],
  addresses: readonly InnerAddress[],
  accessList: readonly AccessListEntry[] | undefined,
): void {
  for (const { bytes } of addresses) accesses.keepWarm(bytes)
  for (const { address, storageKeys } of accessList ?? []) {
    accesses.addAlwaysWarmAddress(address)
    for (const key of storageKeys) accesses.addAlwaysWarmSlot(address, key)
  }
}

/** Logs of the EVM as this package's. */
export function toLogs(
  logs: readonly (readonly [Uint8Array, readonly Uint8Array[], Uint8Array])[] | undefined,
): readonly Log[] {
  return (logs ?? []).map(([address, topics, data]) => ({
    address: bytesToAddress(address),
    topics: topics.map((topic) => bytesToHash32(topic)),
    data,
  }))
}

/** An address as EthereumJS wants it. */
export function innerAddress(address: Address): InnerAddress {
  return new InnerAddress(hexToBytes(address))
}
