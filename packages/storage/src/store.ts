import { type BlockNumber, bigintToBytes } from '@mosaic/primitives'
import type { Space } from './space.ts'

/** One change of a batch. The store copies nothing: leave `key` and `value` alone until the batch is done. */
export type StoreOperation =
  | {
      readonly type: 'put'
      readonly space: Space
      readonly key: Uint8Array
      readonly value: Uint8Array
    }
  | { readonly type: 'delete'; readonly space: Space; readonly key: Uint8Array }

/** Which entries of a space to read, and in which order; everything in ascending order if empty. */
export type EntryRange = {
  /** First key, inclusive. */
  readonly from?: Uint8Array
  /** End, exclusive. */
  readonly to?: Uint8Array
  readonly limit?: number
  /** Descending: begins below `to`. */
  readonly reverse?: boolean
}

/** Named spaces of bytes, changed by atomic batches. */
export type Store = {
  /** @throws {@link CorruptRecordError} if what is there is not what was put; {@link StoreClosedError}, {@link StoreIoError}. */
  readonly get: (space: Space, key: Uint8Array) => Uint8Array | undefined
  /**
   * Applies all operations or none, in order: of two on the same key the later wins. With `sync` they are on disk when the promise
   * resolves, and so is every earlier batch; without, a power cut may take the last of them, a killed process takes none.
   *
   * @throws {@link StoreIoError} if the disk failed, in this batch or in an earlier one: nothing can be written before the store
   * is closed and opened again. {@link StoreClosedError}.
   */
  readonly batch: (
    operations: readonly StoreOperation[],
    options?: { readonly sync?: boolean },
  ) => Promise<void>
  /** Reads the space as it is when the first entry is asked for, whatever is written meanwhile. Throws what `get` throws. */
  readonly entries: (
    space: Space,
    range?: EntryRange,
  ) => AsyncIterable<readonly [Uint8Array, Uint8Array]>
  /** Waits for what is under way, then closes. A second call does nothing. */
  readonly close: () => Promise<void>
}

/** The key of a block number in the space `canonical`: eight bytes, so that keys sort as numbers do. */
export function blockNumberKey(number: BlockNumber): Uint8Array {
  return bigintToBytes(number, 8)
}
