import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A path for a store, with nothing there yet; what the test leaves there is removed. */
export async function temporaryDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'mosaic-storage-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  return join(parent, 'store')
}
