import type { Hash32 } from '@mosaic/primitives'

/** What is gossiped: sealed blocks, batches of raw transactions, signed votes. */
export type TopicName = 'block' | 'transactions' | 'vote'

/** How messages of one topic are bounded and queued. */
export type TopicRules = {
  /** Uncompressed bytes of one message. */
  readonly maxBytes: number
  /** Messages that wait for their validator. */
  readonly queueLength: number
  /** Bytes that wait for their validator. */
  readonly queueBytes: number
  /** `newest-first` serves and keeps the newest; `oldest-first` serves the oldest and drops what does not fit. */
  readonly order: 'newest-first' | 'oldest-first'
  /** Messages that are validated at a time. */
  readonly concurrency: number
}

const MIB = 1024 * 1024

/**
 * The rules of every topic. A block of 30 million gas holds at most 3 MB of calldata (EIP-7623: 10 gas per zero byte);
 * a transaction holds at most 128 KiB, a batch some of them; a signed vote is below 400 bytes. An old vote is worth less
 * than a new one, so votes are served newest first.
 */
export const TOPIC_RULES: Readonly<Record<TopicName, TopicRules>> = {
  block: {
    maxBytes: 4 * MIB,
    queueLength: 64,
    queueBytes: 64 * MIB,
    order: 'oldest-first',
    concurrency: 1,
  },
  transactions: {
    maxBytes: MIB / 2,
    queueLength: 4096,
    queueBytes: 32 * MIB,
    order: 'oldest-first',
    concurrency: 4,
  },
  vote: {
    maxBytes: 1024,
    queueLength: 4096,
    queueBytes: 4 * MIB,
    order: 'newest-first',
    concurrency: 16,
  },
}

/** All topics. */
export const TOPIC_NAMES: readonly TopicName[] = ['block', 'transactions', 'vote']

/** The name of a topic on the wire; the last number is the version of its encoding. */
export function toTopic(genesisHash: Hash32, name: TopicName): string {
  return `/mosaic/${genesisHash.slice(2)}/${name}/1`
}
