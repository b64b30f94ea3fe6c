import {
  type Address,
  type BlockNumber,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  equalBytes,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  type RlpItem,
  toBlockNumber,
} from '@mosaic/primitives'
import { countVotes, type SignerSnapshot, type SignerVote } from './signer-snapshot.ts'

/** First field of an encoded snapshot; raised by every change of the encoding. */
const FORMAT = 1n

/**
 * RLP: [format, number, hash, [signer…], [[number, sealer]…], [[signer, number, target, authorize]…]]. The tally is not in it: it
 * is the count of the votes.
 */
export function encodeSnapshot(snapshot: SignerSnapshot): Uint8Array {
  return encodeRlp([
    integerToRlp(FORMAT),
    integerToRlp(snapshot.number),
    hexToBytes(snapshot.hash),
    snapshot.signers.map(hexToBytes),
    [...snapshot.recents].map(([number, sealer]) => [integerToRlp(number), hexToBytes(sealer)]),
    snapshot.votes.map(({ signer, number, target, authorize }) => [
      hexToBytes(signer),
      integerToRlp(number),
      hexToBytes(target),
      integerToRlp(authorize ? 1n : 0n),
    ]),
  ])
}

/** @throws {@link InvalidValueError} on everything but the encoding of a snapshot by `encodeSnapshot`. */
export function decodeSnapshot(bytes: Uint8Array): SignerSnapshot {
  const [format, number, hash, signers, recents, votes] = toList(decodeRlp(bytes, 3), 6)
  const found = bytesToBigint(toBytes(format))
  if (found !== FORMAT) throw new InvalidValueError(`a snapshot of format ${FORMAT}`, found)
  const standing = toList(votes).map(toVote)
  const snapshot: SignerSnapshot = {
    number: toNumber(number),
    hash: bytesToHash32(toBytes(hash)),
    signers: toList(signers).map(toSigner),
    recents: new Map(
      toList(recents).map((item) => {
        const [sealed, sealer] = toList(item, 2)
        return [toNumber(sealed), toSigner(sealer)]
      }),
    ),
    votes: standing,
    tally: countVotes(standing),
  }
  if (!equalBytes(encodeSnapshot(snapshot), bytes)) {
    throw new InvalidValueError('the encoding of a snapshot', bytesToHex(bytes))
  }
  return snapshot
}

function toVote(item: RlpItem): SignerVote {
  const [signer, number, target, authorize] = toList(item, 4)
  return {
    signer: toSigner(signer),
    number: toNumber(number),
    target: toSigner(target),
    authorize: bytesToBigint(toBytes(authorize)) === 1n,
  }
}

function toList(item: RlpItem | undefined, size?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) {
    throw new InvalidValueError('a list', item === undefined ? 'nothing' : bytesToHex(item))
  }
  if (size !== undefined && item.length !== size) {
    throw new InvalidValueError(`a list of ${size}`, `one of ${item.length}`)
  }
  return item
}

function toBytes(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new InvalidValueError('bytes', 'a list or nothing')
  return item
}

function toSigner(item: RlpItem | undefined): Address {
  return bytesToAddress(toBytes(item))
}

function toNumber(item: RlpItem | undefined): BlockNumber {
  return toBlockNumber(bytesToBigint(toBytes(item)))
}
