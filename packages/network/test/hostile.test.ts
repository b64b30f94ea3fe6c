import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { toBlockNumber } from '@mosaic/primitives'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterEach, describe, expect, test } from 'vitest'
import { maxCompressedSize } from '../src/compression.ts'
import { toProtocol } from '../src/exchange.ts'
import { createGossipOptions } from '../src/gossip-options.ts'
import type { GossipNode } from '../src/libp2p.ts'
import { nodeKeyToPrivateKey } from '../src/node-key.ts'
import { TOPIC_RULES, toTopic } from '../src/topics.ts'
import {
  addressOf,
  collect,
  connectAll,
  GENESIS,
  Nodes,
  nodeKey,
  readyPeers,
  type TestNode,
  until,
} from './harness.ts'

const nodes = new Nodes()
const hostiles: GossipNode[] = []
afterEach(async () => {
  await Promise.all(hostiles.splice(0).map(async (hostile) => hostile.stop()))
  await nodes.stop()
})

const VOTE_TOPIC = toTopic(GENESIS, 'vote')

/** A node that speaks the protocols and sends what it likes. */
async function startHostile(victim?: TestNode, seed = 99): Promise<GossipNode> {
  const hostile = await createLibp2p({
    privateKey: await nodeKeyToPrivateKey(nodeKey(seed)),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({
        ...createGossipOptions(new Map([[VOTE_TOPIC, TOPIC_RULES.vote]])),
        dataTransform: {
          inboundTransform: (_topic, data) => data,
          outboundTransform: (_topic, data) => data,
        },
      }),
    },
  })
  hostiles.push(hostile)
  hostile.services.pubsub.subscribe(VOTE_TOPIC)
  if (victim !== undefined) {
    await hostile.dial(multiaddr(addressOf(victim)))
    await until(() => hostile.services.pubsub.getSubscribers(VOTE_TOPIC).length > 0)
  }
  return hostile
}

function frame(length: number, ...payload: readonly Uint8Array[]): Uint8ArrayList {
  const header = new Uint8Array(4)
  new DataView(header.buffer).setUint32(0, length)
  return new Uint8ArrayList(header, ...payload)
}

/** A snappy header that promises 1 GiB, and one literal byte. */
const BOMB = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04, 0, 0)

