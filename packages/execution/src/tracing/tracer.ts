import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import type { Address as InnerAddress } from '@ethereumjs/util'
import {
  type Address,
  bytesToAddress,
  type Hash32,
  toAddress,
  toHash32,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { gethWords } from '../geth-words.ts'
import type { Machine } from '../machine.ts'
import type { TakeTurn } from '../machine-pool.ts'
import type { State } from '../state.ts'

/** How a frame was entered: by an opcode, or by the transaction itself (`CALL`, `CREATE`). */
type FrameKind = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2'

/** A frame as it begins. */
type FrameStart = {
  readonly kind: FrameKind
  readonly from: Address
  /** Whose code runs; the new contract is not known yet when one is created. */
  readonly to: Address | undefined
  readonly value: bigint
  readonly gas: bigint
  readonly input: Uint8Array
  /** 0 for the transaction. */
  readonly depth: number
}

/** A frame as it ends. */
type FrameEnd = {
  readonly gasUsed: bigint
  readonly output: Uint8Array
  /** In geth's words; `execution reverted` for REVERT. */
  readonly error: string | undefined
  /** The contract that was created, also when that failed. */
  readonly created: Address | undefined
}

/** One opcode before it runs. */
export type Step = {
  readonly pc: number
  readonly opcode: number
  readonly name: string
  readonly gas: bigint
  /** What it costs, without the gas it hands to a frame below. */
  readonly cost: bigint
  readonly refund: bigint
  /** 1 for the frame of the transaction. */
  readonly depth: number
  /** Bottom first. */
  readonly stack: readonly bigint[]
  readonly memory: Uint8Array
  /** Whose storage is touched and whose balance changes. */
  readonly address: InnerAddress
}

/** What a transaction or call came to. */
type TracedOutcome = {
  readonly gasUsed: bigint
  readonly succeeded: boolean
  readonly returned: Uint8Array
}

/** What is about to run. */
export type TracedMessage = {
  readonly from: Address
  readonly to: Address | undefined
  readonly gas: bigint
  readonly feeRecipient: Address
  /** Accounts whose code EIP-7702 may set. */
  readonly authorities: readonly Address[]
}

/** Watches one transaction or call run. Each part may be left out. */
export type Tracer<Result> = {
  /** Before anything of it, also the gas, has been taken from the state. */
  readonly begin?: (message: TracedMessage, state: State) => void
  readonly step?: (step: Step, state: State) => void
  readonly enter?: (frame: FrameStart) => void
  readonly exit?: (frame: FrameEnd) => void
  /** After everything. */
  readonly end: (outcome: TracedOutcome, state: State) => Result
}

const KINDS: Readonly<Record<number, FrameKind>> = {
  240: 'CREATE',
  241: 'CALL',
  242: 'CALLCODE',
  244: 'DELEGATECALL',
  245: 'CREATE2',
  250: 'STATICCALL',
}

/** Opcodes that run before others get their turn. */
const STEPS_AT_ONCE = 256

/** Lets `tracer` watch the machine until the returned function is called. `takeTurn` is asked now and then between opcodes. */
export function attachTracer(
  machine: Machine,
  tracer: Tracer<unknown>,
  takeTurn: TakeTurn,
): () => void {
  const { events } = machine.evm
  /** Opcode that was last run at each depth: it tells how the frame below was entered. */
  const opcodes: number[] = []
  let steps = 0
  const step = (data: InterpreterStep, resolve?: () => void): void => {
    opcodes[data.depth] = data.opcode.code
    tracer.step?.(toStep(data), machine.state)
    steps++
    if (steps % STEPS_AT_ONCE === 0) takeTurn(() => resolve?.())
    else resolve?.()
  }
  const before = (message: Message): void => {
    const isCreation = message.to === undefined
    const kind =
      message.depth === 0
        ? isCreation
          ? 'CREATE'
          : 'CALL'
        : (KINDS[opcodes[message.depth - 1] ?? 0] ?? 'CALL')
    // With somebody else's code, the frame's address is the one that runs it.
    const borrows = kind === 'DELEGATECALL' || kind === 'CALLCODE'
    tracer.enter?.({
      kind,
      from: toOwn(borrows ? message.to : message.caller),
      to: isCreation ? undefined : toOwn(borrows ? message.codeAddress : message.to),
      value: message.value,
      gas: message.gasLimit,
      input: message.data,
      depth: message.depth,
    })
  }
  const after = ({ createdAddress, execResult }: EVMResult): void => {
    const error = execResult.exceptionError
    tracer.exit?.({
      gasUsed: execResult.executionGasUsed,
      output: execResult.returnValue,
      error: error === undefined ? undefined : gethWords(error.error, execResult.runState),
      created: createdAddress === undefined ? undefined : toOwn(createdAddress),
    })
  }
  events.on('step', step)
  events.on('beforeMessage', before)
  events.on('afterMessage', after)
  return () => {
    events.off('step', step)
    events.off('beforeMessage', before)
    events.off('afterMessage', after)
  }
}

function toStep({
  pc,
  opcode,
  gasLeft,
  gasRefund,
  depth,
  stack,
  memory,
  address,
}: InterpreterStep): Step {
  return {
    pc,
    opcode: opcode.code,
    name: opcode.name,
    gas: gasLeft,
    cost: opcode.dynamicFee ?? BigInt(opcode.fee),
    refund: gasRefund,
    depth: depth + 1,
    stack,
    memory,
    address,
  }
}

function toOwn(address: InnerAddress | undefined): Address {
  return address === undefined ? ZERO_ADDRESS : bytesToAddress(address.bytes)
}

/** The stack item `at` places below the top; 0 if there is none. */
export function peek(stack: readonly bigint[], at: number): bigint {
  return stack[stack.length - 1 - at] ?? 0n
}

/** Opcodes that name an account, and where on the stack: BALANCE, EXTCODE*, SELFDESTRUCT, the calls. */
const ACCOUNT_AT: ReadonlyMap<number, number> = new Map([
  [0x31, 0],
  [0x3b, 0],
  [0x3c, 0],
  [0x3f, 0],
  [0xff, 0],
  [0xf1, 1],
  [0xf2, 1],
  [0xf4, 1],
  [0xfa, 1],
])

/** The account that an opcode is about to touch besides its own; undefined if it touches none. */
export function namedAccount(opcode: number, stack: readonly bigint[]): Address | undefined {
  const at = ACCOUNT_AT.get(opcode)
  return at === undefined || stack.length <= at ? undefined : wordToAddress(peek(stack, at))
}

/** A stack item as an address. */
export function wordToAddress(word: bigint): Address {
  return toAddress(`0x${(word & ((1n << 160n) - 1n)).toString(16).padStart(40, '0')}`)
}

/** A stack item as 32 bytes. */
export function wordToHash(word: bigint): Hash32 {
  return toHash32(`0x${word.toString(16).padStart(64, '0')}`)
}

/** More memory than gas can buy: an opcode that asks for it is about to fail. */
const MEMORY_LIMIT = 1n << 24n

/** A stretch of memory, with zeros where it has not grown yet; empty if it is longer than memory can become. */
export function memorySlice(memory: Uint8Array, offset: bigint, length: bigint): Uint8Array {
  if (length > MEMORY_LIMIT) return new Uint8Array()
  const result = new Uint8Array(Number(length))
  if (offset < BigInt(memory.length)) {
    result.set(memory.subarray(Number(offset), Number(offset + length)))
  }
  return result
}
