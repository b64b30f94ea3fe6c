import { type Hash32, keccak256, utf8ToBytes } from '@mosaic/primitives'
import { GuardUnusableError } from './guard-errors.ts'
import type { Journal } from './journal-file.ts'

/** The members of a record as they stand in a line, in the order in which they are written. */
export type Members = Readonly<Record<string, unknown>>

/** How records of one kind are written. */
export type RecordCodec<T> = {
  readonly write: (record: T) => Members
  /** @throws if the members are those of no record. */
  readonly read: (members: Members) => T
}

/** The records of a journal, each bound to all before it by a number and a hash. */
export type RecordLog<T> = {
  /** What was there when it was opened, oldest first. */
  readonly records: readonly T[]
  /** Returns after the record is on disk. @throws GuardUnusableError */
  readonly append: (record: T) => Promise<void>
  /** Begins anew with these records only, all or nothing. @throws GuardUnusableError */
  readonly replace: (records: readonly T[]) => Promise<void>
  readonly close: () => Promise<void>
}

/** Where the next line stands: its number, and the hash of the line before. */
type Position = { readonly sequence: number; readonly previous: Hash32 }

/**
 * Opens the records of a journal, whose first line must be `header`: it is written if the journal is new.
 *
 * @throws GuardUnusableError if a line is damaged, missing or moved, or the header another.
 */
export async function openRecordLog<T>(
  journal: Journal,
  header: string,
  codec: RecordCodec<T>,
): Promise<RecordLog<T>> {
  if (journal.lines.length === 0) await journal.append(header)
  else if (journal.lines[0] !== header) {
    throw new GuardUnusableError(
      `expected a journal that begins with ${header}, received ${journal.lines[0]}`,
    )
  }
  const first: Position = { sequence: 0, previous: hashOf(header) }
  const records: T[] = []
  let position = first
  for (const line of journal.lines.slice(1)) {
    records.push(parseLine(line, position, codec))
    position = after(position, line)
  }
  return {
    records,
    append: async (record) => {
      const line = formatLine(position, codec.write(record))
      await journal.append(line)
      position = after(position, line)
    },
    replace: async (kept) => {
      const lines = [header]
      let last = first
      for (const record of kept) {
        const line = formatLine(last, codec.write(record))
        lines.push(line)
        last = after(last, line)
      }
      await journal.replace(lines)
      position = last
    },
    close: journal.close,
  }
}

function formatLine({ sequence, previous }: Position, members: Members): string {
  return JSON.stringify({ sequence, previous, ...members })
}

/** Only a line that is, byte for byte, the one that would be written at this position. */
function parseLine<T>(line: string, position: Position, codec: RecordCodec<T>): T {
  try {
    const record = codec.read(membersOf(JSON.parse(line)))
    const expected = formatLine(position, codec.write(record))
    if (expected !== line) throw new TypeError(`expected ${expected}`)
    return record
  } catch (cause) {
    throw new GuardUnusableError(
      `entry ${position.sequence} is damaged or does not follow the one before: ${line.slice(0, 200)}`,
      { cause },
    )
  }
}

function after({ sequence }: Position, line: string): Position {
  return { sequence: sequence + 1, previous: hashOf(line) }
}

function hashOf(line: string): Hash32 {
  return keccak256(utf8ToBytes(line))
}

/** The members of an object. @throws TypeError if it is none. */
export function membersOf(value: unknown): Members {
  if (typeof value !== 'object' || value === null) throw new TypeError('expected an object')
  return Object.fromEntries(Object.entries(value))
}

/** The member that must be text. @throws TypeError if it is none. */
export function textOf(members: Members, key: string): string {
  const value = members[key]
  if (typeof value !== 'string') throw new TypeError(`expected a string at ${key}`)
  return value
}
