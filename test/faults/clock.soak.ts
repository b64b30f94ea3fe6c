import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord, type JsonRpcRequest } from '@mosaic/origin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guiltyPairs, sealedBlocks, signedVotes } from './journals.ts'
import { createFaultNetwork, type FaultNetwork, type NodeProcess, startNode } from './network.ts'

const HOUR_MS = 3_600_000
/** Seconds by which a block may be ahead of the clocks that are right. */
const MOST_AHEAD = 5n
const POLLS = 120

describe('four nodes, of which one has a clock that jumps', () => {
  let net: FaultNetwork
  const running: NodeProcess[] = []
  const rpcs: JsonRpcRequest[] = []

  const clockOf = (index: number): string => join(net.dir, `clock-${index}`)
  const finalized = async (index: number): Promise<bigint> => {
    const status = await rpcs[index]?.('mosaic_status', [])
    const checkpoint = isRecord(status) ? status['finalized'] : undefined
    return isRecord(checkpoint) ? BigInt(String(checkpoint['height'])) : 0n
  }
  const head = async (index: number): Promise<Readonly<Record<string, unknown>>> => {
    const block = await rpcs[index]?.('eth_getBlockByNumber', ['latest', false])
    if (!isRecord(block)) throw new Error('expected a block')
    return block
  }
  beforeAll(async () => {
    net = await createFaultNetwork(4)
    for (const [index, { dir }] of net.nodes.entries()) {
      await writeFile(clockOf(index), '0')
      running.push(startNode(dir, { clockFile: clockOf(index) }))
    }
    for (const node of running) rpcs.push(await node.rpc())
    await until('finality', async () => (await finalized(0)) >= 2n)
  })

  afterAll(async () => {
    for (const node of running) await node.kill('SIGKILL')
    await net.stop()
  })

  test.each([
    ['an hour ahead', HOUR_MS],
    ['an hour back', -HOUR_MS],
    ['twenty seconds ahead', 20_000],
    ['twenty seconds back', -20_000],
  ])('%s: the others go on, it comes back, and nobody is guilty', async (name, offset) => {
    const before = await finalized(0)
    await writeFile(clockOf(3), String(offset))
    const begin = Date.now()
    await until('finality without it', async () => (await finalized(0)) >= before + 2n)
    const without = Date.now() - begin
    const { timestamp } = await head(0)
    expect(BigInt(String(timestamp))).toBeLessThanOrEqual(
      BigInt(Math.floor(Date.now() / 1000)) + MOST_AHEAD,
    )
    await writeFile(clockOf(3), '0')
    const healed = Date.now()
    const height = await finalized(0)
    await until('its finality with the others', async () => (await finalized(3)) >= height + 2n)
    const number = `0x${((height + 1n) * 4n).toString(16)}`
    const blocks = await Promise.all(
      rpcs.map((request) => request('eth_getBlockByNumber', [number, false])),
    )
    const hashes = blocks.map((block) => (isRecord(block) ? block['hash'] : undefined))
    expect(new Set(hashes).size).toBe(1)
    process.stdout.write(
      `${name}: two checkpoints final after ${without / 1000} s without it, and on it ${(Date.now() - healed) / 1000} s after its clock was right\n`,
    )
    for (const node of net.nodes) {
      const pairs = guiltyPairs(
        await signedVotes(node.dir, node),
        await sealedBlocks(node.dir, node),
      )
      expect(pairs).toBe(0)
    }
  })

  test('is told of no offence by anybody', () => {
    for (const { lines } of running) {
      expect(lines.filter(({ event }) => event === 'offence found')).toEqual([])
    }
  })
})

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < POLLS; poll++) {
    if (await holds()) return
    await sleep(1000)
  }
  throw new Error(`expected ${what}`)
}
