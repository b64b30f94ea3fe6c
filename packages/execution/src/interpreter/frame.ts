import type { Common } from '@ethereumjs/common'
import { EVMError } from '@ethereumjs/evm'
import type { State } from '../state.ts'
import type { AccessJournal } from './access-journal.ts'
import { analyse, type CodeAnalysis } from './code-analysis.ts'
import {
  type InnerOpcode,
  type ReusableInterpreter,
  type RunState,
  viewOf,
} from './inner-interpreter.ts'

/** One opcode. */
export type Operation = {
  /** What it costs at least, taken before it runs. */
  readonly fee: number
  /** Runs it; the program counter stands behind the opcode. If it has to wait, it leaves that in {@link Frame.pending}. */
  readonly run: (frame: Frame) => void
}

/** About 0.1 ms. */
export const STEPS_AT_ONCE = 4096

/** Bytes of memory that cost more gas than numbers hold exactly. */
const MEMORY_LIMIT = 2 ** 36
const MEMORY_GAS = 3
const QUADRATIC_DIVISOR = 512

/**
 * One frame while it runs: what EthereumJS's opcodes work on, and beside it program counter, gas and size of memory as numbers. Those of the
 * {@link RunState} hold while one of EthereumJS's own opcodes runs, and at the end.
 */
export class Frame {
  readonly inner: RunState
  readonly interpreter: ReusableInterpreter
  readonly common: Common
  readonly state: State
  readonly journal: AccessJournal
  readonly stack: RunState['stack']
  readonly code: Uint8Array
  readonly analysis: CodeAnalysis
  readonly isStatic: boolean
  /** Position of the next opcode. */
  pc = 0
  /** Gas that is left. */
  gas: number
  /** How many more opcodes may run before others get their turn. */
  stepsLeft: number = STEPS_AT_ONCE
  /** What the next opcode has to wait for. */
  pending: Promise<void> | undefined
  #words: number
  #memoryCost: number
  #callData: DataView | undefined

  constructor(
    interpreter: ReusableInterpreter,
    state: State,
    journal: AccessJournal,
    common: Common,
    code: Uint8Array,
  ) {
    const inner = interpreter.runState
    this.inner = inner
    this.interpreter = interpreter
    this.common = common
    this.state = state
    this.journal = journal
    this.stack = inner.stack
    this.code = code
    this.analysis = analyse(code)
    this.isStatic = interpreter.isStatic()
    this.gas = Number(inner.gasLeft)
    this.#words = Number(inner.memoryWordCount)
    this.#memoryCost = Number(inner.highestMemCost)
  }

  /** Takes gas. @throws EVMError if there is not enough. */
  charge(amount: number): void {
    this.gas -= amount
    if (this.gas < 0) this.fail('OUT_OF_GAS')
  }

  /** @throws EVMError always. */
  fail(reason: keyof typeof EVMError.errorMessages): never {
    if (reason === 'OUT_OF_GAS') this.gas = 0
    // oxlint-disable-next-line typescript/only-throw-error -- What EthereumJS's opcodes throw as well; it is no Error.
    throw new EVMError(EVMError.errorMessages[reason])
  }

  /** Ends the frame after this opcode. */
  stop(): void {
    this.pc = this.code.length
  }

  /** Bytes of memory that have been paid. */
  get memorySize(): number {
    return this.#words * 32
  }

  /** What memory costs from here to the end of a range, which counts as paid from now on. @throws EVMError if nobody could pay. */
  growth(offset: bigint, length: bigint): number {
    if (length === 0n) return 0
    const end = Number(offset) + Number(length)
    if (end <= this.#words * 32) return 0
    if (end > MEMORY_LIMIT) this.fail('OUT_OF_GAS')
    const words = Math.ceil(end / 32)
    const cost = words * MEMORY_GAS + quadraticPart(words)
    const more = cost - this.#memoryCost
    this.#words = words
    this.#memoryCost = cost
    return more
  }

  /** Memory of at least `size` bytes, which must have been paid. */
  memory(size: number): Uint8Array {
    const { memory } = this.inner
    if (memory._store.length < size) {
      const grown = new Uint8Array(Math.max(2 * memory._store.length, Math.ceil(size / 32) * 32))
      grown.set(memory._store)
      memory._store = grown
    }
    return memory._store
  }

  /** As {@link memory}, by words. */
  view(size: number): DataView {
    const bytes = this.memory(size)
    const { interpreter } = this
    if (interpreter.memoryView.buffer !== bytes.buffer) interpreter.memoryView = viewOf(bytes)
    return interpreter.memoryView
  }

  /** What the frame was called with, by words. */
  get callData(): DataView {
    this.#callData ??= viewOf(this.interpreter.getCallData())
    return this.#callData
  }

  /** A copy of a stretch of memory that has been paid; empty wherever it begins if `length` is 0. */
  slice(offset: bigint, length: bigint): Uint8Array {
    if (length === 0n) return new Uint8Array()
    const at = Number(offset)
    const size = Number(length)
    return this.memory(at + size).slice(at, at + size)
  }

  /** Runs one of EthereumJS's opcodes, gas included. */
  step(opcode: InnerOpcode): void {
    this.leave()
    this.inner.programCounter--
    this.inner.opCode = opcode.opcodeInfo.code
    this.pending = this.interpreter.runStep(opcode)
  }

  /** Runs what one of EthereumJS's opcodes does, after its gas has been taken. */
  handle({ opcodeInfo, opHandler }: InnerOpcode): void {
    this.leave()
    this.inner.opCode = opcodeInfo.code
    const pending = opHandler(this.inner, this.common)
    if (pending === undefined) this.#resume()
    else this.pending = pending
  }

  /** Waits until the next opcode may run. */
  async wait(): Promise<void> {
    try {
      await this.pending
    } finally {
      this.pending = undefined
      this.#resume()
    }
  }

  /** Brings EthereumJS's side up to date. */
  leave(): void {
    this.inner.programCounter = this.pc
    this.inner.gasLeft = BigInt(this.gas)
    this.inner.memoryWordCount = BigInt(this.#words)
    this.inner.highestMemCost = BigInt(this.#memoryCost)
  }

  #resume(): void {
    this.pc = this.inner.programCounter
    this.gas = Number(this.inner.gasLeft)
    this.#words = Number(this.inner.memoryWordCount)
    this.#memoryCost = Number(this.inner.highestMemCost)
  }
}

/** The square of a number of words by 512, rounded down. The square itself may not be exact. */
function quadraticPart(words: number): number {
  const rest = words % QUADRATIC_DIVISOR
  const whole = (words - rest) / QUADRATIC_DIVISOR
  return (
    QUADRATIC_DIVISOR * whole * whole +
    2 * whole * rest +
    Math.floor((rest * rest) / QUADRATIC_DIVISOR)
  )
}
