/**
 * What is wrong with a header. `FUTURE_BLOCK` and `UNKNOWN_ANCESTOR` are nobody's fault: our clock or our chain may be behind.
 * Every other one is its sender's, who checks a header before passing it on.
 */
export type AuthorityFaultCode =
  /** Later than the clock; may be right in a moment. */
  | 'FUTURE_BLOCK'
  /** The parent is not known, or is not the block before. */
  | 'UNKNOWN_ANCESTOR'
  /** Less than a period after the parent. */
  | 'INVALID_TIMESTAMP'
  /** A vote in a block that begins an epoch. */
  | 'INVALID_CHECKPOINT_BENEFICIARY'
  /** A nonce that is neither of the two votes. */
  | 'INVALID_VOTE'
  /** The nonce of a vote to admit in a block that begins an epoch. */
  | 'INVALID_CHECKPOINT_VOTE'
  /** Extra data too short for the vanity. */
  | 'MISSING_VANITY'
  /** Extra data too short for the seal. */
  | 'MISSING_SIGNATURE'
  /** Signers listed in a block that does not begin an epoch. */
  | 'EXTRA_SIGNERS'
  /** The bytes between vanity and seal are no list of addresses. */
  | 'INVALID_CHECKPOINT_SIGNERS'
  /** The listed signers are not those in force, in ascending order. */
  | 'MISMATCHING_CHECKPOINT_SIGNERS'
  | 'INVALID_MIX_DIGEST'
  | 'INVALID_UNCLE_HASH'
  /** A difficulty other than 1 and 2. */
  | 'INVALID_DIFFICULTY'
  /** The difficulty of the other kind of turn. */
  | 'WRONG_DIFFICULTY'
  /** Too high, too low, or too far from the parent's. */
  | 'INVALID_GAS_LIMIT'
  | 'INVALID_GAS_USED'
  /** Not what EIP-1559 makes of the parent. */
  | 'INVALID_BASE_FEE'
  /** A field of Shanghai or later. */
  | 'INVALID_FORK_FIELD'
  /** No signer can be recovered from the seal. */
  | 'INVALID_SEAL'
  | 'UNAUTHORIZED_SIGNER'
  /** The signer sealed one of the last floor(signers / 2) blocks. */
  | 'RECENTLY_SIGNED'

/** Why a header is not accepted after its parent. */
export type AuthorityFault = {
  readonly code: AuthorityFaultCode
  readonly expected: string
  readonly received: string
}
