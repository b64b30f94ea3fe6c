import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { coreViews } from '@mosaic/contracts'
import { decodeGenesisFile } from '@mosaic/genesis'
import {
  createEthereumClient,
  createJsonRpcClient,
  isRecord,
  readView,
  toQuantityHex,
} from '@mosaic/origin'
import { toBlockNumber, toMetaHeight } from '@mosaic/primitives'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

type Event = Readonly<Record<string, unknown>>

const BIN = fileURLToPath(new URL('../node/src/bin.ts', import.meta.url))
const PATIENCE_MS = 200_000

/** A devnet in processes of its own, followed through its JSON lines. */
function startDevnet(dataDir: string): {
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

function count(events: readonly Event[], name: string): number {
  return events.filter(({ event }) => event === name).length
}

async function processOf(config: string): Promise<number> {
  const { execFileSync } = await import('node:child_process')
  const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
  const line = list.split('\n').find((row) => row.includes('--config') && row.includes(config))
  return Number(line?.trim().split(/\s+/)[0])
}

describe('a local network', () => {
  let dataDir: string
  let net: ReturnType<typeof startDevnet>

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-e2e-'))
    net = startDevnet(dataDir)
  })

  afterAll(async () => {
    const ended = new Promise((resolve) => net.child.once('exit', resolve))
    net.child.kill('SIGTERM')
    await ended
    await rm(dataDir, { recursive: true, force: true })
  })

  test('commits meta-blocks one after another and activates each kernel', {
    timeout: 600_000,
  }, async () => {
    await net.until((events) => count(events, 'metablock.committed') >= 3, 'the third meta-block')
    await net.until(
      (events) => count(events, 'kernel.activated') >= 2,
      'the activation of kernel 3',
    )
    const heights = net.events
      .filter(({ event }) => event === 'metablock.committed')
      .map(({ height }) => height)
    expect(heights.slice(0, 3)).toEqual([1, 2, 3])
  })

  test('anchors the state root of auxiliary and proves a balance under it', {
    timeout: 60_000,
  }, async () => {
    const genesis = decodeGenesisFile(await readFile(join(dataDir, 'genesis.json'), 'utf8'))
    const layout: unknown = JSON.parse(await readFile(join(dataDir, 'devnet.json'), 'utf8'))
    if (!isRecord(layout) || !Array.isArray(layout['nodes']))
      throw new TypeError('expected a layout')
    const last: unknown = layout['nodes'].at(-1)
    const port = isRecord(last) ? String(last['rpcPort']) : ''
    const policy = { kind: 'finalized-tag' } as const
    const origin = createEthereumClient(
      createJsonRpcClient(String(layout['originUrl'])),
      policy,
      genesis.originChainId,
    )
    const auxiliary = createEthereumClient(
      createJsonRpcClient(`http://127.0.0.1:${port}`),
      policy,
      genesis.chain.chainId,
    )
    for (const height of [1n, 2n, 3n]) {
      const anchored = await readView(origin, genesis.core, coreViews.stateRoot, [
        toMetaHeight(height),
      ])
      const metaBlock = await auxiliary.request('mosaic_metaBlock', [toQuantityHex(height)])
      if (!isRecord(metaBlock) || !isRecord(metaBlock['checkpoint']))
        throw new TypeError('expected a meta-block')
      const number = toBlockNumber(BigInt(String(metaBlock['checkpoint']['number'])))
      expect((await auxiliary.header(number))?.stateRoot).toBe(anchored)
    }
  })

  test.for(['node-3', 'node-0', 'relayer'])(
    'goes on after kill -9 of %s',
    { timeout: 400_000 },
    async (name) => {
      const committed = count(net.events, 'metablock.committed')
      const pid = await processOf(join(dataDir, name, 'config.json'))
      expect(pid).toBeGreaterThan(0)
      process.kill(pid, 'SIGKILL')
      await net.until(
        (events) => count(events, 'metablock.committed') >= committed + 2,
        `two meta-blocks after ${name} was killed`,
      )
    },
  )
})
