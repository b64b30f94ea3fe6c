/** The parts of the store. What a key is, and what it leads to, is the table in the README. */
export type Space =
  | 'node'
  | 'code'
  | 'block'
  | 'blockMeta'
  | 'receipts'
  | 'canonical'
  | 'transaction'
  | 'vote'
  | 'meta'
  | 'fisherman'
  | 'branch'
  | 'pool'

/** How one space is laid out. */
type Layout = {
  /** First byte of every key on disk. Never reused: a space with another meaning takes a new one. */
  readonly prefix: number
  /** Whether the store proves each value; a key that is the hash of its value lets the reader do so. */
  readonly checksummed: boolean
}

/** Prefix of the store's own records, which belong to no space. */
export const IDENTITY_PREFIX = 0x00

const LAYOUTS: Readonly<Record<Space, Layout>> = {
  node: { prefix: 0x01, checksummed: false },
  code: { prefix: 0x02, checksummed: false },
  block: { prefix: 0x03, checksummed: false },
  blockMeta: { prefix: 0x04, checksummed: true },
  receipts: { prefix: 0x05, checksummed: true },
  canonical: { prefix: 0x06, checksummed: true },
  transaction: { prefix: 0x07, checksummed: true },
  vote: { prefix: 0x08, checksummed: true },
  meta: { prefix: 0x09, checksummed: true },
  fisherman: { prefix: 0x0a, checksummed: true },
  branch: { prefix: 0x0b, checksummed: true },
  pool: { prefix: 0x0c, checksummed: true },
}

/** The first byte of every key of `space` on disk. */
export function prefixOf(space: Space): number {
  return LAYOUTS[space].prefix
}

/** Whether values of `space` carry a checksum on disk. */
export function isChecksummed(space: Space): boolean {
  return LAYOUTS[space].checksummed
}

/** The key on disk: prefix, then key. */
export function toDiskKey(prefix: number, key: Uint8Array): Uint8Array {
  const out = new Uint8Array(key.length + 1)
  out[0] = prefix
  out.set(key, 1)
  return out
}
