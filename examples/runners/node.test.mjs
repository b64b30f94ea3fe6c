// Node's own runner: `npm run node` where this package and the chain are installed, as `scripts/runner-examples.mjs` does it.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createDevChain } from '@mosaic/devchain/bundle'
import { BrowserProvider, parseEther } from 'ethers'

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

  it('mines a transfer at once', async () => {
    const signer = await provider.getSigner(0)
    const sent = await signer.sendTransaction({
      to: chain.accounts[1].address,
      value: parseEther('1'),
    })
    assert.equal((await sent.wait()).status, 1)
    assert.equal(await provider.getBalance(chain.accounts[1].address), parseEther('10001'))
  })

  it('knows nothing of another chain that runs beside it', async () => {
    const other = await createDevChain({ time: 1_700_000_000 })
    await Promise.all([chain.mine(3), other.mine(5)])
    assert.equal(await provider.getBlockNumber(), 3)
    await other.close()
    await chain.mine()
    assert.equal(await provider.getBlockNumber(), 4)
  })
})
