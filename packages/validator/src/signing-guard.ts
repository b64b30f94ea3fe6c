import { findOffence, isSameVote } from '@mosaic/finality'
import {
  type Address,
  type Hash32,
  type Height,
  type Hex,
  keccak256,
  toHash32,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { GuardUnusableError, SigningRefusedError } from './guard-errors.ts'
import type { Journal } from './journal-file.ts'

/** Signs the EIP-712 digest of a vote with one validator's key, wherever that key is. */
export type SignVote = (vote: VoteMessage) => Promise<Hex>

/** The only way to a validator's signature: what would be an offence, or is not on disk, is not signed. */
export type SigningGuard = {
  readonly validator: Address
  /**
   * Records the vote durably, then signs it. Calls run one after the other. The very message signed last on its chain is signed again
   * without a new record.
   *
   * @throws SigningRefusedError, GuardUnusableError
   */
  readonly sign: (vote: VoteMessage) => Promise<Hex>
  /** Highest target signed so far on a chain. */
  readonly highestTarget: (chain: Hash32) => Height | undefined
  readonly close: () => Promise<void>
}

/** What the guard keeps of a chain: everything at or above the watermark that could still conflict. */
type Watermark = {
  readonly last: VoteMessage
  /** T̃ signed for each source at the watermark's source height. */
  readonly sources: ReadonlyMap<Hash32, Hash32>
}

type Entry = { readonly sequence: number; readonly previous: Hash32; readonly vote: VoteMessage }

/**
 * Opens the guard of one validator on its journal. A journal belongs to one key and one signing domain: its first line names both.
 *
 * The rule is stricter than the slashing conditions: per chain the target height must rise and the source height must not fall, so
 * conditions 1 and 2 cannot be met by any pair; condition 3 is compared with every source at the watermark.
 *
 * @throws GuardUnusableError if a line is damaged, missing or of another key.
 */
export async function openSigningGuard(
  journal: Journal,
  identity: { readonly validator: Address; readonly domain: Hash32 },
  signVote: SignVote,
): Promise<SigningGuard> {
  const header = JSON.stringify({ format: 'mosaic-guard-1', ...identity })
  if (journal.lines.length === 0) await journal.append(header)
  else if (journal.lines[0] !== header) {
    throw new GuardUnusableError(
      `expected a journal that begins with ${header}, received ${journal.lines[0]}`,
    )
  }
  const watermarks = new Map<Hash32, Watermark>()
  let sequence = 0
  let previous = keccak256(utf8ToBytes(header))
  for (const line of journal.lines.slice(1)) {
    const entry = parseEntry(line, sequence, previous)
    advance(watermarks, entry.vote)
    sequence++
    previous = keccak256(utf8ToBytes(line))
  }

  let queue: Promise<unknown> = Promise.resolve()
  const exclusive = <T>(step: () => Promise<T>): Promise<T> => {
    const result = queue.then(step)
    queue = result.catch(() => undefined)
    return result
  }

  return {
    validator: identity.validator,
    sign: (vote) =>
      exclusive(async () => {
        const watermark = watermarks.get(vote.chain)
        if (watermark === undefined || !isSameVote(watermark.last, vote)) {
          if (watermark !== undefined) requireHarmless(watermark, vote)
          const line = formatEntry({ sequence, previous, vote })
          await journal.append(line)
          advance(watermarks, vote)
          sequence++
          previous = keccak256(utf8ToBytes(line))
        }
        return signVote(vote)
      }),
    highestTarget: (chain) => watermarks.get(chain)?.last.targetHeight,
    close: async () => {
      await queue
      await journal.close()
    },
  }
}

function requireHarmless({ last, sources }: Watermark, vote: VoteMessage): void {
  const offence = findOffence(last, vote)
  if (offence !== undefined) throw new SigningRefusedError(offence, vote, last)
  if (vote.targetHeight <= last.targetHeight) {
    throw new SigningRefusedError('target-not-above-watermark', vote, last)
  }
  if (vote.sourceHeight < last.sourceHeight) {
    throw new SigningRefusedError('source-below-watermark', vote, last)
  }
  const signed = sources.get(vote.source)
  if (signed !== undefined && signed !== vote.transitionHash) {
    throw new SigningRefusedError('contradicting-transition', vote, last)
  }
}

function advance(watermarks: Map<Hash32, Watermark>, vote: VoteMessage): void {
  const before = watermarks.get(vote.chain)
  const kept = before?.last.sourceHeight === vote.sourceHeight ? before.sources : []
  watermarks.set(vote.chain, {
    last: vote,
    sources: new Map([...kept, [vote.source, vote.transitionHash]]),
  })
}

function formatEntry({ sequence, previous, vote }: Entry): string {
  return JSON.stringify({
    sequence,
    previous,
    vote: {
      ...vote,
      sourceHeight: vote.sourceHeight.toString(),
      targetHeight: vote.targetHeight.toString(),
    },
  })
}

function parseEntry(line: string, sequence: number, previous: Hash32): Entry {
  try {
    const parsed: unknown = JSON.parse(line)
    if (!isRecord(parsed) || !isRecord(parsed['vote'])) throw new TypeError('expected an entry')
    const { vote } = parsed
    const text = (key: string): string => {
      const value = vote[key]
      if (typeof value !== 'string') throw new TypeError(`expected a string at ${key}`)
      return value
    }
    const entry: Entry = {
      sequence,
      previous,
      vote: {
        chain: toHash32(text('chain')),
        transitionHash: toHash32(text('transitionHash')),
        source: toHash32(text('source')),
        target: toHash32(text('target')),
        sourceHeight: toHeight(BigInt(text('sourceHeight'))),
        targetHeight: toHeight(BigInt(text('targetHeight'))),
      },
    }
    if (formatEntry(entry) !== line) throw new TypeError(`expected ${formatEntry(entry)}`)
    return entry
  } catch (cause) {
    throw new GuardUnusableError(
      `entry ${sequence} is damaged or does not follow the one before: ${line.slice(0, 200)}`,
      {
        cause,
      },
    )
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A journal that lives in memory, for chains that exist only inside a process. */
export function createMemoryJournal(lines: readonly string[] = []): Journal & {
  readonly written: string[]
} {
  const written = [...lines]
  return {
    lines: [...lines],
    written,
    append: async (line) => {
      written.push(line)
    },
    close: async () => undefined,
  }
}
