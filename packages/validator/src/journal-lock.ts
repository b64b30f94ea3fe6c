import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { GuardUnusableError } from './guard-errors.ts'

/** Lock files of this process; one of another run may name our process number. */
const held = new Set<string>()

/**
 * Creates a lock file that names this process, and takes over one whose process is gone. Returns what gives it back.
 *
 * @throws {@link GuardUnusableError} if a live process, this one included, holds it.
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const file = resolve(path)
  if (held.has(file)) throw new GuardUnusableError(`${path} is held by this very process`)
  held.add(file)
  try {
    await acquire(file)
  } catch (error) {
    held.delete(file)
    throw error
  }
  return async () => {
    if ((await readHolder(file)) === process.pid) await rm(file, { force: true })
    held.delete(file)
  }
}

/** The lock is linked into place with its content, so that nobody ever reads half of it. */
async function acquire(path: string): Promise<void> {
  const claim = `${path}.${process.pid}`
  try {
    await writeFile(claim, `${process.pid}\n`, { mode: 0o600, flush: true })
    if (await tryLink(claim, path)) return
    const holder = await readHolder(path)
    if (holder !== process.pid && isAlive(holder)) {
      throw new GuardUnusableError(`${path} is held by the running process ${holder}`)
    }
    await rm(path, { force: true })
    if (await tryLink(claim, path)) return
  } catch (cause) {
    if (cause instanceof GuardUnusableError) throw cause
    throw new GuardUnusableError(`cannot lock ${path}`, { cause })
  } finally {
    await rm(claim, { force: true })
  }
  throw new GuardUnusableError(`${path} was taken by another process`)
}

async function readHolder(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8').catch(() => ''))
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    throw error
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasErrno(error, 'EPERM')
  }
}

/** Whether an error of the operating system has a code such as `ENOENT`. */
export function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
