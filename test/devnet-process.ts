import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isRecord } from '@mosaic/origin'

/** One JSON line of a devnet. */
export type Event = Readonly<Record<string, unknown>>

const BIN = fileURLToPath(new URL('../node/src/bin.ts', import.meta.url))
const PATIENCE_MS = 200_000

/** A devnet in processes of its own, followed through its JSON lines. */
export function startDevnet(dataDir: string): {
  readonly child: ChildProcess
  readonly events: readonly Event[]
  readonly until: (wanted: (events: readonly Event[]) => boolean, what: string) => Promise<void>
} {
  const child = spawn(
    process.execPath,
    ['--conditions=source', BIN, 'devnet', '--json', '--load', '4', '--data-dir', dataDir],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const events: Event[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
    const parsed: unknown = JSON.parse(line)
    if (isRecord(parsed)) events.push(parsed)
    for (const wake of waiting) wake()
  })
  const until = (wanted: (seen: readonly Event[]) => boolean, what: string): Promise<void> =>
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
    })
  return { child, events, until }
}

/** How many events of a name were seen. */
export function count(events: readonly Event[], name: string): number {
  return events.filter(({ event }) => event === name).length
}

/** The process that runs with a configuration file. */
export function processOf(config: string): number {
  const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
  const line = list.split('\n').find((row) => row.includes('--config') && row.includes(config))
  return Number(line?.trim().split(/\s+/)[0])
}
