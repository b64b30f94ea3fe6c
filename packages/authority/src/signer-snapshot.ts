import {
  type Address,
  accept,
  type BlockNumber,
  type Hash32,
  InvalidValueError,
  refuse,
  toBlockNumber,
  type Verdict,
} from '@mosaic/primitives'
import { compareAddresses, isAscending, splitExtraData } from './extra-data.ts'
import type { AuthorityFault } from './fault.ts'
import { type AuthorityHeader, headerHash } from './header.ts'
import { isAuthorizing } from './nonce.ts'

/** One signer's standing vote on one account. */
export type SignerVote = {
  readonly signer: Address
  /** The block that carried the vote. */
  readonly number: BlockNumber
  readonly target: Address
  /** Admit `target` if true, drop it if false. */
  readonly authorize: boolean
}

/** The standing votes on one account, which all want the same: to admit it if it is no signer, to drop it if it is one. */
export type SignerTally = { readonly authorize: boolean; readonly votes: number }

/** Who may seal after a block, as this block's branch decided it. */
export type SignerSnapshot = {
  readonly number: BlockNumber
  readonly hash: Hash32
  /** Ascending. */
  readonly signers: readonly Address[]
  /** Who sealed the latest blocks, by number; as many as it takes to tell who may seal next. */
  readonly recents: ReadonlyMap<BlockNumber, Address>
  /** In the order of their blocks, one per signer and target. */
  readonly votes: readonly SignerVote[]
  readonly tally: ReadonlyMap<Address, SignerTally>
}

/** The signers that the genesis block lists. @throws {@link InvalidValueError} unless it is block 0 and lists at least one, ascending. */
export function genesisSnapshot(header: AuthorityHeader): SignerSnapshot {
  if (header.number !== 0n) throw new InvalidValueError('the genesis block', header.number)
  const { signers } = splitExtraData(header.extraData)
  if (signers.length === 0 || !isAscending(signers)) {
    throw new InvalidValueError('ascending signers in the genesis block', signers.join())
  }
  return {
    number: header.number,
    hash: headerHash(header),
    signers,
    recents: new Map(),
    votes: [],
    tally: new Map(),
  }
}

/** A signer seals at most one of so many consecutive blocks: floor(signers / 2) + 1. */
export function recentLimit(signerCount: number): number {
  return Math.floor(signerCount / 2) + 1
}

/** Whether it is the turn of `address` to seal block `number`; never for who is no signer. */
export function isInTurn(snapshot: SignerSnapshot, number: bigint, address: Address): boolean {
  const { signers } = snapshot
  const index = signers.indexOf(address)
  return index >= 0 && number % BigInt(signers.length) === BigInt(index)
}

/**
 * Why `signer` may not seal the block after the snapshot, if so.
 *
 * Spec: EIP-225. Differs from geth 1.13.15, whose unsigned subtraction lets a signer seal twice among the first blocks.
 */
export function findSignerFault(
  snapshot: SignerSnapshot,
  signer: Address,
): AuthorityFault | undefined {
  if (!snapshot.signers.includes(signer)) {
    const expected = `one of ${snapshot.signers.length} signers`
    return { code: 'UNAUTHORIZED_SIGNER', expected, received: signer }
  }
  const limit = recentLimit(snapshot.signers.length)
  const next = snapshot.number + 1n
  for (const [number, recent] of snapshot.recents) {
    if (recent === signer && number + BigInt(limit) > next) {
      return {
        code: 'RECENTLY_SIGNED',
        expected: `${signer} to seal one of ${limit} consecutive blocks`,
        received: `blocks ${number} and ${next}`,
      }
    }
  }
  return undefined
}

/**
 * The snapshot after `header`, which `signer` sealed. Checks only what signers and votes depend on: `verifyHeader` comes first.
 *
 * Spec: EIP-225. A vote that does not apply (to admit a signer, to drop another) is not counted, but still withdraws the signer's
 * earlier vote on the same account, and still lets the others' votes on it take effect. A majority that comes about because a
 * signer was dropped takes effect when its target is next voted on.
 */
