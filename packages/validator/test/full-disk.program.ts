import { openJournalFile, openSigningGuard } from '../src/index.ts'
import { IDENTITY, signWithKey, voteOf } from './votes.ts'

/**
 * Signs until the journal refuses, tries once more, and prints what happened. Started by the test with a limit on the size of files,
 * which Linux reports like a full disk once the signal is caught.
 */
process.on('SIGXFSZ', () => {})

const [path = ''] = process.argv.slice(2)
const journal = await openJournalFile(path, { create: true })
const guard = await openSigningGuard(journal, IDENTITY, signWithKey)
const codes: unknown[] = []
let signed = 0n
while (codes.length < 2 && signed < 1000n) {
  try {
    await guard.sign(voteOf(signed, signed + 1n))
    signed++
  } catch (error) {
    codes.push(error instanceof Error && 'code' in error ? error.code : String(error))
  }
}
await guard.close()
process.stdout.write(JSON.stringify({ signed: Number(signed), codes }))
