/**
 * The relayer: reports origin headers, confirms kernels, proposes and commits meta-blocks. Nothing it does is trusted by anyone.
 *
 * @packageDocumentation
 */
export {
  addUpCosts,
  type CostLine,
  type Ledger,
  type LedgerChain,
  type LedgerEntry,
  openLedger,
  SpendingCapError,
} from './ledger.ts'
export { settleLedger } from './ledger-settlement.ts'
export { kernelSlot } from './origin-duties.ts'
export type { RelayedCore, RelayerAction, RelayerPorts, RelayPolicy } from './ports.ts'
export { createRelayTurns, type RelayTeam, type RelayTurns } from './relay-turns.ts'
export { createRelayer, type Relayer } from './relayer.ts'
