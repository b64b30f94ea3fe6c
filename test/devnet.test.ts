import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { coreViews } from '@mosaic/contracts'
import { decodeGenesisFile } from '@mosaic/genesis'
import {
  createEthereumClient,
  createJsonRpcClient,
  isRecord,
  readView,
  toQuantityHex,
} from '@mosaic/origin'
import { toBlockNumber, toMetaHeight } from '@mosaic/primitives'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { count, startDevnet } from './devnet-process.ts'

describe('a local network', () => {
  let dataDir: string
  let net: ReturnType<typeof startDevnet>

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-e2e-'))
    net = startDevnet(dataDir)
  })

  afterAll(async () => {
    const ended = new Promise((resolve) => net.child.once('exit', resolve))
    net.child.kill('SIGTERM')
    await ended
    await rm(dataDir, { recursive: true, force: true })
  })

  test('commits meta-blocks one after another and activates each kernel', {
    timeout: 600_000,
  }, async () => {
    await net.until((events) => count(events, 'metablock.committed') >= 3, 'the third meta-block')
    await net.until(
      (events) => count(events, 'kernel.activated') >= 2,
      'the activation of kernel 3',
    )
    const heights = net.events
      .filter(({ event }) => event === 'metablock.committed')
      .map(({ height }) => height)
    expect(heights.slice(0, 3)).toEqual([1, 2, 3])
  })

  test('anchors the state root of auxiliary and proves a balance under it', {
    timeout: 60_000,
  }, async () => {
    const genesis = decodeGenesisFile(await readFile(join(dataDir, 'genesis.json'), 'utf8'))
    const layout: unknown = JSON.parse(await readFile(join(dataDir, 'devnet.json'), 'utf8'))
    if (!isRecord(layout) || !Array.isArray(layout['nodes']))
      throw new TypeError('expected a layout')
    const last: unknown = layout['nodes'].at(-1)
    const port = isRecord(last) ? String(last['rpcPort']) : ''
    const policy = { kind: 'finalized-tag' } as const
    const origin = createEthereumClient(
      createJsonRpcClient(String(layout['originUrl'])),
      policy,
      genesis.originChainId,
    )
    const auxiliary = createEthereumClient(
      createJsonRpcClient(`http://127.0.0.1:${port}`),
      policy,
      genesis.chain.chainId,
    )
    for (const height of [1n, 2n, 3n]) {
      const anchored = await readView(origin, genesis.core, coreViews.stateRoot, [
        toMetaHeight(height),
      ])
      const metaBlock = await auxiliary.request('mosaic_metaBlock', [toQuantityHex(height)])
      if (!isRecord(metaBlock) || !isRecord(metaBlock['checkpoint']))
        throw new TypeError('expected a meta-block')
      const number = toBlockNumber(BigInt(String(metaBlock['checkpoint']['number'])))
      expect((await auxiliary.header(number))?.stateRoot).toBe(anchored)
    }
  })
})
