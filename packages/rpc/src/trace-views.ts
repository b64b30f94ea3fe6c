import type { Address, Hash32, Hex } from '@mosaic/primitives'

/** Which trace is wanted. */
export type TraceChoice =
  | {
      readonly kind: 'struct'
      readonly withStack: boolean
      readonly withStorage: boolean
      readonly withMemory: boolean
      readonly withReturnData: boolean
      /** Opcodes at most, the first ones; 0: all. */
      readonly limit: number
      /** About how many bytes the logs may take. */
      readonly maxBytes: number
    }
  | {
      readonly kind: 'call'
      readonly onlyTopCall: boolean
      readonly withLog: boolean
      /** Whether calls to precompiles are told of, too. */
      readonly withPrecompiles: boolean
    }
  | { readonly kind: 'prestate'; readonly diffMode: boolean }
  | { readonly kind: 'selectors' }
  | { readonly kind: 'none' }
  /** Several in one run. */
  | { readonly kind: 'several'; readonly choices: readonly TraceChoice[] }

/** One frame with those below it. */
export type CallFrameView = {
  readonly kind: string
  readonly from: Address
  /** Undefined for a creation that failed. */
  readonly to: Address | undefined
  /** Undefined where none can be sent. */
  readonly value: bigint | undefined
  readonly gas: bigint
  readonly gasUsed: bigint
  readonly input: Hex
  readonly output: Hex | undefined
  readonly error: string | undefined
  readonly calls: readonly CallFrameView[]
  readonly logs: readonly {
    readonly address: Address
    readonly topics: readonly Hash32[]
    readonly data: Hex
    /** Calls of the frame before it. */
    readonly position: number
  }[]
}

/** One opcode. */
export type StructLogView = {
  readonly pc: number
  readonly op: string
  readonly gas: bigint
  readonly gasCost: bigint
  readonly depth: number
  readonly refund: bigint
  readonly error: string | undefined
  /** Bottom first. */
  readonly stack: readonly bigint[] | undefined
  readonly memory: Uint8Array | undefined
  readonly returnData: Hex | undefined
  readonly storage: readonly (readonly [slot: Hash32, value: Hash32])[] | undefined
}

/** An account as far as a transaction touched it. */
export type TouchedAccountView = {
  readonly balance: bigint | undefined
  readonly nonce: bigint | undefined
  readonly code: Hex | undefined
  readonly storage: ReadonlyMap<Hash32, Hash32>
}

/** Accounts before, or after, a transaction. */
export type PrestateView = ReadonlyMap<Address, TouchedAccountView>

/** A trace. */
export type TraceView =
  | {
      readonly kind: 'struct'
      readonly struct: {
        readonly gas: bigint
        readonly failed: boolean
        readonly returnValue: Hex
        readonly structLogs: readonly StructLogView[]
      }
    }
  | { readonly kind: 'call'; readonly call: CallFrameView | undefined }
  | {
      readonly kind: 'prestate'
      readonly prestate: PrestateView | { readonly pre: PrestateView; readonly post: PrestateView }
    }
  | { readonly kind: 'selectors'; readonly selectors: ReadonlyMap<string, number> }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly traces: readonly TraceView[] }
