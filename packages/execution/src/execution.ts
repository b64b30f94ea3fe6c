import { type AuthorityHeader, readSeal, sealHash } from '@mosaic/authority'
import {
  type Address,
  bytesToAddress,
  bytesToHex,
  type Hash32,
  type Hex,
  hexToBytes,
  type Verdict,
} from '@mosaic/primitives'
import { normaliseSignature } from '@mosaic/protocol'
import {
  type Block,
  type BlockCodecFault,
  type BlockOutline,
  completeBlock,
  completeOwnBlock,
  outlineBlock,
  readEnvelopes,
  readOwnEnvelopes,
} from './block.ts'
import { createCommon } from './common.ts'
import { type Crypto, loadCrypto } from './crypto.ts'
import { type ChainGenesis, createGenesisBlock } from './genesis.ts'
import type { AncestorHash, MessageObserver } from './machine.ts'
import { createProcessor, type Processor, type TrackerRule } from './processor.ts'
import { createQueries, type Queries } from './queries.ts'
import type { SenderRecovery } from './recovery/sender-recovery.ts'
import { guardSource, type StateSource, type StateWrites } from './state.ts'
import { type StateVisitor, walkState } from './state-walk.ts'
import {
  decodeTransaction,
  impersonateTransaction,
  type OwnTransaction,
  type SenderRule,
  signOwnTransaction,
  signTransactionElsewhere,
  type Transaction,
  type TransactionFault,
} from './transaction.ts'
import { rememberTransactions } from './transaction-cache.ts'

