import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Address } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { KeyFileError } from './key-errors.ts'
import { encryptKeystore, keystoreAddress, type ScryptCost } from './keystore.ts'
import { writePrivateFile } from './private-file.ts'

/** A keystore in a directory. */
export type StoredKey = { readonly address: Address; readonly path: string }

/**
 * Encrypts a secret key into a new file of a directory, named as other clients name theirs: `UTC--<time>--<address>`.
 *
 * @throws {@link KeyFileError} if the directory may be read by others, or holds that account already.
 */
export async function storeKey(
  directory: string,
  secretKey: Uint8Array,
  password: string,
  options: { readonly now: Date; readonly cost?: ScryptCost },
): Promise<StoredKey> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { mode } = await stat(directory)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new KeyFileError(directory, `expected mode 700, found ${(mode & 0o777).toString(8)}`)
  }
  const address = secretKeyToAddress(secretKey)
  const known = (await listKeys(directory)).find((each) => each.address === address)
  if (known !== undefined) throw new KeyFileError(known.path, `it holds ${address} already`)
  const time = options.now.toISOString().replaceAll(':', '-')
  const path = join(directory, `UTC--${time}--${address.slice(2)}`)
  await writePrivateFile(path, `${await encryptKeystore(secretKey, password, options.cost)}\n`)
  return { address, path }
}

/** The keystores in a directory, by time of making; other files are passed over. */
export async function listKeys(directory: string): Promise<readonly StoredKey[]> {
  const keys: StoredKey[] = []
  for (const entry of (await readdir(directory, { withFileTypes: true })).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (!entry.isFile()) continue
    const path = join(directory, entry.name)
    const address = keystoreAddress(await readFile(path, 'utf8').catch(() => ''))
    if (address !== undefined) keys.push({ address, path })
  }
  return keys
}
