// Writes packages/contracts/vectors/protocol.json from the TypeScript of the protocol. For a change that is meant; a test compares
// the file with what would be written, and the forge tests compare the Solidity with the file.
import { writeFileSync } from 'node:fs'
import { renderVectors, VECTORS_FILE } from '../test/vectors/protocol-vectors.ts'

writeFileSync(VECTORS_FILE, renderVectors())
