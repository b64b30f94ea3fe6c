import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measureAction } from './accountability.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { ACCOUNTABILITY_TARGETS } from './gas-targets.ts'
import { deepenState } from './meta-block.ts'

describe('gas of holding validators to account on origin', () => {
  let anvil: Anvil

  beforeAll(async () => {
    anvil = await startAnvil()
    await deepenState(anvil)
  })

  afterAll(async () => {
    await anvil.stop()
  })

  test.each(ACCOUNTABILITY_TARGETS)(
    '$action with $size validators stays within $target',
    async ({ action, size, target }) => {
      expect(await measureAction(anvil, action, size)).toBeLessThanOrEqual(target)
    },
  )
})
