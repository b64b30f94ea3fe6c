import { bytesToHex, toBlockNumber, toHash32, toHeight } from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../src/clock.ts'
import { compress, decompress, uncompressedSize } from '../src/compression.ts'
import { createDialer } from '../src/dialer.ts'
import { createHostGate, type HostGate } from '../src/host-gate.ts'
import { createInbox, type InboxItem } from '../src/inbox.ts'
import { decodeStatus, encodeStatus, METHODS, type Status } from '../src/messages.ts'
import { createNodeKey, nodeKeyToPeerId } from '../src/node-key.ts'
import type { GossipVerdict } from '../src/ports.ts'
import { createRateLimiter } from '../src/rate-limit.ts'
import { createReputation } from '../src/reputation.ts'
import { TOPIC_RULES, toTopic } from '../src/topics.ts'
import { GENESIS, nodeKey } from './harness.ts'

/** A clock that the test turns. */
function createHandClock(): Clock & { readonly advance: (ms: number) => void } {
  let time = 0
  let timers: { readonly at: number; readonly run: () => void }[] = []
  return {
    now: () => time,
    schedule: (run, delayMs) => {
      const timer = { at: time + delayMs, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },
    advance: (ms) => {
      time += ms
      const due = timers.filter(({ at }) => at <= time)
      timers = timers.filter(({ at }) => at > time)
      for (const { run } of due) run()
    },
  }
}

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => toHash32(bytesToHex(bytes)))
const status: fc.Arbitrary<Status> = fc.record({
  genesisHash: hash,
  coreIdentifier: hash,
  finalized: fc.record({ height: uint64.map(toHeight), hash }),
  head: fc.record({
    number: uint64.map(toBlockNumber),
    hash,
    totalDifficulty: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  }),
})

describe('messages', () => {
  test('of every kind survive the wire', () => {
    fc.assert(
      fc.property(status, (value) => {
        expect(decodeStatus(encodeStatus(value))).toEqual({ ok: true, value })
        expect(encodeStatus(value).length).toBeLessThanOrEqual(METHODS.status.maxRequestBytes)
      }),
    )
    fc.assert(
      fc.property(uint64, fc.integer({ min: 1, max: 128 }), (start, count) => {
        const { encodeRequest, decodeRequest, maxRequestBytes } = METHODS.blocksByRange
        const value = { start: toBlockNumber(start), count }
        expect(decodeRequest(encodeRequest(value))).toEqual({ ok: true, value })
        expect(encodeRequest(value).length).toBeLessThanOrEqual(maxRequestBytes)
      }),
    )
    fc.assert(
      fc.property(fc.array(hash, { minLength: 1, maxLength: 64 }), (hashes) => {
        const { encodeRequest, decodeRequest, maxRequestBytes } = METHODS.blocksByHash
        expect(decodeRequest(encodeRequest({ hashes }))).toEqual({ ok: true, value: { hashes } })
        expect(encodeRequest({ hashes }).length).toBeLessThanOrEqual(maxRequestBytes)
      }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom('auxiliary', 'origin'),
        fc.bigInt({ min: 0n, max: 2n ** 63n }),
        fc.bigInt({ min: 0n, max: 63n }),
        (chain, from, more) => {
          const { encodeRequest, decodeRequest, maxRequestBytes } = METHODS.votesByHeight
          const value = { chain, from: toHeight(from), to: toHeight(from + more) }
          expect(decodeRequest(encodeRequest(value))).toEqual({ ok: true, value })
          expect(encodeRequest(value).length).toBeLessThanOrEqual(maxRequestBytes)
        },
      ),
    )
  })

  test('are refused, not thrown about, for any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const { decodeRequest, encodeRequest } = METHODS.blocksByRange
        const verdict = decodeRequest(bytes)
        // What is taken has no second form.
        expect(verdict.ok ? encodeRequest(verdict.value) : bytes).toEqual(bytes)
        expect(verdict.ok || verdict.fault.startsWith('expected ')).toBe(true)
        expect(METHODS.status.decodeRequest(bytes).ok).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  test.each<readonly [string, keyof typeof METHODS, readonly number[]]>([
    ['no blocks', 'blocksByRange', [0xc2, 0x80, 0x80]],
    ['129 blocks', 'blocksByRange', [0xc3, 0x80, 0x81, 0x81]],
    ['a count with a leading zero', 'blocksByRange', [0xc4, 0x80, 0x82, 0x00, 0x01]],
    ['a third field', 'blocksByRange', [0xc3, 0x80, 0x01, 0x01]],
    ['a list for a number', 'blocksByRange', [0xc2, 0xc0, 0x01]],
    ['a string for the list', 'blocksByRange', [0x80]],
    ['no hashes', 'blocksByHash', [0xc0]],
    ['a short hash', 'blocksByHash', [0xc1, 0x01]],
    ['an unknown chain tag', 'votesByHeight', [0xc3, 0x02, 0x01, 0x01]],
    ['a range that runs backwards', 'votesByHeight', [0xc3, 0x01, 0x02, 0x01]],
    ['65 heights', 'votesByHeight', [0xc3, 0x01, 0x80, 0x40]],
    ['no transaction hashes', 'transactionHashes', [0xc1, 0x80]],
    ['4097 transaction hashes', 'transactionHashes', [0xc3, 0x82, 0x10, 0x01]],
    ['no transactions', 'transactionsByHash', [0xc0]],
    ['nothing', 'status', []],
  ])('are refused with %s', (_what, name, bytes) => {
    expect(METHODS[name].decodeRequest(Uint8Array.from(bytes))).toMatchObject({ ok: false })
  })
})

describe('compression', () => {
  test('gives back any bytes, and says their number beforehand', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        const block = compress(bytes)
        expect(uncompressedSize(block)).toBe(bytes.length)
        expect(decompress(block, bytes.length)).toEqual({ ok: true, value: bytes })
        expect(decompress(compress(Uint8Array.of(1, ...bytes)), bytes.length)).toMatchObject({
          fault: { code: 'TOO_LARGE', size: bytes.length + 1 },
        })
      }),
    )
  })

  test('refuses anything that is not a snappy block', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const verdict = decompress(bytes, 1000)
        expect(verdict.ok ? verdict.value.length : 0).toBe(verdict.ok ? uncompressedSize(bytes) : 0)
      }),
    )
    for (const bytes of [[], [0x80], [255, 255, 255, 255, 255, 1], [5, 0, 0]]) {
      expect(decompress(Uint8Array.from(bytes), 1000)).toMatchObject({
        fault: { code: 'MALFORMED' },
      })
    }
  })
})

