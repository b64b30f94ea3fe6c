import {
  type Address,
  type Hash32,
  type Height,
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

/** No vote on a chain may have a source below this one, nor a target that is not above this one. */
export type VoteFloor = {
  readonly chain: Hash32
  readonly sourceHeight: Height
  readonly targetHeight: Height
}

/** A T̃ that was signed for a source, by this guard or by another program. */
export type KnownTransition = Pick<VoteMessage, 'chain' | 'source' | 'transitionHash'>

/** What a line is about: a vote that was signed here, or what was taken over from elsewhere. */
export type JournalRecord =
  | { readonly kind: 'vote'; readonly vote: VoteMessage }
  | { readonly kind: 'floor'; readonly floor: VoteFloor }
  | { readonly kind: 'known'; readonly known: KnownTransition }

/** The line of a record. Only its members are written, in a fixed order. */
export function formatEntry(
  { sequence, previous }: JournalPosition,
  record: JournalRecord,
): string {
  switch (record.kind) {
    case 'vote': {
      const { vote } = record
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
    case 'floor': {
      const { chain, sourceHeight, targetHeight } = record.floor
      return JSON.stringify({
        sequence,
        previous,
        floor: {
          chain,
          sourceHeight: sourceHeight.toString(),
          targetHeight: targetHeight.toString(),
        },
      })
    }
    case 'known': {
      const { chain, source, transitionHash } = record.known
      return JSON.stringify({ sequence, previous, known: { chain, source, transitionHash } })
    }
    default:
      return record satisfies never
  }
}

/** The record in a line. @throws {@link GuardUnusableError} unless the line is, byte for byte, one that follows at this position. */
export function parseEntry(line: string, position: JournalPosition): JournalRecord {
  try {
    const parsed: unknown = JSON.parse(line)
    if (!isRecord(parsed)) throw new TypeError('expected an entry')
    const record = readRecord(parsed)
    const expected = formatEntry(position, record)
    if (expected !== line) throw new TypeError(`expected ${expected}`)
    return record
  } catch (cause) {
    throw new GuardUnusableError(
      `entry ${position.sequence} is damaged or does not follow the one before: ${line.slice(0, 200)}`,
      { cause },
    )
  }
}

function readRecord({ vote, floor, known }: Record<string, unknown>): JournalRecord {
  if (isRecord(vote)) {
    const text = memberReader(vote)
    return {
      kind: 'vote',
      vote: {
        chain: toHash32(text('chain')),
        transitionHash: toHash32(text('transitionHash')),
        source: toHash32(text('source')),
        target: toHash32(text('target')),
        sourceHeight: toHeight(BigInt(text('sourceHeight'))),
        targetHeight: toHeight(BigInt(text('targetHeight'))),
      },
    }
  }
  if (isRecord(floor)) {
    const text = memberReader(floor)
    return {
      kind: 'floor',
      floor: {
        chain: toHash32(text('chain')),
        sourceHeight: toHeight(BigInt(text('sourceHeight'))),
        targetHeight: toHeight(BigInt(text('targetHeight'))),
      },
    }
  }
  if (!isRecord(known)) throw new TypeError('expected a vote, a floor or a known transition')
  const text = memberReader(known)
  return {
    kind: 'known',
    known: {
      chain: toHash32(text('chain')),
      source: toHash32(text('source')),
      transitionHash: toHash32(text('transitionHash')),
    },
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
