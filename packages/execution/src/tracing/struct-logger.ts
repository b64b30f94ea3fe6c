import { bytesToHex, type Hash32, type Hex, hexToBytes } from '@mosaic/primitives'
import type { State } from '../state.ts'
import { TraceTooLargeError } from './trace-errors.ts'
import { peek, type Step, type Tracer, wordToHash } from './tracer.ts'

/** One opcode as geth's struct logger has it. */
export type StructLog = {
  readonly pc: number
  readonly op: string
  readonly gas: bigint
  /** With the gas that a call hands on. */
  gasCost: bigint
  readonly depth: number
  readonly refund: bigint
  error: string | undefined
  readonly stack: readonly bigint[] | undefined
  readonly memory: Uint8Array | undefined
  readonly returnData: Hex | undefined
  /** Slots that the contract has touched up to here; given where one is touched. */
  readonly storage: readonly (readonly [slot: Hash32, value: Hash32])[] | undefined
}

/** Everything that a transaction did. */
export type StructTrace = {
  readonly gas: bigint
  readonly failed: boolean
  readonly returnValue: Hex
  readonly structLogs: readonly StructLog[]
}

/** What is logged. */
export type StructLoggerOptions = {
  readonly withStack: boolean
  readonly withStorage: boolean
  readonly withMemory: boolean
  readonly withReturnData: boolean
  /** Opcodes at most, the first ones; 0: all. */
  readonly limit: number
  /** About how many bytes the logs may take. */
  readonly maxBytes: number
}

const SLOAD = 0x54
const SSTORE = 0x55
const LOG_BYTES = 200

/** Opcode by opcode, as geth's struct logger. @throws TraceTooLargeError */
export function createStructLogger(options: StructLoggerOptions): Tracer<StructTrace> {
  const { limit, maxBytes } = options
  const logs: StructLog[] = []
  const touched = new Map<string, Map<Hash32, Hash32>>()
  /** The last opcode of each open frame. */
  const last: (StructLog | undefined)[] = []
  let bytes = 0
  let returned: Hex = '0x'

  const storageAt = (step: Step, state: State): StructLog['storage'] => {
    if (!options.withStorage || (step.opcode !== SLOAD && step.opcode !== SSTORE)) return undefined
    const key = step.address.toString()
    const slots = touched.get(key) ?? new Map<Hash32, Hash32>()
    touched.set(key, slots)
    const slot = wordToHash(peek(step.stack, 0))
    const value =
      step.opcode === SSTORE
        ? peek(step.stack, 1)
        : toWord(state.readSlot(step.address, hexToBytes(slot)))
    slots.set(slot, wordToHash(value))
    bytes += slots.size * 150
    return [...slots]
  }
  return {
    step: (step, state) => {
      last.length = step.depth
      if (limit !== 0 && logs.length >= limit) {
        last[step.depth - 1] = undefined
        return
      }
      const log: StructLog = {
        pc: step.pc,
        op: step.name,
        gas: step.gas,
        gasCost: step.cost,
        depth: step.depth,
        refund: step.refund,
        error: undefined,
        stack: options.withStack ? step.stack : undefined,
        memory: options.withMemory ? step.memory : undefined,
        returnData: options.withReturnData ? returned : undefined,
        storage: storageAt(step, state),
      }
      bytes += LOG_BYTES + step.stack.length * 40
      if (options.withMemory) bytes += step.memory.length * 2
      if (options.withReturnData) bytes += returned.length
      if (bytes > maxBytes) throw new TraceTooLargeError(maxBytes)
      logs.push(log)
      last[step.depth - 1] = log
    },
    enter: ({ kind, gas, value, depth }) => {
      const caller = depth === 0 ? undefined : last[depth - 1]
      returned = '0x'
      if (caller === undefined || kind === 'CREATE' || kind === 'CREATE2') return
      const isPaid = (kind === 'CALL' || kind === 'CALLCODE') && value > 0n
      caller.gasCost += gas - (isPaid ? STIPEND : 0n)
    },
    exit: ({ output, error }) => {
      returned = bytesToHex(output)
      const failing = last.at(-1)
      if (error !== undefined && error !== 'execution reverted' && failing !== undefined) {
        failing.error = error
      }
      last.pop()
    },
    end: (outcome) => ({
      gas: outcome.gasUsed,
      failed: !outcome.succeeded,
      returnValue: bytesToHex(outcome.returned),
      structLogs: logs,
    }),
  }
}

/** Gas that comes with value and that the caller does not pay. */
const STIPEND = 2300n

function toWord(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}
