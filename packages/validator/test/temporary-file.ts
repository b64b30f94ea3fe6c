import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A path in a directory of its own, with nothing there yet; what the test leaves there is removed. */
export async function temporaryFile(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mosaic-validator-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return join(directory, name)
}
