/**
 * Floods a node with junk votes, blocks and transactions, well-formed so that each costs the victim as much as possible, and comes back
 * under a new identity whenever it is thrown out: `flooder.program.ts <multiaddress> <genesis hash> <core identifier> <messages per second>`.
 * Runs until it is ended, then prints what it did as JSON.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { concatBytes, encodeRlp, hexToBytes, toHash32 } from '@mosaic/primitives'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createGossipOptions } from '../src/gossip-options.ts'
import { createNodeKey } from '../src/index.ts'
import type { GossipNode } from '../src/libp2p.ts'
import { nodeKeyToPrivateKey } from '../src/node-key.ts'
import { TOPIC_NAMES, TOPIC_RULES, type TopicName, toTopic } from '../src/topics.ts'

const [, , victim = '', genesis = '', core = '', rate = '10000'] = process.argv
const genesisHash = toHash32(genesis)
const perSecond = Number(rate)
const TICK_MS = 20

const topics = new Map(TOPIC_NAMES.map((name) => [toTopic(genesisHash, name), TOPIC_RULES[name]]))
const wire: Record<TopicName, string> = {
  block: toTopic(genesisHash, 'block'),
  transactions: toTopic(genesisHash, 'transactions'),
  vote: toTopic(genesisHash, 'vote'),
}

/** A snappy block of one literal: the same bytes, without the work of compressing. */
function literal(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
  return concatBytes(Uint8Array.of(...size, 0xf4, (length - 1) & 255, (length - 1) >> 8), bytes)
}

/** Half of all random numbers are the x of a point of the curve, so half of these recover to a stranger. */
function signature(): Uint8Array {
  const bytes = randomBytes(64)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  bytes[32] = (bytes[32] ?? 0) & 0x3f
  return bytes
}

const EMPTY = new Uint8Array()
const hash = (): Uint8Array => randomBytes(32)

function junkVote(): Uint8Array {
  const [source, target] = [Uint8Array.of(1), Uint8Array.of(2)]
  return encodeRlp([
    hexToBytes(toHash32(core)),
    hash(),
    hash(),
    hash(),
    source,
    target,
    signature(),
  ])
}

/** A transfer by a stranger without coin (EIP-1559). */
function junkTransactions(): Uint8Array {
  const sign = signature()
  // RLP has no leading zeros in integers.
  sign[0] = (sign[0] ?? 0) | 1
  sign[32] = (sign[32] ?? 0) | 1
  const chainId = Uint8Array.of(0x05, 0x82)
  const price = Uint8Array.of(0x77, 0x35, 0x94, 0x00)
  const gas = Uint8Array.of(0x52, 0x08)
  const to = randomBytes(20)
  const [r, s] = [sign.subarray(0, 32), sign.subarray(32)]
  const body = encodeRlp([chainId, EMPTY, price, price, gas, to, EMPTY, EMPTY, [], EMPTY, r, s])
  return encodeRlp([concatBytes(Uint8Array.of(2), body)])
}

/** A sealed block upon an unknown parent. */
function junkBlock(): Uint8Array {
  const extra = concatBytes(new Uint8Array(32), signature(), new Uint8Array(1))
  const number = concatBytes(Uint8Array.of(1), randomBytes(2))
  const header = [
    hash(),
    hash(),
    new Uint8Array(20),
    hash(),
    hash(),
    hash(),
    new Uint8Array(256),
    Uint8Array.of(1),
    number,
    Uint8Array.of(0x0f),
    EMPTY,
    Uint8Array.of(0x66),
    extra,
    new Uint8Array(32),
    new Uint8Array(8),
    Uint8Array.of(7),
  ]
  return encodeRlp([header, [], []])
}

async function connect(): Promise<GossipNode> {
  const node = await createLibp2p({
    privateKey: await nodeKeyToPrivateKey(createNodeKey()),
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({
        ...createGossipOptions(topics),
        dataTransform: {
          inboundTransform: (_topic, data) => data,
          outboundTransform: (_topic, data) => data,
        },
      }),
    },
  })
  for (const topic of topics.keys()) node.services.pubsub.subscribe(topic)
  await node.dial(multiaddr(victim))
  for (let poll = 0; poll < 100; poll++) {
    if (node.services.pubsub.getSubscribers(wire.vote).length > 0) break
    await sleep(10)
  }
  return node
}

const sent = { vote: 0, block: 0, transactions: 0 }
let identities = 0
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())
const make = { vote: junkVote, block: junkBlock, transactions: junkTransactions }
const turns: readonly TopicName[] = ['vote', 'vote', 'transactions', 'block']

while (!ending.signal.aborted) {
  let node: GossipNode | undefined
  try {
    node = await connect()
    identities++
    let count = 0
    const begun = performance.now()
    while (!ending.signal.aborted && node.getConnections().length > 0) {
      const due = ((performance.now() - begun) * perSecond) / 1000
      for (; count < due && node.getConnections().length > 0; count++) {
        const name = turns[count % turns.length] ?? 'vote'
        const { recipients } = await node.services.pubsub.publish(wire[name], literal(make[name]()))
        if (recipients.length > 0) sent[name]++
        if (count % 200 === 0) await sleep(0)
      }
      await sleep(TICK_MS)
    }
  } catch {
    await sleep(TICK_MS)
  }
  await node?.stop()
}
process.stdout.write(`${JSON.stringify({ ...sent, identities })}\n`)
