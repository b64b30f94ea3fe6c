import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measureAction } from './accountability.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { ACCOUNTABILITY_TARGETS } from './gas-targets.ts'
import { deepenState } from './meta-block.ts'

const CASES = [...ACCOUNTABILITY_TARGETS].flatMap(([action, targets]) =>
  [...targets].map(([size, target]) => ({ action, size, target })),
)

describe('gas of holding validators to account on origin', () => {
  let anvil: Anvil

  beforeAll(async () => {
    anvil = await startAnvil()
    await deepenState(anvil)
  })

  afterAll(async () => {
    await anvil.stop()
  })

  test.each(CASES)('$action with $size validators stays within $target', async (wanted) => {
    const gas = await measureAction(anvil, wanted.action, wanted.size)
    expect(gas).toBeLessThanOrEqual(wanted.target)
  })
})
