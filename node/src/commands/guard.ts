import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type Address, InvalidValueError, toAddress } from '@mosaic/primitives'
import { type CoreIdentity, coreIdentifier, originIdentifier } from '@mosaic/protocol'
import {
  formatInterchange,
  type KeyHistory,
  parseInterchange,
  type SealGuard,
  type SigningGuard,
} from '@mosaic/validator'
import { readGenesisFile, readInputText } from '../input-file.ts'
import {
  guardJournalPath,
  openKeySealGuard,
  openVoteGuard,
  sealJournalPath,
} from '../key-guards.ts'

/** The guards of one key: a key that only votes or only seals has one. */
type Guards = { readonly votes: SigningGuard | undefined; readonly seals: SealGuard | undefined }

/**
 * `mosaic guard export | import`: the history of a key, from and to the form of EIP-3076. For a key that goes on elsewhere: stop the
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
      address: { type: 'string' },
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
  const { originChainId, core } = await readGenesisFile(need('genesis'))
  const identity = { originChainId, core }
  const address = toAddress(need('address').toLowerCase())
  const chains = [coreIdentifier(identity), originIdentifier(originChainId)]
  // Read before a journal is touched: a file that is none changes nothing.
  const history =
    action === 'import'
      ? parseInterchange(
          await readInputText(
            file,
            'what a key has signed',
            '`mosaic guard export` writes it, other clients the form of EIP-3076',
          ),
          coreIdentifier(identity),
          address,
          chains,
        )
      : undefined
  const dataDir = need('data-dir')
  if (!existsSync(dataDir))
    throw new InvalidValueError(`the data directory of a node at ${dataDir}`, 'none')
  const guards = await openGuards(dataDir, identity, address, history !== undefined)
  try {
    if (history !== undefined) await takeOver(guards, history)
    else {
      const text = formatInterchange(coreIdentifier(identity), address, historyOf(guards))
      await writeFile(`${file}.new`, text, { mode: 0o600, flush: true })
      await rename(`${file}.new`, file)
    }
    const { floors, sealed } = historyOf(guards)
    for (const { chain, sourceHeight, targetHeight } of floors) {
      process.stdout.write(`${chain}: nothing up to ${sourceHeight}→${targetHeight} is signed\n`)
    }
    if (sealed !== undefined) {
      process.stdout.write(`no block up to ${sealed.number} is sealed\n`)
    }
    return 0
  } finally {
    await close(guards)
  }
}

async function refuse(): Promise<never> {
  throw new InvalidValueError('nothing to sign', 'a message')
}

/** Opens what there is, or all if it is to be begun. @throws GuardUnusableError if there is nothing. */
async function openGuards(
  dataDir: string,
  identity: CoreIdentity,
  address: Address,
  create: boolean,
): Promise<Guards> {
  const place = { dataDir, identity, create }
  const hasSeals = create || existsSync(sealJournalPath(dataDir, address))
  const hasVotes = !hasSeals || create || existsSync(guardJournalPath(dataDir, address))
  const votes = hasVotes ? await openVoteGuard(place, { address, sign: refuse }) : undefined
  try {
    const seals = hasSeals ? await openKeySealGuard(place, { address, seal: refuse }) : undefined
    return { votes, seals }
  } catch (error) {
    await votes?.close()
    throw error
  }
}

function historyOf({ votes, seals }: Guards): KeyHistory {
  const { floors, transitions } = votes?.history() ?? { floors: [], transitions: [] }
  return { floors, transitions, sealed: seals?.highest() }
}

async function takeOver({ votes, seals }: Guards, history: KeyHistory): Promise<void> {
  await votes?.takeOver(history)
  if (history.sealed !== undefined) await seals?.takeOver(history.sealed.number)
}

async function close({ votes, seals }: Guards): Promise<void> {
  await votes?.close()
  await seals?.close()
}
