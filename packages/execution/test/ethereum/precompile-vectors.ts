import { basename } from 'node:path'
import { bytesToHex, type Hex, toAddress } from '@mosaic/primitives'
import { createMachine, innerAddress } from '../../src/machine.ts'
import { State } from '../../src/state.ts'
import { type Case, commonOf, crypto, fail, type Outcome } from './cases.ts'
import { type Fields, toBytes, toFields, toText, UnreadableError } from './json.ts'

/** The precompiles of EIP-2537 by the names of its files. To multiply by one scalar is to sum one product. */
const PRECOMPILES: readonly (readonly [name: RegExp, index: number])[] = [
  [/^(?:fail-)?add_G1_bls/, 0x0b],
  [/^(?:fail-)?(?:mul|msm)_G1_bls/, 0x0c],
  [/^(?:fail-)?add_G2_bls/, 0x0d],
  [/^(?:fail-)?(?:mul|msm)_G2_bls/, 0x0e],
  [/^(?:fail-)?pairing_check_bls/, 0x0f],
  [/^(?:fail-)?map_fp_to_G1_bls/, 0x10],
  [/^(?:fail-)?map_fp2_to_G2_bls/, 0x11],
]
const GAS_LIMIT = 10_000_000_000n

/** The cases of a file of vectors: what a precompile answers and takes, or that it fails. */
export function vectorCases(path: string, vectors: readonly unknown[]): readonly Case[] {
  const index = PRECOMPILES.find(([name]) => name.test(basename(path)))?.[1]
  if (index === undefined) throw new UnreadableError('expected vectors of a known precompile')
  return vectors.map((each) => {
    const vector = toFields(each, 'a vector')
    return { name: toText(vector['Name'], 'Name'), run: () => runVector(index, vector) }
  })
}

async function runVector(index: number, vector: Fields): Promise<Outcome> {
  const machine = await createMachine(
    commonOf('prague'),
    new State(crypto.keccak256, { node: () => undefined, code: () => undefined }),
    () => undefined,
  )
  const { execResult } = await machine.evm.runCall({
    to: innerAddress(toAddress(`0x${index.toString(16).padStart(40, '0')}`)),
    data: toBytes(vector['Input'], 'Input'),
    gasLimit: GAS_LIMIT,
  })
  const { exceptionError, executionGasUsed } = execResult
  if (vector['ExpectedError'] !== undefined) {
    const took = executionGasUsed === GAS_LIMIT
    if (exceptionError === undefined) return fail('expected a failure')
    return took ? { kind: 'passed' } : fail(`took ${executionGasUsed} gas, expected all of it`)
  }
  if (exceptionError !== undefined) return fail(`failed: ${exceptionError.error}`)
  const answer: Hex = bytesToHex(execResult.returnValue)
  const expected = bytesToHex(toBytes(vector['Expected'], 'Expected'))
  if (answer !== expected) return fail(`answer ${answer}, expected ${expected}`)
  const gas = vector['Gas']
  if (typeof gas !== 'number') throw new UnreadableError('expected Gas to be a number')
  return executionGasUsed === BigInt(gas)
    ? { kind: 'passed' }
    : fail(`took ${executionGasUsed} gas, expected ${gas}`)
}
