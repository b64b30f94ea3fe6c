/**
 * Prints the gas of a whole meta-block on origin by number of validators, as real transactions on anvil under Osaka rules: all
 * calldata, the proof of T under the source, the anchor, the next kernel, just over two thirds of the votes.
 */
import { startAnvil } from '../test/contracts/anvil.ts'
import { GAS_TARGETS } from '../test/contracts/gas-targets.ts'
import { closeMetaBlock, deepenState, openCore } from '../test/contracts/meta-block.ts'

const anvil = await startAnvil()
try {
  await deepenState(anvil)
  process.stdout.write('    n   propose    commit       sum    target   first commit\n')
  for (const [size, target] of GAS_TARGETS) {
    const opened = await openCore(anvil, size)
    const first = await closeMetaBlock(anvil, opened)
    const { gas } = await closeMetaBlock(anvil, first.core)
    const row = [gas.propose, gas.commit, gas.propose + gas.commit, target]
    const cells = row.map((value) => String(value).padStart(10)).join('')
    process.stdout.write(
      `${String(size).padStart(5)}${cells}${String(first.gas.commit).padStart(15)}\n`,
    )
  }
} finally {
  await anvil.stop()
}
