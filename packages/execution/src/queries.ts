import type { Common } from '@ethereumjs/common'
import type { AuthorityHeader } from '@mosaic/authority'
import {
  type Address,
  accept,
  bytesToBigint,
  bytesToHash32,
  type Hash32,
  hexToBytes,
  refuse,
  toHash32,
  type Verdict,
} from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT } from '@mosaic/protocol'
import { type AccessListResult, findAccessList } from './access-list.ts'
import type { Block } from './block.ts'
import {
  type CallBlock,
  type CallFault,
  type CallRequest,
  type CallResult,
  runCall,
} from './call.ts'
import type { Crypto } from './crypto.ts'
import { estimateGas } from './estimate-gas.ts'
import { LEAST_TRANSACTION_GAS } from './intrinsic-gas.ts'
import {
  type AncestorHash,
  createMachine,
  innerAddress,
  type Machine,
  type MessageObserver,
} from './machine.ts'
import { CallTimeoutError, createMachinePool, type TakeTurn } from './machine-pool.ts'
import { isPretending, type Pretence, pretend } from './overrides.ts'
import type { TrackerRule, WarmState } from './processor.ts'
import { createSimulation, type Simulate } from './simulation.ts'
import { State, type StateSource } from './state.ts'
import type { Trace, TraceChoice } from './tracing/trace.ts'
import { createTraces } from './tracing/traces.ts'

/** An account as a state root has it; an absent one has zeros and no code. */
export type AccountView = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly codeHash: Hash32
  readonly storageRoot: Hash32
}

/** What `eth_getProof` answers. */
export type StateProof = AccountView & {
  readonly accountProof: readonly Uint8Array[]
  readonly storageProof: readonly {
    readonly slot: Hash32
    readonly value: bigint
    readonly proof: readonly Uint8Array[]
  }[]
}

/** Reads states and runs calls on them. All may overlap; a call gives way to the rest of the node and ends after five seconds. */
export type Queries = {
  readonly account: (stateRoot: Hash32, address: Address) => Promise<AccountView>
  readonly code: (stateRoot: Hash32, address: Address) => Promise<Uint8Array>
  /** A slot as a 32-byte word. */
  readonly slot: (stateRoot: Hash32, address: Address, slot: Hash32) => Promise<Hash32>
  readonly call: (
    at: AuthorityHeader,
    feeRecipient: Address,
    request: CallRequest,
    pretence?: Pretence,
  ) => Promise<Verdict<CallResult, CallFault>>
  /** The gas limit with which a call succeeds, at most 1.5 % too high. */
  readonly estimateGas: (
    at: AuthorityHeader,
    feeRecipient: Address,
    request: CallRequest,
    pretence?: Pretence,
  ) => Promise<Verdict<bigint, CallFault>>
  /** The access list with which a call costs least (EIP-2930), and what the call came to with it. */
  readonly accessList: (
    at: AuthorityHeader,
    feeRecipient: Address,
    request: CallRequest,
    pretence?: Pretence,
  ) => Promise<Verdict<AccessListResult, CallFault>>
  /** What a call does, opcode by opcode or frame by frame. @throws CallTimeoutError, TraceTooLargeError */
  readonly traceCall: (
    at: AuthorityHeader,
    feeRecipient: Address,
    request: CallRequest,
    choice: TraceChoice,
    options?: TraceOptions,
  ) => Promise<Verdict<Trace, CallFault>>
  /** What the transactions of a block did; of `only` one if that is given. @throws CallTimeoutError, TraceTooLargeError */
  readonly traceBlock: (
    block: Block,
    parentStateRoot: Hash32,
    choice: TraceChoice,
    options?: { readonly only?: number | undefined; readonly timeoutMs?: number | undefined },
  ) => Promise<readonly Trace[]>
  /** Blocks that follow `at` as if they were built. @throws CallTimeoutError */
  readonly simulate: Simulate
  readonly proof: (
    stateRoot: Hash32,
    address: Address,
    slots: readonly Hash32[],
  ) => Promise<StateProof>
}

/** How a message is traced. */
type TraceOptions = {
  readonly pretence?: Pretence | undefined
  readonly timeoutMs?: number | undefined
}

const CALL_GAS_CAP = 50_000_000n
const MAX_WARM_ENTRIES = 100_000
const CALL_TIMEOUT_MS = 5_000
/** Calls that may be under way at once. */
const MACHINES = 4
const EMPTY_CODE_HASH = toHash32(
  '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
)

