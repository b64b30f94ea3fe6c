import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { type Chain, importBlocks, verifyStore } from '@mosaic/chain'
import { createSenderRecovery, type SenderRecovery } from '@mosaic/execution'
import { InvalidValueError, toBlockNumber } from '@mosaic/primitives'
import { openStore, type Store } from '@mosaic/storage'
import { readGenesisFile, toInputError } from '../input-file.ts'
import { makeDirectory } from '../make-directory.ts'
import { openNodeChain } from '../open-chain.ts'
import { createRlpSplitter } from '../rlp-splitter.ts'

const ACTIONS = ['verify', 'export', 'import']

type Opened = {
  readonly chain: Chain
  readonly store: Store
  readonly recovery: SenderRecovery
}

/**
 * `mosaic db verify | export | import`: what can be done with the blocks of a node that is stopped.
 *
 * @returns the exit code: 1 if the store has faults, or a block of the file is not valid.
 */
export async function dbCommand(words: readonly string[]): Promise<number> {
  const [action = '', ...rest] = words
  const { values, positionals } = parseArgs({
    args: [...rest],
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string' },
      genesis: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
    },
  })
  const dataDir = values['data-dir']
  if (dataDir === undefined) throw new InvalidValueError('--data-dir', undefined)
  if (values.genesis === undefined) throw new InvalidValueError('--genesis', undefined)
  if (!ACTIONS.includes(action)) throw new InvalidValueError('verify, export or import', action)
  if (action !== 'import' && !existsSync(join(dataDir, 'chain'))) {
    throw new InvalidValueError(`the store of a node in ${dataDir}`, 'none')
  }
  const opened = await open(dataDir, values.genesis)
  try {
    switch (action) {
      case 'verify':
        return await verify(opened)
      case 'export':
        return await exportBlocks(opened.chain, requireFile(positionals), values)
      default:
        return await importFile(opened.chain, requireFile(positionals))
    }
  } finally {
    await opened.recovery.close()
    await opened.store.close()
  }
}

async function open(dataDir: string, genesisFile: string): Promise<Opened> {
  const genesis = await readGenesisFile(genesisFile)
  await makeDirectory(dataDir)
  const store = await openStore(join(dataDir, 'chain'), { genesisHash: genesis.hash })
  try {
    const recovery = createSenderRecovery()
    return { store, recovery, chain: await openNodeChain(genesis, store, { recovery }) }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function verify({ chain, store }: Opened): Promise<number> {
  const { blocks, transactions, nodes, faults } = await verifyStore(chain, store)
  for (const { number, what } of faults) process.stdout.write(`block ${number}: ${what}\n`)
  process.stdout.write(
    `${blocks} blocks, ${transactions} transactions, ${nodes} trie nodes: ${faults.length === 0 ? 'all as they must be' : `${faults.length} faults`}\n`,
  )
  return faults.length === 0 ? 0 : 1
}

async function exportBlocks(
  chain: Chain,
  file: string,
  range: { readonly from?: string | undefined; readonly to?: string | undefined },
): Promise<number> {
  const from = BigInt(range.from ?? 1)
  const to = BigInt(range.to ?? chain.head().header.number)
  if (from < 1n || to > chain.head().header.number) {
    throw new InvalidValueError(`blocks 1 to ${chain.head().header.number}`, `${from} to ${to}`)
  }
  // Complete or not there at all.
  const unfinished = `${file}.new`
  try {
    await pipeline(encodedBlocks(chain, from, to), createWriteStream(unfinished))
    await rename(unfinished, file)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  process.stdout.write(`${to >= from ? to - from + 1n : 0n} blocks written to ${file}\n`)
  return 0
}

async function* encodedBlocks(chain: Chain, from: bigint, to: bigint): AsyncGenerator<Uint8Array> {
  for (let number = from; number <= to; number++) {
    const hash = chain.database.canonicalHash(toBlockNumber(number))
    const block = hash === undefined ? undefined : chain.database.encodedBlock(hash)
    if (block === undefined) throw new InvalidValueError(`block ${number} in the store`, undefined)
    yield block
  }
}

/**
 * The blocks of a file.
 *
 * @yields each as bytes.
 * @throws InvalidValueError if the last one is not whole.
 */
async function* blocksOf(file: string): AsyncGenerator<Uint8Array> {
  const splitter = createRlpSplitter()
  try {
    for await (const chunk of createReadStream(file)) {
      const bytes: unknown = chunk
      if (bytes instanceof Uint8Array) yield* splitter.push(bytes)
    }
  } catch (error) {
    throw toInputError(error, `blocks at ${file} (\`mosaic db export\` writes them)`)
  }
  if (splitter.rest() > 0) {
    throw new InvalidValueError('a file of whole blocks', `${splitter.rest()} bytes more`)
  }
}

async function importFile(chain: Chain, file: string): Promise<number> {
  let taken = 0
  let known = 0
  for await (const verdict of importBlocks(chain, blocksOf(file))) {
    if (!verdict.ok) {
      process.stderr.write(
        `block ${taken + known + 1} of the file is refused: ${JSON.stringify(verdict.fault, toText)}\n`,
      )
      return 1
    }
    if (verdict.value.isNew) taken++
    else known++
  }
  process.stdout.write(
    `${taken} blocks taken, ${known} were known; the head is ${chain.head().header.number}\n`,
  )
  return 0
}

function requireFile(positionals: readonly string[]): string {
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0)
    throw new InvalidValueError('one file', positionals.join(' '))
  return file
}

function toText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
