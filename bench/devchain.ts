/**
 * Prints what the chain for tests takes, in process and over HTTP, beside anvil in the same run: start, one transaction with its
 * receipt, snapshot and back, 1,000 blocks, and transfers in 64 lanes of which each waits for its receipt.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDevChain } from '@mosaic/devchain'
import { HDNodeWallet, Mnemonic, Transaction } from 'ethers'
import { findBinary } from '../test/contracts/anvil.ts'

type Ask = (method: string, params?: readonly unknown[]) => Promise<unknown>

const MNEMONIC = 'test test test test test test test test test test test junk'
const LANES = 64
const TRANSFERS_PER_LANE = 32
const CHAIN_ID = 31_337
const BLOCKS = 1000
/** Some servers never mine some transactions of a flood. */
const MOST_MS = 20_000
const GWEI = 1_000_000_000n

const agent = new Agent({ keepAlive: true, maxSockets: LANES })
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Milliseconds of one run, from so many. */
async function measure(runs: number, step: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < runs; i++) await step()
  return (performance.now() - start) / runs
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function print(what: string, ...cells: readonly string[]): void {
  process.stdout.write(`${what.padEnd(44)}${cells.map((cell) => cell.padStart(14)).join('')}\n`)
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`

/** From the import to the first mined transaction, in processes of their own with a warm cache of compiled modules. */
function measureStart(): number {
  const cache = mkdtempSync(join(tmpdir(), 'mosaic-bench-'))
  const run = (): number =>
    Number(
      execFileSync(process.execPath, ['--conditions=source', here('devchain-start.ts')], {
        env: { ...process.env, NODE_COMPILE_CACHE: cache },
        encoding: 'utf8',
      }),
    )
  run()
  const values = Array.from({ length: 5 }, run)
  rmSync(cache, { recursive: true })
  return median(values)
}

function client(address: string): Ask {
  const { hostname: host, port } = new URL(`http://${address}`)
  return (method, params = []) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }
      const sent = httpRequest({ host, port, method: 'POST', agent, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => {
          const answer: { readonly result?: unknown; readonly error?: unknown } = JSON.parse(text)
          if (answer.error === undefined) resolve(answer.result)
          else reject(new Error(`${method}: ${JSON.stringify(answer.error)}`))
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
}

/** Starts a program and waits until it says where it listens. */
async function serve(command: string, words: readonly string[]): Promise<[Ask, ChildProcess]> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  const listening = Promise.withResolvers<string>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    const found = /Listening on (\S+)/.exec(output)?.[1]
    if (found !== undefined) listening.resolve(found)
  })
  child.on('exit', () => listening.reject(new Error(output)))
  return [client(await listening.promise), child]
}

async function transfer(ask: Ask, from: unknown, to: unknown): Promise<void> {
  const call = { from, to, value: '0x1', gas: '0x5208' }
  const hash = await ask('eth_sendTransaction', [call])
  while ((await ask('eth_getTransactionReceipt', [hash])) === null);
}

type Results = {
  readonly transaction: number
  readonly snapshot: number
}

async function measureCommon(ask: Ask): Promise<Results> {
  const accounts = await ask('eth_accounts')
  if (!Array.isArray(accounts)) throw new TypeError('expected a list of accounts')
  const [from, to]: unknown[] = accounts
  const send = (): Promise<void> => transfer(ask, from, to)
  await measure(300, send)
  return {
    transaction: await measure(300, send),
    snapshot: await measure(100, async () => {
      const id = await ask('evm_snapshot')
      await send()
      await ask('evm_revert', [id])
    }),
  }
}

function measureBlocks(ask: Ask): Promise<number> {
  return measure(1, () => ask('hardhat_mine', [`0x${BLOCKS.toString(16)}`]))
}

/** Signed transfers of one account per lane, to accounts that are new. The first two accounts are not among them. */
async function signTransfers(): Promise<readonly (readonly string[])[]> {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), "m/44'/60'/0'/0")
  return Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const wallet = root.deriveChild(lane + 2)
      return Promise.all(
        Array.from({ length: TRANSFERS_PER_LANE }, (__, nonce) =>
          wallet.signTransaction(
            Transaction.from({
              type: 2,
              chainId: CHAIN_ID,
              nonce,
              to: `0x${(0xabc00000 + lane * 1000 + nonce).toString(16).padStart(40, '0')}`,
              value: 1,
              gasLimit: 21_000n,
              maxFeePerGas: 100n * GWEI,
              maxPriorityFeePerGas: GWEI,
            }),
          ),
        ),
      )
    }),
  )
}

/** Transfers a second, each lane waiting for the receipt of one before it sends the next; until the last, or until the time is over. */
async function measureLanes(ask: Ask, lanes: readonly (readonly string[])[]): Promise<number> {
  const start = performance.now()
  let mined = 0
  const isOver = (): boolean => performance.now() - start > MOST_MS
  await Promise.all(
    lanes.map(async (transfers) => {
      for (const raw of transfers) {
        const hash = await ask('eth_sendRawTransaction', [raw])
        while ((await ask('eth_getTransactionReceipt', [hash])) === null) if (isOver()) return
        mined++
      }
    }),
  )
  return mined / ((performance.now() - start) / 1000)
}

async function measureServer(
  command: string,
  words: readonly string[],
  lanes: readonly (readonly string[])[],
): Promise<Results & { readonly start: number; readonly lanes: number; readonly blocks: number }> {
  const begun = performance.now()
  const [ask, child] = await serve(command, words)
  await ask('eth_chainId')
  const start = performance.now() - begun
  try {
    const results = await measureCommon(ask)
    const blocks = await measureBlocks(ask)
    return { start, ...results, blocks, lanes: await measureLanes(ask, lanes) }
  } finally {
    child.kill()
    await once(child, 'exit')
  }
}

const start = measureStart()
const chain = await createDevChain()
const inProcess: Ask = (method, params = []) => chain.provider.request({ method, params })
const own = await measureCommon(inProcess)
const ownBlocks = await measureBlocks(inProcess)
await chain.close()
const second = await measure(10, async () => {
  await (await createDevChain()).close()
})
const lanes = await signTransfers()
const common = ['--port', '0', '--accounts', String(LANES + 2)]
const served = await measureServer(
  process.execPath,
  ['--conditions=source', here('../node/src/bin.ts'), 'dev', ...common],
  lanes,
)
const anvil = await measureServer(findBinary(), common, lanes)
agent.destroy()

print('', 'in process', 'mosaic dev', 'anvil')
print('import to first mined transaction', ms(start), '', '')
print('start to first answer', '', ms(served.start), ms(anvil.start))
print('second instance', ms(second), '', '')
print('transaction and receipt', ms(own.transaction), ms(served.transaction), ms(anvil.transaction))
print(
  'snapshot, transaction, receipt, revert',
  ms(own.snapshot),
  ms(served.snapshot),
  ms(anvil.snapshot),
)
print(`${BLOCKS} blocks`, ms(ownBlocks), ms(served.blocks), ms(anvil.blocks))
print(
  `transfers in ${LANES} lanes, each waiting`,
  '',
  `${served.lanes.toFixed(0)}/s`,
  `${anvil.lanes.toFixed(0)}/s`,
)
