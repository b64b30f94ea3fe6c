import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDirectory } from '../src/make-directory.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mosaic-make-directory-'))
})

afterEach(async () => {
  await rm(root, { recursive: true })
})

describe('makeDirectory', () => {
  test('makes one with all above it for its owner alone, also when others make it at the same time', async () => {
    const path = join(root, 'a', 'b', 'c')
    await Promise.all([makeDirectory(path), makeDirectory(path), makeDirectory(join(root, 'a'))])
    await makeDirectory(path)
    for (const each of [join(root, 'a'), path]) expect((await stat(each)).mode & 0o777).toBe(0o700)
  })

  test('says that a file is in the way', async () => {
    await writeFile(join(root, 'file'), '')
    await expect(makeDirectory(join(root, 'file'))).rejects.toThrow('EEXIST')
    await expect(makeDirectory(join(root, 'file', 'below'))).rejects.toThrow('ENOTDIR')
  })

  test.runIf(process.platform === 'linux')('ends where nothing can be made', async () => {
    await expect(makeDirectory('/proc/nowhere/below')).rejects.toThrow('ENOENT')
  })
})
