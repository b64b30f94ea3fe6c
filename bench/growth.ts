/**
 * Prints what a block costs while a chain on disk grows: by default to 100,000 blocks, each of which makes ten new accounts, so to a million of them.
 * Then a process of its own opens what was written.
 *
 * Words: `--blocks N`, `--per-block N`; `--keep N` prunes all states but those of the last N blocks after each step, as if the N-th last block were final: nobody
 * votes here. Transactions are in the name of their senders and not signed: to recover a sender takes the same time
 * however large a chain is.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createTransactionIntake } from '@mosaic/api'
import { type Chain, createStatePruner, createTransactionPool, openChain } from '@mosaic/chain'
import { createExecutionLayer } from '@mosaic/execution'
import {
  type Address,
  accept,
  type Hash32,
  toAddress,
  toBlockNumber,
  toHeight,
} from '@mosaic/primitives'
import { openStore, type Store } from '@mosaic/storage'
import { createClock } from '../packages/devchain/src/clock.ts'
import { accountsOf, definitionOf, genesisOf } from '../packages/devchain/src/genesis.ts'
import { createMiner } from '../packages/devchain/src/miner.ts'

const STEPS = 20
const GAS_LIMIT = 30_000_000n
const START = 1_800_000_000n
const GWEI = 1_000_000_000n
const READS = 200
const MEGABYTE = 2 ** 20

type Opened = { readonly chain: Chain; readonly store: Store }

const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '100000' },
    'per-block': { type: 'string', default: '10' },
    keep: { type: 'string' },
    open: { type: 'string' },
  },
})
const options = { time: START, accounts: 16 }
const accounts = accountsOf(options)
const genesis = genesisOf(options, accounts, START)

async function open(directory: string): Promise<Opened> {
  const genesisHash = await genesisHashOf()
  const store = await openStore(directory, { genesisHash })
  let chain: Chain | undefined
  const execution = await createExecutionLayer({
    genesis,
    source: { node: (hash) => store.get('node', hash), code: (hash) => store.get('code', hash) },
    ancestorHash: (parentHash, number) => {
      const parent = chain?.database.record(parentHash)
      return parent && chain?.ancestorHash(parent, toBlockNumber(number))
    },
    tracker: 'absent',
    senders: 'impersonated',
  })
  chain = await openChain({
    definition: definitionOf(genesis),
    execution,
    store,
    nowSeconds: () => START * 2n,
    checkHeader: () => accept(undefined),
  })
  return { chain, store }
}

async function genesisHashOf(): Promise<Hash32> {
  const nothing = { node: () => undefined, code: () => undefined }
  const execution = await createExecutionLayer({
    genesis,
    source: nothing,
    ancestorHash: () => undefined,
    tracker: 'absent',
  })
  return execution.genesis.block.hash
}

const recipient = (index: number): Address =>
  toAddress(`0x${(0xa000_0000_0000 + index * 7919).toString(16).padStart(40, '0')}`)

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((file) => statSync(join(directory, file), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0)
}

/**
 * Memory of this process in bytes, without what it sees of files: LevelDB looks at its tables through the system's cache of files, which
 * gives that memory to whoever needs it. Where the system does not tell them apart, with it.
 */
function ownMemory(): number {
  try {
    const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    if (found !== null) return Number(found[1]) * 1024
  } catch {
    // No Linux.
  }
  return process.memoryUsage.rss()
}

function print(...cells: readonly string[]): void {
  process.stdout.write(`${cells.map((cell) => cell.padStart(12)).join('')}\n`)
}

/** Microseconds of reading the balance of an account that some block made. */
async function timeReads({ chain }: Opened, made: number): Promise<number> {
  const head = chain.head()
  const start = performance.now()
  for (let i = 0; i < READS; i++) {
    const index = Math.floor((made * i) / READS)
    await chain.execution.queries.account(chain.stateRoot(head), recipient(index))
  }
  return ((performance.now() - start) * 1000) / READS
}

