import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isSystemError } from './system-error.ts'

/**
 * Makes a directory with those above it, readable by its owner only, unless it is there. As `mkdir` with `recursive`, which never ends where
 * nothing can be made, such as below /proc.
 *
 * @throws what `mkdir` and `stat` throw.
 */
export async function makeDirectory(path: string): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); !(await isDirectory(at)); at = dirname(at)) missing.unshift(at)
  for (const each of missing) {
    try {
      await mkdir(each, { mode: 0o700 })
    } catch (error) {
      if (!isSystemError(error, 'EEXIST') || !(await isDirectory(each))) throw error
    }
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}