describe('the rate limiter', () => {
  test('gives out the quota at once and then evenly, per key', () => {
    let time = 0
    const limiter = createRateLimiter({ quota: 10, perMs: 1000 }, () => time)
    expect(limiter.take('a', 10)).toBe(true)
    expect(limiter.take('a', 1)).toBe(false)
    expect(limiter.take('b', 10)).toBe(true)
    time = 100
    expect(limiter.take('a', 1)).toBe(true)
    expect(limiter.take('a', 1)).toBe(false)
    time = 1100
    expect(limiter.take('a', 10)).toBe(true)
    expect(limiter.take('b', 11)).toBe(false)
  })

  test('never gives more than the quota plus what refilled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 12 }))),
        (steps) => {
          let time = 0
          let taken = 0
          const limiter = createRateLimiter({ quota: 10, perMs: 1000 }, () => time)
          for (const [wait, cost] of steps) {
            time += wait
            if (limiter.take('a', cost)) taken += cost
            limiter.prune()
            expect(taken).toBeLessThanOrEqual(10 + time / 100 + 0.001)
          }
        },
      ),
    )
  })

  test('says when nothing is left, and takes back what was not used', () => {
    let time = 0
    const limiter = createRateLimiter({ quota: 10, perMs: 1000 }, () => time)
    expect(limiter.isSpent('a')).toBe(false)
    expect(limiter.take('a', 10)).toBe(true)
    expect(limiter.isSpent('a')).toBe(true)
    expect(limiter.isSpent('b')).toBe(false)
    limiter.refund('a', 4)
    expect(limiter.take('a', 5)).toBe(false)
    expect(limiter.take('a', 4)).toBe(true)
    time += 100
    expect(limiter.isSpent('a')).toBe(false)
    limiter.refund('a', 1000)
    expect(limiter.take('a', 11)).toBe(false)
    expect(limiter.take('a', 10)).toBe(true)
  })
})

/** A gate that four strangers from `address` were banned at. */
function shutTo(address: string): { gate: HostGate; pass: (ms: number) => void } {
  let time = 0
  const gate = createHostGate(() => time)
  for (const peerId of ['a', 'b', 'c', 'd']) {
    expect(gate.admits(peerId, address, [])).toBe(true)
    gate.blame(peerId)
  }
  return {
    gate,
    pass: (ms) => {
      time += ms
    },
  }
}

