import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCoreWatch } from '../../node/src/core-watch.ts'
import { createFishingRig, type FishingRig } from './fishing-rig.ts'

describe('what a node says of who was punished', () => {
  let rig: FishingRig

  beforeEach(async () => {
    rig = await createFishingRig()
  })

  afterEach(async () => {
    await rig.stop()
  })

  test('follows origin, also where that takes back more than is looked at again', async () => {
    const watch = createCoreWatch(rig.client, rig.core.address, rig.relayed.createdAt)
    await watch.look()
    expect(watch.accountability()).toEqual({ phase: 'open', slashed: [], halt: undefined })
    const before = await rig.client.blockNumber()
    const [validator] = await rig.slash([3])
    await watch.look()
    const reporter = rig.anvil.account
    const slashed = [{ validator, offence: 'double-vote', reporter }]
    expect(watch.accountability()).toMatchObject({ phase: 'open', slashed })

    for (const _ of [1, 2]) {
      await rig.anvil.request('anvil_mine', '0x64')
      await watch.look()
      expect(watch.accountability()).toMatchObject({ phase: 'open', slashed })
    }
    const head = await rig.client.blockNumber()
    await rig.anvil.request('anvil_reorg', Number(head - before), [])
    await watch.look()
    expect(watch.accountability()).toEqual({ phase: 'open', slashed: [], halt: undefined })

    await rig.slash([1, 2])
    await watch.look()
    expect(watch.isHalted()).toBe(true)
    expect(watch.accountability()).toMatchObject({
      phase: 'halted',
      halt: { height: 1n, reason: 'safety-threshold', reporter },
    })
  })
})
