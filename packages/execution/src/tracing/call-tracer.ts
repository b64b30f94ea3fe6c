import { type Address, bytesToHex, type Hash32, type Hex } from '@mosaic/primitives'
import { memorySlice, peek, type Tracer, wordToAddress, wordToHash } from './tracer.ts'

/** One frame with those below it. */
export type CallFrame = {
  kind: 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2' | 'SELFDESTRUCT'
  from: Address
  /** Undefined for a creation that failed. */
  to: Address | undefined
  /** Undefined where none can be sent. */
  value: bigint | undefined
  gas: bigint
  gasUsed: bigint
  input: Hex
  /** Undefined if it failed without a word. */
  output: Hex | undefined
  error: string | undefined
  calls: CallFrame[]
  logs: FrameLog[]
}

/** A log with its place among the calls of its frame. */
export type FrameLog = {
  readonly address: Address
  readonly topics: readonly Hash32[]
  readonly data: Hex
  /** Calls of the frame before it. */
  readonly position: number
}

/** What the tracer of calls is told. */
export type CallTracerOptions = {
  readonly onlyTopCall: boolean
  readonly withLog: boolean
  /** Whether calls to precompiles are told of, too. */
  readonly withPrecompiles: boolean
}

/** Calls that run the code of their target in its own name. */
const MESSAGES: ReadonlySet<string> = new Set(['CALL', 'STATICCALL'])
const LOG0 = 0xa0
const LOG4 = 0xa4
const SELFDESTRUCT = 0xff

/** The tree of calls that a transaction makes, as geth's `callTracer`. */
export function createCallTracer(
  { onlyTopCall, withLog, withPrecompiles }: CallTracerOptions,
  isPrecompile: (address: string) => boolean,
): Tracer<CallFrame | undefined> {
  const open: CallFrame[] = []
  let top: CallFrame | undefined
  let limit = 0n
  return {
    begin: ({ gas }) => {
      limit = gas
    },
    enter: ({ kind, from, to, value, gas, input, depth }) => {
      const frame: CallFrame = {
        kind,
        from,
        to,
        value: kind === 'STATICCALL' ? undefined : value,
        gas,
        gasUsed: 0n,
        input: bytesToHex(input),
        output: undefined,
        error: undefined,
        calls: [],
        logs: [],
      }
      const isTold =
        withPrecompiles || !(MESSAGES.has(kind) && to !== undefined && isPrecompile(to))
      if (depth === 0) top = frame
      else if (!onlyTopCall && isTold) open.at(-1)?.calls.push(frame)
      open.push(frame)
    },
    exit: ({ gasUsed, output, error, created }) => {
      const frame = open.pop()
      if (frame === undefined) return
      frame.gasUsed = gasUsed
      frame.error = error
      const isCreation = frame.kind === 'CREATE' || frame.kind === 'CREATE2'
      if (isCreation && error === undefined) frame.to = created
      if (error === undefined || error === 'execution reverted') frame.output = bytesToHex(output)
      if (error !== undefined) forgetLogs(frame)
    },
    step: ({ opcode, stack, memory, address }, state) => {
      const frame = open.at(-1)
      if (frame === undefined || (onlyTopCall && open.length > 1)) return
      if (withLog && opcode >= LOG0 && opcode <= LOG4) {
        frame.logs.push({
          address: wordToAddress(BigInt(address.toString())),
          topics: Array.from({ length: opcode - LOG0 }, (_, i) => wordToHash(peek(stack, 2 + i))),
          data: bytesToHex(memorySlice(memory, peek(stack, 0), peek(stack, 1))),
          position: frame.calls.length,
        })
      }
      if (opcode === SELFDESTRUCT && !onlyTopCall) {
        frame.calls.push({
          kind: 'SELFDESTRUCT',
          from: wordToAddress(BigInt(address.toString())),
          to: wordToAddress(peek(stack, 0)),
          value: state.readAccount(address)?.balance ?? 0n,
          gas: 0n,
          gasUsed: 0n,
          input: '0x',
          output: undefined,
          error: undefined,
          calls: [],
          logs: [],
        })
      }
    },
    end: ({ gasUsed }) => {
      if (top === undefined) return undefined
      top.gas = limit
      top.gasUsed = gasUsed
      return top
    },
  }
}

/** A frame that failed logged nothing, nor did those below it. */
function forgetLogs(frame: CallFrame): void {
  frame.logs = []
  for (const call of frame.calls) forgetLogs(call)
}