export function applyHeader(
  snapshot: SignerSnapshot,
  header: AuthorityHeader,
  signer: Address,
  epoch: bigint,
): Verdict<SignerSnapshot, AuthorityFault> {
  const { number } = header
  if (number !== snapshot.number + 1n || header.parentHash !== snapshot.hash) {
    return refuse({
      code: 'UNKNOWN_ANCESTOR',
      expected: `a block after ${snapshot.number} ${snapshot.hash}`,
      received: `block ${number} after ${header.parentHash}`,
    })
  }
  const fault = findSignerFault(snapshot, signer)
  if (fault !== undefined) return refuse(fault)

  const recents = new Map([...latest(snapshot, number, snapshot.signers.length), [number, signer]])
  const vote: SignerVote = {
    signer,
    number,
    target: header.coinbase,
    authorize: isAuthorizing(header.nonce),
  }
  const standing = castVote(number % epoch === 0n ? [] : snapshot.votes, vote, snapshot.signers)
  const tally = countVotes(standing)
  const signers = applyTally(snapshot.signers, vote.target, tally.get(vote.target))
  const next: SignerSnapshot = {
    number,
    hash: headerHash(header),
    signers,
    recents,
    votes: standing,
    tally,
  }
  return accept(signers === snapshot.signers ? next : settle(next, vote.target))
}

/** The votes by target. Of one target all votes want the same, or it would have changed sides in between. */
export function countVotes(votes: readonly SignerVote[]): ReadonlyMap<Address, SignerTally> {
  const tally = new Map<Address, SignerTally>()
  for (const { target, authorize } of votes) {
    tally.set(target, { authorize, votes: (tally.get(target)?.votes ?? 0) + 1 })
  }
  return tally
}

/** Whether a vote would change anything: only outsiders are admitted, only signers are dropped. */
export function isApplicable(
  signers: readonly Address[],
  target: Address,
  authorize: boolean,
): boolean {
  return signers.includes(target) !== authorize
}

function castVote(
  votes: readonly SignerVote[],
  vote: SignerVote,
  signers: readonly Address[],
): readonly SignerVote[] {
  const others = votes.filter(
    ({ signer, target }) => signer !== vote.signer || target !== vote.target,
  )
  return isApplicable(signers, vote.target, vote.authorize) ? [...others, vote] : others
}

/** The signers after the votes on `target`; the same object if they are no majority. */
function applyTally(
  signers: readonly Address[],
  target: Address,
  tally: SignerTally | undefined,
): readonly Address[] {
  if (tally === undefined || tally.votes * 2 <= signers.length) return signers
  return tally.authorize
    ? [...signers, target].toSorted(compareAddresses)
    : signers.filter((signer) => signer !== target)
}

/** Forgets what ended with the change of `changed`: votes on it, its own votes if it was dropped, and recents beyond the new limit. */
function settle(snapshot: SignerSnapshot, changed: Address): SignerSnapshot {
  const isMember = snapshot.signers.includes(changed)
  const votes = snapshot.votes.filter(
    ({ signer, target }) => target !== changed && (isMember || signer !== changed),
  )
  const recents = new Map(latest(snapshot, snapshot.number, snapshot.signers.length))
  return { ...snapshot, votes, tally: countVotes(votes), recents }
}

/** The sealers that still count after block `number`. */
function latest(
  snapshot: SignerSnapshot,
  number: BlockNumber,
  signerCount: number,
): readonly (readonly [BlockNumber, Address])[] {
  const limit = BigInt(recentLimit(signerCount))
  return [...snapshot.recents].filter(([sealed]) => sealed + limit > number)
}

/** The number of the block that comes after the snapshot. */
export function nextNumber(snapshot: SignerSnapshot): BlockNumber {
  return toBlockNumber(snapshot.number + 1n)
}
