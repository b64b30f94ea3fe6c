import {
  type AuthorityHeader,
  decodeHeader,
  decodeSnapshot,
  encodeHeader,
  encodeSnapshot,
  type SignerSnapshot,
} from '@mosaic/authority'
import {
  type Address,
  type BlockNumber,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  type Dynasty,
  decodeRlp,
  encodeRlp,
  type Gas,
  type Hash32,
  type Height,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  type RlpItem,
  toBlockNumber,
  toDynasty,
  toGas,
  toHeight,
} from '@mosaic/primitives'

/** A checkpoint by height and block hash. */
export type Checkpoint = { readonly height: Height; readonly hash: Hash32 }

/** How far one chain has come in the state of a block. */
export type ChainFinality = {
  /** The justified checkpoint with the greatest height. */
  readonly justified: Checkpoint
  /** The finalized checkpoint with the greatest height; undefined before the first. */
  readonly finalized: Checkpoint | undefined
  /** Number of finalized checkpoints, those of this block's own transactions included. */
  readonly finalizedCount: Dynasty
}

/** What the node keeps of every block it has executed, on any branch. All of it is a pure function of the branch. */
export type BlockRecord = {
  readonly hash: Hash32
  readonly header: AuthorityHeader
  /** Undefined for genesis. */
  readonly signer: Address | undefined
  readonly totalDifficulty: bigint
  readonly snapshot: SignerSnapshot
  readonly auxiliary: ChainFinality
  readonly origin: ChainFinality
  /** O_f after this block. */
  readonly observation: { readonly number: BlockNumber; readonly hash: Hash32 }
  /** K̃ active at the end of this block. */
  readonly kernelHash: Hash32
  /** r after this block. */
  readonly accumulatedTransactionRoot: Hash32
  /** g after this block. */
  readonly accumulatedGas: Gas
}

/** Encodes a record for the store. */
export function encodeRecord(record: BlockRecord): Uint8Array {
  return encodeRlp([
    encodeHeader(record.header),
    hexToBytes(record.hash),
    record.signer === undefined ? new Uint8Array() : hexToBytes(record.signer),
    integerToRlp(record.totalDifficulty),
    encodeSnapshot(record.snapshot),
    finalityItem(record.auxiliary),
    finalityItem(record.origin),
    [integerToRlp(record.observation.number), hexToBytes(record.observation.hash)],
    hexToBytes(record.kernelHash),
    hexToBytes(record.accumulatedTransactionRoot),
    integerToRlp(record.accumulatedGas),
  ])
}

/** @throws InvalidValueError if the bytes are not what {@link encodeRecord} makes. */
export function decodeRecord(bytes: Uint8Array): BlockRecord {
  const [
    header,
    hash,
    signer,
    difficulty,
    snapshot,
    auxiliary,
    origin,
    observation,
    kernel,
    root,
    gas,
  ] = list(decodeRlp(bytes))
  const [observedNumber, observedHash] = list(observation)
  const signerBytes = text(signer)
  return {
    header: decodeHeader(text(header)),
    hash: toHash(hash),
    signer: signerBytes.length === 0 ? undefined : bytesToAddress(signerBytes),
    totalDifficulty: bytesToBigint(text(difficulty)),
    snapshot: decodeSnapshot(text(snapshot)),
    auxiliary: toFinality(auxiliary),
    origin: toFinality(origin),
    observation: {
      number: toBlockNumber(bytesToBigint(text(observedNumber))),
      hash: toHash(observedHash),
    },
    kernelHash: toHash(kernel),
    accumulatedTransactionRoot: toHash(root),
    accumulatedGas: toGas(bytesToBigint(text(gas))),
  }
}

function finalityItem({ justified, finalized, finalizedCount }: ChainFinality): RlpItem {
  return [
    checkpointItem(justified),
    finalized === undefined ? [] : checkpointItem(finalized),
    integerToRlp(finalizedCount),
  ]
}

function checkpointItem({ height, hash }: Checkpoint): RlpItem {
  return [integerToRlp(height), hexToBytes(hash)]
}

function toFinality(item: RlpItem | undefined): ChainFinality {
  const [justified, finalized, count] = list(item)
  const finalizedItems = list(finalized)
  return {
    justified: toCheckpoint(list(justified)),
    finalized: finalizedItems.length === 0 ? undefined : toCheckpoint(finalizedItems),
    finalizedCount: toDynasty(bytesToBigint(text(count))),
  }
}

function toCheckpoint([height, hash]: readonly RlpItem[]): Checkpoint {
  return { height: toHeight(bytesToBigint(text(height))), hash: toHash(hash) }
}

function toHash(item: RlpItem | undefined): Hash32 {
  return bytesToHash32(text(item))
}

function list(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array)
    throw new InvalidValueError('a list', 'a string')
  return item
}

function text(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new InvalidValueError('a string', 'a list')
  return item
}
