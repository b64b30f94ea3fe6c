import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  GuardUnusableError,
  openJournalFile,
  openSigningGuard,
  SigningRefusedError,
} from '../src/index.ts'
import { temporaryFile } from './temporary-file.ts'
import { AUXILIARY, hashOf, IDENTITY, signWithKey, voteOf } from './votes.ts'

const HOLDER = fileURLToPath(new URL('hold-journal.program.ts', import.meta.url))
const FULL_DISK = fileURLToPath(new URL('full-disk.program.ts', import.meta.url))

describe('a journal file', () => {
  test('gives back the lines it took, and nobody else may read it', async () => {
    const path = await temporaryFile('guard.journal')
    const journal = await openJournalFile(path, { create: true })
    expect(journal.lines).toEqual([])
    await journal.append('one')
    await journal.append('zwei ä')
    await journal.close()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const again = await openJournalFile(path, { create: false })
    expect(again.lines).toEqual(['one', 'zwei ä'])
    await again.append('three')
    await again.close()
    expect(await readFile(path, 'utf8')).toBe('one\nzwei ä\nthree\n')
    expect(await readdir(dirname(path))).toEqual(['guard.journal'])
  })

  test('is not made anew where one must be', async () => {
    const path = await temporaryFile('guard.journal')
    await expect(openJournalFile(path, { create: false })).rejects.toThrow('is missing')
    await writeFile(path, '')
    await expect(openJournalFile(path, { create: false })).rejects.toThrow('is empty')
    expect(await readdir(dirname(path))).toEqual(['guard.journal'])
  })

  test('with a torn last line is refused', async () => {
    const path = await temporaryFile('guard.journal')
    await writeFile(path, 'one\ntwo')
    await expect(openJournalFile(path, { create: true })).rejects.toThrow(GuardUnusableError)
    expect(await readFile(path, 'utf8')).toBe('one\ntwo')
  })

  test('that cannot be read or made is refused, and leaves no lock', async () => {
    const path = await temporaryFile('guard.journal')
    const within = `${path}/guard.journal`
    await expect(openJournalFile(within, { create: true })).rejects.toThrow(GuardUnusableError)
    const directory = dirname(path)
    await expect(openJournalFile(directory, { create: true })).rejects.toThrow('cannot be read')
    expect(await readdir(directory)).toEqual([])
  })

  test('is held once within a process, until it is closed', async () => {
    const path = await temporaryFile('guard.journal')
    const journal = await openJournalFile(path, { create: true })
    await expect(openJournalFile(path, { create: true })).rejects.toThrow(
      'is held by this very process',
    )
    await journal.close()
    await (await openJournalFile(path, { create: true })).close()
  })

  test('is kept from a second process, until the first is killed', async () => {
    const path = await temporaryFile('guard.journal')
    const first = await startHolder(path)
    expect(first.said).toBe('held')
    await expect(openJournalFile(path, { create: true })).rejects.toThrow(
      `is held by the running process ${first.child.pid}`,
    )
    const second = await startHolder(path)
    expect(second.said).toContain(`is held by the running process ${first.child.pid}`)
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    const journal = await openJournalFile(path, { create: false })
    expect(journal.lines).toEqual(['held'])
    await journal.close()
  })

  test.each(['', 'no number\n', '0\n', '-1\n', `${process.pid}\n`])(
    'takes over the lock %j that nobody alive left',
    async (content) => {
      const path = await temporaryFile('guard.journal')
      await writeFile(`${path}.lock`, content)
      const journal = await openJournalFile(path, { create: true })
      expect(await readFile(`${path}.lock`, 'utf8')).toBe(`${process.pid}\n`)
      await journal.close()
    },
  )

  test('stops when somebody else wrote to it', async () => {
    const path = await temporaryFile('guard.journal')
    const journal = await openJournalFile(path, { create: true })
    await journal.append('one')
    await appendFile(path, 'a stranger’s line\n')
    await expect(journal.append('two')).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining('somebody else wrote') }),
    })
    await expect(journal.append('three')).rejects.toThrow('failed before')
    expect(await readFile(path, 'utf8')).not.toContain('three')
    await journal.close()
  })

  test('acknowledges a line to one of two writers at most, when the lock was taken away', async () => {
    const path = await temporaryFile('guard.journal')
    const first = await openJournalFile(path, { create: true })
    await first.append('one')
    // As if an operator deleted the lock of a process on another machine.
    await rm(`${path}.lock`)
    const holder = await startHolder(path)
    expect(holder.said).toBe('held')
    await expect(first.append('mine')).rejects.toThrow(GuardUnusableError)
    await first.close()
    // The lock is the other's now.
    await expect(openJournalFile(path, { create: false })).rejects.toThrow('is held by the running')
  })
})

describe('a guard on a journal file', () => {
  test('signs after a restart what it recorded before the crash, and nothing against it', async () => {
    const path = await temporaryFile('guard.journal')
    const before = await openSigningGuard(
      await openJournalFile(path, { create: true }),
      IDENTITY,
      async () => {
        throw new Error('killed between record and signature')
      },
    )
    await expect(before.sign(voteOf(0n, 1n))).rejects.toThrow('killed')
    await before.close()
    const after = await openSigningGuard(
      await openJournalFile(path, { create: false }),
      IDENTITY,
      signWithKey,
    )
    const rival = voteOf(0n, 1n, { target: hashOf('rival') })
    await expect(after.sign(rival)).rejects.toThrow(SigningRefusedError)
    expect(await after.sign(voteOf(0n, 1n))).toBe(await signWithKey(voteOf(0n, 1n)))
    expect(after.highestTarget(AUXILIARY)).toBe(1n)
    await after.close()
  })

  test('signs no more once it is closed', async () => {
    const path = await temporaryFile('guard.journal')
    const journal = await openJournalFile(path, { create: true })
    const guard = await openSigningGuard(journal, IDENTITY, signWithKey)
    await guard.close()
    await expect(guard.sign(voteOf(0n, 1n))).rejects.toThrow(GuardUnusableError)
  })

  test.skipIf(process.platform !== 'linux')(
    'signs nothing on a full disk, and never begins again over half a line',
    async () => {
      const path = await temporaryFile('guard.journal')
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        'ulimit -f 4; exec "$0" --conditions=source "$1" "$2"',
        process.execPath,
        FULL_DISK,
        path,
      ])
      const outcome: unknown = JSON.parse(stdout)
      expect(outcome).toEqual({
        signed: expect.any(Number),
        codes: ['GUARD_UNUSABLE', 'GUARD_UNUSABLE'],
      })
      const lines = (await readFile(path, 'utf8')).split('\n')
      // The header and one complete line per signature; then what is left of the one that failed.
      expect(outcome).toHaveProperty('signed', lines.length - 2)
      expect(lines.at(-1)).not.toBe('')
      await expect(openJournalFile(path, { create: false })).rejects.toThrow('is torn')
    },
  )
})

/** Starts a process that holds a journal; resolves with its first line of output. */
async function startHolder(
  path: string,
): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const child = spawn(process.execPath, ['--conditions=source', HOLDER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: string = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString().trim()))
  })
  return { child, said }
}
