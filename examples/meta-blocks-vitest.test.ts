/** A whole meta-blockchain in a test: what auxiliary finalized is committed to the core on origin, where anyone can prove it. */
import { createMosaic } from '@mosaic/node/testing'
import { BrowserProvider } from 'ethers'
import { expect, test } from 'vitest'

test('a payment on auxiliary becomes part of a meta-block on origin', async () => {
  await using mosaic = await createMosaic()
  const provider = new BrowserProvider(mosaic.auxiliary.provider, undefined, { cacheTimeout: -1 })
  const signer = await provider.getSigner(0)
  const sent = await signer.sendTransaction({ to: mosaic.accounts[1]?.address ?? null, value: 5n })

  await mosaic.mine()
  const receipt = await provider.getTransactionReceipt(sent.hash)
  await mosaic.finalize()
  const height = await mosaic.commitMetaBlock()

  const metaBlock: unknown = await mosaic.auxiliary.provider.request({
    method: 'mosaic_metaBlock',
    params: [`0x${height.toString(16)}`],
  })
  expect(metaBlock).toMatchObject({ height: '0x1', checkpoint: { number: expect.any(String) } })
  expect(receipt?.status).toBe(1)
  provider.destroy()
})
