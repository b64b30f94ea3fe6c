import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A child process that is started again when it dies by itself. */
export type SupervisedProcess = {
  readonly name: string
  readonly pid: () => number | undefined
  readonly restarts: () => number
  /** Ends it in good order; kills it when that takes too long. */
  readonly stop: () => Promise<void>
}

/** What to run. */
export type ProcessSpec = {
  readonly name: string
  readonly command: string
  readonly arguments: readonly string[]
  readonly logFile: string
  /** Called with the process identifier at each start; undefined if it could not be started. */
  readonly onStart: (pid: number | undefined) => void
  /** Called when the process ended though nobody asked it to. */
  readonly onExit: (code: number | null, signal: string | null) => void
}

const RESTART_MS = 1000
const STOP_MS = 10_000

/**
 * Starts a process and keeps it running. Output goes to its log file. It leads a process group of its own, so that Ctrl-C in a terminal
 * reaches only its supervisor, which then ends everything in order.
 */
export function supervise(spec: ProcessSpec): SupervisedProcess {
  const log: WriteStream = createWriteStream(spec.logFile, { flags: 'a' })
  let child: ChildProcess | undefined
  let stopping = false
  let restarts = 0
  let restart: NodeJS.Timeout | undefined
  let ended: Promise<void> = Promise.resolve()

  const start = (): void => {
    const started = spawn(spec.command, spec.arguments, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    child = started
    started.stdout.pipe(log, { end: false })
    started.stderr.pipe(log, { end: false })
    ended = new Promise((resolve) => {
      started.once('error', (error) => {
        log.write(`${String(error)}\n`)
        resolve()
      })
      started.once('close', (code, signal) => {
        resolve()
        if (stopping) return
        spec.onExit(code, signal)
        restarts++
        restart = setTimeout(start, RESTART_MS)
      })
    })
    spec.onStart(started.pid)
  }
  /** The supervisor itself is leaving without a word: nothing may stay behind. */
  const killNow = (): void => {
    child?.kill('SIGKILL')
  }
  process.once('exit', killNow)
  start()

  return {
    name: spec.name,
    pid: () => child?.pid,
    restarts: () => restarts,
    stop: async () => {
      stopping = true
      clearTimeout(restart)
      child?.kill('SIGTERM')
      const killLate = setTimeout(() => child?.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(killLate)
      process.off('exit', killNow)
      await new Promise<void>((resolve) => {
        log.end(resolve)
      })
    },
  }
}

/** A TCP port of the loopback interface that nobody listens on at this moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  if (address === null || typeof address === 'string')
    throw new RangeError('expected a TCP address')
  return address.port
}

/** The native anvil inside its npm package: the package's launcher swallows failures and signals. */
export function anvilPath(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`
  const file = process.platform === 'win32' ? 'anvil.exe' : 'anvil'
  const require = createRequire(
    createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'),
  )
  return join(dirname(require.resolve(`${name}/package.json`)), 'bin', file)
}

/** How to run the command line of this package in a new process. */
export function mosaicCommand(
  ...words: readonly string[]
): Pick<ProcessSpec, 'command' | 'arguments'> {
  const program = import.meta.url.endsWith('.ts')
    ? ['--conditions=source', ownPath('../bin.ts')]
    : [ownPath('../../bin/mosaic.mjs')]
  return { command: process.execPath, arguments: [...program, ...words] }
}

function ownPath(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
