import { toBlockNumber, toHash32, toHeight } from '@mosaic/primitives'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOriginWatch } from '../../node/src/validator-ports.ts'
import { createFishingRig, type FishingRig } from './fishing-rig.ts'

describe('what a validator sees of origin', () => {
  let rig: FishingRig

  beforeEach(async () => {
    rig = await createFishingRig()
  })

  afterEach(async () => {
    await rig.stop()
  })

  test('is what origin has now, though it had called another block final', async () => {
    await rig.anvil.request('anvil_mine', '0x14')
    const watch = createOriginWatch(rig.chain, rig.client)
    const view = await watch()
    if (view === undefined) throw new Error('expected a view')
    const height = toHeight(view.finalNumber / view.epochLength - 2n)
    const number = toBlockNumber(height * view.epochLength)
    const before = await view.checkpointHash(height)
    expect(before).toBe((await rig.client.header(number))?.hash)

    const depth = Number((await rig.client.blockNumber()) - number) + 1
    const stranger = { from: rig.anvil.account, to: rig.fishermanAt(0), value: '0x1' }
    await rig.anvil.request('anvil_reorg', depth, [[stranger, 0]])
    const after = await (await watch())?.checkpointHash(height)
    expect(after).toBe((await rig.client.header(number))?.hash)
    expect(after).not.toBe(before)
  })

  test('is asked of the observer once for each state of its storage', async () => {
    await rig.anvil.request('anvil_mine', '0x14')
    let calls = 0
    const { execution } = rig.chain
    const queries: typeof execution.queries = {
      ...execution.queries,
      call: (...asked) => {
        calls++
        return execution.queries.call(...asked)
      },
    }
    const watch = createOriginWatch(
      { ...rig.chain, execution: { ...execution, queries } },
      rig.client,
    )
    const stranger = toHash32(`0x${'ab'.repeat(32)}`)
    const ask = async (): Promise<readonly (boolean | undefined)[]> => {
      const view = await watch()
      const hashes = [rig.chain.definition.originRoot.hash, stranger]
      return Promise.all(hashes.map(async (hash) => view?.isReported(hash)))
    }
    const first = await ask()
    expect(first[1]).toBe(false)
    expect(calls).toBe(2)
    expect(await ask()).toEqual(first)
    expect(calls).toBe(2)
  })
})
