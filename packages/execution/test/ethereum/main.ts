/**
 * Runs Ethereum's tests of states and blocks through this package: `npm run test:ethereum -- <path>…`, with folders or files of a checkout of
 * ethereum/tests or ethereum/legacytests, or of the vectors of EIP-2537 in ethereum/EIPs. Counts what it read, and fails if a case does, if it
 * does not understand a file, or if nothing passed.
 */
import { runFiles } from './run-files.ts'

const MOST_SHOWN = 40

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function main(paths: readonly string[]): Promise<number> {
  if (paths.length === 0) {
    write('usage: npm run test:ethereum -- <folder or file of ethereum/tests>…')
    return 2
  }
  const { files, cases, passed, failed, skipped, unread } = await runFiles(paths)
  for (const each of failed.slice(0, MOST_SHOWN)) write(`failed: ${each}`)
  for (const each of unread.slice(0, MOST_SHOWN)) write(`unread: ${each}`)
  for (const [reason, count] of skipped) write(`${count} skipped: ${reason}`)
  write(
    `${files} files, ${cases} cases: ${passed} passed, ${failed.length} failed, ${unread.length} files unread`,
  )
  return failed.length === 0 && unread.length === 0 && passed > 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
