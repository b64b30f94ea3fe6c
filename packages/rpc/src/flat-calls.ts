import type { Hash32, Hex } from '@mosaic/primitives'
import { type Json, quantity } from './json.ts'
import type { CallFrameView } from './trace-views.ts'

/** Where a transaction stands; nothing of a call that is none. */
export type TracedPlace = {
  readonly blockHash: Hash32
  readonly blockNumber: bigint
  readonly transactionHash: Hash32
  readonly index: number
}

/** Errors in the words of Parity, whose format this is. */
const PARITY_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:contract creation code storage )?out of gas$/, 'Out of gas'],
  [/^(?:gas uint64 overflow|max code size exceeded)$/, 'Out of gas'],
  [/^invalid jump destination$/, 'Bad jump destination'],
  [/^execution reverted$/, 'Reverted'],
  [/^return data out of bounds$/, 'Out of bounds'],
  [/^stack limit reached/, 'Out of stack'],
  [/^(?:precompiled failed|invalid input length)$/, 'Built-in failed'],
  [/^invalid opcode:/, 'Bad instruction'],
  [/^stack underflow/, 'Stack underflow'],
]

/** A tree of calls as a list, each with the way to it, as geth's `flatCallTracer`. */
export function formatFlatCalls(
  top: CallFrameView,
  place: TracedPlace | undefined,
  convertsErrors: boolean,
): Json {
  const list: Json[] = []
  const add = (frame: CallFrameView, traceAddress: readonly number[]): void => {
    const { error, calls } = frame
    const { type, action, result } = parts(frame)
    list.push({
      action,
      blockHash: place?.blockHash ?? null,
      blockNumber: Number(place?.blockNumber ?? 0n),
      ...(error === undefined ? {} : { error: convertsErrors ? toParity(error) : error }),
      // What reverts says why.
      ...(error === undefined || error === 'execution reverted' ? result : {}),
      subtraces: calls.length,
      traceAddress,
      transactionHash: place?.transactionHash ?? null,
      transactionPosition: place?.index ?? 0,
      type,
    })
    for (const [i, call] of calls.entries()) add(call, [...traceAddress, i])
  }
  add(top, [])
  return list
}

function toParity(error: string): string {
  return PARITY_WORDS.find(([pattern]) => pattern.test(error))?.[1] ?? error
}

function parts(frame: CallFrameView): {
  readonly type: string
  readonly action: Json
  readonly result: { readonly result?: Json }
} {
  const { kind, from, to, input, output } = frame
  const gas = quantity(frame.gas)
  const gasUsed = quantity(frame.gasUsed)
  const value = quantity(frame.value ?? 0n)
  const target = to === undefined ? {} : { to }
  switch (kind) {
    case 'CREATE':
    case 'CREATE2':
      return {
        type: 'create',
        action: { from, gas, init: input, value },
        result: {
          result: { ...(to === undefined ? {} : { address: to }), code: bytes(output), gasUsed },
        },
      }
    case 'SELFDESTRUCT':
      return {
        type: 'suicide',
        action: {
          address: from,
          balance: value,
          ...(to === undefined ? {} : { refundAddress: to }),
        },
        result: {},
      }
    default:
      return {
        type: 'call',
        action: { callType: kind.toLowerCase(), from, gas, input, ...target, value },
        result: { result: { gasUsed, output: bytes(output) } },
      }
  }
}

function bytes(output: Hex | undefined): Hex {
  return output ?? '0x'
}