/** Creates the queries of one chain. They share nothing with block processing but the store. */
export function createQueries(options: {
  readonly common: Common
  readonly crypto: Crypto
  readonly source: StateSource
  readonly ancestorHash: AncestorHash
  readonly tracker: TrackerRule
  readonly observer?: MessageObserver | undefined
  /** A state that need not be read from the store. */
  readonly warmState?: WarmState | undefined
  /** How long a call may run; as in geth if it is left out. */
  readonly callTimeoutMs?: number
}): Queries {
  const {
    common,
    crypto,
    source,
    ancestorHash,
    tracker,
    observer,
    warmState = () => undefined,
    callTimeoutMs = CALL_TIMEOUT_MS,
  } = options
  const hashedKeys = new Map<string, Uint8Array>()
  const openState = (root: Hash32): State =>
    new State(crypto.keccak256, source, hexToBytes(root), hashedKeys)

  // Reads change nothing, so they share a state and wait for nobody.
  let reader: { readonly root: Hash32; readonly state: State } | undefined
  const read = (root: Hash32): State => {
    if (reader?.root !== root || reader.state.touchedEntries > MAX_WARM_ENTRIES) {
      reader = { root, state: openState(root) }
    }
    return reader.state
  }
  /** Right after a block most of what is asked for is what the block touched. */
  const readNow = (root: Hash32): State => warmState(root) ?? read(root)
  const pool = createMachinePool(
    (root) => createMachine(common, openState(root), ancestorHash, observer),
    MACHINES,
    callTimeoutMs,
  )
  const run = async <T>(
    header: AuthorityHeader,
    feeRecipient: Address,
    pretence: Pretence,
    step: (
      machine: Machine,
      block: CallBlock,
      takeTurn: TakeTurn,
    ) => Promise<Verdict<T, CallFault>>,
  ): Promise<Verdict<T, CallFault>> => {
    const block = { header, feeRecipient }
    try {
      if (isPretending(pretence)) {
        return await pool.useOnce(header.stateRoot, async (machine, takeTurn) =>
          step(machine, await pretend(machine, block, pretence), takeTurn),
        )
      }
      return await pool.use(header.stateRoot, async (machine, takeTurn) => {
        machine.enter(header.parentHash)
        return step(machine, block, takeTurn)
      })
    } catch (error) {
      if (!(error instanceof CallTimeoutError)) throw error
      const message = `execution aborted (timeout = ${callTimeoutMs / 1000}s)`
      return refuse({ code: 'CALL_FAILED', message })
    }
  }
  const traces = createTraces({ common, crypto, pool })

  return {
    account: async (root, address) => view(readNow(root), address),
    code: async (root, address) => readNow(root).readCode(innerAddress(address)),
    slot: async (root, address, slot) => {
      const value = readNow(root).readSlot(innerAddress(address), hexToBytes(slot))
      return toHash32(`0x${bytesToBigint(value).toString(16).padStart(64, '0')}`)
    },
    call: (header, feeRecipient, request, pretence = {}) =>
      run(header, feeRecipient, pretence, async (machine, block) => {
        machine.observe(true)
        const gas = capped(request.gas ?? CALL_GAS_CAP)
        const outcome = await runCall(machine, block, request, gas, common)
        if (outcome.ok) {
          const { returned, gasUsed } = outcome.value
          return accept({ returned, gasUsed })
        }
        const { fault } = outcome
        if (fault.code !== 'CALL_REFUSED') return outcome
        return refuse({ ...fault, message: `err: ${fault.message} (supplied gas ${gas})` })
      }),
    estimateGas: (header, feeRecipient, request, pretence = {}) =>
      run(header, feeRecipient, pretence, (machine, block) => {
        // It runs the same again and again.
        machine.observe(false)
        const { gas } = request
        const { gasLimit } = block.header
        // Who names less than any message needs gets an estimate nevertheless, as from geth.
        const isLimit = gas !== undefined && gas >= LEAST_TRANSACTION_GAS && gas < gasLimit
        const limit = capped(isLimit ? gas : gasLimit)
        return estimateGas(machine, block, request, limit, common)
      }),
    accessList: (header, feeRecipient, request, pretence = {}) =>
      run(header, feeRecipient, pretence, (machine, block, takeTurn) => {
        // It runs the same again and again.
        machine.observe(false)
        const gas = capped(request.gas ?? CALL_GAS_CAP)
        return findAccessList(machine, block, request, gas, common, takeTurn)
      }),
    traceCall: (header, feeRecipient, request, choice, { pretence = {}, timeoutMs } = {}) =>
      traces.call(
        { header, feeRecipient, stateRoot: header.stateRoot },
        request,
        capped(request.gas ?? CALL_GAS_CAP),
        pretence,
        choice,
        { timeoutMs },
      ),
    traceBlock: (block, parentStateRoot, choice, traceOptions = {}) =>
      traces.block(block, parentStateRoot, choice, traceOptions),
    simulate: createSimulation({ common, crypto, pool, tracker }),
    proof: async (root, address, slots) => {
      const state = read(root)
      const at = innerAddress(address)
      const account = view(state, address)
      const storageProof = []
      for (const slot of slots) {
        const value = bytesToBigint(await state.getStorage(at, hexToBytes(slot)))
        storageProof.push({ slot, value, proof: state.proveSlot(at, hexToBytes(slot)) })
      }
      return { ...account, accountProof: state.proveAccount(at), storageProof }
    },
  }
}

function view(state: State, address: Address): AccountView {
  const account = state.readAccount(innerAddress(address))
  return {
    nonce: account?.nonce ?? 0n,
    balance: account?.balance ?? 0n,
    codeHash: account === undefined ? EMPTY_CODE_HASH : bytesToHash32(account.codeHash),
    storageRoot: account === undefined ? EMPTY_TRIE_ROOT : bytesToHash32(account.storageRoot),
  }
}

function capped(gas: bigint): bigint {
  return gas > CALL_GAS_CAP ? CALL_GAS_CAP : gas
}
