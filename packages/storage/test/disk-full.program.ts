import { toHash32, ZERO_HASH } from '@mosaic/primitives'
import { openStore } from '../src/open-store.ts'

/**
 * Writes until the disk refuses, tries once more, and prints what happened. Started by the test with a limit on the size of files,
 * which Linux reports like a full disk once the signal is caught.
 */
process.on('SIGXFSZ', () => {})

const [directory = ''] = process.argv.slice(2)
const store = await openStore(directory, { genesisHash: toHash32(ZERO_HASH) })
const codes: unknown[] = []
let acknowledged = 0
const value = new Uint8Array(4096).fill(7)
while (codes.length < 3 && acknowledged < 10_000) {
  try {
    const key = Uint8Array.of(acknowledged >> 8, acknowledged & 0xff)
    await store.batch([{ type: 'put', space: 'vote', key, value }], { sync: true })
    acknowledged++
    if (codes.length > 0) codes.push('written after a failure')
  } catch (error) {
    codes.push(error instanceof Error && 'code' in error ? error.code : String(error))
  }
}
const first = store.get('vote', Uint8Array.of(0, 0))
await store.close()
process.stdout.write(JSON.stringify({ acknowledged, codes, first: first?.length }))
