import { setImmediate } from 'node:timers/promises'
import { orderedRoot, toReceiptEnvelopes } from '@mosaic/execution'
import {
  type BlockNumber,
  bytesToHash32,
  bytesToHex,
  equalBytes,
  type Hash32,
  toBlockNumber,
} from '@mosaic/primitives'
import type { Store } from '@mosaic/storage'
import type { Chain } from './chain.ts'
import { HashSet } from './hash-set.ts'

/** Something in the store that is not as it must be. */
export type StoreFault = { readonly number: BlockNumber; readonly what: string }

/** What a look at the whole store found. */
export type StoreReport = {
  readonly blocks: bigint
  readonly transactions: bigint
  /** Trie nodes of the states that were looked at: of the head, and of the finalized checkpoint. */
  readonly nodes: number
  readonly faults: readonly StoreFault[]
}

const MOST_FAULTS = 100
const BLOCKS_AT_ONCE = 64n

/**
 * Looks at every block of the canonical chain that is here: its hash, its parent, its transactions and receipts against its roots, the index of its
 * transactions; and at every node and code of the states on which the chain goes on. Reads only. Stops at a hundred faults.
 */
export async function verifyStore(chain: Chain, store: Store): Promise<StoreReport> {
  const { database } = chain
  const { keccak256 } = chain.execution
  const faults: StoreFault[] = []
  let transactions = 0n
  const head = chain.head()
  const { base, from } = database.missing() ?? { base: -1n, from: 0n }
  let parent: Hash32 | undefined

  const root = (items: readonly Uint8Array[]): Hash32 =>
    bytesToHash32(orderedRoot(keccak256, items))
  const look = (number: BlockNumber): string | undefined => {
    const hash = database.canonicalHash(number)
    if (hash === undefined) return 'no canonical hash'
    const before = parent
    parent = hash
    if (number > base && database.record(hash) === undefined) return `no record of ${hash}`
    const block = database.block(hash)
    if (block === undefined) return `no block ${hash}`
    if (block.header.number !== number) return `block ${hash} has number ${block.header.number}`
    if (before !== undefined && block.header.parentHash !== before) {
      return `expected parent ${before}, found ${block.header.parentHash}`
    }
    const transactionsRoot = root(block.transactions.map(({ raw }) => raw))
    if (transactionsRoot !== block.header.transactionsRoot) {
      return `expected transactions root ${block.header.transactionsRoot}, found ${transactionsRoot}`
    }
    const receipts = database.receipts(hash)
    if (receipts === undefined) return `no receipts of ${hash}`
    const receiptsRoot = root(toReceiptEnvelopes(receipts.receipts, keccak256))
    if (receiptsRoot !== block.header.receiptsRoot) {
      return `expected receipts root ${block.header.receiptsRoot}, found ${receiptsRoot}`
    }
    for (const [index, transaction] of block.transactions.entries()) {
      transactions++
      const position = database.position(transaction.hash)
      if (position?.blockHash !== hash || position.index !== index) {
        return `transaction ${transaction.hash} is not indexed where it is`
      }
    }
    return undefined
  }
  const report = (number: bigint, what: string): void => {
    faults.push({ number: toBlockNumber(number), what })
  }

  for (
    let number: bigint = from;
    number <= head.header.number && faults.length < MOST_FAULTS;
    number++
  ) {
    let what: string | undefined
    try {
      what = look(toBlockNumber(number))
    } catch (error) {
      what = error instanceof Error ? error.message : String(error)
    }
    if (what !== undefined) report(number, what)
    if (number % BLOCKS_AT_ONCE === 0n) await setImmediate()
  }

  const seen = new HashSet()
  const finalized = database.record(chain.finalized().hash)
  for (const record of finalized === undefined ? [head] : [finalized, head]) {
    try {
      await chain.execution.walkState(record.header.stateRoot, {
        enter: (hash) => {
          if (!seen.add(hash)) return false
          const node = store.get('node', hash)
          if (node !== undefined && !equalBytes(keccak256(node), hash)) {
            throw new Error(`trie node ${bytesToHex(hash)} is damaged`)
          }
          return true
        },
        code: (hash) => {
          const code = store.get('code', hash)
          if (code === undefined || !equalBytes(keccak256(code), hash)) {
            throw new Error(`code ${bytesToHex(hash)} is missing or damaged`)
          }
        },
        pause: async () => {
          await setImmediate()
        },
      })
    } catch (error) {
      report(
        record.header.number,
        `state: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  return { blocks: head.header.number + 1n - from, transactions, nodes: seen.size, faults }
}
