import { bytesToHex, hexToBytes } from '@mosaic/primitives'
import { KeyFileError } from './key-errors.ts'
import { decryptKeystore, isKeystore } from './keystore.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

/**
 * Reads a secret key from a file that only its owner may read: 0x and 64 hex digits, or a keystore (Web3 secret storage, version 3), for
 * which `passwordFile` holds the password, with the same mode.
 *
 * @throws {@link KeyFileError}; nothing of the content is ever in a message.
 */
export async function readKeyFile(path: string, passwordFile?: string): Promise<Uint8Array> {
  const text = (await readPrivateFile(path)).trim()
  if (isKeystore(text)) {
    if (passwordFile === undefined) {
      throw new KeyFileError(path, 'it is encrypted, and no file with its password is named')
    }
    return decryptKeystore(text, await readPassword(passwordFile), path)
  }
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) {
    throw new KeyFileError(path, 'expected 0x and 64 hex digits, or a keystore of version 3')
  }
  return hexToBytes(text)
}

/** Reads a password: the first line of a file that only its owner may read. @throws {@link KeyFileError} */
export async function readPassword(path: string): Promise<string> {
  const [password = ''] = (await readPrivateFile(path)).split(/\r?\n/)
  if (password === '') throw new KeyFileError(path, 'expected a password in the first line')
  return password
}

/** Writes a secret key where only its owner may read it. @throws {@link KeyFileError} if the file is there. */
export async function writeKeyFile(path: string, key: Uint8Array): Promise<void> {
  await writePrivateFile(path, `${bytesToHex(key)}\n`)
}
