import { readFile, stat, writeFile } from 'node:fs/promises'
import { bytesToHex, CodedError, hexToBytes } from '@mosaic/primitives'

/** A key file cannot be used as it is. */
class KeyFileError extends CodedError<{
  readonly code: 'KEY_FILE'
  readonly path: string
  readonly reason: string
}> {
  override readonly name = 'KeyFileError'

  constructor(path: string, reason: string) {
    super({ code: 'KEY_FILE', path, reason }, `the key file ${path} cannot be used: ${reason}`)
  }
}

/**
 * Reads a secret key: 32 bytes of hex in a file that only its owner may read.
 *
 * @throws {@link KeyFileError}; nothing of the content is ever in a message.
 */
export async function readKeyFile(path: string): Promise<Uint8Array> {
  const { mode } = await stat(path).catch(() => {
    throw new KeyFileError(path, 'it does not exist')
  })
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new KeyFileError(path, `expected mode 600, found ${(mode & 0o777).toString(8)}`)
  }
  const text = (await readFile(path, 'utf8')).trim()
  if (!/^0x[0-9a-fA-F]{64}$/.test(text))
    throw new KeyFileError(path, 'expected 0x and 64 hex digits')
  return hexToBytes(text)
}

/** Writes a secret key where only its owner may read it. Refuses to overwrite. */
export async function writeKeyFile(path: string, key: Uint8Array): Promise<void> {
  await writeFile(path, `${bytesToHex(key)}\n`, { mode: 0o600, flag: 'wx' })
}
