import { generateAddress, generateAddress2 } from '@ethereumjs/util'
import { bytesToAddress, hexToBytes, integerToRlp } from '@mosaic/primitives'
import { type CallFrame, type CallTracerOptions, createCallTracer } from './call-tracer.ts'
import { createFourByteTracer, type SelectorCounts } from './four-byte-tracer.ts'
import { type CreatedAddress, createPrestateTracer, type PrestateTrace } from './prestate-tracer.ts'
import { createStructLogger, type StructLoggerOptions, type StructTrace } from './struct-logger.ts'
import type { Tracer } from './tracer.ts'

/** Which trace is wanted. */
export type TraceChoice =
  | ({ readonly kind: 'struct' } & StructLoggerOptions)
  | ({ readonly kind: 'call' } & CallTracerOptions)
  | { readonly kind: 'prestate'; readonly diffMode: boolean }
  | { readonly kind: 'selectors' }
  | { readonly kind: 'none' }
  /** Several in one run. */
  | { readonly kind: 'several'; readonly choices: readonly TraceChoice[] }

/** A trace. */
export type Trace =
  | { readonly kind: 'struct'; readonly struct: StructTrace }
  | { readonly kind: 'call'; readonly call: CallFrame | undefined }
  | { readonly kind: 'prestate'; readonly prestate: PrestateTrace }
  | { readonly kind: 'selectors'; readonly selectors: SelectorCounts }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly traces: readonly Trace[] }

/** Makes the tracer of a choice. */
export function createTracer(
  choice: TraceChoice,
  isPrecompile: (address: string) => boolean,
): Tracer<Trace> {
  switch (choice.kind) {
    case 'struct':
      return mapped(createStructLogger(choice), (struct) => ({ kind: 'struct', struct }))
    case 'call':
      return mapped(createCallTracer(choice, isPrecompile), (call) => ({ kind: 'call', call }))
    case 'prestate':
      return mapped(createPrestateTracer(choice, CREATED), (prestate) => ({
        kind: 'prestate',
        prestate,
      }))
    case 'selectors':
      return mapped(createFourByteTracer(isPrecompile), (selectors) => ({
        kind: 'selectors',
        selectors,
      }))
    case 'none':
      return { end: () => ({ kind: 'none' }) }
    case 'several':
      return together(choice.choices.map((each) => createTracer(each, isPrecompile)))
    default:
      return choice satisfies never
  }
}

const CREATED: CreatedAddress = {
  byNonce: (creator, nonce) =>
    bytesToAddress(generateAddress(hexToBytes(creator), integerToRlp(nonce))),
  bySalt: (creator, salt, initCode) =>
    bytesToAddress(generateAddress2(hexToBytes(creator), hexToBytes(salt), initCode)),
}

/** All of `tracers` at once. */
function together(tracers: readonly Tracer<Trace>[]): Tracer<Trace> {
  return {
    begin: (message, state) => {
      for (const { begin } of tracers) begin?.(message, state)
    },
    step: (step, state) => {
      for (const tracer of tracers) tracer.step?.(step, state)
    },
    enter: (frame) => {
      for (const { enter } of tracers) enter?.(frame)
    },
    exit: (frame) => {
      for (const { exit } of tracers) exit?.(frame)
    },
    end: (outcome, state) => ({
      kind: 'several',
      traces: tracers.map(({ end }) => end(outcome, state)),
    }),
  }
}

function mapped<From>(tracer: Tracer<From>, toTrace: (result: From) => Trace): Tracer<Trace> {
  return { ...tracer, end: (outcome, state) => toTrace(tracer.end(outcome, state)) }
}
