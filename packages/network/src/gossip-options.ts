import { hash, randomBytes } from 'node:crypto'
import { type GossipsubOpts, StrictNoSign } from '@chainsafe/libp2p-gossipsub'
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import { compress, decompress, maxCompressedSize } from './compression.ts'
import type { TopicRules } from './topics.ts'

/** Below this gossip score a peer is disconnected and banned; five undecodable messages get there. */
export const BAN_BELOW_SCORE = -400

/**
 * The settings of gossipsub, for a small set of known nodes. Differences from its defaults, and why:
 *
 * - Messages are unsigned on this level: blocks, transactions and votes carry their own signatures, and a second one
 *   halves the throughput.
 * - Every topic has score parameters, without which rejected messages cost nothing. Those for missing deliveries (P3) are
 *   off, since quiet topics would count against honest peers; so is that for peers behind one address, which would shut
 *   out a local network of more than ten nodes.
 * - Duplicates are found by a hash of the compressed bytes, salted so that nobody computes collisions, before anything is
 *   decompressed. The message id itself has the topic inside, so equal bytes on two topics are two messages.
 * - Everything that a peer can make the node remember is bounded: allowed topics, entries per message (CVE-2026-46679 was
 *   unbounded subscriptions), buffers.
 */
export function createGossipOptions(
  topics: ReadonlyMap<string, TopicRules>,
): Partial<GossipsubOpts> {
  const names = [...topics.keys()]
  const maxBytes = (topic: string): number => topics.get(topic)?.maxBytes ?? 0
  const largest = maxCompressedSize(Math.max(...names.map(maxBytes)))
  const salt = randomBytes(16)
  const topicScore = createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1000,
    timeInMeshCap: 100,
    firstMessageDeliveriesWeight: 0,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: -20,
    invalidMessageDeliveriesDecay: 0.97,
  })
  return {
    globalSignaturePolicy: StrictNoSign,
    asyncValidation: true,
    allowedTopics: names,
    emitSelf: false,
    fallbackToFloodsub: false,
    doPX: false,
    D: 8,
    Dlo: 6,
    Dhi: 12,
    Dlazy: 6,
    heartbeatInterval: 700,
    // A verdict that comes later than this many heartbeats no longer forwards its message.
    mcacheLength: 12,
    mcacheGossip: 3,
    seenTTL: 120_000,
    gossipsubIWantFollowupMs: 5000,
    floodPublish: true,
    batchPublish: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    idontwantMinDataSize: 16 * 1024,
    // One message above the limit ends gossip on a connection for good, so it lies well above what is ever sent.
    maxInboundDataLength: 4 * largest,
    maxOutboundBufferSize: 4 * largest,
    maxTopicBytesPerPeer: 64 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 64,
      maxMessages: 256,
      maxIhaveMessageIDs: 5000,
      maxIwantMessageIDs: 5000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 0,
    },
    fastMsgIdFn: ({ topic, data }) =>
      hash('sha256', Buffer.concat([salt, Buffer.from(`${topic}\0`), data ?? salt]), 'base64'),
    msgIdFn: ({ topic, data }) =>
      hash('sha256', Buffer.concat([Buffer.from(`mosaic-gossip-1\0${topic}\0`), data]), 'buffer')
        // 20 bytes are enough for an identifier that lives two minutes.
        .subarray(0, 20),
    msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('base64'),
    dataTransform: {
      inboundTransform: (topic, data) => {
        const verdict = decompress(data, maxBytes(topic))
        if (!verdict.ok) throw new Error(`gossip message refused: ${verdict.fault.code}`)
        return verdict.value
      },
      outboundTransform: (_topic, data) => compress(data),
    },
    scoreParams: {
      topics: Object.fromEntries(names.map((topic) => [topic, topicScore])),
      topicScoreCap: 10,
      appSpecificScore: () => 0,
      appSpecificWeight: 0,
      IPColocationFactorWeight: 0,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyDecay: 0.86,
      decayInterval: 1000,
      decayToZero: 0.01,
      retainScore: 600_000,
    },
    scoreThresholds: {
      gossipThreshold: -100,
      publishThreshold: -200,
      graylistThreshold: BAN_BELOW_SCORE,
      acceptPXThreshold: 1000,
      opportunisticGraftThreshold: 0,
    },
  }
}