describe('the host gate', () => {
  const MINUTE = 60_000
  test.each([
    ['/ip4/192.0.2.7/tcp/1', '/ip4/192.0.2.7/tcp/2', '/ip4/192.0.2.8/tcp/1'],
    ['/ip6/2001:db8:1:2::7/tcp/1', '/ip6/2001:db8:1:2:8:9:a:b/tcp/1', '/ip6/2001:db8:1:3::7/tcp/1'],
    ['/ip6/2001:db8::7/tcp/1', '/ip6/2001:db8:0:0:1::/tcp/1', '/ip6/2001:db8:0:1::7/tcp/1'],
  ])('closes to strangers from %s and %s, not from %s', (address, same, other) => {
    const { gate } = shutTo(address)
    expect(gate.admits('e', same, [])).toBe(false)
    expect(gate.admits('e', other, [])).toBe(true)
  })

  test('opens again little by little', () => {
    const { gate, pass } = shutTo('/ip4/192.0.2.7/tcp/1')
    pass(2.5 * MINUTE)
    expect(gate.admits('e', '/ip4/192.0.2.7/tcp/1', [])).toBe(true)
    gate.blame('e')
    expect(gate.admits('f', '/ip4/192.0.2.7/tcp/1', [])).toBe(false)
    pass(10 * MINUTE)
    gate.prune()
    expect(gate.admits('f', '/ip4/192.0.2.7/tcp/1', [])).toBe(true)
  })

  test('has sixteen places for strangers from one host', () => {
    const gate = createHostGate(() => 0)
    const others = Array.from({ length: 15 }, (_, index) => `/ip4/192.0.2.7/tcp/${index}`)
    const elsewhere = '/ip4/192.0.2.8/tcp/1'
    expect(gate.admits('a', '/ip4/192.0.2.7/tcp/99', [...others, elsewhere])).toBe(true)
    const full = [...others, '/ip4/192.0.2.7/tcp/99']
    expect(gate.admits('b', '/ip4/192.0.2.7/tcp/100', full)).toBe(false)
    expect(gate.admits('b', elsewhere, full)).toBe(true)
  })

  test('blames nobody for a peer that it has not seen come in', () => {
    const gate = createHostGate(() => 0)
    for (let i = 0; i < 10; i++) gate.blame('a')
    expect(gate.admits('b', '/ip4/192.0.2.7/tcp/1', [])).toBe(true)
  })
})

describe('the reputation', () => {
  test('bans at 100 points, forgives with time, and ends the ban', () => {
    let time = 0
    const bans: string[] = []
    const reputation = createReputation(
      () => time,
      1000,
      (peerId) => bans.push(peerId),
    )
    reputation.penalise('a', 60, 'x')
    time += 10 * 60_000
    reputation.prune()
    expect(reputation.points('a')).toBe(30)
    reputation.penalise('a', 60, 'x')
    expect(bans).toEqual([])
    reputation.penalise('a', 10, 'x')
    reputation.penalise('a', 100, 'x')
    expect(bans).toEqual(['a'])
    expect(reputation.isBanned('a')).toBe(true)
    time += 1000
    expect(reputation.isBanned('a')).toBe(false)
    reputation.prune()
    expect(reputation.points('a')).toBe(0)
  })
})

const item = (id: number, size = 1, from = 'peer'): InboxItem => ({
  id: String(id),
  from,
  bytes: new Uint8Array(size).fill(id),
})

async function runInbox(
  order: 'newest-first' | 'oldest-first',
  items: readonly InboxItem[],
): Promise<{ readonly validated: number[]; readonly settled: Record<string, GossipVerdict> }> {
  const validated: number[] = []
  const settled: Record<string, GossipVerdict> = {}
  const inbox = createInbox(
    { ...TOPIC_RULES.vote, order, concurrency: 1, queueLength: 3, queueBytes: 30 },
    async (bytes) => {
      validated.push(bytes[0] ?? -1)
      return 'accept'
    },
    ({ id }, verdict) => {
      expect(settled[id]).toBeUndefined()
      settled[id] = verdict
    },
    () => undefined,
  )
  for (const each of items) inbox.push(each)
  await new Promise((resolve) => {
    const wait = (): void => {
      if (Object.keys(settled).length === items.length) resolve(undefined)
      else setImmediate(wait)
    }
    wait()
  })
  return { validated, settled }
}

