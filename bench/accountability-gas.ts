/** Prints the gas of every way to hold validators to account on origin, as real transactions on anvil under Osaka rules. */
import { measureAction } from '../test/contracts/accountability.ts'
import { startAnvil } from '../test/contracts/anvil.ts'
import { ACCOUNTABILITY_TARGETS } from '../test/contracts/gas-targets.ts'
import { deepenState } from '../test/contracts/meta-block.ts'

const anvil = await startAnvil()
try {
  await deepenState(anvil)
  process.stdout.write(`${'action'.padEnd(24)}    n       gas    target\n`)
  for (const { action, size, target } of ACCOUNTABILITY_TARGETS) {
    const gas = await measureAction(anvil, action, size)
    const cells = [gas, target].map((value) => String(value).padStart(10)).join('')
    process.stdout.write(`${action.padEnd(24)}${String(size).padStart(5)}${cells}\n`)
  }
} finally {
  await anvil.stop()
}
