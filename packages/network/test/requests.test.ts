import { toBlockNumber, toHash32, toHeight } from '@mosaic/primitives'
import { afterEach, describe, expect, test } from 'vitest'
import {
  MAX_RESPONSE_BYTES,
  RequestFailedError,
  type RequestHandlers,
  RequestRefusedError,
} from '../src/index.ts'
import {
  addressOf,
  collect,
  GENESIS,
  Nodes,
  readyPeers,
  statusOf,
  type TestNode,
  until,
} from './harness.ts'

const nodes = new Nodes()
afterEach(() => nodes.stop())

type Pair = { readonly client: TestNode; readonly server: TestNode }

async function connect(
  handlers: Partial<RequestHandlers>,
  options: Partial<Parameters<Nodes['start']>[0]> = {},
): Promise<Pair> {
  const server = await nodes.start({ ...options, seed: 1, handlers })
  const client = await nodes.start({ seed: 2, peers: [addressOf(server)] })
  await until(
    () => readyPeers(client.network).length === 1 && readyPeers(server.network).length === 1,
  )
  return { client, server }
}

const range = (start: bigint, count: number) => ({ start: toBlockNumber(start), count })

describe('request', { timeout: 60_000 }, () => {
  test('yields what the handler of the peer yields, for every method', async () => {
    const asked: unknown[] = []
    const { client, server } = await connect({
      blocksByRange: async function* (request) {
        asked.push(request)
        yield Uint8Array.of(1)
        yield new Uint8Array()
        yield Uint8Array.of(2, 3)
      },
      blocksByHash: async function* (request) {
        asked.push(request)
        yield Uint8Array.of(4)
      },
      votesByHeight: async function* (request) {
        asked.push(request)
        yield* []
      },
      transactionHashes: async function* (request) {
        asked.push(request)
        yield new Uint8Array(32).fill(5)
      },
      transactionsByHash: async function* (request) {
        asked.push(request)
        yield Uint8Array.of(6)
      },
      headersByRange: async function* (request) {
        asked.push(request)
        yield Uint8Array.of(7)
      },
      stateNodes: async function* (request) {
        asked.push(request)
        yield Uint8Array.of(8)
      },
      receiptsByHash: async function* (request) {
        asked.push(request)
        yield Uint8Array.of(9)
      },
    })
    const { network } = client
    const peer = server.network.peerId
    const requests = {
      blocksByRange: range(5n, 3),
      blocksByHash: { hashes: [GENESIS, toHash32(`0x${'ab'.repeat(32)}`)] },
      votesByHeight: { chain: 'origin', from: toHeight(3n), to: toHeight(9n) },
      transactionHashes: { count: 4096 },
      transactionsByHash: { hashes: [GENESIS] },
      headersByRange: range(1n, 512),
      stateNodes: { hashes: Array.from({ length: 1024 }, () => GENESIS) },
      receiptsByHash: { hashes: [GENESIS] },
    } as const
    expect(await collect(network.request(peer, 'blocksByRange', requests.blocksByRange))).toEqual([
      Uint8Array.of(1),
      new Uint8Array(),
      Uint8Array.of(2, 3),
    ])
    expect(await collect(network.request(peer, 'blocksByHash', requests.blocksByHash))).toEqual([
      Uint8Array.of(4),
    ])
    expect(await collect(network.request(peer, 'votesByHeight', requests.votesByHeight))).toEqual(
      [],
    )
    expect(
      await collect(network.request(peer, 'transactionHashes', requests.transactionHashes)),
    ).toEqual([new Uint8Array(32).fill(5)])
    expect(
      await collect(network.request(peer, 'transactionsByHash', requests.transactionsByHash)),
    ).toEqual([Uint8Array.of(6)])
    expect(await collect(network.request(peer, 'headersByRange', requests.headersByRange))).toEqual(
      [Uint8Array.of(7)],
    )
    expect(await collect(network.request(peer, 'stateNodes', requests.stateNodes))).toEqual([
      Uint8Array.of(8),
    ])
    expect(await collect(network.request(peer, 'receiptsByHash', requests.receiptsByHash))).toEqual(
      [Uint8Array.of(9)],
    )
    expect(await collect(network.request(peer, 'status', statusOf(GENESIS)))).toEqual([
      statusOf(GENESIS),
    ])
    expect(asked).toEqual(Object.values(requests))
  })

  test('waits for a response no longer than it may, however many chunks drip in', async () => {
    const { client, server } = await connect({
      stateNodes: async function* () {
        for (;;) {
          yield Uint8Array.of(1)
          await new Promise((resolve) => {
            setTimeout(resolve, 20)
          })
        }
      },
    })
    const dripping = collect(
      client.network.request(
        server.network.peerId,
        'stateNodes',
        { hashes: [GENESIS] },
        { waitMs: 300 },
      ),
    )
    await expect(dripping).rejects.toMatchObject({ shape: { reason: 'timeout' } })
  })

  test('hands on the refusal of a handler, and hides its failures', async () => {
    const { client, server } = await connect({
      blocksByRange: async function* () {
        yield await Promise.reject(new RequestRefusedError('unavailable', 'pruned'))
      },
      blocksByHash: async function* () {
        yield await Promise.reject(new Error('disk on fire in /var/secret'))
      },
    })
    const ask = client.network.request
    const refused = collect(ask(server.network.peerId, 'blocksByRange', range(0n, 1)))
    await expect(refused).rejects.toBeInstanceOf(RequestRefusedError)
    await expect(refused).rejects.toMatchObject({ shape: { reason: 'unavailable' } })
    const failed = collect(ask(server.network.peerId, 'blocksByHash', { hashes: [GENESIS] }))
    await expect(failed).rejects.toMatchObject({ shape: { reason: 'failed' } })
    await expect(failed).rejects.not.toThrow('secret')
  })

  test('with a count outside the bounds is refused and costs the sender', async () => {
    const { client, server } = await connect({})
    const ask = (count: number) =>
      collect(client.network.request(server.network.peerId, 'blocksByRange', range(0n, count)))
    for (const count of [0, 129]) {
      await expect(ask(count)).rejects.toMatchObject({ shape: { reason: 'invalid' } })
    }
    expect(server.network.peers()[0]?.penalty).toBe(60)
    await expect(ask(0)).rejects.toBeInstanceOf(RequestRefusedError)
    await expect(ask(0)).rejects.toBeDefined()
    await until(() => server.network.peers().length === 0)
  })

  test('ends below 4 MiB, with whole chunks', async () => {
    const { client, server } = await connect({
      blocksByRange: async function* ({ count }) {
        for (let i = 0; i < count; i++) yield new Uint8Array(100_000)
      },
    })
    const chunks = await collect(
      client.network.request(server.network.peerId, 'blocksByRange', range(0n, 128)),
    )
    expect(chunks).toHaveLength(Math.floor(MAX_RESPONSE_BYTES / 100_000))
    expect(chunks.every(({ length }) => length === 100_000)).toBe(true)
  })

  test('does not let the peer produce ahead of a slow consumer', async () => {
    let produced = 0
    const { client, server } = await connect({
      blocksByRange: async function* ({ count }) {
        for (let i = 0; i < count; i++) {
          produced++
          yield crypto.getRandomValues(new Uint8Array(32_000))
        }
      },
    })
    const chunks = client.network.request(server.network.peerId, 'blocksByRange', range(0n, 128))
    await chunks.next()
    // The peer stands still once the windows are full; it is asked for its status meanwhile, which shows that it lives.
    let before = -1
    await until(async () => {
      const stable = produced === before
      before = produced
      await collect(client.network.request(server.network.peerId, 'status', statusOf(GENESIS)))
      return stable
    })
    expect(produced).toBeLessThan(110)
    expect(await collect(chunks)).toHaveLength(127)
  })

  test('takes a reset in the middle for a failure, not for the end', async () => {
    const { client, server } = await connect({
      blocksByRange: async function* (_request, { peerId }) {
        yield Uint8Array.of(1)
        yield Uint8Array.of(2)
        await server.network.removePeer(peerId)
        await new Promise(() => undefined)
      },
    })
    const seen: number[] = []
    const run = async (): Promise<void> => {
      for await (const chunk of client.network.request(
        server.network.peerId,
        'blocksByRange',
        range(0n, 5),
      )) {
        seen.push(chunk[0] ?? -1)
      }
    }
    await expect(run()).rejects.toMatchObject({ shape: { reason: 'reset' } })
    expect(seen).toEqual([1, 2])
  })

  test('may be left early or cancelled, and ends the work of the peer', async () => {
    let ended = 0
    const { client, server } = await connect({
      blocksByRange: async function* () {
        try {
          for (;;) yield new Uint8Array(30_000)
        } finally {
          ended++
        }
      },
    })
    const ask = (signal?: AbortSignal) =>
      client.network.request(
        server.network.peerId,
        'blocksByRange',
        range(0n, 128),
        signal === undefined ? {} : { signal },
      )
    for await (const chunk of ask()) {
      expect(chunk).toHaveLength(30_000)
      break
    }
    const controller = new AbortController()
    const chunks = ask(controller.signal)
    await chunks.next()
    controller.abort(new Error('enough'))
    await expect(collect(chunks)).rejects.toThrow('enough')
    await until(() => ended === 2)
  })

  test('above the budget is refused, and served again when time has passed', async () => {
    const { client, server } = await connect(
      {
        blocksByRange: async function* () {
          yield Uint8Array.of(1)
        },
      },
      { budgets: { blocksPerSecond: 20 } },
    )
    const ask = (count: number) =>
      collect(client.network.request(server.network.peerId, 'blocksByRange', range(0n, count)))
    await ask(128)
    await ask(70)
    await expect(ask(128)).rejects.toMatchObject({ shape: { reason: 'rate-limited' } })
    await until(async () => {
      const [outcome] = await Promise.allSettled([ask(4)])
      return outcome?.status === 'fulfilled'
    })
  })

  test('to a peer that is not connected fails at once', async () => {
    const { network } = await nodes.start({ seed: 1 })
    const other = await nodes.start({ seed: 2 })
    await expect(
      collect(network.request(other.network.peerId, 'blocksByRange', range(0n, 1))),
    ).rejects.toBeInstanceOf(RequestFailedError)
  })

  test('fails with a time-out when the peer says nothing', async () => {
    const server = await nodes.start({
      seed: 1,
      handlers: {
        blocksByRange: async function* (_request, { signal }) {
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve)
          })
          yield* []
        },
      },
    })
    const client = await nodes.start({
      seed: 2,
      peers: [addressOf(server)],
      timing: { firstByteMs: 300 },
    })
    await until(() => readyPeers(client.network).length === 1)
    await expect(
      collect(client.network.request(server.network.peerId, 'blocksByRange', range(0n, 1))),
    ).rejects.toMatchObject({ shape: { reason: 'timeout' } })
  })
})