/** Everything that runs on the EVM of one chain. */
export type ExecutionLayer = {
  readonly chainId: bigint
  readonly genesis: { readonly block: Block; readonly writes: StateWrites }
  readonly processor: Processor
  readonly queries: Queries
  /** Builds a block that nobody will seal. Apart from the processor: only its own calls must not overlap. */
  readonly preview: Processor['build']
  /** Walks over all trie nodes of a state. @throws StateUnavailableError if one is not there. */
  readonly walkState: (stateRoot: Hash32, visitor: StateVisitor) => Promise<void>
  readonly decodeTransaction: (raw: Uint8Array) => Verdict<Transaction, TransactionFault>
  /** Decodes a block that was checked before: whether the body has the root of the header is not looked at. */
  readonly decodeBlock: (bytes: Uint8Array) => Verdict<Block, BlockCodecFault>
  /** The header of a block and who sealed it, whatever the body is: to be judged before anything is spent on that. */
  readonly outlineBlock: (bytes: Uint8Array) => Verdict<BlockOutline, BlockCodecFault>
  /** As `decodeTransaction` for many, whose senders another thread recovers if there is one. The bytes must not change meanwhile. */
  readonly decodeTransactions: (
    raws: readonly Uint8Array[],
  ) => Promise<readonly Verdict<Transaction, TransactionFault>[]>
  /**
   * The whole block of an outline. Compares the root of the body first, then decodes the transactions, whose senders another thread recovers if
   * there is one. The bytes must not change meanwhile.
   */
  readonly completeBlock: (outline: BlockOutline) => Promise<Verdict<Block, BlockCodecFault>>
  /** A transaction of one of this node's own accounts. */
  readonly signTransaction: (fields: OwnTransaction, secretKey: Uint8Array) => Transaction
  /** Signs with a key that is elsewhere: it gets what is hashed to be signed. @throws what it throws */
  readonly signTransactionElsewhere: (
    fields: OwnTransaction,
    sender: Address,
    sign: (preimage: Uint8Array) => Promise<Hex>,
  ) => Promise<Transaction>
  /** A transaction in the name of anyone. Only a layer with `senders: 'impersonated'` decodes it again. */
  readonly impersonateTransaction: (fields: OwnTransaction, sender: Address) => Transaction
  /** Signs a 32-byte digest deterministically. */
  readonly sign: Crypto['sign']
  /** Who sealed a header; undefined if the seal does not recover. */
  readonly recoverSigner: (header: AuthorityHeader) => Address | undefined
  /** As `recoverSigner` of protocol, which takes twenty times as long: who signed a digest, undefined if the signature is no proper one. */
  readonly recoverDigestSigner: (digest: Hash32, signature: Hex) => Address | undefined
  readonly keccak256: Crypto['keccak256']
  /** Which cryptographic implementations run. */
  readonly crypto: Crypto['chosen']
}

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/** Creates the execution layer of a chain on top of a store of trie nodes and code. */
export async function createExecutionLayer(options: {
  readonly genesis: ChainGenesis
  readonly source: StateSource
  readonly ancestorHash: AncestorHash
  readonly tracker: TrackerRule
  /** `signed` unless told; no node that has peers may say otherwise. */
  readonly senders?: SenderRule
  /** Is told of the messages of blocks being run and of calls, not of those of estimates. */
  readonly observer?: MessageObserver | undefined
  /** Who recovers senders of many transactions; whoever made it closes it. The main thread does unless told. */
  readonly recovery?: SenderRecovery | undefined
}): Promise<ExecutionLayer> {
  const crypto = await loadCrypto()
  const common = createCommon(options.genesis.chainId, crypto)
  const parts = {
    common,
    crypto,
    source: guardSource(options.source),
    ancestorHash: options.ancestorHash,
    observer: options.observer,
  }
  const { decode, decodeHashed, hash, has, remember } = rememberTransactions(
    (raw, digest, sender) => decodeTransaction(raw, common, options.senders, sender, digest),
    crypto.keccak256,
  )
  const { chainId } = options.genesis
  const { recovery } = options
  /** What decodes each of these arrays, with the senders that another thread recovers. */
  const prepare = async (raws: readonly Uint8Array[]): Promise<typeof decode> => {
    if (recovery === undefined) return decode
    const hashed = new Map(raws.map((raw) => [raw, hash(raw)]))
    const unknown = raws.filter((raw) => !has(hashed.get(raw) ?? hash(raw)))
    const found = await recovery.recover(chainId, unknown)
    const senders = new Map(unknown.map((raw, index) => [raw, found[index]]))
    return (raw) => decodeHashed(hashed.get(raw) ?? hash(raw), senders.get(raw))
  }
  const recoverSigner = (header: AuthorityHeader): Address | undefined =>
    recoverSealer(header, crypto)
  const processor = createProcessor({ ...parts, tracker: options.tracker })
  return {
    chainId,
    genesis: await createGenesisBlock(options.genesis, crypto),
    processor,
    queries: createQueries({
      ...parts,
      tracker: options.tracker,
      warmState: processor.warmState,
    }),
    preview: createProcessor({ ...parts, observer: undefined, tracker: options.tracker }).build,
    walkState: (stateRoot, visitor) => walkState(parts.source, stateRoot, visitor),
    decodeTransaction: decode,
    decodeBlock: (bytes) => {
      const outline = outlineBlock(bytes, recoverSigner)
      if (!outline.ok) return outline
      const raws = readEnvelopes(outline.value)
      return raws.ok ? completeBlock(outline.value, raws.value, decode) : raws
    },
    outlineBlock: (bytes) => outlineBlock(bytes, recoverSigner),
    decodeTransactions: async (raws) => {
      const decodePrepared = await prepare(raws)
      return raws.map((raw) => decodePrepared(raw))
    },
    completeBlock: async (outline) => {
      const raws = readOwnEnvelopes(outline, crypto.keccak256)
      if (!raws.ok) return raws
      return completeOwnBlock(outline, raws.value, await prepare(raws.value))
    },
    signTransaction: (fields, secretKey) => remember(signOwnTransaction(fields, secretKey, common)),
    signTransactionElsewhere: async (fields, sender, sign) =>
      remember(await signTransactionElsewhere(fields, sender, sign, common)),
    impersonateTransaction: (fields, sender) =>
      remember(impersonateTransaction(fields, sender, common)),
    sign: crypto.sign,
    recoverSigner,
    recoverDigestSigner: (digest, signature) => recoverFromCompact(digest, signature, crypto),
    keccak256: crypto.keccak256,
    crypto: crypto.chosen,
  }
}

function recoverSealer(header: AuthorityHeader, crypto: Crypto): Address | undefined {
  const seal = readSeal(header)
  const recovery = seal?.[64]
  if (seal === undefined || (recovery !== 0 && recovery !== 1)) return undefined
  const s = seal.subarray(32, 64)
  if (BigInt(bytesToHex(s)) > HALF_ORDER) return undefined
  return recoverAddress(sealHash(header), seal.subarray(0, 32), s, recovery, crypto)
}

function recoverFromCompact(digest: Hash32, signature: Hex, crypto: Crypto): Address | undefined {
  const compact = normaliseSignature(signature)
  if (compact === undefined) return undefined
  const bytes = hexToBytes(compact)
  const recovery = (bytes[32] ?? 0) >= 0x80 ? 1 : 0
  bytes[32] = (bytes[32] ?? 0) & 0x7f
  return recoverAddress(digest, bytes.subarray(0, 32), bytes.subarray(32), recovery, crypto)
}

function recoverAddress(
  digest: Hash32,
  r: Uint8Array,
  s: Uint8Array,
  recovery: 0 | 1,
  crypto: Crypto,
): Address | undefined {
  try {
    const key = crypto.recoverPublicKey(hexToBytes(digest), r, s, recovery)
    return bytesToAddress(crypto.keccak256(key).subarray(12))
  } catch {
    return undefined
  }
}
