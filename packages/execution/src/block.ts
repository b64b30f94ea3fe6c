import { type AuthorityHeader, decodeHeader, encodeHeader, headerHash } from '@mosaic/authority'
import {
  type Address,
  accept,
  decodeRlp,
  encodeRlp,
  type Hash32,
  type RlpItem,
  refuse,
  type Verdict,
} from '@mosaic/primitives'
import type { Transaction, TransactionFault } from './transaction.ts'

/** A block of the auxiliary chain; uncles do not exist. */
export type Block = {
  readonly hash: Hash32
  readonly header: AuthorityHeader
  readonly transactions: readonly Transaction[]
  /** Who sealed it; undefined for genesis. */
  readonly signer: Address | undefined
}

/** Why bytes are no block of this chain. */
export type BlockCodecFault =
  | { readonly code: 'BLOCK_MALFORMED'; readonly message: string }
  | {
      readonly code: 'BLOCK_BAD_TRANSACTION'
      readonly index: number
      readonly fault: TransactionFault
    }
  | { readonly code: 'BLOCK_UNSEALED' }

/** Block RLP: [header, transactions, uncles]. */
export function encodeBlock(block: Block): Uint8Array {
  return encodeRlp([
    decodeRlp(encodeHeader(block.header)),
    block.transactions.map(({ type, raw }) => (type === 0 ? decodeRlp(raw) : raw)),
    [],
  ])
}

/** A block as its bytes say, before its transactions are decoded. */
export type BlockParts = {
  readonly header: AuthorityHeader
  /** The envelopes of the transactions. */
  readonly raws: readonly Uint8Array[]
}

/** Takes the bytes of a block apart. */
export function parseBlock(bytes: Uint8Array): Verdict<BlockParts, BlockCodecFault> {
  try {
    const [headerItem, transactionItems, uncles, ...surplus] = requireList(decodeRlp(bytes))
    if (headerItem === undefined || surplus.length > 0 || requireList(uncles).length > 0) {
      return malformed('expected a header, transactions and no uncles')
    }
    return accept({
      header: decodeHeader(encodeRlp(headerItem)),
      raws: requireList(transactionItems).map(toEnvelope),
    })
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error))
  }
}

/** Decodes the transactions of a block with their senders, and recovers who sealed it. */
export function assembleBlock(
  { header, raws }: BlockParts,
  decodeTransaction: (raw: Uint8Array) => Verdict<Transaction, TransactionFault>,
  recoverSigner: (header: AuthorityHeader) => Address | undefined,
): Verdict<Block, BlockCodecFault> {
  const transactions: Transaction[] = []
  for (const [index, raw] of raws.entries()) {
    const verdict = decodeTransaction(raw)
    if (!verdict.ok) return refuse({ code: 'BLOCK_BAD_TRANSACTION', index, fault: verdict.fault })
    transactions.push(verdict.value)
  }
  const signer = header.number === 0n ? undefined : recoverSigner(header)
  if (header.number > 0n && signer === undefined) return refuse({ code: 'BLOCK_UNSEALED' })
  return accept({ hash: headerHash(header), header, transactions, signer })
}

/** Decodes a block, its transactions with their senders, and recovers who sealed it. */
export function decodeBlock(
  bytes: Uint8Array,
  decodeTransaction: (raw: Uint8Array) => Verdict<Transaction, TransactionFault>,
  recoverSigner: (header: AuthorityHeader) => Address | undefined,
): Verdict<Block, BlockCodecFault> {
  const parts = parseBlock(bytes)
  return parts.ok ? assembleBlock(parts.value, decodeTransaction, recoverSigner) : parts
}

/** A legacy transaction stands in a block as a list, a typed one as a string: each has one encoding only. */
function toEnvelope(item: RlpItem): Uint8Array {
  if (!(item instanceof Uint8Array)) return encodeRlp(item)
  if ((item[0] ?? 0xff) >= 0x80) throw new TypeError('expected a typed transaction in the string')
  return item
}

function requireList(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new TypeError('expected a list')
  return item
}

function malformed(message: string): { readonly ok: false; readonly fault: BlockCodecFault } {
  return refuse({ code: 'BLOCK_MALFORMED', message })
}
