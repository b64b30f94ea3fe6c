import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GuardUnusableError } from './guard-errors.ts'
import { hasErrno, lockFile } from './journal-lock.ts'

/** An append-only text file whose lines are on disk before `append` resolves. */
export type Journal = {
  /** All complete lines, oldest first. */
  readonly lines: readonly string[]
  /** Appends one line and returns after it is on disk. After a failure every later call fails too. */
  readonly append: (line: string) => Promise<void>
  /** Puts these lines in the place of all, and returns after they are on disk: a crash leaves the old ones or the new. Fails as `append`. */
  readonly replace: (lines: readonly string[]) => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Opens a journal file for one process, creating it if `create` says so.
 *
 * The lock keeps an honest second process out. Against one that got past it (a lock removed by hand, another machine), each
 * append compares the size of the file with what was written here: of two writers at most one gets its line acknowledged, and both stop.
 *
 * @throws {@link GuardUnusableError} if another live process holds it, if it is missing or empty though `create` is false, or if its
 * last line is torn.
 */
export async function openJournalFile(
  path: string,
  options: { readonly create: boolean },
): Promise<Journal> {
  const release = await lockFile(`${path}.lock`)
  try {
    const content = await read(path)
    if (content === undefined && !options.create) {
      throw new GuardUnusableError(
        `the journal ${path} is missing: import what the key has signed, or begin a new one for a key that has signed nothing`,
      )
    }
    const text = (content ?? new Uint8Array()).toString('utf8')
    if (text === '' && !options.create) throw new GuardUnusableError(`the journal ${path} is empty`)
    if (text !== '' && !text.endsWith('\n')) {
      throw new GuardUnusableError(`the last line of the journal ${path} is torn`)
    }
    const file = await open(path, 'a', 0o600)
    if (content === undefined) await syncDirectory(dirname(path))
    const writer = createWriter(file, path, content?.length ?? 0)
    return {
      lines: text.split('\n').slice(0, -1),
      append: writer.append,
      replace: writer.replace,
      close: async () => {
        await writer.close()
        await release()
      },
    }
  } catch (error) {
    await release()
    if (error instanceof GuardUnusableError) throw error
    throw new GuardUnusableError(`the journal ${path} cannot be opened`, { cause: error })
  }
}

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    throw new GuardUnusableError(`the journal ${path} cannot be read`, { cause })
  }
}

function createWriter(
  opened: FileHandle,
  path: string,
  size: number,
): Pick<Journal, 'append' | 'replace' | 'close'> {
  let file = opened
  let expected = size
  let failure: GuardUnusableError | undefined
  const write = async (step: () => Promise<void>): Promise<void> => {
    if (failure !== undefined) {
      throw new GuardUnusableError(`the journal ${path} failed before`, { cause: failure })
    }
    try {
      await step()
      const found = (await file.stat()).size
      if (found !== expected) {
        throw new RangeError(`expected ${expected} bytes, received ${found}: somebody else wrote`)
      }
    } catch (cause) {
      failure = new GuardUnusableError(`the journal ${path} cannot be written`, { cause })
      throw failure
    }
  }
  return {
    append: (line) =>
      write(async () => {
        const bytes = Buffer.from(`${line}\n`)
        await file.appendFile(bytes)
        await file.datasync()
        expected += bytes.length
      }),
    replace: (lines) =>
      write(async () => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const fresh = await open(`${path}.new`, 'w', 0o600)
        try {
          await fresh.writeFile(bytes)
          await fresh.datasync()
        } finally {
          await fresh.close()
        }
        const before = (await file.stat()).size
        if (before !== expected) {
          throw new RangeError(
            `expected ${expected} bytes, received ${before}: somebody else wrote`,
          )
        }
        await rename(`${path}.new`, path)
        await syncDirectory(dirname(path))
        await file.close()
        file = await open(path, 'a', 0o600)
        expected = bytes.length
      }),
    close: () => file.close(),
  }
}

/** Puts the name of a new file on disk, which a sync of the file alone does not. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
