import type { Common } from '@ethereumjs/common'
import { EVM, type EVMOpts, type EVMPerformanceLogger } from '@ethereumjs/evm'
import { State } from '../state.ts'

type CustomOpcode = NonNullable<EVMOpts['customOpcodes']>[number]

/** What runs one opcode in EthereumJS; those that read state return a promise. */
type OpcodeHandler = Extract<CustomOpcode, { logicFunction: unknown }>['logicFunction']

/** What EthereumJS's opcodes work on: one frame. */
export type RunState = Parameters<OpcodeHandler>[0]

/** EthereumJS's interpreter of one frame. */
export type InnerInterpreter = RunState['interpreter']

/** EthereumJS's opcode: price, gas function and handler. */
export type InnerOpcode = ReturnType<InnerInterpreter['lookupOpInfo']>

/** How one is made. */
export type InnerInterpreterClass = new (
  evm: EVM,
  state: State,
  blockchain: RunState['blockchain'],
  environment: RunState['env'],
  gas: bigint,
  journal: EVM['journal'],
  performanceLogger: EVMPerformanceLogger,
) => InnerInterpreter

/** An opcode that means nothing on any chain. */
const PROBE = 0x0c

let loaded: Promise<InnerInterpreterClass> | undefined

/**
 * The class of EthereumJS's interpreters. Its package keeps it to itself but hands an instance to each custom opcode, so one is run, once
 * in a process.
 */
export function loadInnerInterpreter(common: Common): Promise<InnerInterpreterClass> {
  loaded ??= capture(common)
  return loaded
}

async function capture(common: Common): Promise<InnerInterpreterClass> {
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
  return found
}

function isInterpreterClass(value: unknown): value is InnerInterpreterClass {
  return typeof value === 'function' && 'runStep' in Object(value.prototype)
}
