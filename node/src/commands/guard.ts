import { readFile, rename, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { decodeGenesisFile } from '@mosaic/genesis'
import { InvalidValueError, toAddress } from '@mosaic/primitives'
import { coreIdentifier, domainSeparator, originIdentifier } from '@mosaic/protocol'
import {
  formatInterchange,
  openJournalFile,
  openSigningGuard,
  parseInterchange,
  type SigningGuard,
} from '@mosaic/validator'
import { guardJournalPath } from '../roles.ts'

/**
 * `mosaic guard export | import`: the history of a validator's key, from and to the form of EIP-3076. For a key that goes on elsewhere: stop the
 * node, export, and import on the other machine before it starts there. The node must not run.
 *
 * @throws GuardUnusableError, InterchangeError, InvalidValueError
 */
export async function guardCommand(words: readonly string[]): Promise<number> {
  const [action = '', ...rest] = words
  const { values, positionals } = parseArgs({
    args: [...rest],
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string' },
      genesis: { type: 'string' },
      validator: { type: 'string' },
    },
  })
  const need = (name: keyof typeof values): string => {
    const value = values[name]
    if (value === undefined) throw new InvalidValueError(`--${name}`, words.join(' '))
    return value
  }
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) {
    throw new InvalidValueError('one file', positionals.join(' '))
  }
  if (action !== 'export' && action !== 'import') {
    throw new InvalidValueError('export or import', action)
  }
  const { originChainId, core } = decodeGenesisFile(await readFile(need('genesis'), 'utf8'))
  const identity = { originChainId, core }
  const validator = toAddress(need('validator').toLowerCase())
  const chains = [coreIdentifier(identity), originIdentifier(originChainId)]
  // Read before the journal is touched: a file that is none changes nothing.
  const history =
    action === 'import'
      ? parseInterchange(await readFile(file, 'utf8'), coreIdentifier(identity), validator, chains)
      : undefined
  const journal = await openJournalFile(guardJournalPath(need('data-dir'), validator), {
    create: history !== undefined,
  })
  let guard: SigningGuard
  try {
    const domain = domainSeparator(identity)
    guard = await openSigningGuard(journal, { validator, domain }, async () => {
      throw new InvalidValueError('nothing to sign', 'a vote')
    })
  } catch (error) {
    await journal.close()
    throw error
  }
  try {
    if (history !== undefined) await guard.takeOver(history)
    else {
      const text = formatInterchange(coreIdentifier(identity), validator, guard.history())
      await writeFile(`${file}.new`, text, { mode: 0o600, flush: true })
      await rename(`${file}.new`, file)
    }
    for (const { chain, sourceHeight, targetHeight } of guard.history().floors) {
      process.stdout.write(`${chain}: nothing up to ${sourceHeight}→${targetHeight} is signed\n`)
    }
    return 0
  } finally {
    await guard.close()
  }
}
