import {
  EVM,
  EVMError,
  type EVMOpts,
  type EVMResult,
  type ExecResult,
  type Message,
} from '@ethereumjs/evm'
import { Account, createZeroAddress, type Address as InnerAddress } from '@ethereumjs/util'
import type { State } from '../state.ts'
import { Frame, type Operation, STEPS_AT_ONCE } from './frame.ts'
import type { InnerInterpreterClass, RunState } from './inner-interpreter.ts'
import { createOperations } from './operations.ts'

/** Lets others go ahead, if it is their turn. @throws if there is no time left. */
export type Pause = () => Promise<void> | undefined

/** More than numbers hold exactly. */
const MAX_GAS = BigInt(Number.MAX_SAFE_INTEGER)

const NOTHING = new Uint8Array()

const WATCHED = ['beforeMessage', 'afterMessage', 'step'] as const

/**
 * EthereumJS's EVM with a loop of its own: the original awaits an asynchronous function for each opcode and analyses the code anew for
 * each frame. All around the loop is EthereumJS's, and so is the loop while somebody listens to every step.
 */
export class FastEvm extends EVM {
  /** Asked before each message and about every 0.1 ms of code. */
  pause: Pause | undefined
  /** Is told of each message to an account before it runs. */
  see: ((to: InnerAddress, data: Uint8Array) => void) | undefined
  readonly #state: State
  readonly #interpreters: ReturnType<typeof openState>
  readonly #operations: readonly Operation[] | undefined

  constructor(
    options: EVMOpts & { readonly stateManager: State },
    interpreters: InnerInterpreterClass,
  ) {
    super(options)
    this.#state = options.stateManager
    this.#operations = createOperations(this._opcodeMap, this.common)
    this.#interpreters = openState(interpreters)
  }

  /** Whether somebody wants to know of messages or steps. */
  get isWatched(): boolean {
    return WATCHED.some((event) => this.events.listenerCount(event) > 0)
  }

  override runCall(options: Parameters<EVM['runCall']>[0]): Promise<EVMResult> {
    const pause = this.pause?.()
    return pause === undefined ? this.#begin(options) : pause.then(() => this.#begin(options))
  }

  #begin(options: Parameters<EVM['runCall']>[0]): Promise<EVMResult> {
    const { to, data } = options.message ?? options
    if (to !== undefined) this.see?.(to, data ?? NOTHING)
    return super.runCall(options)
  }

  protected override async runInterpreter(
    message: Message,
    options: Parameters<EVM['runInterpreter']>[1] = {},
  ): Promise<ExecResult> {
    const { code, gasLimit, selfdestruct, createdAddresses } = message
    const operations = this.#operations
    if (
      operations === undefined ||
      !(code instanceof Uint8Array) ||
      gasLimit > MAX_GAS ||
      this.DEBUG ||
      this.events.listenerCount('step') > 0
    ) {
      return super.runInterpreter(message, options)
    }
    const interpreter = new this.#interpreters(
      this,
      this.#state,
      this.blockchain,
      this.#environmentOf(message, code),
      gasLimit,
      this.journal,
      this.performanceLogger,
    )
    if (selfdestruct !== undefined) interpreter._result.selfdestruct = selfdestruct
    if (createdAddresses !== undefined) interpreter._result.createdAddresses = createdAddresses
    const frame = new Frame(interpreter.runState, this.#state, this.common, code)
    const exceptionError = await runFrame(frame, operations, () => this.pause?.())
    const result =
      exceptionError === undefined
        ? interpreter._result
        : {
            ...interpreter._result,
            logs: [],
            selfdestruct: new Map<never, never>(),
            createdAddresses: new Set<never>(),
          }
    const isAllSpent =
      exceptionError !== undefined && exceptionError.error !== EVMError.errorMessages.REVERT
    const { gasLeft, gasRefund } = interpreter.runState
    return {
      ...result,
      ...(exceptionError === undefined ? {} : { exceptionError, runState: interpreter.runState }),
      gas: gasLeft,
      executionGasUsed: isAllSpent ? gasLimit : gasLimit - gasLeft,
      gasRefund,
      returnValue: result.returnValue ?? new Uint8Array(),
    }
  }

  #environmentOf(message: Message, code: Uint8Array): RunState['env'] {
    const address = message.to ?? createZeroAddress()
    const block = this._block
    const transaction = this._tx
    if (block === undefined || transaction === undefined) {
      throw new TypeError('expected a message within a call, received one without')
    }
    return {
      address,
      caller: message.caller,
      callData: message.data,
      callValue: message.value,
      code,
      isStatic: message.isStatic,
      isCreate: message.isCreate ?? false,
      depth: message.depth,
      gasPrice: transaction.gasPrice,
      origin: transaction.origin,
      block,
      contract: this.#state.readAccount(address) ?? new Account(),
      codeAddress: message.codeAddress,
      gasRefund: message.gasRefund,
      blobVersionedHashes: message.blobVersionedHashes ?? [],
      ...(message.createdAddresses === undefined
        ? {}
        : { createdAddresses: message.createdAddresses }),
    }
  }
}

/** Interpreters whose state can be seen. */
function openState(interpreters: InnerInterpreterClass) {
  return class extends interpreters {
    get runState(): RunState {
      return this._runState
    }
  }
}

/** Runs a frame to its end; why it failed, if it did. @throws what is no fault of the code. */
async function runFrame(
  frame: Frame,
  operations: readonly Operation[],
  pause: Pause,
): Promise<EVMError | undefined> {
  try {
    while (frame.pc < frame.code.length) {
      advance(frame, operations)
      if (frame.pending !== undefined) await frame.wait()
      if (frame.stepsLeft < 0) {
        frame.stepsLeft = STEPS_AT_ONCE
        await pause()
      }
    }
    return undefined
  } catch (error) {
    if (!(error instanceof EVMError)) throw error
    return error.error === EVMError.errorMessages.STOP ? undefined : error
  } finally {
    frame.leave()
  }
}

/** Runs a frame until it ends, has to wait, or others should have their turn. @throws EVMError if it fails. */
function advance(frame: Frame, operations: readonly Operation[]): void {
  const { code } = frame
  while (frame.pc < code.length && frame.pending === undefined && frame.stepsLeft >= 0) {
    const operation = operations[code[frame.pc] ?? 0]
    if (operation === undefined) throw new TypeError('expected 256 operations')
    frame.stepsLeft--
    frame.pc++
    frame.gas -= operation.fee
    if (frame.gas < 0) frame.fail('OUT_OF_GAS')
    operation.run(frame)
  }
}
