import { execFile } from 'node:child_process'
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BIN } from '../devnet-process.ts'
import { createRandom } from '../simulation/random.ts'
import { journalPaths, journalSizes } from './journals.ts'
import { createFaultNetwork, type FaultNetwork, type FaultNode, startNode } from './network.ts'

const run = promisify(execFile)
const random = createRandom(11)

/** Changes one byte of a file. */
async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0x01
  await writeFile(path, bytes)
}

async function editLines(
  path: string,
  edit: (lines: string[]) => readonly string[],
): Promise<void> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  await writeFile(path, `${edit(lines).join('\n')}\n`)
}

type Damage = (path: string) => Promise<unknown>

/** What can happen to a journal, but for the loss of whole lines at its end, which no file shows. */
const JOURNAL_DAMAGE: readonly (readonly [name: string, damage: Damage])[] = [
  ['is missing', (path) => rm(path)],
  ['is empty', (path) => writeFile(path, '')],
  ['ends in half a line', async (path) => truncate(path, (await stat(path)).size - 9)],
  ['lost a line', (path) => editLines(path, (lines) => lines.toSpliced(2, 1))],
  [
    'has two lines in the other order',
    (path) => editLines(path, ([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest]),
  ],
  [
    'has a line twice',
    (path) => editLines(path, ([a = '', b = '', ...rest]) => [a, b, b, ...rest]),
  ],
  [
    'has one bit in its first line changed',
    async (path) => flip(path, random.integer((await readFile(path, 'utf8')).indexOf('\n') - 1)),
  ],
  [
    'has one bit somewhere changed',
    async (path) => flip(path, random.integer((await stat(path)).size - 2)),
  ],
]

describe('a node that finds its directory damaged', () => {
  let net: FaultNetwork
  let node: FaultNode
  let sound: string
  let copies = 0

  beforeAll(async () => {
    net = await createFaultNetwork(1)
    const [only] = net.nodes
    if (only === undefined) throw new Error('expected a node')
    node = only
    const running = startNode(node.dir)
    await running.until(
      ({ event, number }) => event === 'block sealed' && number === '24',
      'blocks',
    )
    await running.kill('SIGTERM')
    sound = join(net.dir, 'exported.rlp')
    await db('export', node.dir, sound)
  })

  afterAll(() => net.stop())

  async function copy(): Promise<string> {
    copies++
    const dir = join(net.dir, `copy-${copies}`)
    await cp(node.dir, dir, { recursive: true })
    return dir
  }

  async function db(action: string, dir: string, file?: string): Promise<string> {
    const words = ['db', action, '--data-dir', dir, '--genesis', net.genesisFile]
    if (file !== undefined) words.push(file)
    const { stdout } = await run(process.execPath, ['--conditions=source', BIN, ...words])
    return stdout
  }

  describe.each([
    ['votes', 0, JOURNAL_DAMAGE],
    // They are read by the same code.
    ['seals', 1, JOURNAL_DAMAGE.filter(([name]) => /missing|lost|somewhere/.test(name))],
  ] as const)('its journal of %s', (_, which, kinds) => {
    test.each(kinds)('%s: does not start, and signs nothing', async (__, damage) => {
      const dir = await copy()
      await damage(journalPaths(dir, node)[which] ?? '')
      const before = await journalSizes(dir, node)
      const { code, errors } = await startNode(dir).ended
      expect(code).toBe(1)
      expect(errors).toMatch(/the signing guard is unusable: .*journal|damaged|begins with/)
      expect(await journalSizes(dir, node)).toEqual(before)
    })
  })

  test('seals and votes on when nothing is damaged', async () => {
    const dir = await copy()
    const running = startNode(dir)
    await running.until(
      ({ event, number }) => event === 'block sealed' && number === '31',
      'blocks',
    )
    await running.kill('SIGTERM')
    const [before = [], after = []] = await Promise.all(
      [node.dir, dir].map((each) => journalSizes(each, node)),
    )
    expect(after.map((size, i) => size > (before[i] ?? 0))).toEqual([true, true])
  })

  test.each(Array.from({ length: 6 }, (_, i) => [i]))(
    'with a changed bit in its data: it is found, or nothing depends on it (%i)',
    async () => {
      const dir = await copy()
      const files = await dataFiles(join(dir, 'chain'))
      const file = random.pick(files)
      await flip(file, random.integer((await stat(file)).size - 1))
      const verdict = await db('verify', dir).catch(String)
      expect(verdict).toMatch(/all as they must be|faults|corrupt|damaged|expected/i)
      const again = join(dir, 'exported.rlp')
      const isWell = verdict.includes('all as they must be')
      await (isWell ? db('export', dir, again) : cp(sound, again))
      expect(await readFile(again)).toEqual(await readFile(sound))
    },
  )

  test('without part of its data: it is found', async () => {
    const dir = await copy()
    for (const file of await dataFiles(join(dir, 'chain'))) await rm(file)
    await expect(db('verify', dir)).rejects.toThrow('mosaic db')
    expect(await startNode(dir).ended).toMatchObject({ code: 1 })
  })
})

/** Files with records: tables and logs that are not empty. */
async function dataFiles(dir: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || !/\.(?:ldb|log)$/.test(entry.name)) continue
    if ((await stat(path)).size > 0) found.push(path)
  }
  return found.toSorted()
}
