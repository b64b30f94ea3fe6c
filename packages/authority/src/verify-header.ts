import {
  type Address,
  accept,
  bytesToHex,
  encodeRlp,
  type Hash32,
  keccak256,
  refuse,
  type Verdict,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import { SEAL_BYTES, SIGNER_BYTES, splitExtraData, VANITY_BYTES } from './extra-data.ts'
import type { AuthorityFault, AuthorityFaultCode } from './fault.ts'
import { isGasLimitAllowed, MAX_GAS_LIMIT, MIN_GAS_LIMIT, nextBaseFee } from './gas.ts'
import { type AuthorityHeader, headerHash } from './header.ts'
import { isAuthorizing, isVoteNonce } from './nonce.ts'
import { findSignerFault, isInTurn, type SignerSnapshot } from './signer-snapshot.ts'

/** The two constants of EIP-225 that a chain chooses. */
export type AuthorityRules = {
  /** Least number of seconds between a block and the next. */
  readonly period: bigint
  /** Number of blocks after which votes are forgotten and the signers listed. At least 1. */
  readonly epoch: bigint
}

/** A header and what it is judged by. */
export type HeaderCheck = {
  readonly header: AuthorityHeader
  /** The header of `parentHash`, accepted before; undefined if there is none. */
  readonly parent: AuthorityHeader | undefined
  /** Who may seal after the parent. */
  readonly snapshot: SignerSnapshot
  /** Whose signature of `sealHash` the seal is; undefined if it is no proper one. */
  readonly signer: Address | undefined
  readonly rules: AuthorityRules
  readonly nowSeconds: bigint
}

/** Hash of the empty list, as the uncles of every block are. */
export const EMPTY_UNCLE_HASH: Hash32 = keccak256(encodeRlp([]))

/** Difficulty of a block sealed in turn. */
export const DIFFICULTY_IN_TURN = 2n
/** Difficulty of a block sealed out of turn. */
export const DIFFICULTY_OUT_OF_TURN = 1n

/**
 * Whether a header may follow its parent. Says nothing of the state, transaction and receipt roots and the bloom, nor whether the
 * body has uncles. Checks that need no parent come first, so that a header is refused for itself before it is for its place.
 *
 * Spec: EIP-225, EIP-1559.
 */
export function verifyHeader(check: HeaderCheck): Verdict<undefined, AuthorityFault> {
  const found = findFormFault(check) ?? findPlaceFault(check) ?? findSealFault(check)
  return found === undefined ? accept(undefined) : refuse(found)
}

function findFormFault({ header, rules, nowSeconds }: HeaderCheck): AuthorityFault | undefined {
  const { timestamp, coinbase, nonce, mixHash, uncleHash, difficulty, gasLimit, gasUsed } = header
  const isEpochStart = header.number % rules.epoch === 0n
  if (timestamp > nowSeconds) {
    return fault('FUTURE_BLOCK', `a timestamp of at most ${nowSeconds}`, timestamp)
  }
  if (isEpochStart && coinbase !== ZERO_ADDRESS) {
    return fault('INVALID_CHECKPOINT_BENEFICIARY', ZERO_ADDRESS, coinbase)
  }
  if (!isVoteNonce(nonce)) return fault('INVALID_VOTE', 'all ones or zeros', bytesToHex(nonce))
  if (isEpochStart && isAuthorizing(nonce)) {
    return fault('INVALID_CHECKPOINT_VOTE', 'zeros', bytesToHex(nonce))
  }
  const extraDataFault = findExtraDataFault(header.extraData, isEpochStart)
  if (extraDataFault !== undefined) return extraDataFault
  if (mixHash !== ZERO_HASH) return fault('INVALID_MIX_DIGEST', ZERO_HASH, mixHash)
  if (uncleHash !== EMPTY_UNCLE_HASH) {
    return fault('INVALID_UNCLE_HASH', EMPTY_UNCLE_HASH, uncleHash)
  }
  if (difficulty !== DIFFICULTY_IN_TURN && difficulty !== DIFFICULTY_OUT_OF_TURN) {
    return fault('INVALID_DIFFICULTY', '1 or 2', difficulty)
  }
  if (gasLimit > MAX_GAS_LIMIT) {
    return fault('INVALID_GAS_LIMIT', `at most ${MAX_GAS_LIMIT}`, gasLimit)
  }
  if (gasUsed > gasLimit) return fault('INVALID_GAS_USED', `at most ${gasLimit}`, gasUsed)
  const later = header.extraFields?.length ?? 0
  if (later > 0) return fault('INVALID_FORK_FIELD', '16 fields', `${16 + later} fields`)
  return undefined
}

function findExtraDataFault(
  extraData: Uint8Array,
  isEpochStart: boolean,
): AuthorityFault | undefined {
  const size = extraData.length
  const received = `${size} bytes`
  if (size < VANITY_BYTES) {
    return fault('MISSING_VANITY', `at least ${VANITY_BYTES} bytes`, received)
  }
  const least = VANITY_BYTES + SEAL_BYTES
  if (size < least) return fault('MISSING_SIGNATURE', `at least ${least} bytes`, received)
  if (!isEpochStart && size > least) return fault('EXTRA_SIGNERS', `${least} bytes`, received)
  if ((size - least) % SIGNER_BYTES !== 0) {
    return fault('INVALID_CHECKPOINT_SIGNERS', `${least} bytes and whole addresses`, received)
  }
  return undefined
}

function findPlaceFault(check: HeaderCheck): AuthorityFault | undefined {
  const { header, parent, snapshot, rules } = check
  const { number, parentHash, timestamp, gasLimit } = header
  if (
    parent === undefined ||
    number !== parent.number + 1n ||
    parentHash !== snapshot.hash ||
    parentHash !== headerHash(parent)
  ) {
    const known = parent === undefined ? 'an unknown one' : `${parent.number} ${headerHash(parent)}`
    const expected = `the parent of block ${number}, ${parentHash}, and its signers`
    return fault('UNKNOWN_ANCESTOR', expected, `${known}, and the signers of ${snapshot.hash}`)
  }
  const earliest = parent.timestamp + rules.period
  if (timestamp < earliest) return fault('INVALID_TIMESTAMP', `at least ${earliest}`, timestamp)
  if (!isGasLimitAllowed(parent, gasLimit)) {
    const expected = `at least ${MIN_GAS_LIMIT} and less than 1/1024 away from ${parent.gasLimit}`
    return fault('INVALID_GAS_LIMIT', expected, gasLimit)
  }
  const baseFee = nextBaseFee(parent)
  if (header.baseFeePerGas !== baseFee) {
    return fault('INVALID_BASE_FEE', `${baseFee}`, header.baseFeePerGas ?? 'none')
  }
  if (number % rules.epoch === 0n) {
    const received = splitExtraData(header.extraData).signers.join()
    const expected = snapshot.signers.join()
    if (received !== expected) return fault('MISMATCHING_CHECKPOINT_SIGNERS', expected, received)
  }
  return undefined
}

function findSealFault({ header, snapshot, signer }: HeaderCheck): AuthorityFault | undefined {
  if (signer === undefined) {
    const seal = bytesToHex(header.extraData.slice(-SEAL_BYTES))
    return fault('INVALID_SEAL', 'a signature of the seal hash', seal)
  }
  const signerFault = findSignerFault(snapshot, signer)
  if (signerFault !== undefined) return signerFault
  const difficulty = turnDifficulty(isInTurn(snapshot, header.number, signer))
  if (header.difficulty !== difficulty) {
    return fault('WRONG_DIFFICULTY', `${difficulty}`, header.difficulty)
  }
  return undefined
}

/** The difficulty that a block has in turn, or out of turn. */
export function turnDifficulty(inTurn: boolean): 1n | 2n {
  return inTurn ? DIFFICULTY_IN_TURN : DIFFICULTY_OUT_OF_TURN
}

function fault(
  code: AuthorityFaultCode,
  expected: string,
  received: string | bigint,
): AuthorityFault {
  return { code, expected, received: String(received) }
}