/** Prunes what is older than the last blocks. @returns what it did, in cells of the table. */
async function prune({ chain, store }: Opened, keepBlocks: bigint): Promise<readonly string[]> {
  const { header, hash } = chain.head()
  const height = header.number > keepBlocks ? header.number - keepBlocks : 0n
  const start = performance.now()
  const report = await createStatePruner({
    chain: {
      ...chain,
      definition: { ...chain.definition, epochLength: 1n },
      finalized: () => ({ height: toHeight(height), hash }),
    },
    store,
    keepBlocks,
  }).run()
  const seconds = (performance.now() - start) / 1000
  return [seconds.toFixed(1), `${report?.deletedNodes ?? 0}`, `${report?.keptNodes ?? 0}`]
}

async function grow(
  directory: string,
  blocks: number,
  perBlock: number,
  keepBlocks: bigint | undefined,
): Promise<void> {
  const opened = await open(directory)
  const { chain, store } = opened
  const pool = createTransactionPool()
  const intake = createTransactionIntake(chain, pool)
  const miner = createMiner(
    chain,
    pool,
    createClock(() => START),
    GAS_LIMIT,
  )
  const perTransaction = ({ user, system }: NodeJS.CpuUsage): string =>
    ((user + system) / (perStep * perBlock)).toFixed(0)
  const perStep = Math.max(1, Math.floor(blocks / STEPS))
  print(
    'blocks',
    'accounts',
    'ms / block',
    'CPU µs / tx',
    'main thread',
    'µs / read',
    'heap MB',
    'memory MB',
    'disk MB',
    ...(keepBlocks === undefined ? [] : ['pruning s', 'deleted', 'kept']),
  )
  let made = 0
  let cpu = process.cpuUsage()
  let main = process.threadCpuUsage()
  let start = performance.now()
  for (let number = 1; number <= blocks; number++) {
    for (let i = 0; i < perBlock; i++) {
      const nonce = Math.floor(made / accounts.length)
      const sender = accounts[made % accounts.length]
      if (sender === undefined) throw new RangeError('expected a sender')
      const { raw } = chain.execution.impersonateTransaction(
        {
          nonce: BigInt(nonce),
          gasLimit: 21_000n,
          maxFeePerGas: 100n * GWEI,
          maxPriorityFeePerGas: GWEI,
          to: recipient(made),
          value: 1n,
          data: new Uint8Array(),
        },
        sender.address,
      )
      const taken = await intake.add(raw)
      if (!taken.ok) throw new Error(`expected a transaction, received ${taken.fault.code}`)
      made++
    }
    await miner.mine(1n)
    if (number % perStep !== 0) continue
    const ms = performance.now() - start
    const all = process.cpuUsage(cpu)
    const own = process.threadCpuUsage(main)
    const read = await timeReads(opened, made)
    const pruned = keepBlocks === undefined ? [] : await prune(opened, keepBlocks)
    globalThis.gc?.()
    const { heapUsed } = process.memoryUsage()
    print(
      String(number),
      String(made),
      (ms / perStep).toFixed(2),
      perTransaction(all),
      perTransaction(own),
      read.toFixed(0),
      (heapUsed / MEGABYTE).toFixed(0),
      (ownMemory() / MEGABYTE).toFixed(0),
      (sizeOf(directory) / MEGABYTE).toFixed(0),
      ...pruned,
    )
    cpu = process.cpuUsage()
    main = process.threadCpuUsage()
    start = performance.now()
  }
  intake.close()
  await store.close()
}

/** Opens a chain, reads its head and an account, and ends. */
async function reopen(directory: string): Promise<void> {
  const { chain, store } = await open(directory)
  const head = chain.head()
  await chain.execution.queries.account(chain.stateRoot(head), recipient(0))
  process.stdout.write(`block ${head.header.number}`)
  await store.close()
}

if (values.open === undefined) {
  const directory = mkdtempSync(join(tmpdir(), 'mosaic-growth-'))
  try {
    const keepBlocks = values.keep === undefined ? undefined : BigInt(values.keep)
    await grow(directory, Number(values.blocks), Number(values['per-block']), keepBlocks)
    const program = fileURLToPath(import.meta.url)
    const begun = performance.now()
    const found = execFileSync(
      process.execPath,
      ['--conditions=source', program, '--open', directory],
      { encoding: 'utf8' },
    )
    const ms = performance.now() - begun
    process.stdout.write(`opened again at ${found} by a new process: ${ms.toFixed(0)} ms\n`)
  } finally {
    rmSync(directory, { recursive: true })
  }
} else await reopen(values.open)
