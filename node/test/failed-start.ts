/** A program that starts nodes which do not start, one after the other, and does nothing else: it ends when nothing is left open. */
import { readNodeConfig } from '../src/config/read-config.ts'
import { describeError } from '../src/logger.ts'
import { runNode } from '../src/run-node.ts'

const reasons: string[] = []
for (const line of process.argv.slice(2)) {
  const config = await readNodeConfig({ words: line.split(' '), environment: {} })
  try {
    await runNode(config, () => undefined)
    reasons.push('it started')
  } catch (error) {
    reasons.push(describeError(error))
  }
}
process.stdout.write(JSON.stringify(reasons))
