import { nextBaseFee } from '@mosaic/authority'
import type { BlockRecord, Chain } from '@mosaic/chain'
import { createRecent, type Hash32 } from '@mosaic/primitives'
import type { FeePort } from '@mosaic/rpc'
import { transactionsOfUsers } from './transaction-intake.ts'

/** Blocks whose tips are looked at. */
const BLOCKS = 20
/** Wei; what a chain without transactions asks. */
const LOWEST_TIP = 1n
/** Wei; no suggestion is above, as in geth. */
const HIGHEST_TIP = 500_000_000_000n

/** Blocks whose tips are remembered. */
const REMEMBERED = 2 * BLOCKS

/** Prices learned from the latest blocks of a chain. */
export function createFeePort(chain: Chain): FeePort {
  let last: { readonly head: Hash32; readonly tip: bigint } | undefined
  const known = createRecent<Hash32, readonly bigint[]>(REMEMBERED)
  const tipsOf = (record: BlockRecord): readonly bigint[] =>
    known.get(record.hash) ?? known.set(record.hash, readTips(chain, record))
  const medianTip = (head: BlockRecord): bigint => {
    const tips: bigint[] = []
    let record: BlockRecord | undefined = head
    for (let i = 0; i < BLOCKS && record !== undefined; i++) {
      for (const tip of tipsOf(record)) tips.push(tip)
      record = chain.database.record(record.header.parentHash)
    }
    const median = tips.toSorted((a, b) => (a < b ? -1 : Number(a > b)))[tips.length >> 1]
    if (median === undefined || median < LOWEST_TIP) return LOWEST_TIP
    return median > HIGHEST_TIP ? HIGHEST_TIP : median
  }
  return {
    suggestTip: async () => {
      const head = chain.head()
      if (last?.head !== head.hash) last = { head: head.hash, tip: medianTip(head) }
      return last.tip
    },
    nextBaseFee,
  }
}

/** The tips that users paid in a block; producers carry votes for nothing. */
function readTips({ database }: Chain, { hash, header }: BlockRecord): readonly bigint[] {
  const { gasUsed, baseFeePerGas = 0n } = header
  const block = gasUsed === 0n ? undefined : database.block(hash)
  const receipts = block && database.receipts(hash)?.receipts
  if (block === undefined || receipts === undefined) return []
  const ofUsers = new Set(transactionsOfUsers(block))
  return block.transactions.flatMap((transaction, index) => {
    const receipt = receipts[index]
    return receipt === undefined || !ofUsers.has(transaction)
      ? []
      : receipt.effectiveGasPrice - baseFeePerGas
  })
}
