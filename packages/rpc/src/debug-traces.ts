import type { Hash32 } from '@mosaic/primitives'
import {
  type BlockParameter,
  blockNumberOrTag,
  blockParameter,
  findHeader,
  LATEST,
} from './block-reference.ts'
import {
  blockOverrides,
  type CallParameters,
  callParameters,
  NO_BLOCK_OVERRIDES,
  requireConsistent,
  stateOverrides,
} from './call-parameters.ts'
import { serverError } from './errors.ts'
import { formatFlatCalls, type TracedPlace } from './flat-calls.ts'
import type { Json } from './json.ts'
import { type MethodTable, method2, method3 } from './method.ts'
import {
  boolean,
  type Fields,
  field,
  hash32,
  optional,
  ParameterError,
  type Parse,
  recordOf,
  required,
  text,
} from './parameters.ts'
import type { ChainPort, NodePort, StatePort, TracePort } from './ports.ts'
import { failureToError } from './revert.ts'
import { formatTrace } from './trace-format.ts'
import type { TraceChoice, TraceView } from './trace-views.ts'
import type { HeaderView } from './views.ts'

const DEFAULT_TIMEOUT_MS = 5_000
const MOST_TIMEOUT_MS = 60_000
/** What a trace opcode by opcode may take: it becomes text of about the same length. */
const MAX_TRACE_BYTES = 20_000_000
/** In one run. */
const MOST_TRACERS = 8

/** A trace, and how it is written. */
type Wanted = {
  readonly choice: TraceChoice
  readonly format: (trace: TraceView, place: TracedPlace | undefined) => Json
}

type TraceParameters = Wanted & { readonly timeoutMs: number }

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/** A duration as Go writes it: `500ms`, `5s`, `1m30s`. */
const duration: Parse<number> = (value) => {
  const written = text(value)
  const parts = [...written.matchAll(/(\d{1,9}(?:\.\d{1,9})?)(ms|s|m)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== written) {
    throw new ParameterError('expected a duration as in "5s"')
  }
  const ms = parts.reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0),
    0,
  )
  if (ms > MOST_TIMEOUT_MS) throw new ParameterError(`expected at most ${MOST_TIMEOUT_MS / 1000}s`)
  return ms
}

const count: Parse<number> = (value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new ParameterError('expected a whole number')
  }
  return value
}

/** The second parameter of geth's `debug_trace…`. */
const traceParameters: Parse<TraceParameters> = (value) =>
  toTraceParameters(recordOf('tracers.TraceConfig')(value))

function toTraceParameters(from: Fields): TraceParameters {
  const timeoutMs = field(from, 'timeout', duration) ?? DEFAULT_TIMEOUT_MS
  const tracer = field(from, 'tracer', text)
  const config = field(from, 'tracerConfig', recordOf('json.RawMessage')) ?? NO_FIELDS
  const wanted =
    tracer === undefined
      ? { choice: structChoice(from), format: formatTrace }
      : wantedOf(tracer, config)
  return { ...wanted, timeoutMs }
}

function wantedOf(tracer: string, config: Fields): Wanted {
  const flag = (name: string): boolean => field(config, name, boolean) ?? false
  switch (tracer) {
    case 'callTracer':
      return plain({
        kind: 'call',
        onlyTopCall: flag('onlyTopCall'),
        withLog: flag('withLog'),
        withPrecompiles: true,
      })
    case 'flatCallTracer':
      return flatCalls(flag('convertParityErrors'), flag('includePrecompiles'))
    case 'prestateTracer':
      return plain({ kind: 'prestate', diffMode: flag('diffMode') })
    case '4byteTracer':
      return plain({ kind: 'selectors' })
    case 'noopTracer':
      return plain({ kind: 'none' })
    case 'muxTracer':
      return several(config)
    default:
      throw new ParameterError(
        'tracer: expected callTracer, flatCallTracer, prestateTracer, 4byteTracer, noopTracer, muxTracer or none; scripts are not run',
      )
  }
}

function plain(choice: TraceChoice): Wanted {
  return { choice, format: formatTrace }
}

function flatCalls(convertsErrors: boolean, withPrecompiles: boolean): Wanted {
  return {
    choice: { kind: 'call', onlyTopCall: false, withLog: false, withPrecompiles },
    format: (trace, place) =>
      trace.kind === 'call' && trace.call !== undefined
        ? formatFlatCalls(trace.call, place, convertsErrors)
        : [],
  }
}

/** The tracers that are the members of the configuration, each with its own as value. */
function several({ values }: Fields): Wanted {
  const names = Object.keys(values)
  if (names.length > MOST_TRACERS) throw new ParameterError(`more than ${MOST_TRACERS} tracers`)
  const parts = names.map((name) => {
    const own = recordOf('json.RawMessage')(values[name] ?? {})
    // One within another would be another way to write the same.
    if (name === 'muxTracer') throw new ParameterError('muxTracer: expected no other within')
    return wantedOf(name, own)
  })
  return {
    choice: { kind: 'several', choices: parts.map(({ choice }) => choice) },
    format: (trace, place) => {
      const traces = trace.kind === 'several' ? trace.traces : []
      return Object.fromEntries(
        traces.flatMap((each, i) => {
          const [name, part] = [names[i], parts[i]]
          return name === undefined || part === undefined ? [] : [[name, part.format(each, place)]]
        }),
      )
    },
  }
}

