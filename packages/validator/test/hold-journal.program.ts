import { openJournalFile } from '../src/index.ts'

/** Holds a journal until it is killed, and says so; or says why it cannot. Started by the tests. */
const [path = ''] = process.argv.slice(2)
try {
  const journal = await openJournalFile(path, { create: true })
  await journal.append('held')
  process.stdout.write('held\n')
  setInterval(() => undefined, 1000)
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
}
