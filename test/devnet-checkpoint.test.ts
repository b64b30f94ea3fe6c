import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { createJsonRpcClient, isRecord, type JsonRpcRequest } from '@mosaic/origin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BIN, count, type Devnet, type Event, startDevnet } from './devnet-process.ts'

const POLL_MS = 100
const POLLS = 1200

describe('a node that begins at a checkpoint', () => {
  let dataDir: string
  let dir: string
  let net: Devnet
  let node: ChildProcess | undefined
  let events: Event[]
  let others: JsonRpcRequest

  const start = (): void => {
    events = []
    const words = ['--conditions=source', BIN, 'node', '--config', join(dir, 'config.json')]
    node = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    if (node.stdout === null) throw new Error('expected an output')
    const into = events
    createInterface({ input: node.stdout }).on('line', (line) => {
      const parsed: unknown = JSON.parse(line)
      if (isRecord(parsed)) into.push(parsed)
    })
  }
  const seen = async (name: string): Promise<Event> => {
    for (let poll = 0; poll < POLLS; poll++) {
      const found = events.find(({ event }) => event === name)
      if (found !== undefined) return found
      await sleep(POLL_MS)
    }
    throw new Error(`${name} did not come; last: ${JSON.stringify(events.slice(-8))}`)
  }
  const kill = async (): Promise<void> => {
    const ended = new Promise((resolve) => node?.once('exit', resolve))
    node?.kill('SIGKILL')
    await ended
  }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-checkpoint-'))
    dir = join(dataDir, 'newcomer')
    await mkdir(dir)
    net = startDevnet(dataDir)
    await net.until((each) => count(each, 'node.ready') === 4, 'the start of four nodes')
    const [, ready] = net.events.filter(({ event }) => event === 'node.ready')
    others = createJsonRpcClient(String(ready?.['rpcUrl']))
    const config: unknown = JSON.parse(
      await readFile(join(dataDir, 'node-0', 'config.json'), 'utf8'),
    )
    if (!isRecord(config) || !isRecord(config['origin']) || !isRecord(config['network']))
      throw new Error('expected a configuration')
    await writeFile(
      join(dir, 'config.json'),
      JSON.stringify({
        dataDir: '.',
        genesisFile: '../genesis.json',
        origin: config['origin'],
        network: { listen: ['/ip4/127.0.0.1/tcp/0'], peers: config['network']['peers'] },
        sync: { mode: 'checkpoint' },
        rpc: { port: 0 },
        logLevel: 'debug',
      }),
    )
  })

  afterAll(async () => {
    node?.kill('SIGTERM')
    await net.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('is killed on the way, starts anew, follows, and fills in what came before', {
    timeout: 600_000,
  }, async () => {
    await net.until((each) => count(each, 'metablock.committed') >= 2, 'two meta-blocks')
    await sleepUntilFinal(others)
    start()
    await seen('sync.checkpoint.found')
    await kill()
    start()
    const { rpcUrl } = await seen('node.ready')
    const own = createJsonRpcClient(String(rpcUrl))
    const { number } = await seen('sync.checkpoint.begun')
    await seen('history.complete')
    expect(Number(number)).toBeGreaterThan(8)

    const follows = async (): Promise<boolean> =>
      BigInt(String(await own('eth_blockNumber', []))) > BigInt(Number(number) + 8)
    for (let poll = 0; poll < POLLS && !(await follows()); poll++) await sleep(POLL_MS)
    for (const at of ['0x1', `0x${Number(number).toString(16)}`, 'finalized']) {
      const block = await own('eth_getBlockByNumber', [at, false])
      if (!isRecord(block)) throw new Error(`expected block ${at}`)
      const { totalDifficulty: _, ...same } = Object(
        await others('eth_getBlockByHash', [block['hash'], false]),
      )
      expect(block).toEqual(same)
      const receipts = await own('eth_getBlockReceipts', [block['hash']])
      expect(receipts).toEqual(await others('eth_getBlockReceipts', [block['hash']]))
    }
    await expect(own('eth_getBalance', [`0x${'11'.repeat(20)}`, '0x1'])).rejects.toThrow(
      /began at block \d+ and did not execute block 1/,
    )
    await kill()
    start()
    await seen('node.ready')
    expect(count(events, 'sync.checkpoint.found')).toBe(0)
  })
})

/** Origin's own `finalized` lags behind its head: a commit counts when it is there. */
async function sleepUntilFinal(auxiliary: JsonRpcRequest): Promise<void> {
  for (let poll = 0; poll < POLLS; poll++) {
    const status = await auxiliary('mosaic_status', [])
    if (isRecord(status) && Number(status['kernelHeight']) >= 3) return
    await sleep(POLL_MS)
  }
  throw new Error('no kernel of height 3 became active')
}
