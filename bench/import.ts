/**
 * Prints how fast blocks are imported: decoded, checked, run and stored in LevelDB, on a chain with 10,000 accounts and all its system
 * contracts. For comparison EthereumJS as it comes runs the same transactions, with its state in LevelDB.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importBlocks } from '@mosaic/chain'
import { createSenderRecovery, type SenderRecovery } from '@mosaic/execution'
import { openStore } from '@mosaic/storage'
import { CHAIN_ID, createTestChain } from '../packages/chain/test/test-chain.ts'
import { createStockPipeline } from '../packages/execution/test/stock-pipeline.ts'
import { type Load, makeWorkload, type Workload } from './import-blocks.ts'

const BLOCKS = 16
const RUNS = 3
/** At the beginning, not counted. */
const WARM_UP = 4
/** Of blocks that EthereumJS runs as it comes, which takes twenty times as long. */
const STOCK_BLOCKS = 5
const STOCK_BLOCK_SIZE = 200
const STOCK_WARM_UP = 2

type Figures = {
  /** Transactions per second that passed. */
  readonly wall: number
  /** Transactions per second that the main thread computed. */
  readonly mainCpu: number
  /** Transactions per second that all threads computed. */
  readonly allCpu: number
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function print(what: string, ...cells: readonly string[]): void {
  process.stdout.write(`${what.padEnd(44)}${cells.map((cell) => cell.padStart(14)).join('')}\n`)
}

const seconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6

/** Imports all blocks into a new database, with the senders recovered by `recovery` if there is one. */
async function importAll(
  { alloc, genesisHash, blocks }: Workload,
  recovery?: SenderRecovery,
): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'mosaic-bench-'))
  const store = await openStore(directory, { genesisHash })
  const { chain } = await createTestChain({
    store,
    alloc,
    ...(recovery === undefined ? {} : { recovery }),
  })
  const wall: number[] = []
  const mainCpu: number[] = []
  const allCpu: number[] = []
  let start = performance.now()
  let own = process.threadCpuUsage()
  let all = process.cpuUsage()
  let index = 0
  const verdicts = importBlocks(
    chain,
    blocks.map(({ encoding }) => encoding),
  )
  for await (const verdict of verdicts) {
    if (!verdict.ok) throw new Error(`expected a block, received ${verdict.fault.code}`)
    const transactions = blocks[index]?.transactions ?? 0
    if (index >= WARM_UP) {
      wall.push(transactions / ((performance.now() - start) / 1000))
      mainCpu.push(transactions / seconds(process.threadCpuUsage(own)))
      allCpu.push(transactions / seconds(process.cpuUsage(all)))
    }
    start = performance.now()
    own = process.threadCpuUsage()
    all = process.cpuUsage()
    index++
  }
  await store.close()
  rmSync(directory, { recursive: true })
  return { wall: median(wall), mainCpu: median(mainCpu), allCpu: median(allCpu) }
}

/** Runs the same transactions with EthereumJS as it comes. */
async function runStock({ alloc, genesisHash, transactions }: Workload): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'mosaic-bench-'))
  const store = await openStore(directory, { genesisHash })
  const stock = await createStockPipeline(CHAIN_ID, alloc, {
    get: async (key) => {
      const value = store.get('node', Buffer.from(key))
      return value && Buffer.from(value).toString()
    },
    batch: (operations) =>
      store.batch(
        operations.map((operation) =>
          operation.type === 'put'
            ? {
                type: 'put',
                space: 'node',
                key: Buffer.from(operation.key),
                value: Buffer.from(operation.value),
              }
            : { type: 'delete', space: 'node', key: Buffer.from(operation.key) },
        ),
      ),
  })
  const wall: number[] = []
  const mainCpu: number[] = []
  const allCpu: number[] = []
  for (let index = 0; index < STOCK_BLOCKS; index++) {
    const from = index * STOCK_BLOCK_SIZE
    const block = await stock.assemble(transactions.slice(from, from + STOCK_BLOCK_SIZE))
    const start = performance.now()
    const own = process.threadCpuUsage()
    const all = process.cpuUsage()
    await stock.run(block)
    if (index < STOCK_WARM_UP) continue
    wall.push(STOCK_BLOCK_SIZE / ((performance.now() - start) / 1000))
    mainCpu.push(STOCK_BLOCK_SIZE / seconds(process.threadCpuUsage(own)))
    allCpu.push(STOCK_BLOCK_SIZE / seconds(process.cpuUsage(all)))
  }
  await store.close()
  rmSync(directory, { recursive: true })
  return { wall: median(wall), mainCpu: median(mainCpu), allCpu: median(allCpu) }
}

const perSecond = (value: number): string => `${Math.round(value)} tx/s`

function printFigures(what: string, { wall, mainCpu, allCpu }: Figures): void {
  print(what, perSecond(wall), perSecond(mainCpu), perSecond(allCpu))
}

async function main(): Promise<void> {
  const recovery = createSenderRecovery()
  if (!(await recovery.start())) throw new Error('expected a second thread')
  print('median of 12 blocks', 'wall', 'main thread', 'all threads')
  for (const load of ['transfers', 'tokens'] satisfies Load[]) {
    const workload = await makeWorkload(load, BLOCKS)
    for (let run = 1; run <= RUNS; run++) {
      for (const [name, second] of [
        ['', undefined],
        [', senders on a second thread', recovery],
      ] as const) {
        printFigures(`${load}${name}`, await importAll(workload, second))
      }
    }
    printFigures(`${load}, EthereumJS as it comes`, await runStock(workload))
  }
  await recovery.close()
}

await main()
