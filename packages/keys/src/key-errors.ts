import { CodedError } from '@mosaic/primitives'

/** A file with a key or a password cannot be used as it is. */
export class KeyFileError extends CodedError<{
  readonly code: 'KEY_FILE'
  readonly path: string
  readonly reason: string
}> {
  override readonly name = 'KeyFileError'

  constructor(path: string, reason: string, options?: { readonly cause?: unknown }) {
    super(
      { code: 'KEY_FILE', path, reason },
      `the key file ${path} cannot be used: ${reason}`,
      options,
    )
  }
}

/** A remote signer did not give a signature that can be used. */
export class RemoteSignerError extends CodedError<{
  readonly code: 'REMOTE_SIGNER'
  readonly url: string
  readonly reason: string
}> {
  override readonly name = 'RemoteSignerError'

  constructor(url: string, reason: string, options?: { readonly cause?: unknown }) {
    super({ code: 'REMOTE_SIGNER', url, reason }, `the signer at ${url}: ${reason}`, options)
  }
}
