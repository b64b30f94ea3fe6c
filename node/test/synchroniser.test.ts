import type { Chain } from '@mosaic/chain'
import { encodeBlock } from '@mosaic/execution'
import { RequestFailedError, type RequestHandlers, type Status } from '@mosaic/network'
import { toBlockNumber } from '@mosaic/primitives'
import { coreIdentifier } from '@mosaic/protocol'
import { createMemoryStore } from '@mosaic/storage'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openNodeChain } from '../src/open-chain.ts'
import type { PeerPort } from '../src/sync/courier.ts'
import { createSynchroniser } from '../src/sync/synchroniser.ts'
import { createMosaic, type Mosaic } from '../src/testing/index.ts'

let mosaic: Mosaic
let full: Chain
let honest: RequestHandlers['blocksByRange']

beforeAll(async () => {
  mosaic = await createMosaic()
  await mosaic.mine(100)
  const [first] = mosaic.nodes
  if (first === undefined) throw new Error('expected a node')
  full = first.chain
  honest = first.handlers.blocksByRange
}, 120_000)
afterAll(() => mosaic.close())

type Answer = RequestHandlers['blocksByRange']

/** A node without blocks among peers that answer as told; time passes as it is told. */
async function newcomer(peers: Readonly<Record<string, Answer>>) {
  const chain = await openNodeChain(mosaic.genesis, createMemoryStore(), {
    nowSeconds: () => 10n ** 12n,
  })
  const asked: { readonly peerId: string; readonly start: bigint }[] = []
  const penalties: string[] = []
  let time = 0
  const port: PeerPort = {
    ready: () => Object.keys(peers),
    penalise: (peerId) => void penalties.push(peerId),
    request: (peerId, method, request) => {
      const answer = peers[peerId]
      if (method !== 'blocksByRange' || answer === undefined || !('start' in request)) {
        throw new Error(`expected blocks of a peer, received ${method} of ${peerId}`)
      }
      asked.push({ peerId, start: request.start })
      return answer(request, { peerId, signal: new AbortController().signal })
    },
  }
  const sync = createSynchroniser({ chain, peers: port, log: () => undefined, now: () => time })
  return {
    chain,
    sync,
    asked,
    penalties,
    pass: (ms: number) => {
      time += ms
    },
    /** Resolves when nothing is fetched any more. */
    idle: async () => {
      while (sync.target() !== undefined) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

/** What a peer says that has all blocks, or claims so. */
function claim(above = 0n): Status {
  const { header, hash, totalDifficulty } = full.head()
  const { genesis } = mosaic
  const identity = { originChainId: genesis.originChainId, core: genesis.core }
  return {
    genesisHash: genesis.hash,
    coreIdentifier: coreIdentifier(identity),
    finalized: full.finalized(),
    head: {
      number: toBlockNumber(header.number + above),
      hash: above === 0n ? hash : full.genesis.header.stateRoot,
      totalDifficulty,
    },
  }
}

/** Fails as a request does whose peer is too slow, after so many blocks. */
function slowAfter(blocks: number): Answer {
  return async function* (request, context) {
    let count = 0
    for await (const block of honest(request, context)) {
      if (count++ >= blocks) throw new RequestFailedError('timeout', 'no further chunk')
      yield block
    }
  }
}

const empty: Answer = async function* () {
  // What is claimed does not exist.
}

describe('createSynchroniser', { timeout: 60_000 }, () => {
  test('fetches all blocks from a peer that has them', async () => {
    const node = await newcomer({ a: honest })
    node.sync.notice('a', claim())
    await node.idle()
    expect(node.chain.head().hash).toBe(full.head().hash)
    expect(node.chain.finalized()).toEqual(full.finalized())
  })

  test('turns to another peer when one is too slow, though it claims more', async () => {
    const node = await newcomer({ slow: slowAfter(3), quick: honest })
    node.sync.notice('slow', claim(1000n))
    node.sync.notice('quick', claim())
    await node.idle()
    expect(node.chain.head().hash).toBe(full.head().hash)
    expect(node.asked.map(({ peerId }) => peerId)).toEqual(['slow', 'quick', 'quick'])
    expect(node.penalties).toEqual([])
  })

  test('goes on with a slow peer after a rest if there is no other', async () => {
    const node = await newcomer({ slow: slowAfter(40) })
    for (let round = 0; node.chain.head().hash !== full.head().hash && round < 9; round++) {
      node.sync.notice('slow', claim())
      await node.idle()
      node.pass(60_000)
    }
    expect(node.chain.head().hash).toBe(full.head().hash)
    expect(node.asked).toHaveLength(3)
  })

  test('penalises a peer for a false block, and goes on with another', async () => {
    const liar: Answer = async function* (request, context) {
      for await (const bytes of honest(request, context)) {
        const decoded = full.execution.decodeBlock(bytes)
        if (!decoded.ok) throw new Error('expected a block')
        const { header } = decoded.value
        yield header.number < 20n
          ? bytes
          : encodeBlock({ ...decoded.value, header: { ...header, gasUsed: header.gasUsed + 1n } })
      }
    }
    const node = await newcomer({ liar, honest })
    node.sync.notice('liar', claim(1000n))
    node.sync.notice('honest', claim())
    await node.idle()
    expect(node.penalties).toEqual(['liar'])
    expect(node.chain.head().hash).toBe(full.head().hash)
  })

  test('is not kept busy by one who claims most and has nothing', async () => {
    const node = await newcomer({ boaster: empty, honest })
    for (let round = 0; round < 50; round++) {
      node.sync.notice('boaster', claim(1000n))
      await node.idle()
      node.pass(100)
    }
    // After 1, 2 and 4 seconds of rest.
    expect(node.asked).toHaveLength(3)
    node.pass(60_000)
    node.sync.notice('boaster', claim(1000n))
    node.sync.notice('honest', claim())
    await node.idle()
    expect(node.asked.map(({ peerId }) => peerId).slice(3)).toEqual(['boaster', 'honest', 'honest'])
    expect(node.chain.head().hash).toBe(full.head().hash)
  })

  test('asks for nothing at or below finality, and executes nothing there again', async () => {
    const node = await newcomer({
      a: honest,
      stranger: async function* (request, context) {
        // Blocks that are known here, and one that cannot be placed.
        for await (const bytes of honest(request, context)) {
          yield bytes
          break
        }
      },
    })
    node.sync.notice('a', claim())
    await node.idle()
    const floor = node.chain.finalized().height * mosaic.genesis.epochLength
    expect(floor).toBeGreaterThan(0n)
    const before = node.asked.length
    node.sync.notice('stranger', claim(1000n))
    await node.idle()
    const starts = node.asked.slice(before).map(({ start }) => start)
    expect(starts.length).toBeGreaterThan(0)
    for (const start of starts) expect(start).toBeGreaterThan(floor)
    const old = full.canonical(toBlockNumber(1n))
    const block = old && full.database.block(old.hash)
    if (block === undefined) throw new Error('expected block 1')
    const other = { ...block, header: { ...block.header, timestamp: block.header.timestamp + 1n } }
    expect(await node.chain.importBlock(encodeBlock(other))).toMatchObject({
      fault: { code: 'CHAIN_CONFLICTS_WITH_FINALITY' },
    })
  })

  test('fetches nothing before the chain has begun', async () => {
    const chain = await openNodeChain(mosaic.genesis, createMemoryStore(), {
      nowSeconds: () => 10n ** 12n,
    })
    const gate = Promise.withResolvers<void>()
    const asked: bigint[] = []
    const sync = createSynchroniser({
      chain,
      peers: {
        ready: () => ['a'],
        penalise: () => undefined,
        request: (_peer, _method, request) => {
          if ('start' in request) asked.push(request.start)
          return honest(
            { start: toBlockNumber(1n), count: 64 },
            { peerId: 'a', signal: new AbortController().signal },
          )
        },
      },
      log: () => undefined,
      now: () => 0,
      begin: async (_signal, onTarget) => {
        onTarget(8n)
        await gate.promise
      },
    })
    const begun: string[] = []
    sync.onBegun(() => begun.push('begun'))
    sync.notice('a', claim())
    expect(sync.target()).toEqual({ from: 0n, highest: 8n })
    expect([asked, begun]).toEqual([[], []])
    gate.resolve()
    while (begun.length === 0 || asked.length === 0)
      await new Promise((resolve) => setImmediate(resolve))
    await sync.stop()
  })
})
