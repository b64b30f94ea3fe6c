import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { network } from 'hardhat'

describe('a counter on mosaic dev', async () => {
  const { viem, provider } = await network.create()

  it('grows, and tells so', async () => {
    const counter = await viem.deployContract('Counter')
    await counter.write.increase([3n])
    assert.equal(await counter.read.number(), 3n)
    const [event] = await counter.getEvents.Increased()
    assert.equal(event.args.number, 3n)
  })

  it('refuses by name what is too far', async () => {
    const counter = await viem.deployContract('Counter')
    await assert.rejects(counter.write.increase([11n]), /TooFar/)
  })

  it('goes back to a snapshot', async () => {
    const counter = await viem.deployContract('Counter')
    const id = await provider.request({ method: 'evm_snapshot' })
    await counter.write.increase([1n])
    await provider.request({ method: 'evm_revert', params: [id] })
    assert.equal(await counter.read.number(), 0n)
  })
})
