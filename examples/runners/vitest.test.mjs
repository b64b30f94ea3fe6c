// vitest: `npx vitest run` where this package, vitest and the chain are installed, as `scripts/runner-examples.mjs` does it.

import { createDevChain } from '@mosaic/devchain/bundle'
import { BrowserProvider, parseEther } from 'ethers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

describe('a chain for each test', () => {
  let chain
  let provider

  beforeEach(async () => {
    chain = await createDevChain({ time: 1_700_000_000 })
    provider = new BrowserProvider(chain.provider, undefined, { cacheTimeout: -1 })
  })
  afterEach(async () => {
    provider.destroy()
    await chain.close()
  })

  test('mines a transfer at once', async () => {
    const signer = await provider.getSigner(0)
    const sent = await signer.sendTransaction({
      to: chain.accounts[1].address,
      value: parseEther('1'),
    })
    expect((await sent.wait()).status).toBe(1)
    expect(await provider.getBalance(chain.accounts[1].address)).toBe(parseEther('10001'))
  })

  test('knows nothing of another chain that runs beside it', async () => {
    const other = await createDevChain({ time: 1_700_000_000 })
    await Promise.all([chain.mine(3), other.mine(5)])
    expect(await provider.getBlockNumber()).toBe(3)
    await other.close()
    await chain.mine()
    expect(await provider.getBlockNumber()).toBe(4)
  })
})
