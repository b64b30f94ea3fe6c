/**
 * Named spaces of bytes on disk, changed by atomic batches. Key layout and checks of what is read. The only importer of the database.
 *
 * @packageDocumentation
 */
export {
  CorruptRecordError,
  EmptiedStoreError,
  ForeignStoreError,
  StoreClosedError,
  StoreIoError,
  StoreLockedError,
  UnsupportedStoreFormatError,
} from './errors.ts'
export { createMemoryStore } from './memory-store.ts'
export { openStore, type StoreIdentity } from './open-store.ts'
export type { Space } from './space.ts'
export { blockNumberKey, type EntryRange, type Store, type StoreOperation } from './store.ts'
