import type { Common } from '@ethereumjs/common'
import { EVM, type EVMOpts, type EVMPerformanceLogger } from '@ethereumjs/evm'
import { State } from '../state.ts'

type CustomOpcode = NonNullable<EVMOpts['customOpcodes']>[number]

/** What runs one opcode in EthereumJS; those that read state return a promise. */
type OpcodeHandler = Extract<CustomOpcode, { logicFunction: unknown }>['logicFunction']

/** What EthereumJS's opcodes work on: one frame. */
export type RunState = Parameters<OpcodeHandler>[0]

/** EthereumJS's interpreter of one frame. */
type InnerInterpreter = RunState['interpreter']

/** EthereumJS's opcode: price, gas function and handler. */
export type InnerOpcode = ReturnType<InnerInterpreter['lookupOpInfo']>

/** How one is made. */
type InnerInterpreterClass = new (
  evm: EVM,
  state: State,
  blockchain: RunState['blockchain'],
  environment: RunState['env'],
  gas: bigint,
  journal: EVM['journal'],
  performanceLogger: EVMPerformanceLogger,
) => InnerInterpreter

/** What a frame runs in. */
type Environment = RunState['env']

/** EthereumJS's interpreter of one frame after the other. Each has eight kilobytes of memory, which take as long to make as a small call takes to run. */
export type ReusableInterpreter = InnerInterpreter & {
  readonly runState: RunState
  /** Its memory by words, as far as that has not been replaced by more. */
  memoryView: DataView
  /** Begins another frame. Nothing of the last one is left. */
  readonly restart: (environment: Environment, gas: bigint) => void
}

/** How one is made. */
export type ReusableInterpreterClass = new (
  ...parts: ConstructorParameters<InnerInterpreterClass>
) => ReusableInterpreter

/** Larger ones are not kept: what was written to has to be cleared. */
export const MEMORY_KEPT: number = 2 ** 14

const NOTHING = new Uint8Array()
const INVALID = 0xfe

/** An opcode that means nothing on any chain. */
const PROBE = 0x0c

let loaded: Promise<ReusableInterpreterClass> | undefined

/**
 * The class of EthereumJS's interpreters. Its package keeps it to itself but hands an instance to each custom opcode, so one is run, once
 * in a process.
 */
export function loadInnerInterpreter(common: Common): Promise<ReusableInterpreterClass> {
  loaded ??= capture(common)
  return loaded
}

async function capture(common: Common): Promise<ReusableInterpreterClass> {
  const seen: unknown[] = []
  const evm = new EVM({
    common,
    stateManager: new State((bytes) => bytes, {
      node: () => undefined,
      code: () => undefined,
    }),
    customOpcodes: [
      {
        opcode: PROBE,
        opcodeName: 'PROBE',
        baseFee: 0,
        logicFunction: (state: RunState) => {
          seen.push(state.interpreter.constructor)
        },
      },
    ],
  })
  await evm.runCode({ code: Uint8Array.of(PROBE), gasLimit: 1n })
  const [found] = seen
  if (!isInterpreterClass(found)) throw new TypeError('expected an interpreter, received none')
  return reusable(found)
}

function isInterpreterClass(value: unknown): value is InnerInterpreterClass {
  return typeof value === 'function' && 'runStep' in Object(value.prototype)
}

/** Interpreters that can be used again. */
function reusable(interpreters: InnerInterpreterClass): ReusableInterpreterClass {
  return class extends interpreters {
    memoryView: DataView = viewOf(this._runState.memory._store)

    get runState(): RunState {
      return this._runState
    }

    restart(environment: Environment, gas: bigint): void {
      const { memory, stack, stateManager, blockchain } = this._runState
      memory._store.fill(0)
      while (stack.length > 0) stack.pop()
      this._env = environment
      this._result = { logs: [], selfdestruct: new Map() }
      this._runState = {
        programCounter: 0,
        opCode: INVALID,
        memory,
        memoryWordCount: 0n,
        highestMemCost: 0n,
        stack,
        code: NOTHING,
        validJumps: NOTHING,
        cachedPushes: {},
        stateManager,
        blockchain,
        env: environment,
        shouldDoJumpAnalysis: true,
        interpreter: this,
        gasRefund: environment.gasRefund,
        gasLeft: gas,
        stateGasSpilled: 0n,
        returnBytes: NOTHING,
      }
    }
  }
}

/** Bytes by words. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
