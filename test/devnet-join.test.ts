import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { decodeGenesisFile } from '@mosaic/genesis'
import { createJsonRpcClient, isRecord, type JsonRpcRequest } from '@mosaic/origin'
import { bytesToHex } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { userAccounts } from '../node/src/devnet/accounts.ts'
import { BIN, count, type Devnet, startDevnet } from './devnet-process.ts'

const run = promisify(execFile)
const STAKE = '10000'
const POLL_MS = 500
const POLLS = 400

describe('a validator that joins a running network', () => {
  const key = new Uint8Array(32).fill(9)
  const validator = secretKeyToAddress(key)
  let dataDir: string
  let dir: string
  let net: Devnet
  let node: ChildProcess | undefined
  let origin: string
  let core: string
  let auxiliary: JsonRpcRequest

  const where = (): readonly string[] => ['--origin', origin, '--core', core]
  const status = (): ReturnType<typeof mosaic> =>
    mosaic('validator', 'status', ...where(), '--validator', validator)
  /** Whether a vote of the newcomer is among those for the newest justified checkpoint. */
  const votes = async (): Promise<boolean> => {
    const answer = await auxiliary('mosaic_status', [])
    const justified = isRecord(answer) && isRecord(answer['justified']) ? answer['justified'] : {}
    const counted = await auxiliary('mosaic_votes', [
      { chain: 'auxiliary', height: justified['height'] },
    ])
    return (
      Array.isArray(counted) &&
      counted.some((vote: unknown) => isRecord(vote) && vote['validator'] === validator)
    )
  }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-join-'))
    dir = join(dataDir, 'newcomer')
    await mkdir(dir)
    net = startDevnet(dataDir)
    await net.until((events) => count(events, 'node.ready') === 4, 'the start of four nodes')
    const genesis = decodeGenesisFile(await readFile(join(dataDir, 'genesis.json'), 'utf8'))
    core = genesis.core
    const config: unknown = JSON.parse(
      await readFile(join(dataDir, 'node-0', 'config.json'), 'utf8'),
    )
    if (!isRecord(config) || !isRecord(config['origin']) || !isRecord(config['network']))
      throw new Error('expected a configuration')
    origin = String(config['origin']['url'])
    const nodes = net.events.filter(({ event }) => event === 'node.ready')
    auxiliary = createJsonRpcClient(String(nodes[1]?.['rpcUrl']))

    const [, user] = userAccounts()
    if (user === undefined) throw new Error('expected an account')
    await writeFile(join(dir, 'payer.key'), bytesToHex(user.secretKey), { mode: 0o600 })
    await writeFile(join(dir, 'validator.key'), bytesToHex(key), { mode: 0o600 })
    await writeFile(
      join(dir, 'config.json'),
      JSON.stringify({
        dataDir: '.',
        genesisFile: '../genesis.json',
        origin: { url: origin },
        network: { listen: ['/ip4/127.0.0.1/tcp/0'], peers: config['network']['peers'] },
        rpc: { port: 0 },
        metrics: { port: 0 },
        validatorKeyFile: 'validator.key',
      }),
    )
  })

  afterAll(async () => {
    node?.kill('SIGTERM')
    await net.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('deposits, syncs, and votes once its kernel is active', { timeout: 400_000 }, async () => {
    const keys = ['--key', join(dir, 'payer.key'), '--validator-key', join(dir, 'validator.key')]
    const words = ['deposit', ...where(), ...keys, '--stake', STAKE]
    expect(await mosaic('validator', ...words)).toMatchObject({ validator, status: 'queued' })
    node = spawn(
      process.execPath,
      ['--conditions=source', BIN, 'node', '--config', join(dir, 'config.json')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const { url } = await eventOf(node, 'metrics.ready')
    await until('its seat', async () => (await status())['status'] === 'seated')
    await until('its vote', votes)
    const figures = await (await fetch(String(url))).text()
    expect(figures).toMatch(/^mosaic_finalized_height\{chain="auxiliary",role="node"\} [1-9]/m)
    expect(figures).toMatch(/^mosaic_peers\{role="node"\} [1-4]$/m)
    expect(figures).toMatch(/^mosaic_core_halted\{role="node"\} 0$/m)
  })

  test('leaves, and gets its stake back after the delay', { timeout: 400_000 }, async () => {
    // The withdrawal account asks: the newcomer's own key holds no ether on origin.
    const asked = ['--key', join(dir, 'payer.key'), '--validator', validator]
    await mosaic('validator', 'logout', ...where(), ...asked)
    await until('its removal', async () => (await status())['status'] === 'removed')
    await until('the end of the delay', async () => {
      const { withdrawableAt, withdrawableFromHeight, core: standing } = await status()
      const openHeight = isRecord(standing) ? Number(standing['openHeight']) : 0
      if (openHeight < Number(withdrawableFromHeight)) return false
      const block = await createJsonRpcClient(origin)('eth_getBlockByNumber', ['latest', false])
      return isRecord(block) && Number(block['timestamp']) >= Number(withdrawableAt)
    })
    expect(await mosaic('validator', 'withdraw', ...where(), ...asked)).toMatchObject({
      status: 'withdrawn',
      stake: '0',
    })
    const finalized = count(net.events, 'checkpoint.finalized')
    await net.until(
      (events) => count(events, 'checkpoint.finalized') > finalized + 1,
      'finality after the newcomer has left',
    )
  })
})

/** The first event of a name that a process logs. What it logs later is thrown away. */
async function eventOf(
  { stdout }: ChildProcess,
  name: string,
): Promise<Readonly<Record<string, unknown>>> {
  if (stdout === null) throw new Error('expected output')
  const lines = createInterface({ input: stdout })
  const found = await new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    lines.on('line', (line) => {
      const event: unknown = JSON.parse(line)
      if (isRecord(event) && event['event'] === name) resolve(event)
    })
    lines.once('close', () => reject(new Error(`expected ${name}`)))
  })
  lines.removeAllListeners('line')
  return found
}

/** Runs a command and reads its JSON. */
async function mosaic(...words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await run(process.execPath, ['--conditions=source', BIN, ...words])
  const parsed: unknown = JSON.parse(stdout)
  if (!isRecord(parsed)) throw new Error(`expected an object, received ${stdout}`)
  return parsed
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < POLLS; poll++) {
    if (await holds()) return
    await sleep(POLL_MS)
  }
  throw new Error(`${what} did not happen`)
}
