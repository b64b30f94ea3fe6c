import { bytesToHex, type Verdict } from '@mosaic/primitives'
import type { Transaction, TransactionFault } from './transaction.ts'

type Decode = (raw: Uint8Array) => Verdict<Transaction, TransactionFault>

/** Transactions kept, about 20 MB of transfers. */
const KEPT = 8192

/**
 * Remembers what was decoded lately. Most transactions of a block were seen in gossip before, and recovering the sender again is the
 * dearest part of importing a transfer.
 */
export function rememberTransactions(
  decode: Decode,
  keccak: (bytes: Uint8Array) => Uint8Array,
): { readonly decode: Decode; readonly remember: (transaction: Transaction) => Transaction } {
  const known = new Map<string, Transaction>()
  const put = (key: string, transaction: Transaction): void => {
    if (known.size >= KEPT) {
      const [oldest] = known.keys()
      if (oldest !== undefined) known.delete(oldest)
    }
    known.set(key, transaction)
  }
  const decodeOnce: Decode = (raw) => {
    const key = bytesToHex(keccak(raw))
    const cached = known.get(key)
    if (cached !== undefined) return { ok: true, value: cached }
    // A copy: what is kept must not change with the buffer it came in.
    const verdict = decode(raw.slice())
    if (!verdict.ok) return verdict
    put(key, verdict.value)
    return verdict
  }
  return {
    decode: decodeOnce,
    remember: (transaction) => {
      put(transaction.hash, transaction)
      return transaction
    },
  }
}
