/**
 * The relayer: reports origin headers, confirms kernels, proposes and commits meta-blocks. Nothing it does is trusted by anyone.
 *
 * @packageDocumentation
 */
export { kernelSlot } from './origin-duties.ts'
export type { RelayedCore, RelayerAction, RelayerPorts, RelayPolicy } from './ports.ts'
export { createRelayer, type Relayer } from './relayer.ts'
