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
import { AccessJournal, asJournal } from './access-journal.ts'
import { Frame, type Operation, STEPS_AT_ONCE } from './frame.ts'
import {
  MEMORY_KEPT,
  type ReusableInterpreter,
  type ReusableInterpreterClass,
  type RunState,
} from './inner-interpreter.ts'
import { createOperations } from './operations.ts'

/** Lets others go ahead, if it is their turn. @throws if there is no time left. */
export type Pause = () => Promise<void> | undefined

/** More than numbers hold exactly. */
const MAX_GAS = BigInt(Number.MAX_SAFE_INTEGER)

const MAX_BALANCE = 2n ** 256n - 1n

/** Code that begins with this byte names an account whose code is meant (EIP-7702); no other can (EIP-3541). */
const DELEGATION_BYTE = 0xef

const NOTHING = new Uint8Array()

const INTERPRETERS_KEPT = 64

const DONE = Promise.resolve()

type MessageTo = Parameters<EVM['_executeCall']>[0]

const WATCHED = ['beforeMessage', 'afterMessage', 'step'] as const

/**
 * EthereumJS's EVM with a loop, a journal and messages to accounts of its own: the original awaits an asynchronous function for each opcode,
 * analyses the code anew for each frame, and copies each message. Creations are EthereumJS's, and so is the loop while somebody listens to
 * every step.
 */
export class FastEvm extends EVM {
  /** Asked before each message and about every 0.1 ms of code. */
  pause: Pause | undefined
  /** Is told of each message to an account before it runs. */
  see: ((to: InnerAddress, data: Uint8Array) => void) | undefined
  /** The journal, by its own name. */
  readonly accesses: AccessJournal
  readonly #state: State
  readonly #interpreters: ReusableInterpreterClass
  /** Those of frames that have ended. */
  readonly #idle: ReusableInterpreter[] = []
  readonly #operations: readonly Operation[] | undefined

  constructor(
    options: EVMOpts & { readonly stateManager: State },
    interpreters: ReusableInterpreterClass,
  ) {
    super(options)
    this.#state = options.stateManager
    this.#operations = createOperations(this._opcodeMap, this.common)
    this.#interpreters = interpreters
    this.accesses = new AccessJournal(this.#state, this.precompiles.keys())
    this.journal = asJournal(this.accesses)
    const emit = this._emit
    // The original is asynchronous also when nobody listens.
    Object.assign(this, {
      _emit: (topic: string, data: unknown): Promise<void> =>
        this.events.eventNames().length === 0 ? DONE : emit(topic, data),
    })
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

  /** What EthereumJS's own does under the rules of {@link createOperations}, without copies, and without writing what stays as it is. */
  protected override async _executeCall(message: MessageTo): Promise<EVMResult> {
    if (this.#operations === undefined || this.DEBUG) return super._executeCall(message)
    const failure = message.delegatecall ? undefined : this.#moveValue(message)
    if (!this.#findCode(message)) await this._loadCode(message)
    const { code, gasRefund, gasLimit } = message
    if (code === undefined || code.length === 0 || failure !== undefined) {
      const nothing = { gasRefund, executionGasUsed: 0n, returnValue: NOTHING }
      return {
        execResult: failure === undefined ? nothing : { ...nothing, exceptionError: failure },
      }
    }
    const execResult =
      typeof code === 'function'
        ? { ...(await this.runPrecompile(code, message.data, gasLimit)), gasRefund }
        : await this.runInterpreter(message)
    if (message.depth === 0 && this.common.isActivatedEIP(1153)) this.transientStorage.clear()
    return { execResult }
  }

  /** Moves the ether of a message, and touches both accounts. @returns why it cannot be moved. */
  #moveValue({ caller, to, value }: MessageTo): EVMError | undefined {
    let failure: EVMError | undefined
    const sender = this.#state.peekAccount(caller) ?? new Account()
    if (sender.balance < value) failure = new EVMError(EVMError.errorMessages.INSUFFICIENT_BALANCE)
    else this.#add(caller, sender, -value)
    // Read after that: it may be the same account.
    const receiver = this.#state.peekAccount(to) ?? new Account()
    if (receiver.balance + value > MAX_BALANCE) {
      failure = new EVMError(EVMError.errorMessages.VALUE_OVERFLOW)
    } else this.#add(to, receiver, value)
    return failure
  }

  #add(address: InnerAddress, account: Account, amount: bigint): void {
    this.accesses.touch(address.bytes)
    if (amount === 0n && this.#state.peekAccount(address) !== undefined) return
    const { nonce, balance, storageRoot, codeHash } = account
    this.#state.giveAccount(address, new Account(nonce, balance + amount, storageRoot, codeHash))
  }

  /** Sets the code that a message runs. @returns whether that was done: what stands for the code of another account is EthereumJS's to find. */
  #findCode(message: MessageTo): boolean {
    if (message.code !== undefined || this.accesses.isPrecompile(message.codeAddress.bytes)) {
      return message.code !== undefined
    }
    const code = this.#state.readCode(message.codeAddress)
    if (code[0] === DELEGATION_BYTE) return false
    message.code = code
    message.isCompiled = false
    return true
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
    const interpreter = this.#takeInterpreter(this.#environmentOf(message, code), gasLimit)
    const { runState } = interpreter
    if (selfdestruct !== undefined) interpreter._result.selfdestruct = selfdestruct
    if (createdAddresses !== undefined) interpreter._result.createdAddresses = createdAddresses
    const frame = new Frame(interpreter, this.#state, this.accesses, this.common, code)
    const exceptionError = await runFrame(frame, operations, () => this.pause?.())
    const { gasLeft: gas, gasRefund } = runState
    const returnValue = interpreter._result.returnValue ?? NOTHING
    if (exceptionError === undefined) {
      const result = interpreter._result
      const isSmall = runState.memory._store.length <= MEMORY_KEPT
      if (isSmall && this.#idle.length < INTERPRETERS_KEPT) this.#idle.push(interpreter)
      return { ...result, gas, executionGasUsed: gasLimit - gas, gasRefund, returnValue }
    }
    const isAllSpent = exceptionError.error !== EVMError.errorMessages.REVERT
    return {
      logs: [],
      selfdestruct: new Map(),
      createdAddresses: new Set(),
      exceptionError,
      runState,
      gas,
      executionGasUsed: isAllSpent ? gasLimit : gasLimit - gas,
      gasRefund,
      returnValue,
    }
  }

  #takeInterpreter(environment: RunState['env'], gas: bigint): ReusableInterpreter {
    const idle = this.#idle.pop()
    if (idle !== undefined) {
      idle.restart(environment, gas)
      return idle
    }
    const { blockchain, journal, performanceLogger } = this
    return new this.#interpreters(
      this,
      this.#state,
      blockchain,
      environment,
      gas,
      journal,
      performanceLogger,
    )
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
