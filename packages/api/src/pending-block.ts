import {
  type AuthorityHeader,
  EMPTY_UNCLE_HASH,
  encodeHeader,
  nextBaseFee,
  nextGasLimit,
} from '@mosaic/authority'
import type { BlockRecord } from '@mosaic/chain'
import { StateUnavailableError } from '@mosaic/execution'
import { type Address, toBlockNumber, ZERO_ADDRESS, ZERO_HASH } from '@mosaic/primitives'
import type { PendingBlockView } from '@mosaic/rpc'
import type { RpcContext } from './context.ts'
import { toHeaderView, toTransactionView } from './views.ts'

/** It costs as much as a block, and anybody may ask. */
const KEPT_MS = 1000

/**
 * The block that would be built upon the head from what waits now, without votes and a seal; at most one second old.
 *
 * @param nowMs milliseconds since 1970.
 */
export function createPendingBlock(
  context: Pick<RpcContext, 'chain' | 'transactions' | 'transactionIntake' | 'signer'>,
  nowMs: () => number,
): () => Promise<PendingBlockView | undefined> {
  const { chain } = context
  let kept: { readonly head: BlockRecord; readonly at: number; readonly view: Pending } | undefined
  return () => {
    const head = chain.head()
    const at = nowMs()
    if (kept?.head.hash !== head.hash || at - kept.at >= KEPT_MS) {
      // One after the other: the preview runs one block at a time.
      const before: Promise<unknown> = kept?.view.catch(() => undefined) ?? Promise.resolve()
      kept = { head, at, view: before.then(() => build(context, head, at)) }
    }
    return kept.view
  }
}

type Pending = Promise<PendingBlockView | undefined>

async function build(
  { chain, transactions, transactionIntake, signer }: Parameters<typeof createPendingBlock>[0],
  head: BlockRecord,
  at: number,
): Pending {
  const parent = head.header
  const earliest = parent.timestamp + chain.definition.rules.period
  const now = BigInt(Math.floor(at / 1000))
  const draft = {
    parentHash: head.hash,
    number: toBlockNumber(parent.number + 1n),
    timestamp: now > earliest ? now : earliest,
    gasLimit: nextGasLimit(parent, parent.gasLimit),
    difficulty: 2n,
    baseFeePerGas: nextBaseFee(parent),
  }
  const nonces = new Map<Address, bigint>()
  for (const { from, nonce } of transactionIntake.content().pending) {
    const first = nonces.get(from)
    if (first === undefined || nonce < first) nonces.set(from, nonce)
  }
  const ranked = transactions.best(draft.baseFeePerGas, (sender) => nonces.get(sender) ?? 0n)
  const built = await chain.execution
    .preview(draft, chain.stateRoot(head), signer ?? head.signer ?? ZERO_ADDRESS, {
      next: () => ranked.next().value,
      skipped: () => {
        ranked.skipSender()
      },
    })
    .catch((error: unknown) => {
      // A head that was just replaced may be pruned.
      if (error instanceof StateUnavailableError) return undefined
      throw error
    })
  if (built === undefined) return undefined
  const header: AuthorityHeader = {
    ...draft,
    uncleHash: EMPTY_UNCLE_HASH,
    coinbase: ZERO_ADDRESS,
    stateRoot: built.stateRoot,
    transactionsRoot: built.transactionsRoot,
    receiptsRoot: built.receiptsRoot,
    logsBloom: built.logsBloom,
    gasUsed: built.gasUsed,
    extraData: new Uint8Array(),
    mixHash: ZERO_HASH,
    nonce: new Uint8Array(8),
  }
  return {
    block: {
      header: toHeaderView(ZERO_HASH, header),
      size:
        encodeHeader(header).length +
        built.transactions.reduce((bytes, { raw }) => bytes + raw.length, 0),
      totalDifficulty: head.totalDifficulty + draft.difficulty,
      transactionHashes: built.transactions.map(({ hash }) => hash),
    },
    transactions: built.transactions.map(toTransactionView),
  }
}
