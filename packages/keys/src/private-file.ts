import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KeyFileError } from './key-errors.ts'

/** Bits of others in a mode. */
const OTHERS = 0o077

/** Reads a text file that only its owner may read. @throws {@link KeyFileError} if others may, or it is not there. */
export async function readPrivateFile(path: string): Promise<string> {
  const { mode } = await stat(path).catch((cause: unknown) => {
    throw new KeyFileError(path, 'it does not exist or cannot be looked at', { cause })
  })
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
    throw new KeyFileError(path, `expected mode 600, found ${(mode & 0o777).toString(8)}`)
  }
  return readFile(path, 'utf8')
}

/**
 * Writes a file that only its owner may read: complete and on disk, or not there at all.
 *
 * @throws {@link KeyFileError} if there is one already.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const directory = dirname(path)
  const unfinished = join(directory, `.${randomBytes(8).toString('hex')}.new`)
  const claim = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw new KeyFileError(path, 'it cannot be made: there is one, or no such directory', { cause })
  })
  await claim.close()
  try {
    const file = await open(unfinished, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    await rm(path, { force: true })
    throw error
  }
  await syncDirectory(directory)
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
