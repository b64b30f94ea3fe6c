import { type AuthorityHeader, decodeHeader, encodeHeader, headerHash } from '@mosaic/authority'
import {
  type Address,
  accept,
  bytesToHash32,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  type Hash32,
  refuse,
  splitRlpList,
  type Verdict,
} from '@mosaic/primitives'
import { LEAST_TRANSACTION_GAS } from './intrinsic-gas.ts'
import { orderedRoot } from './ordered-root.ts'
import type { Transaction, TransactionFault } from './transaction.ts'

/** A block of the auxiliary chain; uncles do not exist. */
export type Block = {
  readonly hash: Hash32
  readonly header: AuthorityHeader
  readonly transactions: readonly Transaction[]
  /** Who sealed it; undefined for genesis. */
  readonly signer: Address | undefined
}

/** A block as its header says. Whether the body belongs to it was not looked at. */
export type BlockOutline = Pick<Block, 'hash' | 'header' | 'signer'> & {
  /** The encoded list of transactions, as it came. */
  readonly body: Uint8Array
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
  /** The body is not the one whose root stands in the header. */
  | { readonly code: 'BLOCK_FOREIGN_BODY'; readonly transactionsRoot: Hash32 }

/** Block RLP: [header, transactions, uncles]. */
export function encodeBlock(block: Block): Uint8Array {
  return encodeRlp([
    decodeRlp(encodeHeader(block.header)),
    block.transactions.map(({ type, raw }) => (type === 0 ? decodeRlp(raw) : raw)),
    [],
  ])
}

/** Reads the header of a block, and recovers who sealed it. Its cost does not depend on the body. */
export function outlineBlock(
  bytes: Uint8Array,
  recoverSigner: (header: AuthorityHeader) => Address | undefined,
): Verdict<BlockOutline, BlockCodecFault> {
  let header: AuthorityHeader
  let body: Uint8Array
  try {
    const [first, second, uncles] = splitRlpList(bytes, 3)
    if (first === undefined || second === undefined || uncles?.length !== 1 || uncles[0] !== 0xc0)
      return malformed('expected a header, transactions and no uncles')
    header = decodeHeader(first)
    body = second
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error))
  }
  const signer = header.number === 0n ? undefined : recoverSigner(header)
  if (header.number > 0n && signer === undefined) return refuse({ code: 'BLOCK_UNSEALED' })
  return accept({ hash: headerHash(header), header, signer, body })
}

/** The envelopes of a block's transactions. Refuses a body of more transactions than the gas of the header allows. */
export function readEnvelopes({
  header,
  body,
}: Pick<BlockOutline, 'header' | 'body'>): Verdict<readonly Uint8Array[], BlockCodecFault> {
  try {
    return accept(
      splitRlpList(body, Number(header.gasUsed / LEAST_TRANSACTION_GAS)).map(toEnvelope),
    )
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error))
  }
}

/** As {@link readEnvelopes}, of a body that has the root of the header. */
export function readOwnEnvelopes(
  outline: Pick<BlockOutline, 'header' | 'body'>,
  keccak: (bytes: Uint8Array) => Uint8Array,
): Verdict<readonly Uint8Array[], BlockCodecFault> {
  const { transactionsRoot } = outline.header
  const raws = readEnvelopes(outline)
  if (!raws.ok || bytesToHex(orderedRoot(keccak, raws.value)) === transactionsRoot) return raws
  return refuse({ code: 'BLOCK_FOREIGN_BODY', transactionsRoot })
}

/** Roots of lists of transactions that were compared with their header's. */
const comparedRoots = new WeakMap<readonly Transaction[], Hash32>()

/** The root of a block's transactions: at hand if it was compared when the block was decoded. */
export function transactionsRootOf(
  transactions: readonly Transaction[],
  keccak: (bytes: Uint8Array) => Uint8Array,
): Hash32 {
  const raws = (): Uint8Array[] => transactions.map(({ raw }) => raw)
  return comparedRoots.get(transactions) ?? bytesToHash32(orderedRoot(keccak, raws()))
}

/** As {@link completeBlock}, of what {@link readOwnEnvelopes} read. */
export function completeOwnBlock(
  outline: BlockOutline,
  raws: readonly Uint8Array[],
  decodeTransaction: (raw: Uint8Array) => Verdict<Transaction, TransactionFault>,
): Verdict<Block, BlockCodecFault> {
  const block = completeBlock(outline, raws, decodeTransaction)
  if (block.ok) comparedRoots.set(block.value.transactions, outline.header.transactionsRoot)
  return block
}

/** Decodes the transactions of a block with their senders. */
export function completeBlock(
  { hash, header, signer }: BlockOutline,
  raws: readonly Uint8Array[],
  decodeTransaction: (raw: Uint8Array) => Verdict<Transaction, TransactionFault>,
): Verdict<Block, BlockCodecFault> {
  const transactions: Transaction[] = []
  for (const [index, raw] of raws.entries()) {
    const verdict = decodeTransaction(raw)
    if (!verdict.ok) return refuse({ code: 'BLOCK_BAD_TRANSACTION', index, fault: verdict.fault })
    transactions.push(verdict.value)
  }
  return accept({ hash, header, transactions, signer })
}

/** A legacy transaction stands in a block as a list, a typed one as a string: each has one encoding only. */
function toEnvelope(encoding: Uint8Array): Uint8Array {
  const item = decodeRlp(encoding)
  if (!(item instanceof Uint8Array)) return encoding
  if ((item[0] ?? 0xff) >= 0x80) throw new TypeError('expected a typed transaction in the string')
  return item
}

function malformed(message: string): { readonly ok: false; readonly fault: BlockCodecFault } {
  return refuse({ code: 'BLOCK_MALFORMED', message })
}
