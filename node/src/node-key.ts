import { readFile, writeFile } from 'node:fs/promises'
import { createNodeKey, type NodeKey } from '@mosaic/network'
import { toHash32 } from '@mosaic/primitives'
import { isSystemError } from './system-error.ts'

/**
 * Reads the peer identity of a node; makes one on the first start.
 *
 * @throws InvalidValueError if the file holds something else than 32 bytes in hex.
 */
export async function loadNodeKey(path: string): Promise<NodeKey> {
  try {
    return toHash32((await readFile(path, 'utf8')).trim())
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    const key = createNodeKey()
    await writeFile(path, `${key}\n`, { mode: 0o600, flag: 'wx' })
    return key
  }
}
