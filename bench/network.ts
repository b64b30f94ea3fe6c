/**
 * So many validators on this machine, each a process that also produces blocks: how long after a checkpoint's block it is final, and what a node
 * takes. `npm run bench:network -- [validators] [checkpoints]`, 16 and 12 unless told.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Lab, startLab } from '../test/lab/lab-network.ts'
import { placeOnLoopback } from '../test/lab/loopback.ts'
import { type ProcessUsage, readUsage } from '../test/lab/process-usage.ts'

const EPOCH_LENGTH = 8n
const PERIOD = 2n
const POLL_MS = 100
const [, , validators = '16', checkpoints = '12'] = process.argv
const count = Number(validators)
const wanted = BigInt(checkpoints)

/** When each checkpoint's block and its finality were first seen, on any node that is asked. */
async function measure(lab: Lab): Promise<readonly number[]> {
  const [first] = lab.nodes
  if (first === undefined) throw new Error('expected a node')
  const sealed = new Map<bigint, number>()
  const latencies: number[] = []
  let { head, finalized } = await first.status()
  let final = finalized.height
  const begun = head / EPOCH_LENGTH
  while (BigInt(latencies.length) < wanted) {
    const status = await first.status()
    const now = performance.now()
    for (; head < status.head; head++) {
      const next = head + 1n
      if (next % EPOCH_LENGTH === 0n) sealed.set(next / EPOCH_LENGTH, now)
    }
    for (; final < status.finalized.height; final++) {
      const at = sealed.get(final + 1n)
      if (at !== undefined && final + 1n > begun) latencies.push(now - at)
    }
    await sleep(POLL_MS)
  }
  return latencies
}

const usageOf = (lab: Lab): Promise<readonly ProcessUsage[]> =>
  Promise.all(lab.nodes.map((node) => readUsage(node.pid())))

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const dir = await mkdtemp(join(tmpdir(), 'mosaic-bench-'))
let lab: Lab | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void (lab?.stop() ?? Promise.resolve()).finally(() => process.exit(1))
  })
}
try {
  const place = await placeOnLoopback(count)
  lab = await startLab({ dir, nodes: count, epochLength: EPOCH_LENGTH, period: PERIOD, ...place })
  const { nodes } = lab
  while ((await nodes[0]?.status())?.finalized.height === 0n) await sleep(POLL_MS)
  const before = await usageOf(lab)
  const begun = performance.now()
  const latencies = await measure(lab)
  const elapsed = performance.now() - begun
  const after = await usageOf(lab)
  const cpu = after.map(({ cpuMs }, i) => (100 * (cpuMs - (before[i]?.cpuMs ?? 0))) / elapsed)
  const memory = after.map(({ residentBytes }) => residentBytes / 1024 / 1024)
  process.stdout.write(
    `${count} validators on ${cpus().length} cores, a block per ${PERIOD} s, a checkpoint per ${EPOCH_LENGTH} blocks\n` +
      `${latencies.length} checkpoints final in ${seconds(elapsed)}; from block to final ${seconds(quantile(latencies, 0.5))} (median), ${seconds(quantile(latencies, 0.99))} (p99)\n` +
      `a node: ${quantile(cpu, 0.5).toFixed(1)} % of a core (median), ${quantile(cpu, 1).toFixed(1)} % (most); ${quantile(memory, 0.5).toFixed(0)} MB (median), ${quantile(memory, 1).toFixed(0)} MB (most)\n`,
  )
} finally {
  await lab?.stop()
  await rm(dir, { recursive: true, force: true })
}
