import { readFileSync } from 'node:fs'
import { PREDEPLOYS } from '@mosaic/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Anvil, getProof, readFields, startAnvil } from './anvil.ts'
import { GAS_TARGETS } from './gas-targets.ts'
import { closeMetaBlock, deepenState, openCore } from './meta-block.ts'

const SNAPSHOT = new URL('../../packages/contracts/snapshots/meta-block-gas.json', import.meta.url)

describe('gas of a meta-block on origin', () => {
  let anvil: Anvil

  beforeAll(async () => {
    anvil = await startAnvil()
    await deepenState(anvil)
  })

  afterAll(async () => {
    await anvil.stop()
  })

  test('is measured with an account proof as deep as among 100,000 accounts', async () => {
    const { accountProof } = await getProof(
      anvil,
      PREDEPLOYS.transitionTracker,
      `0x${'00'.repeat(32)}`,
    )
    expect(accountProof.length).toBeGreaterThanOrEqual(5)
    expect(accountProof.filter((node) => node.length === 2 + 2 * 532)).toHaveLength(4)
  })

  test.each([...GAS_TARGETS])('with %i validators stays within %i', async (size, target) => {
    const first = await closeMetaBlock(anvil, await openCore(anvil, size))
    const { gas } = await closeMetaBlock(anvil, first.core)
    expect(gas.propose + gas.commit).toBeLessThanOrEqual(target)
    const snapshot = readFields(JSON.parse(readFileSync(SNAPSHOT, 'utf8')))
    const { propose, commit } = readFields(snapshot[String(size)])
    // Zero bytes in hashes and signatures are cheaper, so a change of any message moves the figures a little.
    expect(Math.abs(Number(gas.propose) - Number(propose))).toBeLessThan(200)
    expect(Math.abs(Number(gas.commit) - Number(commit))).toBeLessThan(2_000)
  })
})
