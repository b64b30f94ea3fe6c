/** What every coded error carries for programs: a stable code and the facts. */
export type ErrorShape = { readonly code: string }

/** An error that programs tell apart by `shape` (under semantic versioning) and people by `message`. */
export abstract class CodedError<S extends ErrorShape> extends Error {
  readonly shape: S

  protected constructor(shape: S, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.shape = shape
  }

  get code(): S['code'] {
    return this.shape.code
  }
}

/** A value that is not of the form its type promises. */
export class InvalidValueError extends CodedError<{
  readonly code: 'INVALID_VALUE'
  readonly expected: string
  readonly received: string
}> {
  override readonly name = 'InvalidValueError'

  constructor(expected: string, value: unknown) {
    const received = describe(value)
    super(
      { code: 'INVALID_VALUE', expected, received },
      `expected ${expected}, received ${received}`,
    )
  }
}

function describe(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text
}

/** The outcome of a check that is expected to fail now and then: the fault says who is to blame. */
export type Verdict<T, Fault> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault }

export function accept<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function refuse<Fault>(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault }
}
