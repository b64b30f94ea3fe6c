import { bytesToHex } from '@mosaic/primitives'
import { type Json, quantity } from './json.ts'
import { revertReason } from './revert.ts'
import type {
  CallFrameView,
  PrestateView,
  StructLogView,
  TouchedAccountView,
  TraceView,
} from './trace-views.ts'

type JsonObject = { readonly [key: string]: Json }

/** A trace as geth writes it. */
export function formatTrace(trace: TraceView): Json {
  switch (trace.kind) {
    case 'struct': {
      const { gas, failed, returnValue, structLogs } = trace.struct
      return {
        gas: Number(gas),
        failed,
        returnValue: returnValue.slice(2),
        structLogs: structLogs.map(formatStructLog),
      }
    }
    case 'call':
      return trace.call === undefined ? null : formatFrame(trace.call)
    case 'prestate':
      return 'pre' in trace.prestate
        ? {
            post: formatPrestate(trace.prestate.post),
            pre: formatPrestate(trace.prestate.pre),
          }
        : formatPrestate(trace.prestate)
    case 'selectors':
      return Object.fromEntries(trace.selectors)
    case 'none':
      return {}
    case 'several':
      return trace.traces.map(formatTrace)
    default:
      return trace satisfies never
  }
}

function formatStructLog(log: StructLogView): JsonObject {
  return {
    pc: log.pc,
    op: log.op,
    gas: Number(log.gas),
    gasCost: Number(log.gasCost),
    depth: log.depth,
    ...(log.refund === 0n ? {} : { refund: Number(log.refund) }),
    ...(log.error === undefined ? {} : { error: log.error }),
    ...(log.stack === undefined ? {} : { stack: log.stack.map(quantity) }),
    ...(log.returnData === undefined || log.returnData === '0x'
      ? {}
      : { returnData: log.returnData }),
    ...(log.memory === undefined ? {} : { memory: words(log.memory) }),
    ...(log.storage === undefined
      ? {}
      : {
          storage: Object.fromEntries(
            log.storage.map(([slot, value]) => [slot.slice(2), value.slice(2)]),
          ),
        }),
  }
}

function words(memory: Uint8Array): readonly string[] {
  return Array.from({ length: memory.length / 32 }, (_, i) =>
    bytesToHex(memory.subarray(32 * i, 32 * i + 32)).slice(2),
  )
}

function formatFrame(frame: CallFrameView): JsonObject {
  const reason =
    frame.error === 'execution reverted' ? revertReason(frame.output ?? '0x') : undefined
  return {
    from: frame.from,
    gas: quantity(frame.gas),
    gasUsed: quantity(frame.gasUsed),
    ...(frame.to === undefined ? {} : { to: frame.to }),
    input: frame.input,
    ...(frame.output === undefined || frame.output === '0x' ? {} : { output: frame.output }),
    ...(frame.error === undefined ? {} : { error: frame.error }),
    ...(reason === undefined ? {} : { revertReason: reason }),
    ...(frame.calls.length === 0 ? {} : { calls: frame.calls.map(formatFrame) }),
    ...(frame.logs.length === 0
      ? {}
      : {
          logs: frame.logs.map(({ address, topics, data, position }) => ({
            address,
            topics,
            data,
            position: quantity(position),
          })),
        }),
    ...(frame.value === undefined ? {} : { value: quantity(frame.value) }),
    type: frame.kind,
  }
}

function formatPrestate(accounts: PrestateView): JsonObject {
  return Object.fromEntries(
    [...accounts].map(([address, account]) => [address, formatAccount(account)]),
  )
}

function formatAccount({ balance, nonce, code, storage }: TouchedAccountView): JsonObject {
  return {
    ...(balance === undefined ? {} : { balance: quantity(balance) }),
    ...(code === undefined ? {} : { code }),
    ...(nonce === undefined ? {} : { nonce: Number(nonce) }),
    ...(storage.size === 0 ? {} : { storage: Object.fromEntries(storage) }),
  }
}