describe('a hostile peer', { timeout: 60_000 }, () => {
  test.each([
    ['a decompression bomb', BOMB],
    ['bytes that are not snappy', Uint8Array.of(255, 255, 255, 255, 255, 255)],
    ['a message above the limit of its topic', Uint8Array.of(0x81, 0x08, 0)],
  ])('that gossips %s is banned, and no validator sees it', async (_what, bytes) => {
    const victim = await nodes.start({ seed: 1 })
    const banned: string[] = []
    const dropped: unknown[] = []
    victim.network.events.on('peer-banned', (peerId) => banned.push(peerId))
    victim.network.events.on('message-dropped', (...event) => dropped.push(event))
    const hostile = await startHostile(victim)
    for (let i = 0; i < 8; i++) {
      await hostile.services.pubsub
        .publish(VOTE_TOPIC, Uint8Array.from([...bytes, i]))
        .catch(() => 0)
    }
    await until(() => banned.length > 0)
    expect(banned).toEqual([hostile.peerId.toString()])
    expect(dropped[0]).toEqual(['vote', 'size'])
    expect(victim.received).toEqual([])
    await until(() => victim.network.peers().length === 0)
  })

  test('that floods is cut off, and the others are served', async () => {
    const victim = await nodes.start({ seed: 1, budgets: { gossipMessagesPerSecond: 50 } })
    const friend = await nodes.start({ seed: 2 })
    await connectAll([victim, friend])
    const banned: string[] = []
    victim.network.events.on('peer-banned', (peerId) => banned.push(peerId))
    const hostile = await startHostile(victim)
    for (let i = 0; i < 500; i++) {
      const message = Uint8Array.of(2, 4, i >> 8, i & 255)
      await hostile.services.pubsub.publish(VOTE_TOPIC, message).catch(() => 0)
    }
    await until(() => banned.includes(hostile.peerId.toString()))
    await friend.network.publish('vote', Uint8Array.of(42))
    await until(() => victim.received.some(({ from }) => from === friend.network.peerId))
    expect(
      victim.received.filter(({ from }) => from !== friend.network.peerId).length,
    ).toBeLessThan(200)
  })

  test('that stays below its budget is heard so much and no more, and the others always', async () => {
    let frozen: number | undefined
    const victim = await nodes.start({
      seed: 1,
      budgets: { gossipMessagesPerSecond: 1000 },
      validate: async (bytes) => (bytes[0] === 7 ? 'ignore' : 'accept'),
      now: () => frozen ?? performance.now(),
    })
    const friend = await nodes.start({ seed: 2 })
    await connectAll([victim, friend])
    const hostile = await startHostile(victim)
    const { pubsub } = hostile.services
    const hostileId = hostile.peerId.toString()
    const heardFrom = (peerId: string): number =>
      victim.received.filter(({ from }) => from === peerId).length
    let dropped = 0
    victim.network.events.on('message-dropped', () => dropped++)
    // Nothing refills from here on. Eight good messages make it known.
    frozen = performance.now()
    for (let i = 0; i < 8; i++) await pubsub.publish(VOTE_TOPIC, Uint8Array.of(2, 4, 1, i))
    await until(() => heardFrom(hostileId) === 8)
    for (let sent = 0; sent < 1500; sent++) {
      await pubsub.publish(VOTE_TOPIC, Uint8Array.of(3, 8, 7, sent >> 8, sent & 255))
      if (sent % 50 === 49) await until(() => heardFrom(hostileId) + dropped === sent + 9)
      if (sent % 500 === 499) {
        await friend.network.publish('vote', Uint8Array.of(42, sent >> 8))
        await until(() => heardFrom(friend.network.peerId) === (sent + 1) / 500)
      }
    }
    // Two seconds of a tenth of its messages.
    expect(heardFrom(hostileId)).toBe(8 + 200)
    expect(victim.network.peers().map(({ penalty }) => penalty)).toEqual([0, 0])
  })

  test('that comes back under new names is shut out with its host, but for the friends there', async () => {
    const friend = await nodes.start({ seed: 2 })
    const victim = await nodes.start({ seed: 1, peers: [addressOf(friend)] })
    await until(() => readyPeers(victim.network).length === 1)
    for (const seed of [10, 11, 12, 13]) {
      const stranger = await startHostile(victim, seed)
      await until(() => victim.network.peers().length === 2)
      for (let i = 0; i < 4; i++) victim.network.penalise(stranger.peerId.toString(), 'junk')
      await until(() => stranger.getConnections().length === 0)
    }
    const fifth = await startHostile(undefined, 14)
    await fifth.dial(multiaddr(addressOf(victim))).catch(() => undefined)
    await until(() => fifth.getConnections().length === 0)
    expect(victim.network.peers().map(({ peerId }) => peerId)).toEqual([friend.network.peerId])
    await friend.network.stop()
    await until(() => victim.network.peers().length === 0)
    const back = await nodes.start({ seed: 2, peers: [addressOf(victim)] })
    await until(() => readyPeers(victim.network).length === 1)
    expect(victim.network.peers()).toMatchObject([
      { peerId: back.network.peerId, direction: 'inbound' },
    ])
  })

  test('that announces a huge request is cut off before it is buffered', async () => {
    const victim = await nodes.start({ seed: 1 })
    const hostile = await startHostile(victim)
    const stream = await hostile.dialProtocol(
      multiaddr(addressOf(victim)),
      toProtocol(GENESIS, 'blocksByRange'),
    )
    stream.send(frame(2 ** 30, new Uint8Array(1000)))
    await until(() => stream.status !== 'open')
    expect(stream.status).toBe('reset')
    await until(() => (victim.network.peers()[0]?.penalty ?? 0) > 0)
  })

  test('that asks before the handshake gets nothing', async () => {
    let served = 0
    const victim = await nodes.start({
      seed: 1,
      handlers: {
        blocksByRange: async function* () {
          served++
          yield* []
        },
      },
    })
    const hostile = await startHostile(victim)
    const stream = await hostile.dialProtocol(
      multiaddr(addressOf(victim)),
      toProtocol(GENESIS, 'blocksByRange'),
    )
    const answer = new Uint8ArrayList()
    stream.addEventListener('message', ({ data }) => {
      answer.append(data)
    })
    stream.send(frame(3, Uint8Array.of(0xc2, 0x80, 0x01)))
    await stream.close()
    await until(() => answer.byteLength > 5)
    expect(new TextDecoder().decode(answer.subarray(5))).toContain('the status comes first')
    expect(served).toBe(0)
  })

  const answers: readonly (readonly [string, (stream: Stream) => void])[] = [
    [
      'a decompression bomb',
      (stream) => stream.send(frame(1 + BOMB.length, Uint8Array.of(0), BOMB)),
    ],
    ['a frame above the limit', (stream) => stream.send(frame(2 + maxCompressedSize(2 ** 22)))],
    ['half a frame', (stream) => stream.send(frame(10, Uint8Array.of(0, 1, 0)))],
    ['an unknown result', (stream) => stream.send(frame(1, Uint8Array.of(200)))],
    [
      'more chunks than there can be',
      (stream) => {
        for (let i = 0; i < 200; i++) stream.send(frame(4, Uint8Array.of(0, 1, 0, 7)))
      },
    ],
  ]
  test.each(answers)('that answers with %s is found out', async (_what, answer) => {
    const hostile = await startHostile()
    await hostile.handle(toProtocol(GENESIS, 'blocksByRange'), async (stream) => {
      answer(stream)
      await stream.close()
    })
    const victim = await nodes.start({ seed: 1, peers: [String(hostile.getMultiaddrs()[0])] })
    const hostileId = hostile.peerId.toString()
    await until(() => victim.network.peers().length === 1)
    const request = victim.network.request(hostileId, 'blocksByRange', {
      start: toBlockNumber(0n),
      count: 128,
    })
    await expect(collect(request)).rejects.toMatchObject({ shape: { reason: 'violation' } })
    expect(victim.network.peers()[0]?.penalty).toBe(30)
  })

  test('that ends the response without saying so is not believed', async () => {
    const hostile = await startHostile()
    await hostile.handle(toProtocol(GENESIS, 'blocksByRange'), async (stream) => {
      stream.send(frame(4, Uint8Array.of(0, 1, 0, 7)))
      await stream.close()
    })
    const victim = await nodes.start({ seed: 1, peers: [String(hostile.getMultiaddrs()[0])] })
    await until(() => victim.network.peers().length === 1)
    const request = victim.network.request(hostile.peerId.toString(), 'blocksByRange', {
      start: toBlockNumber(0n),
      count: 128,
    })
    await expect(collect(request)).rejects.toMatchObject({ shape: { reason: 'reset' } })
  })

  test('that connects without gossip is disconnected', async () => {
    const victim = await nodes.start({ seed: 1, timing: { gossipGraceMs: 150 } })
    const dead: string[] = []
    victim.network.events.on('gossip-dead', (peerId) => dead.push(peerId))
    const mute = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), ping: ping() },
    })
    await mute.dial(multiaddr(addressOf(victim)))
    await until(() => dead.length > 0)
    expect(dead).toEqual([mute.peerId.toString()])
    await mute.stop()
  })
})
