/**
 * Gas per second of processor time that calls take which compute and nothing else: `npm run bench:compute`. Medians of several calls, each of which
 * uses up all its gas.
 */
import { createDevChain } from '@mosaic/devchain'

const GAS = 20_000_000
const RUNS = 9
const AT = `0x${'c0'.repeat(20)}`

/** Each begins with a JUMPDEST and jumps back to it until the gas is gone. */
const LOOPS: Readonly<Record<string, string>> = {
  'counts down': '5f5b600190038050600156',
  'adds and multiplies': '5b6003600501600702600103505f56',
  'reads and writes memory': '5b604051600101604052606051505f56',
  hashes: '5b60405f20505f56',
  'reads a warm slot': '5b5f54505f56',
}

await using chain = await createDevChain()
process.stdout.write(
  `Node ${process.versions.node}, ${GAS / 1e6} million gas a call, medians of ${RUNS}\n`,
)
for (const [name, code] of Object.entries(LOOPS)) {
  const rates: number[] = []
  for (let run = 0; run <= RUNS; run++) {
    const before = process.cpuUsage()
    await spend(code)
    const { user, system } = process.cpuUsage(before)
    // The first makes the code warm.
    if (run > 0) rates.push(GAS / (user + system))
  }
  const median = rates.toSorted((a, b) => a - b)[RUNS >> 1] ?? 0
  process.stdout.write(
    `${name.padEnd(24)} ${median.toFixed(0).padStart(4)} million gas per second\n`,
  )
}

/** A call that ends when it has no more gas. */
async function spend(code: string): Promise<void> {
  const call = { to: AT, gas: `0x${GAS.toString(16)}` }
  const ended = await chain.provider
    .request({ method: 'eth_call', params: [call, 'latest', { [AT]: { code: `0x${code}` } }] })
    .then(
      () => 'with an answer',
      (error: unknown) => String(error),
    )
  if (!/out of gas|gas/i.test(ended))
    throw new Error(`expected to run out of gas, received ${ended}`)
}
