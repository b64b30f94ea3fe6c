import { open, readFile, rm } from 'node:fs/promises'
import { GuardUnusableError } from './guard-errors.ts'

/** An append-only text file whose lines are on disk before `append` resolves. */
export type Journal = {
  /** All complete lines, oldest first. */
  readonly lines: readonly string[]
  /** Appends one line and returns after it is on disk. After a failure every later call fails too. */
  readonly append: (line: string) => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Opens a journal file for one process, creating it if `create` says so.
 *
 * @throws {@link GuardUnusableError} if another live process holds it, if it is missing though `create` is false, or if its last line is torn.
 */
export async function openJournalFile(
  path: string,
  options: { readonly create: boolean },
): Promise<Journal> {
  const release = await lock(`${path}.lock`)
  try {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      if (isErrno(cause, 'ENOENT') && options.create) return ''
      throw new GuardUnusableError(`the journal ${path} cannot be read`, { cause })
    })
    if (text !== '' && !text.endsWith('\n')) {
      throw new GuardUnusableError(`the last line of the journal ${path} is torn`)
    }
    const file = await open(path, 'a', 0o600)
    let failure: unknown
    return {
      lines: text.split('\n').slice(0, -1),
      append: async (line) => {
        if (failure !== undefined) {
          throw new GuardUnusableError(`the journal ${path} failed before`, { cause: failure })
        }
        try {
          await file.appendFile(`${line}\n`)
          await file.datasync()
        } catch (cause) {
          failure = cause
          throw new GuardUnusableError(`the journal ${path} cannot be written`, { cause })
        }
      },
      close: async () => {
        await file.close()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(`${process.pid}\n`)
      await file.sync()
      await file.close()
      return async () => rm(path, { force: true })
    } catch (error) {
      if (!isErrno(error, 'EEXIST'))
        throw new GuardUnusableError(`cannot lock ${path}`, { cause: error })
      const holder = Number(await readFile(path, 'utf8').catch(() => ''))
      if (holder !== process.pid && isAlive(holder)) {
        throw new GuardUnusableError(`${path} is held by the running process ${holder}`)
      }
      await rm(path, { force: true })
    }
  }
  throw new GuardUnusableError(`${path} was taken by another process`)
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
