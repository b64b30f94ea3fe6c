import { afterEach, describe, expect, test } from 'vitest'
import { nodeKeyToPeerId, type PeerMemory } from '../src/index.ts'
import { createPeerBook } from '../src/peer-book.ts'
import { addressOf, Nodes, nodeKey, readyPeers, until } from './harness.ts'

const nodes = new Nodes()
afterEach(() => nodes.stop())

const NOW = 1_750_000_000_000
const HOUR = 60 * 60_000
/** Lets peers be asked as often as a test likes. */
const EAGER = { statusPerMinute: 10_000, peerListsPerMinute: 10_000 }

describe('discovery', { timeout: 60_000 }, () => {
  test('finds everybody through one who is known to all', async () => {
    const hub = await nodes.start({ seed: 1, budgets: EAGER })
    const some = { peers: [addressOf(hub)], wantedPeers: 3, timing: { statusMs: 300 } }
    const others = await Promise.all(
      [2, 3, 4].map((seed) => nodes.start({ ...some, seed, budgets: EAGER })),
    )
    await until(() => others.every(({ network }) => readyPeers(network).length === 3))
    expect(readyPeers(hub.network)).toHaveLength(3)
  })

  test('looks for nobody when enough are there, and for nobody who is not allowed', async () => {
    const hub = await nodes.start({ seed: 1 })
    const a = await nodes.start({ seed: 2, peers: [addressOf(hub)] })
    const b = await nodes.start({ seed: 3, peers: [addressOf(hub), addressOf(a)] })
    await until(() => readyPeers(b.network).length === 2)
    const content = await nodes.start({ seed: 4, peers: [addressOf(b)], wantedPeers: 1 })
    const shy = await nodes.start({
      seed: 5,
      peers: [addressOf(b)],
      wantedPeers: 8,
      allowList: [hub.network.peerId],
    })
    await until(() => readyPeers(shy.network).length === 2)
    expect(new Set(readyPeers(shy.network))).toEqual(
      new Set([hub.network.peerId, b.network.peerId]),
    )
    expect(readyPeers(content.network)).toEqual([b.network.peerId])
  })

  test('knows after a restart where peers were, without being told', async () => {
    const friend = await nodes.start({ seed: 1 })
    const before = await nodes.start({ seed: 2, peers: [addressOf(friend)] })
    await until(() => readyPeers(before.network).length === 1)
    const memory = before.network.memory()
    expect(memory).toEqual({
      reached: [{ address: addressOf(friend), at: NOW }],
      bans: [],
      points: [],
    })
    await before.network.stop()
    const after = await nodes.start({ seed: 2, memory, wantedPeers: 1 })
    await until(() => readyPeers(after.network).length === 1)
    expect(readyPeers(after.network)).toEqual([friend.network.peerId])
  })

  test('shuts out after a restart who was banned before, until the ban ends', async () => {
    const victim = await nodes.start({ seed: 1 })
    const bad = await nodes.start({ seed: 2, peers: [addressOf(victim)] })
    await until(() => readyPeers(victim.network).length === 1)
    for (let i = 0; i < 4; i++) victim.network.penalise(bad.network.peerId, 'a false answer')
    await until(() => victim.network.peers().length === 0)
    const memory = victim.network.memory()
    expect(memory.bans).toMatchObject([{ peerId: bad.network.peerId }])
    await victim.network.stop()
    const later = (ms: number) => nodes.start({ seed: 1, memory, unixMs: NOW + ms })
    const strict = await later(60_000)
    bad.network.addPeer(addressOf(strict))
    const witness = await nodes.start({ seed: 3, peers: [addressOf(strict)] })
    await until(() => readyPeers(witness.network).length === 1)
    expect(readyPeers(strict.network)).toEqual([witness.network.peerId])
    await strict.network.stop()
    const lenient = await later(HOUR)
    bad.network.addPeer(addressOf(lenient))
    await until(() => readyPeers(bad.network).length === 1)
  })
})

