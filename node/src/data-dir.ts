import { join } from 'node:path'
import { CodedError } from '@mosaic/primitives'
import { lockFile } from '@mosaic/validator'
import { makeDirectory } from './make-directory.ts'

/** Another process works in the data directory, or it cannot be used. */
class DataDirError extends CodedError<{
  readonly code: 'DATA_DIR'
  readonly dataDir: string
}> {
  override readonly name = 'DataDirError'

  constructor(dataDir: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      { code: 'DATA_DIR', dataDir },
      `expected a data directory that this process has for itself, received ${dataDir}: ${reason}`,
      { cause },
    )
  }
}

/** Makes a data directory, readable by its owner only, and keeps other processes out until it is released. @throws DataDirError */
export async function openDataDir(dataDir: string): Promise<() => Promise<void>> {
  try {
    await makeDirectory(dataDir)
    return await lockFile(join(dataDir, 'lock'))
  } catch (error) {
    throw new DataDirError(dataDir, error)
  }
}
