import { utf8ToBytes } from '@mosaic/primitives'
import { afterEach, describe, expect, test } from 'vitest'
import { type GossipVerdict, TOPIC_RULES } from '../src/index.ts'
import {
  addressOf,
  connectAll,
  GENESIS,
  Nodes,
  OTHER_GENESIS,
  readyPeers,
  type TestNode,
  until,
} from './harness.ts'

const nodes = new Nodes()
afterEach(() => nodes.stop())

const texts = ({ received }: TestNode): string[] =>
  received.map(({ bytes }) => new TextDecoder().decode(bytes))

describe('gossip', { timeout: 60_000 }, () => {
  test('reaches every node of a full mesh exactly once', async () => {
    const all = await Promise.all([1, 2, 3, 4].map((seed) => nodes.start({ seed })))
    await connectAll(all)
    await Promise.all(
      all.map(({ network }, i) => network.publish('vote', utf8ToBytes(`vote of ${i}`))),
    )
    await until(() => all.every(({ received }) => received.length === 3))
    for (const [i, node] of all.entries()) {
      expect(texts(node).toSorted()).toEqual(
        [0, 1, 2, 3].filter((each) => each !== i).map((each) => `vote of ${each}`),
      )
    }
  })

  test('tells topics apart that carry the same bytes', async () => {
    const [a, b] = await Promise.all([nodes.start({ seed: 1 }), nodes.start({ seed: 2 })])
    await connectAll([a, b])
    await a.network.publish('vote', utf8ToBytes('same'))
    await a.network.publish('transactions', utf8ToBytes('same'))
    await until(() => b.received.length === 2)
    expect(b.received.map(({ topic }) => topic).toSorted()).toEqual(['transactions', 'vote'])
  })

  test('carries a large block', async () => {
    const [a, b] = await Promise.all([nodes.start({ seed: 1 }), nodes.start({ seed: 2 })])
    await connectAll([a, b])
    const block = crypto.getRandomValues(new Uint8Array(60_000))
    const large = new Uint8Array(TOPIC_RULES.block.maxBytes)
    large.set(block)
    await a.network.publish('block', large)
    await until(() => b.received.length === 1)
    expect(Buffer.compare(b.received[0]?.bytes ?? block, large)).toBe(0)
  })

  test.each<GossipVerdict>(['ignore', 'reject'])(
    'does not forward what a node would %s',
    async (verdict) => {
      // A line: the sender, the one that judges, the one behind it.
      const sender = await nodes.start({ seed: 1 })
      const judge = await nodes.start({
        seed: 2,
        peers: [addressOf(sender)],
        validate: async (bytes) => (bytes[0] === 0 ? verdict : 'accept'),
      })
      const behind = await nodes.start({ seed: 3, peers: [addressOf(judge)] })
      await until(
        () => readyPeers(judge.network).length === 2 && readyPeers(behind.network).length === 1,
      )

      await sender.network.publish('vote', Uint8Array.of(0))
      await until(() => judge.received.length === 1)
      await sender.network.publish('vote', Uint8Array.of(1))
      await until(() => behind.received.length === 1)
      expect(behind.received.map(({ bytes }) => bytes[0])).toEqual([1])
    },
  )

  test('bans a sender of invalid messages, and nobody else', async () => {
    const sender = await nodes.start({ seed: 1 })
    const [judge, bystander] = await Promise.all([
      nodes.start({ seed: 2, validate: async (bytes) => (bytes[0] === 0 ? 'reject' : 'accept') }),
      nodes.start({ seed: 3 }),
    ])
    await connectAll([sender, judge, bystander])
    const banned: string[] = []
    judge.network.events.on('peer-banned', (peerId) => banned.push(peerId))
    bystander.network.events.on('peer-banned', (peerId) => banned.push(peerId))

    for (let i = 0; i < 8; i++) await sender.network.publish('vote', Uint8Array.of(0, i))
    await until(() => banned.length > 0)
    // The bystander accepted and forwarded the messages, so the judge holds it to be at fault as well.
    expect(banned).toContain(sender.network.peerId)
    await until(() => judge.network.peers().every(({ peerId }) => peerId !== sender.network.peerId))
  })

  test('refuses to publish more than a topic allows', async () => {
    const { network } = await nodes.start({ seed: 1 })
    await expect(network.publish('vote', new Uint8Array(1025))).rejects.toThrow(
      'expected at most 1024 bytes on topic vote, received 1025',
    )
  })

  test('stays within its chain when nodes of two chains meet on one host', async () => {
    const a = await nodes.start({ seed: 1 })
    const b = await nodes.start({ seed: 2, peers: [addressOf(a)] })
    const c = await nodes.start({
      seed: 3,
      genesisHash: OTHER_GENESIS,
      peers: [addressOf(a), addressOf(b)],
    })
    const d = await nodes.start({
      seed: 4,
      genesisHash: OTHER_GENESIS,
      peers: [addressOf(c), addressOf(a)],
    })
    await until(() => readyPeers(b.network).length === 1 && readyPeers(d.network).length === 1)
    await a.network.publish('block', utf8ToBytes(`block of ${GENESIS}`))
    await c.network.publish('block', utf8ToBytes(`block of ${OTHER_GENESIS}`))
    await until(() => b.received.length > 0 && d.received.length > 0)
    expect(texts(b)).toEqual([`block of ${GENESIS}`])
    expect(texts(d)).toEqual([`block of ${OTHER_GENESIS}`])
    expect([...texts(a), ...texts(c)]).toEqual([])
  })
})
