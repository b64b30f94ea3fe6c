import { encodeHeader } from '@mosaic/authority'
import {
  type Chain,
  countedEncodings,
  encodeSignedVote,
  type TransactionPool,
  type VotePool,
} from '@mosaic/chain'
import { toReceiptEnvelopes } from '@mosaic/execution'
import type { NetworkPorts } from '@mosaic/network'
import { encodeRlp, hexToBytes, toBlockNumber, toHeight } from '@mosaic/primitives'
import { coreIdentifier, originIdentifier } from '@mosaic/protocol'
import type { Store } from '@mosaic/storage'

/** Answers what peers ask for: blocks, headers, receipts, pieces of states, votes by height, waiting transactions. */
export function createExchangeHandlers(
  chain: Chain,
  store: Store,
  votes: VotePool,
  transactions: TransactionPool,
): NetworkPorts['handlers'] {
  const { identity } = chain.definition
  return {
    blocksByRange: async function* ({ start, count }) {
      for (let number: bigint = start; number < start + BigInt(count); number++) {
        const hash = chain.database.canonicalHash(toBlockNumber(number))
        const block = hash === undefined ? undefined : chain.database.encodedBlock(hash)
        if (block === undefined) return
        yield block
      }
    },
    blocksByHash: async function* ({ hashes }) {
      for (const hash of hashes) {
        const block = chain.database.encodedBlock(hash)
        if (block !== undefined) yield block
      }
    },
    votesByHeight: async function* ({ chain: name, from, to }) {
      const about =
        name === 'origin' ? originIdentifier(identity.originChainId) : coreIdentifier(identity)
      for (let height: bigint = from; height <= to; height++) {
        const counted = countedEncodings(store, chain.definition, about, toHeight(height))
        for await (const { encoded } of counted) yield encoded
        for (const vote of votes.byHeight(about, toHeight(height))) yield encodeSignedVote(vote)
      }
    },
    transactionHashes: async function* ({ count }) {
      for (const hash of transactions.hashes(count)) yield hexToBytes(hash)
    },
    transactionsByHash: async function* ({ hashes }) {
      for (const hash of hashes) {
        const transaction = transactions.get(hash)
        if (transaction !== undefined) yield transaction.raw
      }
    },
    headersByRange: async function* ({ start, count }) {
      for (let number: bigint = start; number < start + BigInt(count); number++) {
        const hash = chain.database.canonicalHash(toBlockNumber(number))
        const header = hash === undefined ? undefined : chain.database.header(hash)
        if (header === undefined) return
        yield encodeHeader(header)
      }
    },
    stateNodes: async function* ({ hashes }) {
      for (const hash of hashes) {
        const key = hexToBytes(hash)
        const found = store.get('node', key) ?? store.get('code', key)
        if (found !== undefined) yield found
      }
    },
    receiptsByHash: async function* ({ hashes }) {
      for (const hash of hashes) {
        const stored = chain.database.receipts(hash)
        if (stored === undefined) return
        yield encodeRlp(toReceiptEnvelopes(stored.receipts, chain.execution.keccak256))
      }
    },
  }
}
