import { CodedError } from '@mosaic/primitives'

/**
 * This machine cannot read what it should have: a trie node, code or an ancestor is not there, or the store failed. It says nothing
 * about the block or call that needed it, so it is never turned into a verdict on one.
 */
export class StateUnavailableError extends CodedError<{
  readonly code: 'STATE_UNAVAILABLE'
  readonly expected: string
}> {
  override readonly name = 'StateUnavailableError'

  constructor(expected: string, options?: { readonly cause?: unknown }) {
    super({ code: 'STATE_UNAVAILABLE', expected }, `expected ${expected}, found none`, options)
  }
}

/** The end-of-block call failed: the block is invalid. */
export class SystemCallError extends CodedError<{
  readonly code: 'SYSTEM_CALL_FAILED'
  readonly reason: string
  readonly returned: string
}> {
  override readonly name = 'SystemCallError'

  /** @param returned hex of what the call returned. */
  constructor(reason: string, returned: string) {
    super(
      { code: 'SYSTEM_CALL_FAILED', reason, returned },
      `the end-of-block call failed: ${reason}, returned ${returned}`,
    )
  }
}

/** The constructor of a predeploy did not run through. */
export class PredeployFailedError extends CodedError<{
  readonly code: 'PREDEPLOY_FAILED'
  readonly reason: string
  readonly returned: string
}> {
  override readonly name = 'PredeployFailedError'

  /** @param returned hex of what the constructor returned. */
  constructor(reason: string, returned: string) {
    super(
      { code: 'PREDEPLOY_FAILED', reason, returned },
      `expected a constructor that succeeds, received ${reason} ${returned}`,
    )
  }
}
