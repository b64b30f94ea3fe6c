import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isRecord } from '@mosaic/origin'

/** One JSON line of a devnet. */
export type Event = Readonly<Record<string, unknown>>

/** A devnet in processes of its own, followed through its JSON lines. */
export type Devnet = {
  readonly events: readonly Event[]
  /** Resolves when `wanted` holds of all events so far. @throws Error naming `what` when it does not come about. */
  readonly until: (wanted: (events: readonly Event[]) => boolean, what: string) => Promise<void>
  /** Process identifier of one of its parts, as in `node-0`. */
  readonly pidOf: (name: string) => Promise<number>
  /** Stops parts of it where they are, so that they neither hear nor do anything, until the returned function is called. */
  readonly freeze: (...names: readonly string[]) => Promise<() => void>
  /** Asks it to end, and resolves to its exit code. */
  readonly stop: () => Promise<number | null>
}

/** The command line. */
export const BIN: string = fileURLToPath(new URL('../node/src/bin.ts', import.meta.url))

const PATIENCE_MS = 200_000

/** Starts a devnet with a little load on a data directory. @param parameters of its core, as in `gasTarget=1000000`. */
export function startDevnet(dataDir: string, parameters: readonly string[] = []): Devnet {
  const words = ['devnet', '--json', '--load', '4', '--data-dir', dataDir]
  for (const parameter of parameters) words.push('--parameter', parameter)
  const child = spawn(process.execPath, ['--conditions=source', BIN, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const events: Event[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const parsed: unknown = JSON.parse(line)
    if (isRecord(parsed)) events.push(parsed)
    for (const wake of waiting) wake()
  })
  const pidOf: Devnet['pidOf'] = async (name) => {
    const pids: unknown = JSON.parse(await readFile(join(dataDir, 'processes.json'), 'utf8'))
    const pid = isRecord(pids) ? pids[name] : undefined
    if (typeof pid !== 'number') throw new Error(`expected a process ${name}`)
    return pid
  }
  return {
    events,
    pidOf,
    freeze: async (...names) => {
      const pids = await Promise.all(names.map(pidOf))
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      return () => {
        for (const pid of pids) process.kill(pid, 'SIGCONT')
      }
    },
    until: (wanted, what) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look)
          reject(
            new Error(`${what} did not happen; last events: ${JSON.stringify(events.slice(-12))}`),
          )
        }, PATIENCE_MS)
        const look = (): void => {
          if (!wanted(events)) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** How many events of a name were seen. */
export function count(events: readonly Event[], name: string): number {
  return events.filter(({ event }) => event === name).length
}
