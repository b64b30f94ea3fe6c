import {
  createMethods,
  createRpcServer,
  type Json,
  type Methods,
  RpcError,
  type RpcLimits,
  type RpcServer,
} from '../src/index.ts'
import { type CallContext, UNCONDITIONALLY } from '../src/method.ts'
import { FakeNode } from './fake-node.ts'

/** A running server over a fake node. */
export type Running = {
  readonly node: FakeNode
  readonly server: RpcServer
  readonly url: string
  readonly names: readonly string[]
  readonly post: (body: string | Uint8Array, headers?: Record<string, string>) => Promise<Response>
  /** The parsed answer to one request. */
  readonly ask: (method: string, ...params: readonly unknown[]) => Promise<unknown>
  readonly stop: () => Promise<void>
}

export async function startServer(
  limits: Partial<RpcLimits> = {},
  options: {
    readonly origins?: readonly string[]
    readonly virtualHosts?: readonly string[]
    readonly host?: string
    readonly tokenSecret?: Uint8Array
  } = {},
): Promise<Running> {
  const node = new FakeNode()
  const methods = createMethods(node.ports)
  const server = createRpcServer({ port: 0, limits, ...options }, methods)
  await server.start()
  const url = server.url()
  const post = async (
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : Uint8Array.from(body),
    })
  return {
    node,
    server,
    url,
    names: methods.names,
    post,
    ask: async (method, ...params) => {
      const response = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
      return response.json()
    },
    stop: async () => {
      methods.close()
      await server.stop()
    },
  }
}

/** A caller without a connection that waits for ever. */
export function callContext(): CallContext {
  return {
    ...UNCONDITIONALLY,
    connection: undefined,
    afterResponse: () => undefined,
  }
}

/** The methods over a fake node, without a server. */
export type Caller = {
  readonly node: FakeNode
  readonly methods: Methods
  readonly call: (name: string, ...params: readonly unknown[]) => Promise<Json>
  /** Code, message and data of the error that a call ends with. */
  readonly failure: (name: string, ...params: readonly unknown[]) => Promise<readonly unknown[]>
}

export function createCaller(): Caller {
  const node = new FakeNode()
  const methods = createMethods(node.ports, { maxLogBlocks: 4n, maxLogs: 8 })
  const call = async (name: string, ...params: readonly unknown[]): Promise<Json> =>
    methods.call(name, params, callContext())
  return {
    node,
    methods,
    call,
    failure: async (name, ...params) => {
      const error = await call(name, ...params).catch((reason: unknown) => reason)
      if (!(error instanceof RpcError)) throw new Error(`no RPC error: ${JSON.stringify(error)}`)
      const { rpcCode, data } = error.shape
      return data === undefined ? [rpcCode, error.message] : [rpcCode, error.message, data]
    },
  }
}

/** Resolves once `condition` holds. @throws Error when it does not within 10 seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (condition()) return
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  }
  throw new Error(`never became true: ${String(condition)}`)
}
