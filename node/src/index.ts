/**
 * Composition root: configuration, wiring, life cycle. The command line is `bin.ts`.
 *
 * @packageDocumentation
 */
export { readNodeConfig } from './config/read-config.ts'
export type { NodeConfig } from './config/types.ts'
export { createJsonLog, type Log } from './logger.ts'
export { type RunningNode, runNode } from './run-node.ts'
