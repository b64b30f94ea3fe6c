import { readFile } from 'node:fs/promises'

/** What a process has used. */
export type ProcessUsage = {
  /** Milliseconds of processor time. */
  readonly cpuMs: number
  /** Bytes of memory now, and at most so far. */
  readonly residentBytes: number
  readonly peakBytes: number
}

/** The kernel's clock ticks per second, the same on every Linux. */
const TICKS_PER_SECOND = 100

/** Reads it from /proc: Linux only. */
export async function readUsage(pid: number): Promise<ProcessUsage> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN)
  return {
    cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND,
    residentBytes: kilobytes('VmRSS') * 1024,
    peakBytes: kilobytes('VmHWM') * 1024,
  }
}
