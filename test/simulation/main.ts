/**
 * `npm run simulate`: many seeded runs of the consensus rules against adversaries; `-- --seed N` runs one again, `-- --mutants` shows that
 * the checks can fail.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { MUTANTS } from './mutants.ts'
import { PROPERTIES } from './properties.ts'
import { catchMutant, runRealSeed, runSeed, runSeeds, type Summary } from './simulate.ts'

const DEFAULT_RUNS = 100_000
const BATCH = 500
const MUTANT_RUNS = 5000
const REAL_RUNS = 20

const write = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

if (isMainThread) process.exitCode = await main()
else {
  const [first, count] = [Number(workerData[0]), Number(workerData[1])]
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
  parentPort?.postMessage(await runSeeds(first, count))
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      runs: { type: 'string' },
      from: { type: 'string' },
      mutants: { type: 'boolean' },
    },
  })
  if (values.mutants === true) return showMutants()
  if (values.seed !== undefined) return showSeed(Number(values.seed))
  return simulate(Number(values.from ?? 1), Number(values.runs ?? DEFAULT_RUNS))
}

async function showMutants(): Promise<number> {
  let missed = 0
  for (const mutant of MUTANTS) {
    const caught = await catchMutant(mutant, MUTANT_RUNS)
    if (caught === undefined) missed++
    write(
      `${caught === undefined ? 'MISSED' : 'caught'}  ${mutant.name}${caught === undefined ? '' : `  by ${caught.property} at seed ${caught.seed}`}`,
    )
  }
  write(`${MUTANTS.length - missed} caught, ${missed} missed`)
  return missed === 0 ? 0 : 1
}

async function showSeed(seed: number): Promise<number> {
  const run = await runSeed(seed)
  write(JSON.stringify({ seed, ...run }, undefined, 2))
  return run.violations.length === 0 ? 0 : 1
}

async function simulate(from: number, runs: number): Promise<number> {
  const begin = Date.now()
  const total = { runs: 0, finalizing: 0, conflicting: 0, blocks: 0, votes: 0 }
  let failures = 0
  let next = from
  const take = async (): Promise<void> => {
    while (next < from + runs) {
      const first = next
      next += BATCH
      const summary = await runInWorker(first, Math.min(BATCH, from + runs - first))
      for (const key of ['runs', 'finalizing', 'conflicting', 'blocks', 'votes'] as const) {
        total[key] += summary[key]
      }
      for (const { seed, violations } of summary.failures) {
        failures++
        for (const { property, detail } of violations) write(`seed ${seed}: ${property} ${detail}`)
      }
      if (total.runs % 10_000 === 0) write(`${total.runs} runs, ${failures} failed`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, take))
  for (let seed = from; seed < from + REAL_RUNS; seed++) {
    const { violations } = await runRealSeed(seed)
    if (violations.length > 0) failures++
    for (const { property, detail } of violations)
      write(`seed ${seed} with real signatures: ${property} ${detail}`)
  }
  write('')
  for (const [property, text] of Object.entries(PROPERTIES)) write(`${property.padEnd(4)} ${text}`)
  write('')
  write(`runs                          ${total.runs} and ${REAL_RUNS} with real signatures`)
  write(`in which something was final  ${total.finalizing}`)
  write(`with conflicting finality     ${total.conflicting} (more than a third was guilty)`)
  write(`blocks, votes                 ${total.blocks}, ${total.votes}`)
  write(`seconds                       ${((Date.now() - begin) / 1000).toFixed(0)}`)
  write(`failed                        ${failures}`)
  if (failures > 0) write('run one again with: npm run simulate -- --seed N')
  return failures === 0 ? 0 : 1
}

function runInWorker(first: number, count: number): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: [first, count] })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
