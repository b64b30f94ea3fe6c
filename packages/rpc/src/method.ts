import type { Json } from './json.ts'
import { type Argument, readArgument, requireAtMost } from './parameters.ts'

/** A connection that can be told things: a WebSocket. */
export type RpcConnection = {
  /** Sends a notification. Dropped when the connection is gone. */
  readonly notify: (method: string, params: Json) => void
  /** Calls `listener` once, when the connection is gone. */
  readonly onClose: (listener: () => void) => void
}

/** Who waits for a result. */
export type Waiting = {
  /** Aborts when nobody waits any more. Made when it is asked for, which takes longer than many methods. */
  readonly signal: AbortSignal
  /** @throws Error if nobody waits any more: why. */
  readonly requireWanted: () => void
}

/** Of what is to be done whoever waits. */
export const UNCONDITIONALLY: Waiting = {
  signal: new AbortController().signal,
  requireWanted: () => undefined,
}

/** What a method knows of its call. */
export type CallContext = Waiting & {
  /** Undefined where nothing can be pushed to the caller, as over HTTP. */
  readonly connection: RpcConnection | undefined
  /** Whether the caller is a stranger, to whom the operator's methods are not offered. */
  readonly isStranger?: boolean
  /** Calls `listener` after the response has been sent. */
  readonly afterResponse: (listener: () => void) => void
}

/** A method. @throws {@link RpcError} for everything that the caller should know. */
export type Method = (params: readonly unknown[], context: CallContext) => Promise<Json>

/** Methods by name. */
export type MethodTable = Readonly<Record<string, Method>>

type Result = Json | Promise<Json>

/** A method without parameters. */
export function method0(run: (context: CallContext) => Result): Method {
  return async (params, context) => {
    requireAtMost(params, 0)
    return run(context)
  }
}

/** A method of one parameter. */
export function method1<A>(
  a: Argument<A>,
  run: (first: A, context: CallContext) => Result,
): Method {
  return async (params, context) => {
    requireAtMost(params, 1)
    return run(readArgument(params, 0, a), context)
  }
}

/** A method of two parameters. */
export function method2<A, B>(
  a: Argument<A>,
  b: Argument<B>,
  run: (first: A, second: B, context: CallContext) => Result,
): Method {
  return async (params, context) => {
    requireAtMost(params, 2)
    return run(readArgument(params, 0, a), readArgument(params, 1, b), context)
  }
}

/** A method of three parameters. */
export function method3<A, B, C>(
  a: Argument<A>,
  b: Argument<B>,
  c: Argument<C>,
  run: (first: A, second: B, third: C, context: CallContext) => Result,
): Method {
  return async (params, context) => {
    requireAtMost(params, 3)
    return run(
      readArgument(params, 0, a),
      readArgument(params, 1, b),
      readArgument(params, 2, c),
      context,
    )
  }
}

/** A method of four parameters. */
export function method4<A, B, C, D>(
  a: Argument<A>,
  b: Argument<B>,
  c: Argument<C>,
  d: Argument<D>,
  run: (first: A, second: B, third: C, fourth: D, context: CallContext) => Result,
): Method {
  return async (params, context) => {
    requireAtMost(params, 4)
    return run(
      readArgument(params, 0, a),
      readArgument(params, 1, b),
      readArgument(params, 2, c),
      readArgument(params, 3, d),
      context,
    )
  }
}
