import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { connectRpc, type RpcClient } from './json-rpc-client.ts'

/** A server in a process of its own. */
export type Served = {
  readonly port: number
  /** `performance.now()` of when its process was started. */
  readonly begun: number
  /** The connection that found it. */
  readonly client: RpcClient
  /** CPU seconds it has used so far; undefined where the system does not tell. */
  readonly cpuSeconds: () => number | undefined
  /** Bytes of memory, now and at most; undefined where the system does not tell. */
  readonly memory: () => { readonly resident: number; readonly peak: number } | undefined
  readonly stop: () => Promise<void>
}

/** Of Linux, in a second. */
const CLOCK_TICKS = 100
const START_LIMIT_MS = 60_000
const POLL_MS = 2

/** Starts a server and waits until it answers. `command` is given a free port. */
export async function serve(
  command: (port: number) => readonly string[],
  cwd?: string,
): Promise<Served> {
  const port = await freePort()
  const [program = '', ...words] = command(port)
  const begun = performance.now()
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], cwd })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-2000)
    })
  }
  const client = await untilAnswering(port, child, () => output)
  const { pid } = child
  return {
    port,
    begun,
    client,
    cpuSeconds: () => {
      const fields = readProcess(pid, 'stat')?.split(') ').at(-1)?.split(' ')
      return fields && (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS
    },
    memory: () => {
      const status = readProcess(pid, 'status')
      return status && { resident: readBytes(status, 'VmRSS'), peak: readBytes(status, 'VmHWM') }
    },
    stop: async () => {
      client.close()
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function untilAnswering(
  port: number,
  child: ChildProcess,
  output: () => string,
): Promise<RpcClient> {
  const limit = performance.now() + START_LIMIT_MS
  for (;;) {
    try {
      const client = await connectRpc(port)
      await client.ask('eth_chainId')
      return client
    } catch (error) {
      const isOver = child.exitCode !== null || performance.now() > limit
      if (isOver) throw new Error(`no answer: ${output()}`, { cause: error })
    }
    await setTimeout(POLL_MS)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('expected a port')
  return address.port
}

function readProcess(pid: number | undefined, name: string): string | undefined {
  const file = `/proc/${pid}/${name}`
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function readBytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
}
