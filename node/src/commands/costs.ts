import { parseArgs } from 'node:util'
import { InvalidValueError } from '@mosaic/primitives'
import { addUpCosts, type CostLine } from '@mosaic/relayer'
import { formatEther } from 'ethers'
import { readLedgerFile } from '../ledger-file.ts'
import { toJson } from '../logger.ts'

/** `mosaic relayer costs`: what a relayer spent. Its process may run. @throws InvalidValueError on wrong options. */
export async function costsCommand(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: { 'data-dir': { type: 'string' }, json: { type: 'boolean' } },
  })
  const dataDir = values['data-dir']
  if (dataDir === undefined) throw new InvalidValueError('--data-dir DIR', words.join(' '))
  const lines = addUpCosts((await readLedgerFile(dataDir)).entries())
  process.stdout.write(values.json === true ? `${toJson(lines)}\n` : formatCosts(lines))
  return 0
}

function formatCosts(lines: readonly CostLine[]): string {
  const rows = lines.map((line) => [
    line.chain,
    line.purpose,
    String(line.transactions),
    line.reverted > 0 ? `${line.reverted} reverted` : '',
    line.waiting > 0 ? `${line.waiting} without receipt` : '',
    `${line.gasUsed} gas`,
    `${formatEther(line.cost)} ether`,
  ])
  for (const chain of ['origin', 'auxiliary'] as const) {
    const own = lines.filter((line) => line.chain === chain)
    const gas = own.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)
    const cost = own.reduce((sum, line) => sum + line.cost, 0n)
    rows.push([chain, 'in all', '', '', '', `${gas} gas`, `${formatEther(cost)} ether`])
  }
  return rows.map((row) => `${row.filter((cell) => cell !== '').join('  ')}\n`).join('')
}
