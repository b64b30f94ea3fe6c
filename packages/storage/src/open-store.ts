import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bytesToBigint,
  bytesToHash32,
  concatBytes,
  type Hash32,
  hexToBytes,
  utf8ToBytes,
} from '@mosaic/primitives'
import { addChecksum, removeChecksum } from './checksum.ts'
import {
  CorruptRecordError,
  EmptiedStoreError,
  ForeignStoreError,
  StoreIoError,
  StoreLockedError,
  UnsupportedStoreFormatError,
} from './errors.ts'
import { createLevelStore, type Database, errorCode } from './level-store.ts'
import { IDENTITY_PREFIX, toDiskKey } from './space.ts'
import type { Store } from './store.ts'

/** Version of keys and values. Raised by every change that an older program would misread. */
const FORMAT_VERSION = 2

const DATABASE_NAME = 'database'

/** Stands beside the database from its first opening on: an empty database next to it has lost its contents. */
const MARKER_NAME = 'initialised'

/**
 * What is kept in memory until it becomes a table, and read again from the log when the database is opened: 0.4 s of processor time for 14 MB.
 * Keys of nodes are hashes, so each table overlaps all others, and how much is merged at a time decides what writing takes: while a chain grows
 * to 120,000 accounts, LevelDB's own 4 MB cost its thread 0.27 ms for a transaction, 32 MB 0.14 ms.
 */
const WRITE_BUFFER_BYTES = 16 * 2 ** 20

/** LevelDB keeps a thousand files open, and reads the index of any other anew for each key: at its own 2 MB, from 2 GB on. */
const FILE_BYTES = 16 * 2 ** 20

/** What the store is told it is about. */
export type StoreIdentity = { readonly genesisHash: Hash32 }

/**
 * Opens the store in `directory`, which is made if there is none.
 *
 * @throws {@link ForeignStoreError}, {@link UnsupportedStoreFormatError}, {@link EmptiedStoreError}, {@link StoreLockedError},
 * {@link CorruptRecordError}, {@link StoreIoError}. Nothing stays open if it throws.
 */
export async function openStore(directory: string, identity: StoreIdentity): Promise<Store> {
  const wasInitialised = await prepareDirectory(directory)
  const database = await openDatabase(directory, wasInitialised)
  try {
    await checkIdentity(database, directory, identity, wasInitialised)
    if (!wasInitialised) await writeMarker(directory, identity)
  } catch (error) {
    await database.close()
    throw error
  }
  return createLevelStore(database, directory)
}

async function prepareDirectory(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true })
    await readFile(join(directory, MARKER_NAME))
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw new StoreIoError(directory, 'a directory to keep the store in', { cause: error })
  }
}

async function openDatabase(directory: string, wasInitialised: boolean): Promise<Database> {
  // Not with the module: a store in memory needs no database.
  const { Level } = await import('level')
  const database: Database = new Level(join(directory, DATABASE_NAME), {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: !wasInitialised,
    writeBufferSize: WRITE_BUFFER_BYTES,
    maxFileSize: FILE_BYTES,
    // Most of what is stored is hashes.
    compression: false,
  })
  try {
    await database.open()
    return database
  } catch (error) {
    await database.close()
    throw openingFailure(directory, error)
  }
}

function openingFailure(directory: string, cause: unknown): Error {
  const code = errorCode(cause)
  if (code === 'LEVEL_LOCKED') return new StoreLockedError(directory, { cause })
  if (code === 'LEVEL_CORRUPTION') {
    const where = { space: DATABASE_NAME, key: '0x' } as const
    return new CorruptRecordError(where, 'readable database files', 'damaged ones', { cause })
  }
  const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  // LevelDB has no code of its own for this refusal.
  if (why instanceof Error && why.message.includes('create_if_missing is false')) {
    return new EmptiedStoreError(directory, 'no database', { cause })
  }
  return new StoreIoError(directory, 'to open the database', { cause: why })
}

/** Reads who the database belongs to, or writes it into one that is new. */
async function checkIdentity(
  database: Database,
  directory: string,
  identity: StoreIdentity,
  wasInitialised: boolean,
): Promise<void> {
  const key = toDiskKey(IDENTITY_PREFIX, utf8ToBytes('identity'))
  const record = await readIdentity(database, directory, key)
  if (record === undefined) {
    if (wasInitialised) throw new EmptiedStoreError(directory, 'a database without its identity')
    for await (const _ of database.keys({ limit: 1 })) {
      throw new EmptiedStoreError(directory, 'records without the identity of their database')
    }
    const value = concatBytes(Uint8Array.of(FORMAT_VERSION), hexToBytes(identity.genesisHash))
    await database.batch([{ type: 'put', key, value: addChecksum(key, value) }], { sync: true })
    return
  }
  const value = removeChecksum('identity', key, record)
  const format = Number(bytesToBigint(value.subarray(0, 1)))
  if (format !== FORMAT_VERSION) {
    throw new UnsupportedStoreFormatError(directory, FORMAT_VERSION, format)
  }
  const genesisHash = bytesToHash32(value.subarray(1))
  if (genesisHash !== identity.genesisHash) {
    throw new ForeignStoreError(directory, identity.genesisHash, genesisHash)
  }
}

async function readIdentity(
  database: Database,
  directory: string,
  key: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    return await database.get(key)
  } catch (error) {
    throw new StoreIoError(directory, 'to read the identity of the database', { cause: error })
  }
}

/** Complete on disk or not there at all. */
async function writeMarker(directory: string, identity: StoreIdentity): Promise<void> {
  const path = join(directory, MARKER_NAME)
  try {
    const file = await open(`${path}.new`, 'w')
    try {
      await file.writeFile(`format ${FORMAT_VERSION}\ngenesis ${identity.genesisHash}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.new`, path)
    const parent = await open(directory, 'r')
    try {
      await parent.sync()
    } finally {
      await parent.close()
    }
  } catch (error) {
    throw new StoreIoError(directory, 'to write the marker of an initialised store', {
      cause: error,
    })
  }
}
