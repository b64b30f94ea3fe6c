import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord, type JsonRpcRequest } from '@mosaic/origin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../simulation/random.ts'
import { guiltyPairs, sealedBlocks, signedVotes } from './journals.ts'
import { createFaultNetwork, type FaultNetwork, startNode } from './network.ts'

const KILLS = Number(process.env['KILLS'] ?? 200)
const SEED = Number(process.env['SEED'] ?? 1)
const LONGEST_LIFE_MS = 2500

describe(`a producer and validator that is killed ${KILLS} times`, () => {
  const random = createRandom(SEED)
  let net: FaultNetwork

  beforeAll(async () => {
    net = await createFaultNetwork(1)
  })

  afterAll(() => net.stop())

  test('has every block after the next start that it told of, and never seals or votes twice', {
    timeout: 60_000 * KILLS,
  }, async () => {
    const [node] = net.nodes
    if (node === undefined) throw new Error('expected a node')
    let told: Head | undefined
    const lost: Head[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      const running = startNode(node.dir)
      const request = await running.rpc()
      if (told !== undefined && (await headAt(request, told.number)).hash !== told.hash)
        lost.push(told)
      const end = Date.now() + random.integer(LONGEST_LIFE_MS)
      do {
        told = await headAt(request, 'latest')
        await sleep(10)
      } while (Date.now() < end)
      await running.kill('SIGKILL')
    }
    const [votes, seals] = [await signedVotes(node.dir, node), await sealedBlocks(node.dir, node)]
    process.stdout.write(
      `${KILLS} kills; ${BigInt(String(told?.number))} blocks told of and kept; ${votes.length} votes, ${seals.length} seals\n`,
    )
    expect(lost).toEqual([])
    expect(guiltyPairs(votes, seals)).toBe(0)
  })
})

type Head = { readonly number: string; readonly hash: string }

async function headAt(request: JsonRpcRequest, at: string): Promise<Head> {
  const block = await request('eth_getBlockByNumber', [at, false])
  if (!isRecord(block)) throw new Error(`expected the block ${at}`)
  return { number: String(block['number']), hash: String(block['hash']) }
}
