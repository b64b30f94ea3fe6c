import { type AuthorityHeader, decodeHeader, encodeHeader } from '@mosaic/authority'
import { type Block, encodeBlock } from '@mosaic/execution'
import {
  concatBytes,
  decodeRlp,
  encodeRlp,
  InvalidValueError,
  type RlpItem,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { Store } from '@mosaic/storage'

/** The block that a signer seals, from before its seal is asked for until the next one. */
export type UnsealedBlock = {
  readonly header: AuthorityHeader
  /** The whole block, encoded, with a seal of 65 bytes. */
  readonly withSeal: (seal: Uint8Array) => Uint8Array
}

/** Keeps the block that is being sealed over a crash: once its hash is recorded, no other may be sealed in its place. */
export type UnsealedBlockStore = {
  readonly load: () => UnsealedBlock | undefined
  /** Returns when the block, and all that was stored before it, is on disk. @throws StoreIoError */
  readonly save: (block: Block) => Promise<void>
}

const KEY = utf8ToBytes('unsealed')

/** Keeps it in the store of the chain. */
export function createUnsealedBlockStore(store: Store): UnsealedBlockStore {
  return {
    load: () => {
      const bytes = store.get('meta', KEY)
      return bytes === undefined ? undefined : decodeUnsealed(bytes)
    },
    save: (block) =>
      store.batch([{ type: 'put', space: 'meta', key: KEY, value: encodeBlock(block) }], {
        sync: true,
      }),
  }
}

function decodeUnsealed(bytes: Uint8Array): UnsealedBlock {
  const block = decodeRlp(bytes)
  const [fields, ...body]: readonly RlpItem[] = block instanceof Uint8Array ? [] : block
  if (fields === undefined) throw new InvalidValueError('an unsealed block', bytes.length)
  const header = decodeHeader(encodeRlp(fields))
  return {
    header,
    withSeal: (seal) => {
      const extraData = concatBytes(header.extraData.slice(0, -65), seal)
      return encodeRlp([decodeRlp(encodeHeader({ ...header, extraData })), ...body])
    },
  }
}
