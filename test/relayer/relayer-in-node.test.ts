import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isRecord } from '@mosaic/origin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BIN } from '../devnet-process.ts'
import {
  createFaultNetwork,
  type FaultNetwork,
  type FaultNode,
  type NodeProcess,
  startNode,
} from '../faults/network.ts'

const run = promisify(execFile)

describe('one process that seals, votes and relays', () => {
  let net: FaultNetwork
  let node: FaultNode
  let running: NodeProcess | undefined

  beforeAll(async () => {
    net = await createFaultNetwork(1)
    const [only] = net.nodes
    if (only === undefined) throw new Error('expected a node')
    node = only
    await net.anvil.request('evm_setIntervalMining', 1)
  })

  afterAll(async () => {
    await running?.kill('SIGKILL')
    await net.stop()
  })

  const relay = (words: readonly string[] = [], key = net.relayer.keyFile): NodeProcess => {
    const { keyFile } = net.relayer
    running = startNode(node.dir, {
      words: [
        ['--relayer-origin-key-file', keyFile, '--relayer-auxiliary-key-file', key],
        ['--relayer-max-interval-seconds', '2', '--metrics-port', '0'],
        words,
      ].flat(),
    })
    return running
  }
  const costs = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const { stdout } = await run(process.execPath, [
      '--conditions=source',
      BIN,
      'relayer',
      'costs',
      '--data-dir',
      node.dir,
      '--json',
    ])
    const lines: unknown = JSON.parse(stdout)
    return Array.isArray(lines) ? lines.filter(isRecord) : []
  }

  test('in a dry run says what it would send, and sends nothing', async () => {
    const dry = relay(['--relayer-dry-run'])
    const line = await dry.until(({ event }) => event === 'would send', 'what it would send')
    expect(line).toMatchObject({ level: 'info', purpose: expect.stringMatching(/^(header|meta)/) })
    expect(BigInt(String(line['gas']))).toBeGreaterThan(21_000n)
    await dry.kill('SIGTERM')
    expect(dry.lines.filter(({ event }) => event === 'meta-block-proposed')).toEqual([])
    const count = await net.anvil.request('eth_getTransactionCount', net.relayer.address, 'latest')
    expect(count).toBe('0x0')
  })

  test('commits meta-blocks, and says what they cost', async () => {
    const working = relay()
    const { url } = await working.until(({ event }) => event === 'metrics.ready', 'metrics')
    await working.until(
      ({ event, height }) => event === 'meta-block-committed' && height === '2',
      'the second meta-block',
    )
    const figures = await (await fetch(String(url))).text()
    expect(figures).toMatch(
      /^mosaic_relayer_spent_ether\{chain="origin",role="node"\} 0\.\d*[1-9]/m,
    )
    expect(figures).toMatch(/^mosaic_relayer_transactions\{chain="origin",role="node"\} [4-9]$/m)
    await working.kill('SIGTERM')
    const lines = await costs()
    for (const purpose of ['meta-block 1 propose', 'meta-block 1 commit', 'kernel 2']) {
      expect(lines).toContainEqual(
        expect.objectContaining({ purpose, transactions: 1, reverted: 0, waiting: 0 }),
      )
    }
  })

  test('is refused an account that also seals: both would take its nonces', async () => {
    const { code, errors } = await relay([], join(node.dir, 'signer.key')).ended
    expect(code).toBe(1)
    expect(errors).toContain('expected another account for the relayer than the one that seals')
  })

  test('spends no more in a day than it may', async () => {
    const capped = relay(['--relayer-origin-spending-cap', '1 wei'])
    const line = await capped.until(
      ({ event, error }) => event === 'meta-block failed' && /24 hours/.test(String(error)),
      'its refusal',
    )
    expect(String(line['error'])).toContain('expected at most 1 wei in 24 hours on origin')
    const before = await net.anvil.request('eth_getTransactionCount', net.relayer.address, 'latest')
    await sleep(3000)
    expect(await net.anvil.request('eth_getTransactionCount', net.relayer.address, 'latest')).toBe(
      before,
    )
  })
})
