import { CodedError, type Hash32, type Hex } from '@mosaic/primitives'

/** A record on disk is not what was written: its checksum or its length is wrong, or the database cannot decode its own files. */
export class CorruptRecordError extends CodedError<{
  readonly code: 'STORE_CORRUPT_RECORD'
  readonly space: string
  readonly key: Hex
  readonly expected: string
  readonly received: string
}> {
  override readonly name = 'CorruptRecordError'

  constructor(
    record: { readonly space: string; readonly key: Hex },
    expected: string,
    received: string,
    options?: { readonly cause?: unknown },
  ) {
    super(
      { code: 'STORE_CORRUPT_RECORD', ...record, expected, received },
      `corrupt record ${record.key} of space ${record.space}: expected ${expected}, received ${received}`,
      options,
    )
  }
}

/** The store belongs to a chain with another genesis block. */
export class ForeignStoreError extends CodedError<{
  readonly code: 'STORE_FOREIGN_CHAIN'
  readonly directory: string
  readonly expected: Hash32
  readonly received: Hash32
}> {
  override readonly name = 'ForeignStoreError'

  constructor(directory: string, expected: Hash32, received: Hash32) {
    super(
      { code: 'STORE_FOREIGN_CHAIN', directory, expected, received },
      `the store in ${directory} is of another chain: expected genesis ${expected}, received ${received}`,
    )
  }
}

/** The store is of a format that this program does not read. */
export class UnsupportedStoreFormatError extends CodedError<{
  readonly code: 'STORE_UNSUPPORTED_FORMAT'
  readonly directory: string
  readonly expected: number
  readonly received: number
}> {
  override readonly name = 'UnsupportedStoreFormatError'

  constructor(directory: string, expected: number, received: number) {
    super(
      { code: 'STORE_UNSUPPORTED_FORMAT', directory, expected, received },
      `the store in ${directory} was written by another version of the program: expected format ${expected}, received ${received}`,
    )
  }
}

/** The store was initialised once, and what it held is gone. Opening it would begin the chain anew without anybody noticing. */
export class EmptiedStoreError extends CodedError<{
  readonly code: 'STORE_EMPTIED'
  readonly directory: string
  readonly expected: string
  readonly received: string
}> {
  override readonly name = 'EmptiedStoreError'

  constructor(directory: string, received: string, options?: { readonly cause?: unknown }) {
    const expected = 'the database that was initialised here'
    super(
      { code: 'STORE_EMPTIED', directory, expected, received },
      `the store in ${directory} lost its contents: expected ${expected}, received ${received}. Restore a copy, or remove the whole directory to begin anew`,
      options,
    )
  }
}

/** Another process, or another handle of this one, has the store open. */
export class StoreLockedError extends CodedError<{
  readonly code: 'STORE_LOCKED'
  readonly directory: string
  readonly expected: string
  readonly received: string
}> {
  override readonly name = 'StoreLockedError'

  constructor(directory: string, options?: { readonly cause?: unknown }) {
    const expected = 'a store that nobody has open'
    const received = 'a lock held by somebody else'
    super(
      { code: 'STORE_LOCKED', directory, expected, received },
      `the store in ${directory} is in use: expected ${expected}, received ${received}`,
      options,
    )
  }
}

/** The disk failed: full, unreadable, gone. A store that failed to write refuses to write until it is opened again. */
export class StoreIoError extends CodedError<{
  readonly code: 'STORE_IO'
  readonly directory: string
  readonly expected: string
  readonly received: string
}> {
  override readonly name = 'StoreIoError'

  constructor(directory: string, expected: string, options?: { readonly cause?: unknown }) {
    const received = options?.cause instanceof Error ? options.cause.message : 'an I/O error'
    super(
      { code: 'STORE_IO', directory, expected, received },
      `the store in ${directory} failed: expected ${expected}, received ${received}`,
      options,
    )
  }
}

/** The store was closed before the call. */
export class StoreClosedError extends CodedError<{
  readonly code: 'STORE_CLOSED'
  readonly expected: string
  readonly received: string
}> {
  override readonly name = 'StoreClosedError'

  constructor() {
    super(
      { code: 'STORE_CLOSED', expected: 'an open store', received: 'a closed one' },
      'expected an open store, received a closed one',
    )
  }
}
