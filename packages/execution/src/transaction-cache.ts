import { type Address, bytesToHex, equalBytes, type Verdict } from '@mosaic/primitives'
import type { RecoveredSender } from './recovery/recovery-messages.ts'
import type { Transaction, TransactionFault } from './transaction.ts'

/** Decodes a transaction; `recovered` spares the recovery if it is of the same bytes. */
type Decode<Recovered> = (
  raw: Uint8Array,
  recovered?: Recovered,
) => Verdict<Transaction, TransactionFault>

/** Transactions decoded lately. */
export type TransactionCache = {
  readonly decode: Decode<RecoveredSender>
  readonly remember: (transaction: Transaction) => Transaction
  readonly has: (raw: Uint8Array) => boolean
}

/** Transactions kept, about 20 MB of transfers. */
const KEPT = 8192

/**
 * Remembers what was decoded lately. Most transactions of a block were seen in gossip before, and recovering the sender again is the
 * dearest part of importing a transfer.
 */
export function rememberTransactions(
  decode: Decode<Address>,
  keccak: (bytes: Uint8Array) => Uint8Array,
): TransactionCache {
  const known = new Map<string, Transaction>()
  const put = (key: string, transaction: Transaction): void => {
    if (known.size >= KEPT) {
      const [oldest] = known.keys()
      if (oldest !== undefined) known.delete(oldest)
    }
    known.set(key, transaction)
  }
  return {
    decode: (raw, recovered) => {
      const hash = keccak(raw)
      const key = bytesToHex(hash)
      const cached = known.get(key)
      if (cached !== undefined) return { ok: true, value: cached }
      const isSame = recovered !== undefined && equalBytes(recovered.hash, hash)
      // A copy: what is kept must not change with the buffer it came in.
      const verdict = decode(raw.slice(), isSame ? recovered.sender : undefined)
      if (!verdict.ok) return verdict
      put(key, verdict.value)
      return verdict
    },
    remember: (transaction) => {
      put(transaction.hash, transaction)
      return transaction
    },
    has: (raw) => known.has(bytesToHex(keccak(raw))),
  }
}
