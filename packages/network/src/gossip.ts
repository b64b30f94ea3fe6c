import {
  type GossipSub,
  type GossipSubEvents,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub'
import type { RPC } from '@chainsafe/libp2p-gossipsub/message'
import type { PeerId } from '@libp2p/interface'
import { InvalidValueError } from '@mosaic/primitives'
import type { Clock } from './clock.ts'
import { uncompressedSize } from './compression.ts'
import type { NetworkEmitter } from './events.ts'
import { createInbox, type Inbox, type InboxItem } from './inbox.ts'
import type { GossipValidator, GossipVerdict, NetworkBudgets } from './ports.ts'
import { createRateLimiter } from './rate-limit.ts'
import { PENALTY, type Reputation } from './reputation.ts'
import { TOPIC_RULES, type TopicName } from './topics.ts'

/** Members of the class that its exported type leaves out. */
type GossipSubInternals = {
  readonly streamsInbound: ReadonlyMap<string, unknown>
  readonly streamsOutbound: ReadonlyMap<string, unknown>
  handleReceivedRpc: (from: PeerId, rpc: RPC) => Promise<void>
  getScore: (peerId: string) => number
  reportMessageValidationResult: (id: string, from: string, verdict: TopicValidatorResult) => void
}

const RESULTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

/** A peer of whom so many messages were accepted has the whole budget. */
const ACCEPTED_TO_BE_KNOWN = 8
/** Before that, it has so much less: whoever comes back under a new name each time gains little. */
const NEWCOMER_PART = 10
/** And so much less is looked at of whatever is then not accepted: checking it costs as much as checking what is. */
const FUTILE_PART = 10

/** Gossip as the rest of the package sees it. */
export type Gossip = {
  /** Subscribes and begins to judge messages. */
  readonly start: () => void
  readonly stop: () => Promise<void>
  /** How many peers the message was sent to. */
  readonly publish: (topic: TopicName, bytes: Uint8Array) => Promise<number>
  /** Whether gossip streams of both directions are open to the peer, and it is known to have subscribed to every topic. */
  readonly isAlive: (peerId: string) => boolean
  readonly score: (peerId: string) => number
  readonly prune: () => void
}

/** What gossip needs from its surroundings. */
export type GossipParts = {
  readonly pubsub: GossipSub
  /** Topic names on the wire. */
  readonly topics: ReadonlyMap<string, TopicName>
  readonly validators: Readonly<Record<TopicName, GossipValidator>>
  readonly budgets: NetworkBudgets
  readonly clock: Clock
  readonly reputation: Reputation
  readonly events: NetworkEmitter
}

/** Joins gossipsub to the validators: budgets before any work, bounded queues, verdicts that decide about forwarding. */
export function createGossip(parts: GossipParts): Gossip {
  const { topics, budgets, clock, reputation, events } = parts
  const pubsub = requireInternals(parts.pubsub)
  const messageBudget = createRateLimiter(
    { quota: 2 * budgets.gossipMessagesPerSecond, perMs: 2000 },
    clock.now,
  )
  const byteBudget = createRateLimiter(
    { quota: 2 * budgets.gossipBytesPerSecond, perMs: 2000 },
    clock.now,
  )

  const newcomerBudget = createRateLimiter(
    { quota: (2 * budgets.gossipMessagesPerSecond) / NEWCOMER_PART, perMs: 2000 },
    clock.now,
  )
  const futileBudget = createRateLimiter(
    { quota: (2 * budgets.gossipMessagesPerSecond) / FUTILE_PART, perMs: 2000 },
    clock.now,
  )
  /** How many messages of a peer were accepted, up to what makes it known. */
  const accepted = new Map<string, number>()
  const isKnown = (from: string): boolean => (accepted.get(from) ?? 0) >= ACCEPTED_TO_BE_KNOWN

  const settle = (item: InboxItem, verdict: GossipVerdict): void => {
    if (verdict === 'accept' && !isKnown(item.from)) {
      accepted.set(item.from, (accepted.get(item.from) ?? 0) + 1)
    }
    pubsub.reportMessageValidationResult(item.id, item.from, RESULTS[verdict])
    if (verdict === 'reject') reputation.penalise(item.from, PENALTY.violation, 'invalid gossip')
  }
  const createTopicInbox = (name: TopicName): Inbox =>
    createInbox(
      TOPIC_RULES[name],
      async (bytes, from) => {
        const verdict = await parts.validators[name](bytes, from)
        if (verdict !== 'accept') futileBudget.take(from, 1)
        return verdict
      },
      settle,
      () => {
        events.emit('message-dropped', name, 'queue-full')
      },
    )
  const inboxes = {
    block: createTopicInbox('block'),
    transactions: createTopicInbox('transactions'),
    vote: createTopicInbox('vote'),
  }

  /** Whether the message is worth handing on; judged by what costs nothing. */
  const admits = (from: string, message: RPC.Message): boolean => {
    const name = topics.get(message.topic)
    if (name === undefined) return false
    const { data = new Uint8Array() } = message
    if (!messageBudget.take(from, 1) || !byteBudget.take(from, data.length)) {
      events.emit('message-dropped', name, 'rate')
      reputation.penalise(from, PENALTY.excess, 'gossip above the budget')
      return false
    }
    if (futileBudget.isSpent(from) || (!isKnown(from) && !newcomerBudget.take(from, 1))) {
      // An honest one may have that much to say: no penalty.
      events.emit('message-dropped', name, 'rate')
      return false
    }
    const size = uncompressedSize(data)
    if (size !== undefined && size <= TOPIC_RULES[name].maxBytes) return true
    events.emit('message-dropped', name, 'size')
    reputation.penalise(from, PENALTY.violation, 'gossip message of a forbidden size')
    return false
  }
  const handle = pubsub.handleReceivedRpc.bind(pubsub)
  pubsub.handleReceivedRpc = async (peer, rpc) => {
    const from = peer.toString()
    if (reputation.isBanned(from)) return
    await handle(peer, { ...rpc, messages: rpc.messages.filter((each) => admits(from, each)) })
  }

  const onMessage = (event: GossipSubEvents['gossipsub:message']): void => {
    const { msg, msgId, propagationSource } = event.detail
    const name = topics.get(msg.topic)
    if (name === undefined) return
    inboxes[name].push({ id: msgId, from: propagationSource.toString(), bytes: msg.data })
  }

  const isSubscribed = (topic: string, peerId: string): boolean =>
    pubsub.getSubscribers(topic).some((subscriber) => subscriber.toString() === peerId)

  return {
    start: () => {
      pubsub.addEventListener('gossipsub:message', onMessage)
      for (const topic of topics.keys()) pubsub.subscribe(topic)
    },
    stop: async () => {
      pubsub.removeEventListener('gossipsub:message', onMessage)
      await Promise.all(Object.values(inboxes).map((inbox) => inbox.close()))
    },
    publish: async (name, bytes) => {
      const { maxBytes } = TOPIC_RULES[name]
      if (bytes.length > maxBytes) {
        throw new InvalidValueError(`at most ${maxBytes} bytes on topic ${name}`, bytes.length)
      }
      const topic = [...topics].find(([, each]) => each === name)?.[0]
      if (topic === undefined) throw new InvalidValueError('a topic of this network', name)
      return (await pubsub.publish(topic, bytes)).recipients.length
    },
    isAlive: (peerId) =>
      pubsub.streamsInbound.has(peerId) &&
      pubsub.streamsOutbound.has(peerId) &&
      [...topics.keys()].every((topic) => isSubscribed(topic, peerId)),
    score: (peerId) => pubsub.getScore(peerId),
    prune: () => {
      messageBudget.prune()
      byteBudget.prune()
      newcomerBudget.prune()
      futileBudget.prune()
      for (const peerId of accepted.keys()) {
        if (!pubsub.streamsInbound.has(peerId)) accepted.delete(peerId)
      }
    },
  }
}

function requireInternals(pubsub: GossipSub): GossipSub & GossipSubInternals {
  if (!hasInternals(pubsub)) {
    throw new InvalidValueError('gossipsub with the members of release 17', 'another release')
  }
  return pubsub
}

function hasInternals(pubsub: GossipSub): pubsub is GossipSub & GossipSubInternals {
  return (
    'streamsInbound' in pubsub &&
    'streamsOutbound' in pubsub &&
    'handleReceivedRpc' in pubsub &&
    'getScore' in pubsub &&
    'reportMessageValidationResult' in pubsub
  )
}
