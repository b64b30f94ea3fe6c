import { BrowserProvider } from 'ethers'
import { describe, expect, test } from 'vitest'
import { createMosaic, type Mosaic } from '../src/testing/index.ts'

const STRANGER = `0x${'5a'.repeat(20)}`

const ask = (mosaic: Mosaic, method: string, ...params: readonly unknown[]): Promise<unknown> =>
  mosaic.auxiliary.provider.request({ method, params })
const send = (mosaic: Mosaic): Promise<unknown> =>
  ask(mosaic, 'eth_sendTransaction', {
    from: mosaic.accounts[0]?.address,
    to: STRANGER,
    value: '0x1',
  })
const heads = (mosaic: Mosaic): readonly string[] =>
  mosaic.nodes.map(({ chain }) => chain.head().hash)

const commitOne = async (): Promise<readonly unknown[]> => {
  await using mosaic = await createMosaic()
  await mosaic.commitMetaBlock()
  return [mosaic.core, mosaic.origin.chain.head().hash, ...heads(mosaic)]
}

describe('a network in this process', () => {
  test('commits meta-blocks, and opens each kernel on auxiliary', async () => {
    await using mosaic = await createMosaic()
    const hash = await send(mosaic)
    expect(await mosaic.commitMetaBlock()).toBe(1n)
    expect(await mosaic.commitMetaBlock()).toBe(2n)
    expect(await ask(mosaic, 'mosaic_status')).toMatchObject({
      kernelHeight: '0x2',
      core: mosaic.core,
    })
    expect(await ask(mosaic, 'mosaic_metaBlock', '0x2')).toMatchObject({ height: '0x2' })
    expect(new Set(mosaic.relayed.map(({ kind }) => kind))).toEqual(
      new Set([
        'header-reported',
        'meta-block-proposed',
        'meta-block-committed',
        'kernel-confirmed',
      ]),
    )
    expect(await ask(mosaic, 'eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' })
    expect(await ask(mosaic, 'eth_getBlockByNumber', 'finalized', false)).not.toBeNull()
  })

  test('is the same in every run', async () => {
    expect(await commitOne()).toEqual(await commitOne())
  })

  test('finalizes nothing on the side without enough validators, and joins again', async () => {
    await using mosaic = await createMosaic({ nodes: 3 })
    await mosaic.mine(6)
    mosaic.partition([0, 1], [2])
    await mosaic.mine(8)
    const [first, second, third] = mosaic.nodes.map(({ chain }) => chain)
    expect(first?.head().hash).toBe(second?.head().hash)
    expect(third?.head().hash).not.toBe(first?.head().hash)
    expect(third?.finalized().height).toBeLessThan(first?.finalized().height ?? 0n)
    await mosaic.heal()
    expect(new Set(heads(mosaic)).size).toBe(1)
    await mosaic.finalize()
    expect(() => mosaic.partition([0], [0])).toThrow('each node on one side')
    expect(() => mosaic.partition([7])).toThrow('nodes 0 to 2, received 7')
  })

  test('brings transactions back after a reorg, but not below finality', async () => {
    await using mosaic = await createMosaic({ nodes: 3 })
    await mosaic.mine(5)
    await mosaic.finalize()
    const hash = await send(mosaic)
    await mosaic.mine()
    const before = heads(mosaic)
    await mosaic.reorg(1)
    expect(heads(mosaic)).not.toEqual(before)
    expect(new Set(heads(mosaic)).size).toBe(1)
    await mosaic.mine(2)
    expect(await ask(mosaic, 'eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' })
    await mosaic.finalize()
    await expect(mosaic.reorg(Number(mosaic.auxiliary.chain.head().header.number))).rejects.toThrow(
      'a block above the finalized',
    )
  })

  test('has the time that it is told', async () => {
    await using mosaic = await createMosaic({ time: 1_800_000_000 })
    mosaic.setTime(1_900_000_000)
    await mosaic.mine()
    const { timestamp } = mosaic.auxiliary.chain.head().header
    expect(timestamp).toBe(1_900_000_001n)
    expect(mosaic.origin.chain.head().header.timestamp).toBe(timestamp)
    expect(() => mosaic.setTime(1)).toThrow('a time from 1900000001 on')
    const ethers = new BrowserProvider(mosaic.auxiliary.provider, undefined, { cacheTimeout: -1 })
    expect((await ethers.getBlock('latest'))?.timestamp).toBe(1_900_000_001)
    ethers.destroy()
  })

  test('refuses counts that are none', async () => {
    await expect(createMosaic({ nodes: 0 })).rejects.toThrow('nodes from 1 to 64')
    await expect(createMosaic({ validators: 1.5 })).rejects.toThrow('validators from 1 to 64')
  })
})
