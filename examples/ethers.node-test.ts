/** The same with ethers under Node's own test runner: `node --conditions=source --test examples/ethers.node-test.ts`. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { devnetTokenAbi, devnetTokenCreationCode } from '@mosaic/contracts'
import { createDevChain, type DevChain } from '@mosaic/devchain'
import { BrowserProvider, Contract, ContractFactory, isCallException, isError } from 'ethers'

describe('the token', () => {
  let chain: DevChain
  let provider: BrowserProvider
  let token: Contract

  before(async () => {
    chain = await createDevChain({ time: 1_700_000_000 })
    // Without its cache ethers sees each block at once.
    provider = new BrowserProvider(chain.provider, undefined, { cacheTimeout: -1 })
    const owner = await provider.getSigner(0)
    const factory = new ContractFactory(devnetTokenAbi, devnetTokenCreationCode, owner)
    const deployed = await factory.deploy(owner.address)
    token = new Contract(await deployed.getAddress(), devnetTokenAbi, owner)
  })
  after(async () => {
    provider.destroy()
    await chain.close()
  })

  test('is minted by its owner', async () => {
    const [, to] = chain.accounts
    const minted = await token.getFunction('mint')(to?.address, 3n)
    const receipt = await minted.wait()
    assert.equal(receipt.status, 1)
    assert.equal(await token.getFunction('balanceOf')(to?.address), 3n)
  })

  test('tells by name why it refuses', async () => {
    const stranger = await provider.getSigner(5)
    const error: unknown = await token
      .connect(stranger)
      .getFunction('transfer')
      .staticCall(stranger.address, 9n)
      .catch((reason: unknown) => reason)
    assert.ok(error instanceof Error && isCallException(error))
    assert.equal(error.revert?.name, 'ERC20InsufficientBalance')
  })

  test('cannot be bought with what nobody has', async () => {
    const poor = await provider.getSigner(6)
    await chain.setBalance(`0x${poor.address.slice(2)}`, 0n)
    const error: unknown = await poor
      .sendTransaction({ to: poor.address, value: 1n })
      .catch((reason: unknown) => reason)
    assert.ok(error instanceof Error && isError(error, 'INSUFFICIENT_FUNDS'))
  })
})