describe('the inbox', () => {
  test('keeps and serves the newest when it is newest-first', async () => {
    const { validated, settled } = await runInbox(
      'newest-first',
      [1, 2, 3, 4, 5].map((id) => item(id)),
    )
    expect(validated).toEqual([5, 4, 3])
    expect(settled).toEqual({ 1: 'ignore', 2: 'ignore', 3: 'accept', 4: 'accept', 5: 'accept' })
  })

  test('keeps and serves the oldest when it is oldest-first', async () => {
    const { validated, settled } = await runInbox(
      'oldest-first',
      [1, 2, 3, 4, 5].map((id) => item(id)),
    )
    expect(validated).toEqual([1, 2, 3])
    expect(settled).toMatchObject({ 4: 'ignore', 5: 'ignore' })
  })

  test.each(['newest-first', 'oldest-first'] as const)(
    'lets peers take turns when it is %s',
    async (order) => {
      const { validated } = await runInbox(order, [item(1), item(2), item(3, 1, 'other')])
      expect(validated.indexOf(3)).toBe(1)
    },
  )

  test.each([
    ['newest-first', [3, 9, 2]],
    ['oldest-first', [1, 9, 2]],
  ] as const)('drops only what the flooding peer sent when it is %s', async (order, expected) => {
    const { validated, settled } = await runInbox(order, [
      item(1),
      item(2),
      item(3),
      item(9, 1, 'other'),
    ])
    expect(validated).toEqual(expected)
    expect(settled[9]).toBe('accept')
  })

  test('weighs peers by bytes when bytes are short', async () => {
    const items = [item(1, 20, 'large'), item(2, 4), item(3, 10, 'other')]
    const { settled } = await runInbox('newest-first', items)
    expect(settled).toEqual({ 1: 'ignore', 2: 'accept', 3: 'accept' })
  })

  test('counts bytes as well', async () => {
    const { validated } = await runInbox('newest-first', [item(1, 15), item(2, 20), item(3, 31)])
    expect(validated).toEqual([2])
  })

  test('takes a validator that throws for one that ignores, and settles all on close', async () => {
    const settled: Record<string, GossipVerdict> = {}
    const inbox = createInbox(
      { ...TOPIC_RULES.block, concurrency: 1 },
      async () => {
        throw new Error('database closed')
      },
      ({ id }, verdict) => {
        settled[id] = verdict
      },
      () => undefined,
    )
    inbox.push(item(1))
    await new Promise((resolve) => {
      setImmediate(() => setImmediate(resolve))
    })
    inbox.push(item(2))
    await inbox.close()
    inbox.push(item(3))
    expect(settled).toEqual({ 1: 'ignore', 2: 'ignore', 3: 'ignore' })
  })
})

describe('the dialer', () => {
  test('waits longer after every failure, up to the limit, and never stops', async () => {
    const clock = createHandClock()
    const dials: number[] = []
    const dialer = createDialer({
      node: () => ({
        getConnections: () => [],
        dial: async () => {
          dials.push(clock.now())
          throw new Error('refused')
        },
      }),
      ownPeerId: await nodeKeyToPeerId(nodeKey(1)),
      isBanned: () => false,
      clock,
      random: () => 0.5,
      timing: {
        maintenanceMs: 100,
        redialMinMs: 100,
        redialMaxMs: 1000,
        gossipGraceMs: 1,
        banMs: 1,
        otherChainMs: 1,
        statusMs: 1,
        localQueryMs: 1,
        dialMs: 1,
        firstByteMs: 1,
        chunkMs: 1,
        serveMs: 1,
      },
      closing: new AbortController().signal,
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    })
    dialer.add(`/ip4/127.0.0.1/tcp/1/p2p/${await nodeKeyToPeerId(nodeKey(2))}`)
    for (let i = 0; i < 100; i++) {
      dialer.tick()
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      clock.advance(100)
    }
    const gaps = dials.slice(1).map((at, i) => at - (dials[i] ?? 0))
    expect(gaps.slice(0, 6)).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(gaps.length).toBeGreaterThan(10)
  })
})

describe('names', () => {
  test('of topics carry the chain and a version', () => {
    expect(toTopic(GENESIS, 'block')).toBe(`/mosaic/${GENESIS.slice(2)}/block/1`)
  })

  test('of nodes follow from the key', async () => {
    expect(await nodeKeyToPeerId(nodeKey(1))).toMatch(/^12D3KooW/)
    expect(await nodeKeyToPeerId(nodeKey(1))).toBe(await nodeKeyToPeerId(nodeKey(1)))
    expect(createNodeKey()).not.toBe(createNodeKey())
    expect(() => createNodeKey(new Uint8Array(31))).toThrow('32 bytes')
  })
})
