import { createCliqueMethods } from './clique-methods.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { createDebugMethods } from './debug-methods.ts'
import { createTraceMethods } from './debug-traces.ts'
import { createDevMethods } from './dev-methods.ts'
import { methodNotFound } from './errors.ts'
import { createChainMethods } from './eth-chain.ts'
import { createFeeMethods } from './eth-fees.ts'
import { createFilters } from './eth-filters.ts'
import { createSendMethods } from './eth-send.ts'
import { createSenderMethods } from './eth-sender.ts'
import { createSimulateMethods } from './eth-simulate.ts'
import { createStateMethods } from './eth-state.ts'
import { createSubscriptions } from './eth-subscriptions.ts'
import type { Json } from './json.ts'
import type { LogLimits } from './log-parameters.ts'
import { type CallContext, type MethodTable, method0 } from './method.ts'
import { createMosaicMethods } from './mosaic-methods.ts'
import { createNodeMethods } from './node-methods.ts'
import type { RpcPorts } from './ports.ts'
import { createTxpoolMethods } from './txpool-methods.ts'
import { createWalletMethods } from './wallet-methods.ts'

/** Groups of methods, by the word before the underscore. */
export const NAMESPACES = [
  'eth',
  'net',
  'web3',
  'rpc',
  'txpool',
  'debug',
  'clique',
  'mosaic',
  'evm',
  'anvil',
  'hardhat',
  'tenderly',
  'personal',
] as const

/** Groups that only a chain for tests has. */
const DEV_NAMESPACES: readonly string[] = ['evm', 'anvil', 'hardhat', 'tenderly']

/** A group of methods. */
export type Namespace = (typeof NAMESPACES)[number]

/** What answers calls. */
export type RpcHandler = {
  /** @throws RpcError for everything that the caller should know; any other error is internal. */
  readonly call: (method: string, params: readonly unknown[], context: CallContext) => Promise<Json>
}

/** What may be called, and how much of it. */
export type MethodOptions = {
  /** All unless told. */
  readonly namespaces?: readonly Namespace[]
  /** Blocks that one log query spans; 10,000 unless told. */
  readonly maxLogBlocks?: bigint
  /** Logs that one query returns; 10,000 unless told. */
  readonly maxLogs?: number
  readonly clock?: Clock
}

/** All methods over the ports. Closed when the node stops. */
export type Methods = RpcHandler & {
  /** Names of what can be called. */
  readonly names: readonly string[]
  readonly close: () => void
}

/** Joins the methods of the namespaces to the node behind `ports`. */
export function createMethods(ports: RpcPorts, options: MethodOptions = {}): Methods {
  const namespaces = (options.namespaces ?? NAMESPACES).filter(
    (each) =>
      (each !== 'mosaic' || ports.mosaic !== undefined) &&
      (each !== 'personal' || ports.wallet !== undefined) &&
      (!DEV_NAMESPACES.includes(each) || ports.dev !== undefined),
  )
  const logLimits: LogLimits = {
    maxBlocks: options.maxLogBlocks ?? 10_000n,
    maxLogs: options.maxLogs ?? 10_000,
  }
  const clock = options.clock ?? SYSTEM_CLOCK
  const filters = createFilters({ ...ports, clock, logLimits })
  const subscriptions = createSubscriptions(ports.events)
  const all: MethodTable = {
    ...createNodeMethods(ports.node),
    ...createChainMethods({ ...ports, logLimits }),
    ...createStateMethods(ports),
    ...createSenderMethods(ports),
    ...createSimulateMethods(ports),
    ...createSendMethods({ ...ports, clock }),
    ...createFeeMethods(ports),
    ...filters.methods,
    ...subscriptions.methods,
    ...createTxpoolMethods(ports.pool),
    ...createDebugMethods(ports),
    ...createTraceMethods(ports),
    ...createCliqueMethods(ports),
    ...(ports.mosaic === undefined ? {} : createMosaicMethods(ports.mosaic)),
    ...(ports.wallet === undefined ? {} : createWalletMethods({ ...ports, wallet: ports.wallet })),
    ...(ports.dev === undefined ? {} : createDevMethods({ ...ports, dev: ports.dev })),
    rpc_modules: method0(() => Object.fromEntries(namespaces.map((each) => [each, '1.0']))),
  }
  const table = new Map(
    Object.entries(all).filter(([name]) => namespaces.some((each) => name.startsWith(`${each}_`))),
  )
  return {
    names: [...table.keys()],
    call: async (name, params, context) => {
      const method = table.get(name)
      const isHidden = context.isStranger === true && isForOperator(name)
      if (method === undefined || isHidden) throw methodNotFound(name)
      return method(params, context)
    },
    close: () => {
      filters.close()
      subscriptions.close()
    },
  }
}

/** Methods that steer the node, or make it work hard for one caller. */
function isForOperator(name: string): boolean {
  return name === 'clique_propose' || name === 'clique_discard' || name.startsWith('debug_')
}
