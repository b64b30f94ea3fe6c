/**
 * Composition root: configuration, wiring, life cycle. The command line is `bin.ts`.
 *
 * @packageDocumentation
 */
export { type NodeConfig, readNodeConfig } from './config.ts'
export { createJsonLog, type Log } from './logger.ts'
export { type RunningNode, runNode } from './run-node.ts'
