import { nextBaseFee } from '@mosaic/authority'
import type { BlockRecord, Chain } from '@mosaic/chain'
import type { Hash32 } from '@mosaic/primitives'
import type { FeePort } from '@mosaic/rpc'
import { transactionsOfUsers } from './transaction-intake.ts'

/** Blocks whose tips are looked at. */
const BLOCKS = 20
/** Wei; what a chain without transactions asks. */
const LOWEST_TIP = 1n
/** Wei; no suggestion is above, as in geth. */
const HIGHEST_TIP = 500_000_000_000n

/** Prices learned from the latest blocks of a chain. */
export function createFeePort(chain: Chain): FeePort {
  let last: { readonly head: Hash32; readonly tip: bigint } | undefined
  return {
    suggestTip: async () => {
      const head = chain.head()
      if (last?.head !== head.hash) last = { head: head.hash, tip: medianTip(chain, head) }
      return last.tip
    },
    nextBaseFee,
  }
}

/** The median of the tips that users paid; producers carry votes for nothing. */
function medianTip(chain: Chain, head: BlockRecord): bigint {
  const tips: bigint[] = []
  let record: BlockRecord | undefined = head
  for (let i = 0; i < BLOCKS && record !== undefined; i++) {
    const { gasUsed, baseFeePerGas = 0n, parentHash } = record.header
    const block = gasUsed === 0n ? undefined : chain.database.block(record.hash)
    const receipts = block && chain.database.receipts(record.hash)?.receipts
    const ofUsers = new Set(block && transactionsOfUsers(block))
    for (const [index, transaction] of block?.transactions.entries() ?? []) {
      const receipt = receipts?.[index]
      if (receipt !== undefined && ofUsers.has(transaction)) {
        tips.push(receipt.effectiveGasPrice - baseFeePerGas)
      }
    }
    record = chain.database.record(parentHash)
  }
  const median = tips.toSorted((a, b) => (a < b ? -1 : Number(a > b)))[tips.length >> 1]
  if (median === undefined || median < LOWEST_TIP) return LOWEST_TIP
  return median > HIGHEST_TIP ? HIGHEST_TIP : median
}
