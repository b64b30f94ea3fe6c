import type { Offence } from '@mosaic/finality'
import { CodedError, type Height } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'

/** Why the guard refuses a vote. */
export type Refusal = Offence | 'target-not-above-watermark' | 'source-below-watermark'

/** The vote could break a slashing condition together with one signed before; nothing was signed. */
export class SigningRefusedError extends CodedError<{
  readonly code: 'SIGNING_REFUSED'
  readonly refusal: Refusal
  readonly vote: VoteMessage
  readonly watermark: { readonly sourceHeight: Height; readonly targetHeight: Height }
}> {
  override readonly name = 'SigningRefusedError'

  constructor(
    refusal: Refusal,
    vote: VoteMessage,
    watermark: { readonly sourceHeight: Height; readonly targetHeight: Height },
  ) {
    super(
      { code: 'SIGNING_REFUSED', refusal, vote, watermark },
      `refused to sign ${vote.sourceHeight}→${vote.targetHeight} on ${vote.chain}: ${refusal}; signed before: ${watermark.sourceHeight}→${watermark.targetHeight}`,
    )
  }
}

/** The guard's own record cannot be trusted or written: nothing may be signed. */
export class GuardUnusableError extends CodedError<{
  readonly code: 'GUARD_UNUSABLE'
  readonly reason: string
}> {
  override readonly name = 'GuardUnusableError'

  constructor(reason: string, options?: { readonly cause?: unknown }) {
    super({ code: 'GUARD_UNUSABLE', reason }, `the signing guard is unusable: ${reason}`, options)
  }
}