describe('a restart', { timeout: 60_000 }, () => {
  test('leaves the points of peers as they are, less what time takes', async () => {
    const victim = await nodes.start({ seed: 1 })
    const clumsy = await nodes.start({ seed: 2, peers: [addressOf(victim)] })
    await until(() => readyPeers(victim.network).length === 1)
    victim.network.penalise(clumsy.network.peerId, 'a false answer')
    victim.network.penalise(clumsy.network.peerId, 'a false answer')
    const memory = victim.network.memory()
    expect(memory.points).toMatchObject([{ peerId: clumsy.network.peerId, at: NOW }])
    await victim.network.stop()
    const penaltyAfter = async (ms: number): Promise<number | undefined> => {
      const again = await nodes.start({ seed: 1, memory, unixMs: NOW + ms })
      clumsy.network.addPeer(addressOf(again))
      await until(() => readyPeers(again.network).length === 1)
      const penalty = again.network.peers()[0]?.penalty
      await again.network.stop()
      return penalty
    }
    expect(await penaltyAfter(0)).toBe(60)
    expect(await penaltyAfter(10 * 60_000)).toBe(30)
    expect(await penaltyAfter(2 * HOUR)).toBe(0)
  })

  test('of an honest peer costs it nothing, however often', async () => {
    const friend = await nodes.start({ seed: 1 })
    const banned: string[] = []
    friend.network.events.on('peer-banned', (peerId) => banned.push(peerId))
    for (let turn = 0; turn < 30; turn++) {
      const restless = await nodes.start({ seed: 2, peers: [addressOf(friend)] })
      await until(() => [friend, restless].every(({ network }) => readyPeers(network).length === 1))
      expect(friend.network.peers()[0]?.penalty).toBe(0)
      await restless.network.publish('vote', Uint8Array.of(turn))
      await until(() => friend.received.length === turn + 1)
      await restless.network.stop()
      await until(() => friend.network.peers().length === 0)
    }
    expect(banned).toEqual([])
    expect(friend.network.memory().points).toEqual([])
  })
})

async function addressFor(seed: number, host = '192.0.2.7'): Promise<string> {
  return `/ip4/${host}/tcp/30300/p2p/${await nodeKeyToPeerId(nodeKey(seed))}`
}

/** A book, and time that passes as it is told. */
async function open(reached: PeerMemory['reached'] = [], banned: readonly string[] = []) {
  let time = 0
  const book = createPeerBook({
    now: () => time,
    unixMs: () => NOW + time,
    ownPeerId: await nodeKeyToPeerId(nodeKey(1)),
    isWelcome: (peerId) => !banned.includes(peerId),
    reached,
  })
  const pass = (ms: number): void => {
    time += ms
  }
  return { book, pass, due: () => book.due().map(({ address }) => address) }
}

describe('createPeerBook', () => {
  test.each([
    'nonsense',
    '/ip4/192.0.2.7/tcp/30300',
    '/ip4/192.0.2.7/udp/30300/quic-v1/p2p/12D3KooWJwHaJ8Z4sNBD5rdzZePbYBrBGQvtuwvbF6Qi4mmRtDQZ',
    '/unix/tmp/socket/p2p/12D3KooWJwHaJ8Z4sNBD5rdzZePbYBrBGQvtuwvbF6Qi4mmRtDQZ',
    `/dns4/${'a'.repeat(300)}/tcp/1/p2p/12D3KooWJwHaJ8Z4sNBD5rdzZePbYBrBGQvtuwvbF6Qi4mmRtDQZ`,
  ])('leaves out %s', async (address) => {
    const { book, due } = await open()
    book.learn(address, { peerId: 'teller', isLoopback: true })
    expect(due()).toEqual([])
  })

  test('leaves out itself, who is banned, and loopback as told from elsewhere', async () => {
    const { book, due } = await open([], [await nodeKeyToPeerId(nodeKey(2))])
    book.learn(await addressFor(1), { peerId: 'teller', isLoopback: true })
    book.learn(await addressFor(2), { peerId: 'teller', isLoopback: true })
    book.learn(await addressFor(3, '127.0.0.1'), { peerId: 'teller', isLoopback: false })
    expect(due()).toEqual([])
    book.learn(await addressFor(3, '127.0.0.1'), { peerId: 'teller', isLoopback: true })
    expect(due()).toHaveLength(1)
  })

  test('keeps who was reached, however many others are told', async () => {
    const { book, due } = await open()
    const good = await addressFor(2)
    book.prove(await nodeKeyToPeerId(nodeKey(2)), good)
    for (let seed = 3; seed < 255; seed++)
      book.learn(await addressFor(seed), { peerId: 'teller', isLoopback: false })
    expect(due()[0]).toBe(good)
    expect(due()).toHaveLength(129)
    book.learn(await addressFor(2, '192.0.2.66'), { peerId: 'teller', isLoopback: false })
    expect(due()[0]).toBe(good)
  })

  test('waits longer after each failure, and forgets who was never reached', async () => {
    const { book, pass, due } = await open([{ address: await addressFor(2), at: NOW - HOUR }])
    const [old, told] = await Promise.all([2, 3].map((seed) => nodeKeyToPeerId(nodeKey(seed))))
    if (old === undefined || told === undefined) throw new Error('two peers')
    book.learn(await addressFor(3), { peerId: 'teller', isLoopback: false })
    for (let failures = 0; failures < 3; failures++) {
      expect(due()).toHaveLength(2)
      for (const peerId of [old, told]) book.fail(peerId)
      expect(due()).toEqual([])
      pass(10 * 60_000)
    }
    expect(due()).toEqual([await addressFor(2)])
  })

  test('forgets who was not reached for a month', async () => {
    const { due } = await open([{ address: await addressFor(2), at: NOW - 31 * 24 * HOUR }])
    expect(due()).toEqual([])
  })
})
