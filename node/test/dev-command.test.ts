import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url))

let directory: string
const running: ChildProcess[] = []
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mosaic-dev-'))
})
afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

type Served = {
  readonly banner: string
  readonly ask: (method: string, ...params: readonly unknown[]) => Promise<unknown>
  /** Exit code after a SIGTERM. */
  readonly end: () => Promise<unknown>
}

function start(words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ['--conditions=source', BIN, 'dev', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  return child
}

async function serve(...words: readonly string[]): Promise<Served> {
  const child = start(['--port', '0', ...words])
  let banner = ''
  const listening = Promise.withResolvers<string>()
  child.stdout?.on('data', (chunk: Buffer) => {
    banner += chunk.toString()
    const found = /^Listening on (.*)$/m.exec(banner)?.[1]
    if (found !== undefined) listening.resolve(found)
  })
  child.on('exit', () => listening.reject(new Error(`ended: ${banner}`)))
  const address = await listening.promise
  return {
    banner,
    ask: async (method, ...params) => {
      const response = await fetch(`http://${address}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      })
      const answer: unknown = await response.json()
      if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result
      throw new Error(JSON.stringify(answer))
    },
    end: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const [code]: unknown[] = await exited
      return code
    },
  }
}

describe('mosaic dev', () => {
  test('serves a chain with the accounts that it prints', async () => {
    const configOut = join(directory, 'config.json')
    const words = ['--accounts', '2', '--balance', '5', '--chain-id', '99', '--compat', 'hardhat']
    const { banner, ask, end } = await serve(...words, '--config-out', configOut)
    expect(banner).toContain('(1) 0x70997970C51812dc3A010C7d01b50e0d17dc79C8')
    expect(banner).toMatch(/^Listening on 127\.0\.0\.1:\d+$/m)
    const config: unknown = JSON.parse(await readFile(configOut, 'utf8'))
    expect(config).toMatchObject({
      available_accounts: [
        '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
        '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
      ],
      gas_limit: '30000000',
    })
    expect(await ask('eth_chainId')).toBe('0x63')
    expect(await ask('web3_clientVersion')).toMatch(/^HardhatNetwork\//)
    const [from, to] = await ask('eth_accounts').then((all) => (Array.isArray(all) ? all : []))
    await ask('eth_sendTransaction', { from, to, value: '0x1' })
    expect(await ask('eth_getBalance', to, 'latest')).toBe('0x4563918244f40001')
    expect(await end()).toBe(0)
  })

  test('understands the words of anvil and hardhat', async () => {
    const words = ['--block-base-fee-per-gas', '7', '--auto-impersonate', '--timestamp', '1000']
    const { banner, ask, end } = await serve('-q', '--hostname', '127.0.0.1', ...words)
    expect(banner).not.toContain('Private Keys')
    expect(await ask('eth_getBlockByNumber', '0x0', false)).toMatchObject({
      baseFeePerGas: '0x7',
      timestamp: '0x3e8',
    })
    const stranger = `0x${'11'.repeat(20)}`
    await ask('anvil_setBalance', stranger, '0xde0b6b3a7640000')
    await ask('eth_sendTransaction', { from: stranger, to: stranger, value: '0x1' })
    expect(await ask('eth_getTransactionCount', stranger, 'latest')).toBe('0x1')
    expect(await end()).toBe(0)
  })

  test('goes on from the state that it left', async () => {
    const file = join(directory, 'state')
    const first = await serve('--state', file, '--silent', '--no-mining')
    expect(first.banner).not.toContain('Private Keys')
    await first.ask('evm_mine')
    await first.ask('anvil_setBalance', `0x${'11'.repeat(20)}`, '0x2a')
    expect(await first.ask('eth_blockNumber')).toBe('0x1')
    expect(await first.end()).toBe(0)
    const second = await serve('--state', file)
    expect(await second.ask('eth_blockNumber')).toBe('0x1')
    expect(await second.ask('eth_getBalance', `0x${'11'.repeat(20)}`, 'latest')).toBe('0x2a')
    expect(await second.end()).toBe(0)
  })

  test.for([
    [['--compat', 'geth'], 'expected anvil, hardhat or none at --compat, received "geth"'],
    [['--block-time', 'soon'], 'expected seconds at --block-time'],
    [['--no-mining', '--block-time', '1'], 'expected one of --block-time and --no-mining'],
    [['--accounts', '-1'], '--accounts'],
    [['--nothing'], '--nothing'],
    [['--load-state', 'missing'], 'missing'],
  ] as const)('refuses %s', async ([words, reason]) => {
    const child = start(words)
    let output = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const [code]: unknown[] = await once(child, 'close')
    expect(code).toBe(1)
    expect(output).toContain(reason)
  })
})
