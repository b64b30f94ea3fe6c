import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidValueError } from '@mosaic/primitives'

/** Which processes belong to a data directory: `processes.json` in it, process identifiers by name. */
export type ProcessList = {
  readonly set: (name: string, pid: number | undefined) => void
  /** Removes the file: everything has ended. */
  readonly clear: () => void
}

const FILE = 'processes.json'
const SUPERVISOR = 'devnet'
const END_POLL_MS = 100
const END_POLLS = 100

/**
 * Takes a data directory for this process. What a supervisor that was killed left running is ended first.
 *
 * @throws InvalidValueError if another living supervisor has it.
 */
export async function claimProcessList(dataDir: string): Promise<ProcessList> {
  const file = join(dataDir, FILE)
  const pids = new Map<string, number>()
  for (const [name, pid] of readPids(file)) {
    if (pid === process.pid || !commandOf(pid).includes(name === SUPERVISOR ? SUPERVISOR : dataDir))
      continue
    if (name === SUPERVISOR)
      throw new InvalidValueError(`a free ${dataDir}`, `process ${pid} on it`)
    await end(pid)
  }
  const write = (): void => {
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(pids), undefined, 2)}\n`)
  }
  pids.set(SUPERVISOR, process.pid)
  write()
  return {
    set: (name, pid) => {
      if (pid === undefined) pids.delete(name)
      else pids.set(name, pid)
      write()
    },
    clear: () => {
      rmSync(file, { force: true })
    },
  }
}

function readPids(file: string): readonly (readonly [string, number])[] {
  if (!existsSync(file)) return []
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (typeof parsed !== 'object' || parsed === null)
    throw new InvalidValueError(`process identifiers by name in ${file}`, parsed)
  return Object.entries(parsed).map(([name, pid]: [string, unknown]) => {
    if (typeof pid !== 'number') throw new InvalidValueError(`a process identifier in ${file}`, pid)
    return [name, pid]
  })
}

/** The command line of a process; empty if there is none. Identifiers are reused, so it tells whose process it is. */
function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

async function end(pid: number): Promise<void> {
  for (let poll = 0; poll <= END_POLLS; poll++) {
    try {
      process.kill(pid, poll === 0 ? 'SIGTERM' : 0)
    } catch {
      return
    }
    await sleep(END_POLL_MS)
  }
  process.kill(pid, 'SIGKILL')
}
