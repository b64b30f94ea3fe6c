import type { Candidates } from '@mosaic/execution'
import type { Address } from '@mosaic/primitives'
import type { BlockRecord } from './block-record.ts'
import type { Chain } from './chain.ts'
import type { TransactionPool } from './transaction-pool.ts'

/**
 * What waits for the block after `parent`, best first. What does not fit now holds back the rest of its sender's; what can never be
 * included leaves the pool.
 *
 * @param begun the next nonces of those who are in the block already; undefined for those of whom nothing more is wanted.
 */
export async function poolCandidates(
  chain: Pick<Chain, 'execution' | 'stateRoot'>,
  transactions: TransactionPool,
  parent: BlockRecord,
  baseFeePerGas: bigint,
  begun: ReadonlyMap<Address, bigint | undefined> = new Map(),
): Promise<Candidates> {
  const stateRoot = chain.stateRoot(parent)
  const nonces = new Map(begun)
  for (const sender of Array.from(transactions.addresses())) {
    if (nonces.has(sender)) continue
    nonces.set(sender, (await chain.execution.queries.account(stateRoot, sender)).nonce)
  }
  const ranked = transactions.best(baseFeePerGas, (sender) => nonces.get(sender))
  return {
    next: () => ranked.next().value,
    skipped: ({ transaction, reason }) => {
      ranked.skipSender()
      if (reason === 'nonce-too-low' || reason === 'invalid') transactions.remove(transaction.hash)
    },
  }
}
