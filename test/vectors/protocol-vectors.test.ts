import { readFileSync } from 'node:fs'
import { OFFENCES } from '@mosaic/contracts'
import { ZERO_ADDRESS } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createHeaderVectors } from './headers.ts'
import { createMessageVectors } from './messages.ts'
import { renderVectors, VECTORS_FILE } from './protocol-vectors.ts'
import { createRuleVectors } from './rules.ts'

/** The other half is `packages/contracts/test/Vectors.t.sol`. After a change that is meant: `npm run vectors`. */
describe('the vectors that Solidity is checked against', () => {
  test('are what the TypeScript of the protocol gives', () => {
    expect(readFileSync(VECTORS_FILE, 'utf8')).toBe(renderVectors())
  })

  test('meet every slashing condition that two votes can break, and none', () => {
    const seen = new Set(createRuleVectors().offence.rows.map(({ condition }) => condition))
    expect(seen).toEqual(new Set([0, 1, 2, 3]))
    expect(OFFENCES[3]).toBe('contradicting-transition')
  })

  test('lie on both sides of every verdict', () => {
    const { supermajority } = createRuleVectors()
    expect(new Set(supermajority.map(({ holds }) => holds)).size).toBe(2)
    const accepted = createHeaderVectors().header.filter((header) => header.accepted)
    expect(accepted.length).toBeGreaterThanOrEqual(20)
    expect(createHeaderVectors().header.length - accepted.length).toBeGreaterThanOrEqual(50)
    const { signature } = createMessageVectors()
    const refused = signature.filter(({ signer }) => signer === ZERO_ADDRESS)
    expect(refused.length).toBeGreaterThanOrEqual(signature.length / 2)
    expect(refused.length).toBeLessThan(signature.length)
  })
})