const NO_FIELDS: Fields = { type: 'json.RawMessage', values: {} }

function structChoice(from: Fields): TraceChoice {
  const flag = (name: string): boolean => field(from, name, boolean) ?? false
  return {
    kind: 'struct',
    withStack: !flag('disableStack'),
    withStorage: !flag('disableStorage'),
    withMemory: flag('enableMemory'),
    withReturnData: flag('enableReturnData'),
    limit: field(from, 'limit', count) ?? 0,
    maxBytes: MAX_TRACE_BYTES,
  }
}

const DEFAULTS: TraceParameters = {
  choice: structChoice(NO_FIELDS),
  format: formatTrace,
  timeoutMs: DEFAULT_TIMEOUT_MS,
}

/** Methods that tell what transactions and calls did. */
export function createTraceMethods(ports: {
  readonly node: NodePort
  readonly chain: ChainPort
  readonly state: StatePort
  readonly traces: TracePort
}): MethodTable {
  const { node, chain, traces } = ports
  const options = optional(traceParameters, DEFAULTS)

  const traceBlock = async (
    parameter: BlockParameter,
    { choice, format, timeoutMs }: TraceParameters,
  ): Promise<Json> => {
    const { hash, number } = await requireTraced(chain, parameter)
    if (number === 0n) throw serverError('genesis is not traceable')
    const results = await traces.block(hash, choice, timeoutMs)
    return results.map(({ transactionHash, trace }, index) => ({
      txHash: transactionHash,
      result: format(trace, { blockHash: hash, blockNumber: number, transactionHash, index }),
    }))
  }
  const traceTransaction = async (
    hash: Hash32,
    { choice, format, timeoutMs }: TraceParameters,
  ): Promise<Json> => {
    const included = await chain.transaction(hash)
    const trace = await traces.transaction(hash, choice, timeoutMs)
    if (trace === undefined) throw serverError('transaction not found')
    return format(
      trace,
      included && {
        blockHash: included.header.hash,
        blockNumber: included.header.number,
        transactionHash: hash,
        index: included.index,
      },
    )
  }
  const traceCall = async (
    message: CallParameters,
    parameter: BlockParameter,
    given: TraceCallParameters,
  ): Promise<Json> => {
    requireConsistent(message, node.chainId)
    const { chainId: _checked, ...call } = message
    const outcome = await traces.call(
      {
        ...call,
        at: (await requireTraced(chain, parameter)).hash,
        stateOverrides: given.stateOverrides,
        blockOverrides: given.blockOverrides,
      },
      given.choice,
      given.timeoutMs,
    )
    if (outcome.kind === 'refused') throw serverError(`tracing failed: ${outcome.message}`)
    if (outcome.kind !== 'success') throw failureToError(outcome)
    return given.format(outcome.trace, undefined)
  }

  return {
    debug_traceTransaction: method2(required(hash32), options, traceTransaction),
    debug_traceBlockByNumber: method2(required(blockNumberOrTag), options, traceBlock),
    debug_traceBlockByHash: method2(required(hash32), options, (hash, given) =>
      traceBlock({ hash }, given),
    ),
    debug_traceCall: method3(
      required(callParameters),
      optional(blockParameter, LATEST),
      optional(traceCallParameters, { ...DEFAULTS, ...NOTHING_PRETENDED }),
      traceCall,
    ),
  }
}

/** A block in the words that geth has where it traces. */
async function requireTraced(chain: ChainPort, parameter: BlockParameter): Promise<HeaderView> {
  const header = await findHeader(chain, parameter)
  if (header !== undefined) return header
  if ('hash' in parameter) throw serverError(`block ${parameter.hash} not found`)
  throw serverError(`block #${'number' in parameter ? parameter.number : 0n} not found`)
}

type TraceCallParameters = TraceParameters & {
  readonly stateOverrides: ReturnType<typeof stateOverrides>
  readonly blockOverrides: ReturnType<typeof blockOverrides>
}

const NOTHING_PRETENDED = { stateOverrides: new Map(), blockOverrides: NO_BLOCK_OVERRIDES } as const

const traceCallParameters: Parse<TraceCallParameters> = (value) => {
  const from = recordOf('tracers.TraceCallConfig')(value)
  return {
    ...toTraceParameters(from),
    stateOverrides: field(from, 'stateOverrides', stateOverrides) ?? new Map(),
    blockOverrides: field(from, 'blockOverrides', blockOverrides) ?? NO_BLOCK_OVERRIDES,
  }
}
