import { CodedError } from '@mosaic/primitives'

/** A trace would take more memory than it may. */
export class TraceTooLargeError extends CodedError<{
  readonly code: 'TRACE_TOO_LARGE'
  readonly maxBytes: number
}> {
  override readonly name = 'TraceTooLargeError'

  constructor(maxBytes: number) {
    super(
      { code: 'TRACE_TOO_LARGE', maxBytes },
      `expected a trace of at most ${maxBytes} bytes, received a larger one: set a limit, or leave out memory, stack or storage`,
    )
  }
}
