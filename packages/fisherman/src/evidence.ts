import type { Offence } from '@mosaic/finality'
import {
  type Address,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  type Hex,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  type RlpItem,
  toHeight,
} from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'

/** A vote whose signature has been checked. */
export type SignedVote = {
  readonly vote: VoteMessage
  /** 64 bytes, EIP-2098. */
  readonly signature: Hex
  readonly validator: Address
}

/** What convicts a validator on any chain: two votes that break condition 1, 2 or 3, or one that breaks condition 4. */
export type Evidence =
  | { readonly offence: Offence; readonly votes: readonly [SignedVote, SignedVote] }
  | { readonly offence: 'false-transition'; readonly votes: readonly [SignedVote] }

/** Who is convicted. */
export function offenderOf({ votes: [{ validator }] }: Evidence): Address {
  return validator
}

/** In the order of their numbers on disk. */
const OFFENCES = [
  'double-vote',
  'surround-vote',
  'contradicting-transition',
  'false-transition',
] as const

/** Encodes a vote for the store. */
export function encodeVote(vote: SignedVote): Uint8Array {
  return encodeRlp(voteItems(vote))
}

/** @throws InvalidValueError unless the bytes are what {@link encodeVote} makes. */
export function decodeVote(bytes: Uint8Array): SignedVote {
  return toVote(decodeRlp(bytes))
}

/** Encodes evidence for the store. */
export function encodeEvidence({ offence, votes }: Evidence): Uint8Array {
  return encodeRlp([integerToRlp(BigInt(OFFENCES.indexOf(offence))), votes.map(voteItems)])
}

/** @throws InvalidValueError unless the bytes are what {@link encodeEvidence} makes. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const [number, votes] = list(decodeRlp(bytes))
  const offence = OFFENCES[Number(bytesToBigint(text(number)))]
  const [first, second, ...more] = list(votes).map(toVote)
  if (offence === undefined || first === undefined || more.length > 0)
    throw new InvalidValueError('evidence', bytesToHex(bytes))
  if (offence === 'false-transition') return { offence, votes: [first] }
  if (second === undefined) throw new InvalidValueError('two votes', bytesToHex(bytes))
  return { offence, votes: [first, second] }
}

function voteItems({ vote, signature, validator }: SignedVote): RlpItem[] {
  return [
    hexToBytes(vote.chain),
    hexToBytes(vote.transitionHash),
    hexToBytes(vote.source),
    hexToBytes(vote.target),
    integerToRlp(vote.sourceHeight),
    integerToRlp(vote.targetHeight),
    hexToBytes(signature),
    hexToBytes(validator),
  ]
}

function toVote(item: RlpItem): SignedVote {
  const [chain, transition, source, target, from, to, signature, validator] = list(item).map(text)
  const hash = (bytes: Uint8Array | undefined): VoteMessage['chain'] => bytesToHash32(text(bytes))
  return {
    vote: {
      chain: hash(chain),
      transitionHash: hash(transition),
      source: hash(source),
      target: hash(target),
      sourceHeight: toHeight(bytesToBigint(text(from))),
      targetHeight: toHeight(bytesToBigint(text(to))),
    },
    signature: bytesToHex(text(signature)),
    validator: bytesToAddress(text(validator)),
  }
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
