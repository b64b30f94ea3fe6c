/**
 * The definition of an auxiliary chain, and the program that makes its genesis from what is on origin.
 *
 * @packageDocumentation
 */
export { buildGenesis, type GenesisSource, type NetworkGenesis } from './build-genesis.ts'
export { type AuxiliaryDefinition, decodeDefinition, encodeDefinition } from './definition.ts'
export { decodeGenesisFile, encodeGenesisFile } from './genesis-file.ts'
