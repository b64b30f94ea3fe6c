import {
  type Address,
  bytesToHash32,
  createRecent,
  equalBytes,
  type Hash32,
  type Verdict,
} from '@mosaic/primitives'
import type { RecoveredSender } from './recovery/recovery-messages.ts'
import { copy } from './slab.ts'
import type { Transaction, TransactionFault } from './transaction.ts'

/** Transactions decoded lately. */
export type TransactionCache = {
  readonly decode: (raw: Uint8Array) => Verdict<Transaction, TransactionFault>
  /** As `decode`, of bytes whose hash is known. @param sender of the transaction, if somebody recovered it: taken for these same bytes only. */
  readonly decodeHashed: (
    raw: HashedBytes,
    sender: RecoveredSender | undefined,
  ) => Verdict<Transaction, TransactionFault>
  readonly remember: (transaction: Transaction) => Transaction
  readonly hash: (raw: Uint8Array) => HashedBytes
  readonly has: (raw: HashedBytes) => boolean
}

/** Bytes with their Keccak-256. */
type HashedBytes = {
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
  readonly key: Hash32
}

/** Transactions kept, about 20 MB of transfers. */
const KEPT = 8192

/**
 * Remembers what was decoded lately. Most transactions of a block were seen in gossip before, and recovering the sender again is the
 * dearest part of importing a transfer.
 */
export function rememberTransactions(
  decode: (
    raw: Uint8Array,
    hash: Hash32,
    sender: Address | undefined,
  ) => Verdict<Transaction, TransactionFault>,
  keccak: (bytes: Uint8Array) => Uint8Array,
): TransactionCache {
  const known = createRecent<Hash32, Transaction>(KEPT)
  const hash = (bytes: Uint8Array): HashedBytes => {
    const digest = keccak(bytes)
    return { bytes, hash: digest, key: bytesToHash32(digest) }
  }
  const decodeHashed: TransactionCache['decodeHashed'] = (raw, recovered) => {
    const cached = known.get(raw.key)
    if (cached !== undefined) return { ok: true, value: cached }
    const isSame = recovered !== undefined && equalBytes(recovered.hash, raw.hash)
    // A copy: what is kept must not change with the buffer it came in.
    const verdict = decode(copy(raw.bytes), raw.key, isSame ? recovered.sender : undefined)
    if (!verdict.ok) return verdict
    known.set(raw.key, verdict.value)
    return verdict
  }
  return {
    decode: (raw) => decodeHashed(hash(raw), undefined),
    decodeHashed,
    remember: (transaction) => known.set(transaction.hash, transaction),
    hash,
    has: ({ key }) => known.get(key) !== undefined,
  }
}
