import { type EthereumClient, readReceipt } from '@mosaic/origin'
import type { Ledger, LedgerChain } from './ledger.ts'

/**
 * Finds out what became of the transactions on one chain of which the ledger does not know it: a relayer that was killed had sent them.
 *
 * @throws RpcError, EndpointUnreachableError
 */
export async function settleLedger(
  ledger: Ledger,
  chain: LedgerChain,
  client: EthereumClient,
): Promise<void> {
  const book = ledger.book(chain)
  for (const entry of ledger.entries()) {
    if (entry.chain !== chain || entry.outcome !== undefined) continue
    for (const hash of entry.hashes) {
      const found = await readReceipt(client, hash)
      if (found !== undefined) await book.end(found.receipt, found.hasSucceeded)
    }
  }
}
