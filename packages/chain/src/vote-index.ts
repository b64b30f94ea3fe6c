import type { Block, Execution } from '@mosaic/execution'
import {
  type Address,
  bigintToBytes,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  decodeRlp,
  encodeRlp,
  type Hash32,
  type Height,
  type Hex,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  toHeight,
} from '@mosaic/primitives'
import {
  domainSeparator,
  originIdentifier,
  recoverSigner,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import type { Store, StoreOperation } from '@mosaic/storage'
import type { ChainDefinition } from './definition.ts'
import { decodeLog } from './record-derivation.ts'

/** A vote with its signature and who signed it. */
export type SignedVote = {
  readonly vote: VoteMessage
  /** 64 bytes, EIP-2098. */
  readonly signature: Hex
  readonly validator: Address
}

/** A signed vote, and the digest that was signed: the link between its checkpoints. */
export type LinkVote = SignedVote & { readonly link: Hash32 }

/** A vote that a block counted. */
export type CountedVote = LinkVote & { readonly blockHash: Hash32 }

/** Wire and disk form of a signed vote. The signer is not in it: it is recovered. */
export function encodeSignedVote({
  vote,
  signature,
}: Pick<SignedVote, 'vote' | 'signature'>): Uint8Array {
  return encodeRlp([...messageItems(vote), hexToBytes(signature)])
}

/**
 * Reads a signed vote and recovers its signer.
 *
 * @param recover as `recoverSigner` of protocol, which it is unless told.
 * @throws InvalidValueError on any other form, or if the signature is no proper one.
 */
export function decodeSignedVote(
  bytes: Uint8Array,
  domain: Hash32,
  recover: typeof recoverSigner = recoverSigner,
): LinkVote {
  const items = requireItems(bytes)
  const vote = decodeMessage(items.slice(0, MESSAGE_ITEMS))
  const signature = bytesToHex(items[MESSAGE_ITEMS] ?? new Uint8Array())
  const link = voteDigest(domain, vote)
  const validator =
    items.length === MESSAGE_ITEMS + 1 && signature.length === 130
      ? recover(link, signature)
      : undefined
  if (validator === undefined)
    throw new InvalidValueError('a vote signature of 64 bytes', signature)
  return { vote, signature, validator, link }
}

const MESSAGE_ITEMS = 6
/** Votes whose message is not known yet: 3, link, then what tells them apart. */
const UNCLAIMED = Uint8Array.of(3)

function messageItems(vote: VoteMessage): readonly Uint8Array[] {
  return [
    hexToBytes(vote.chain),
    hexToBytes(vote.transitionHash),
    hexToBytes(vote.source),
    hexToBytes(vote.target),
    integerToRlp(vote.sourceHeight),
    integerToRlp(vote.targetHeight),
  ]
}

function encodeMessage(vote: VoteMessage): Uint8Array {
  return encodeRlp(messageItems(vote))
}

function decodeMessage(items: readonly Uint8Array[]): VoteMessage {
  if (items.length !== MESSAGE_ITEMS)
    throw new InvalidValueError('a vote of 6 fields', items.length)
  const [chain, transition, source, target, sourceHeight, targetHeight] = items
  return {
    chain: readHash(chain),
    transitionHash: readHash(transition),
    source: readHash(source),
    target: readHash(target),
    sourceHeight: readHeight(sourceHeight),
    targetHeight: readHeight(targetHeight),
  }
}

function readHash(item: Uint8Array | undefined): Hash32 {
  return bytesToHash32(item ?? new Uint8Array())
}

function readHeight(item: Uint8Array | undefined): Height {
  if (item?.[0] === 0)
    throw new InvalidValueError('a height without leading zeros', bytesToHex(item))
  return toHeight(bytesToBigint(item ?? new Uint8Array()))
}

function requireItems(bytes: Uint8Array): readonly Uint8Array[] {
  const items = decodeRlp(bytes, 1)
  if (items instanceof Uint8Array) throw new InvalidValueError('a list', bytesToHex(bytes))
  return items.map((item) => {
    if (!(item instanceof Uint8Array))
      throw new InvalidValueError('a list of strings', bytesToHex(bytes))
    return item
  })
}

/**
 * The index entries for the votes that a block counted, for the block's own batch. A vote for a link that was opened before this node's chain
 * began waits until the history tells its message ({@link claimVotes}).
 */
export function voteOperations(
  block: Block,
  execution: Pick<Execution, 'receipts'>,
  definition: ChainDefinition,
  messageOf: (link: Hash32) => VoteMessage | undefined,
): readonly StoreOperation[] {
  return voteEvents(execution, messageOf).map((event) => {
    const { link, vote } = event
    if (event.name === 'LinkOpened') {
      return { type: 'put', space: 'vote', key: linkKey(link), value: encodeMessage(event.vote) }
    }
    const { signature } = event
    const tail = concatBytes(
      hexToBytes(link),
      hexToBytes(signature).subarray(0, 8),
      hexToBytes(block.hash).subarray(0, 8),
    )
    if (vote === undefined) {
      const value = encodeRlp([hexToBytes(signature), hexToBytes(block.hash)])
      return { type: 'put', space: 'vote', key: concatBytes(UNCLAIMED, tail), value }
    }
    return countedOperation(tail, vote, signature, block.hash, definition)
  })
}

/** Turns the votes that waited for the message of a link into counted ones. */
export async function claimVotes(
  link: Hash32,
  vote: VoteMessage,
  definition: ChainDefinition,
  store: Pick<Store, 'entries'>,
): Promise<readonly StoreOperation[]> {
  const operations: StoreOperation[] = []
  const from = concatBytes(UNCLAIMED, hexToBytes(link))
  const to = concatBytes(from, new Uint8Array(17).fill(0xff))
  for await (const [key, value] of store.entries('vote', { from, to })) {
    const [signature, blockHash] = requireItems(value)
    if (signature === undefined) throw new InvalidValueError('a vote', bytesToHex(value))
    operations.push(
      { type: 'delete', space: 'vote', key },
      countedOperation(
        key.subarray(UNCLAIMED.length),
        vote,
        bytesToHex(signature),
        readHash(blockHash),
        definition,
      ),
    )
  }
  return operations
}

/** @param tail link, beginnings of signature and block hash: what tells votes of one height apart. */
function countedOperation(
  tail: Uint8Array,
  vote: VoteMessage,
  signature: Hex,
  blockHash: Hash32,
  definition: ChainDefinition,
): StoreOperation {
  const key = concatBytes(prefixOf(vote.chain, vote.targetHeight, definition), tail)
  const value = encodeRlp([encodeSignedVote({ vote, signature }), hexToBytes(blockHash)])
  return { type: 'put', space: 'vote', key, value }
}

/** The links that a block opened, from its receipts. */
export function openedLinks(
  execution: Pick<Execution, 'receipts'>,
): readonly { readonly link: Hash32; readonly vote: VoteMessage }[] {
  return voteEvents(execution, () => undefined).flatMap((event) =>
    event.name === 'LinkOpened' ? [event] : [],
  )
}

/** The encoded votes that a block counted, from its receipts; without those whose link was opened before this node's chain began. */
export function recordedVotes(
  execution: Pick<Execution, 'receipts'>,
  messageOf: (link: Hash32) => VoteMessage | undefined,
): readonly Uint8Array[] {
  return voteEvents(execution, messageOf).flatMap((event) =>
    event.name === 'VoteRecorded' && event.vote !== undefined
      ? [encodeSignedVote({ vote: event.vote, signature: event.signature })]
      : [],
  )
}

type VoteEvent =
  | { readonly name: 'LinkOpened'; readonly link: Hash32; readonly vote: VoteMessage }
  | {
      readonly name: 'VoteRecorded'
      readonly link: Hash32
      readonly vote: VoteMessage | undefined
      readonly signature: Hex
    }

/** What the gadget logged about votes, each with its message if that is known. */
function voteEvents(
  execution: Pick<Execution, 'receipts'>,
  messageOf: (link: Hash32) => VoteMessage | undefined,
): readonly VoteEvent[] {
  const events: VoteEvent[] = []
  const opened = new Map<Hash32, VoteMessage>()
  for (const log of execution.receipts.flatMap(({ logs }) => logs)) {
    const event = decodeLog(log)
    if (event?.name === 'LinkOpened') {
      const { name, link, vote } = event
      opened.set(link, vote)
      events.push({ name, link, vote })
    }
    if (event?.name === 'VoteRecorded') {
      const { name, link, signature } = event
      events.push({ name, link, vote: opened.get(link) ?? messageOf(link), signature })
    }
  }
  return events
}

/** The message behind a link that any executed block opened. */
export function linkMessage(store: Pick<Store, 'get'>, link: Hash32): VoteMessage | undefined {
  const bytes = store.get('vote', linkKey(link))
  return bytes === undefined ? undefined : decodeMessage(requireItems(bytes))
}

/** Votes for a target height of one chain that any executed block counted; once per block that did. */
export async function countedVotes(
  store: Store,
  definition: ChainDefinition,
  chain: Hash32,
  height: Height,
): Promise<readonly CountedVote[]> {
  const domain = domainSeparator(definition.identity)
  const votes: CountedVote[] = []
  for await (const { encoded, blockHash } of countedEncodings(store, definition, chain, height))
    votes.push({ ...decodeSignedVote(encoded, domain), blockHash })
  return votes
}

/**
 * As {@link countedVotes}, without recovering who signed.
 *
 * @yields each as it is sent, and the block that counted it.
 */
export async function* countedEncodings(
  store: Pick<Store, 'entries'>,
  definition: ChainDefinition,
  chain: Hash32,
  height: Height,
): AsyncGenerator<{ readonly encoded: Uint8Array; readonly blockHash: Hash32 }> {
  const from = prefixOf(chain, height, definition)
  const to = prefixOf(chain, toHeight(height + 1n), definition)
  for await (const [, value] of store.entries('vote', { from, to })) {
    const items = decodeRlp(value, 1)
    const [encoded, blockHash] = items instanceof Uint8Array ? [] : items
    if (!(encoded instanceof Uint8Array) || !(blockHash instanceof Uint8Array)) {
      throw new InvalidValueError('a counted vote', bytesToHex(value))
    }
    yield { encoded, blockHash: bytesToHash32(blockHash) }
  }
}

/** 2, then the link: apart from the votes by height. */
function linkKey(link: Hash32): Uint8Array {
  return concatBytes(Uint8Array.of(2), hexToBytes(link))
}

/** Origin 1, auxiliary 0, then the height: votes of one target height lie side by side. */
function prefixOf(chain: Hash32, height: Height, definition: ChainDefinition): Uint8Array {
  const isOrigin = chain === originIdentifier(definition.identity.originChainId)
  return concatBytes(Uint8Array.of(isOrigin ? 1 : 0), bigintToBytes(height, 8))
}
