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
  /** Asks it to end, and resolves to its exit code. */
  readonly stop: () => Promise<number | null>
}

/** The command line. */
export const BIN: string = fileURLToPath(new URL('../node/src/bin.ts', import.meta.url))

const PATIENCE_MS = 200_000

/** Starts a devnet with a little load on a data directory. */
export function startDevnet(dataDir: string): Devnet {
  const child = spawn(
    process.execPath,
    ['--conditions=source', BIN, 'devnet', '--json', '--load', '4', '--data-dir', dataDir],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const events: Event[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const parsed: unknown = JSON.parse(line)
    if (isRecord(parsed)) events.push(parsed)
    for (const wake of waiting) wake()
  })
  return {
    events,
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
    pidOf: async (name) => {
      const pids: unknown = JSON.parse(await readFile(join(dataDir, 'processes.json'), 'utf8'))
      const pid = isRecord(pids) ? pids[name] : undefined
      if (typeof pid !== 'number') throw new Error(`expected a process ${name}`)
      return pid
    },
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
