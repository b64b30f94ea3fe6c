import {
  type Address,
  type Hash32,
  keccak256,
  toHash32,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { GuardUnusableError } from './guard-errors.ts'

/** Whose signatures a journal is about: one key, one signing domain. */
export type GuardIdentity = { readonly validator: Address; readonly domain: Hash32 }

/** Where the next line stands: its number, and the hash of the line before. */
export type JournalPosition = { readonly sequence: number; readonly previous: Hash32 }

/** The first line of a journal. */
export function formatHeader({ validator, domain }: GuardIdentity): string {
  return JSON.stringify({ format: 'mosaic-guard-1', validator, domain })
}

/** The position after the header. */
export function positionAfterHeader(header: string): JournalPosition {
  return { sequence: 0, previous: keccak256(utf8ToBytes(header)) }
}

/** The position after an entry's line. */
export function positionAfter({ sequence }: JournalPosition, line: string): JournalPosition {
  return { sequence: sequence + 1, previous: keccak256(utf8ToBytes(line)) }
}

/** The line of a vote. Only the members of a vote are written, in a fixed order. */
export function formatEntry({ sequence, previous }: JournalPosition, vote: VoteMessage): string {
  return JSON.stringify({
    sequence,
    previous,
    vote: {
      chain: vote.chain,
      transitionHash: vote.transitionHash,
      source: vote.source,
      target: vote.target,
      sourceHeight: vote.sourceHeight.toString(),
      targetHeight: vote.targetHeight.toString(),
    },
  })
}

/** The vote in a line. @throws {@link GuardUnusableError} unless the line is, byte for byte, one that follows at this position. */
export function parseEntry(line: string, position: JournalPosition): VoteMessage {
  try {
    const parsed: unknown = JSON.parse(line)
    if (!isRecord(parsed) || !isRecord(parsed['vote'])) throw new TypeError('expected an entry')
    const text = memberReader(parsed['vote'])
    const vote: VoteMessage = {
      chain: toHash32(text('chain')),
      transitionHash: toHash32(text('transitionHash')),
      source: toHash32(text('source')),
      target: toHash32(text('target')),
      sourceHeight: toHeight(BigInt(text('sourceHeight'))),
      targetHeight: toHeight(BigInt(text('targetHeight'))),
    }
    const expected = formatEntry(position, vote)
    if (expected !== line) throw new TypeError(`expected ${expected}`)
    return vote
  } catch (cause) {
    throw new GuardUnusableError(
      `entry ${position.sequence} is damaged or does not follow the one before: ${line.slice(0, 200)}`,
      { cause },
    )
  }
}

function memberReader(record: Record<string, unknown>): (key: string) => string {
  return (key) => {
    const value = record[key]
    if (typeof value !== 'string') throw new TypeError(`expected a string at ${key}`)
    return value
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
