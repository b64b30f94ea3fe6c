/**
 * Floods a node with junk votes, blocks and transactions, well-formed and signed so that each costs the victim as much as possible and none is
 * what nobody honest may send, and comes back under a new identity whenever it is thrown out:
 * `flooder.program.ts <multiaddress> <genesis hash> <core identifier> <messages per second>`. Runs until it is ended
 * or its input is, then prints what it did as JSON.
 */
import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import {
  concatBytes,
  encodeRlp,
  hexToBytes,
  keccak256,
  toBlockNumber,
  toHash32,
  toHeight,
  ZERO_HASH,
} from '@mosaic/primitives'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { compress } from '../src/compression.ts'
import { CHUNK, END, toProtocol } from '../src/exchange.ts'
import { writeFrame } from '../src/frames.ts'
import { createGossipOptions } from '../src/gossip-options.ts'
import { createNodeKey } from '../src/index.ts'
import type { GossipNode } from '../src/libp2p.ts'
import { encodeStatus } from '../src/messages.ts'
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
  const size: number[] = []
  for (let rest = length; rest > 0; rest >>>= 7) size.push((rest & 127) | (rest > 127 ? 128 : 0))
  const last = length - 1
  const tag = Uint8Array.of(...size, 0xf8, last & 255, (last >> 8) & 255, last >> 16)
  return concatBytes(tag, bytes)
}

/** The x of the curve's base point: with it, every second half is a proper signature of anything, by somebody whom nobody knows. */
const R = hexToBytes('0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')

function signature(): Uint8Array {
  const s = randomBytes(32)
  // Low, without leading zeros, and with a parity of 0.
  s[0] = ((s[0] ?? 0) & 0x3f) | 1
  return concatBytes(R, s)
}

const EMPTY = new Uint8Array()
const NO_UNCLES = hexToBytes(keccak256(encodeRlp([])))
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

/** Transfers by strangers without coin: one each time, and now and then as many as would keep a node busy for a while. */
function junkTransactions(): Uint8Array {
  const count = randomBytes(1)[0] === 0 ? 1000 : 1
  return encodeRlp(Array.from({ length: count }, junkTransaction))
}

/** EIP-1559. */
function junkTransaction(): Uint8Array {
  const sign = signature()
  const chainId = Uint8Array.of(0x05, 0x82)
  const price = Uint8Array.of(0x77, 0x35, 0x94, 0x00)
  const gas = Uint8Array.of(0x52, 0x08)
  const to = randomBytes(20)
  const [r, s] = [sign.subarray(0, 32), sign.subarray(32)]
  const body = encodeRlp([chainId, EMPTY, price, price, gas, to, EMPTY, EMPTY, [], EMPTY, r, s])
  return concatBytes(Uint8Array.of(2), body)
}

/** A well-formed block upon an unknown parent, sealed by a stranger. */
function junkBlock(): Uint8Array {
  const extra = concatBytes(new Uint8Array(32), signature(), new Uint8Array(1))
  // One above a multiple of the usual epochs: it lists no signers.
  const number = concatBytes(Uint8Array.of(1), randomBytes(1), Uint8Array.of(1))
  const header = [
    hash(),
    NO_UNCLES,
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

/** Claims a head far above everybody's. */
async function answerStatus(stream: Stream): Promise<void> {
  const signal = AbortSignal.timeout(5000)
  const claim = {
    genesisHash,
    coreIdentifier: toHash32(core),
    finalized: { height: toHeight(0n), hash: genesisHash },
    head: { number: toBlockNumber(10n ** 9n), hash: ZERO_HASH, totalDifficulty: 10n ** 12n },
  }
  await writeFrame(stream, [Uint8Array.of(CHUNK), compress(encodeStatus(claim))], signal)
  await writeFrame(stream, [Uint8Array.of(END)], signal)
  await stream.close({ signal })
}

function isHeard({ services }: GossipNode): boolean {
  return services.pubsub.getSubscribers(wire.vote).length > 0
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
  await node.handle(toProtocol(genesisHash, 'status'), answerStatus)
  await node.dial(multiaddr(victim), { signal: AbortSignal.timeout(5000) })
  for (let poll = 0; poll < 100; poll++) {
    if (isHeard(node) || node.getConnections().length === 0) break
    await sleep(10)
  }
  return node
}

const sent = { vote: 0, block: 0, transactions: 0 }
let identities = 0
function end(): void {
  writeSync(1, `${JSON.stringify({ ...sent, identities })}\n`)
  process.exit()
}
process.on('SIGTERM', end)
// It does not outlive who started it.
process.stdin.on('close', end).resume()
const make = { vote: junkVote, block: junkBlock, transactions: junkTransactions }
const turns: readonly TopicName[] = ['vote', 'vote', 'transactions', 'block']

/** Sends until it is thrown out. */
async function send(node: GossipNode): Promise<void> {
  let count = 0
  const begun = performance.now()
  while (node.getConnections().length > 0) {
    const due = ((performance.now() - begun) * perSecond) / 1000
    for (; count < due && node.getConnections().length > 0; count++) {
      const name = turns[count % turns.length] ?? 'vote'
      const { recipients } = await node.services.pubsub.publish(wire[name], literal(make[name]()))
      if (recipients.length > 0) sent[name]++
      if (count % 200 === 0) await sleep(0)
    }
    await sleep(TICK_MS)
  }
}

for (;;) {
  try {
    const node = await connect()
    if (isHeard(node)) identities++
    await send(node)
    // It need not be clean, and does not always end.
    await Promise.race([node.stop(), sleep(1000)])
  } catch {
    await sleep(TICK_MS)
  }
}
