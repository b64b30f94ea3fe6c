import type { Address, BlockNumber } from '@mosaic/primitives'
import {
  findSignerFault,
  isInTurn,
  nextNumber,
  recentLimit,
  type SignerSnapshot,
} from './signer-snapshot.ts'
import { type AuthorityRules, turnDifficulty } from './verify-header.ts'

/** Milliseconds of waiting per block that a signer must leave to others. Spec: EIP-225, which proposes it. */
const WIGGLE_MS = 500

/** Whether, when and how a signer may seal the block after a snapshot. */
export type SealPlan =
  | { readonly canSeal: false; readonly reason: 'UNAUTHORIZED_SIGNER' | 'RECENTLY_SIGNED' }
  | {
      readonly canSeal: true
      readonly number: BlockNumber
      readonly inTurn: boolean
      readonly difficulty: 1n | 2n
      /** Lowest timestamp of the block, in seconds; it is the later of this and the clock, and is not sent before that. */
      readonly earliestTimestamp: bigint
      /** Who is out of turn waits a random time from 0 to this beyond the timestamp. 0 in turn. */
      readonly wiggleMs: number
      /** Without a period, a block is sealed only for its transactions: empty ones would follow without end. */
      readonly mayBeEmpty: boolean
    }

/** The plan of `address` for the block after the snapshot, whose own timestamp is `parentTimestamp`. */
export function sealPlan(
  snapshot: SignerSnapshot,
  address: Address,
  parentTimestamp: bigint,
  rules: AuthorityRules,
): SealPlan {
  const fault = findSignerFault(snapshot, address)
  if (fault !== undefined) {
    const reason = fault.code === 'RECENTLY_SIGNED' ? 'RECENTLY_SIGNED' : 'UNAUTHORIZED_SIGNER'
    return { canSeal: false, reason }
  }
  const number = nextNumber(snapshot)
  const inTurn = isInTurn(snapshot, number, address)
  return {
    canSeal: true,
    number,
    inTurn,
    difficulty: turnDifficulty(inTurn),
    earliestTimestamp: parentTimestamp + rules.period,
    wiggleMs: inTurn ? 0 : recentLimit(snapshot.signers.length) * WIGGLE_MS,
    mayBeEmpty: rules.period > 0n,
  }
}
