import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord, type JsonRpcRequest } from '@mosaic/origin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guiltyPairs, sealedBlocks, signedVotes } from './journals.ts'
import { createFaultNetwork, type FaultNetwork, type NodeProcess, startNode } from './network.ts'

/** Kilobytes that no file may exceed: the log of the store reaches that first. */
const FILE_BLOCKS = 96

describe('a producer and validator whose disk is full', () => {
  let net: FaultNetwork
  const running: NodeProcess[] = []

  beforeAll(async () => {
    net = await createFaultNetwork(1)
  })

  afterAll(async () => {
    for (const each of running) await each.kill('SIGKILL')
    await net.stop()
  })

  test('stops before it releases anything that is not kept, and goes on when there is room', async () => {
    const [node] = net.nodes
    if (node === undefined) throw new Error('expected a node')
    const observer = startNode(await net.addObserver('observer'))
    running.push(observer)
    const seen = await observer.rpc()
    const limited = startNode(node.dir, { fileBlocks: FILE_BLOCKS })
    running.push(limited)
    const failure = await limited.until(
      ({ level, error }) => level === 'warn' && isFull(error),
      'it',
    )
    expect(String(failure['error'])).toMatch(/write|space|journal/)
    const stopped = await settledHead(seen)
    expect(stopped.number).toBeGreaterThan(4n)
    const seals = await sealedBlocks(node.dir, node)
    await limited.kill('SIGTERM')
    // It tries, and records no more: at most the one block that could not be stored.
    expect(await sealedBlocks(node.dir, node)).toEqual(seals)
    expect(seals.at(-1)?.number).toBeLessThanOrEqual(stopped.number + 1n)

    const again = startNode(node.dir)
    running.push(again)
    const own = await again.rpc()
    expect(await hashAt(own, stopped.number)).toBe(stopped.hash)
    await again.until(
      ({ event, number }) =>
        event === 'block sealed' && BigInt(String(number)) > stopped.number + 4n,
      'blocks after those that were there',
    )
    expect(guiltyPairs(await signedVotes(node.dir, node), await sealedBlocks(node.dir, node))).toBe(
      0,
    )
  })
})

/** Whether an error is one of a disk that takes no more. */
function isFull(error: unknown): boolean {
  return /File too large|EFBIG|no space|ENOSPC|STORE_IO|cannot be written/i.test(String(error))
}

type Head = { readonly number: bigint; readonly hash: string }

async function readHead(request: JsonRpcRequest): Promise<Head> {
  const block = await request('eth_getBlockByNumber', ['latest', false])
  if (!isRecord(block)) throw new Error('expected a block')
  return { number: BigInt(String(block['number'])), hash: String(block['hash']) }
}

/** The head, when two seconds bring no other. */
async function settledHead(request: JsonRpcRequest): Promise<Head> {
  for (let head = await readHead(request); ; ) {
    await sleep(2000)
    const next = await readHead(request)
    if (next.hash === head.hash) return head
    head = next
  }
}

async function hashAt(request: JsonRpcRequest, number: bigint): Promise<string | undefined> {
  const block = await request('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])
  return isRecord(block) ? String(block['hash']) : undefined
}
