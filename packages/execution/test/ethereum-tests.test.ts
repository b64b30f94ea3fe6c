import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runFiles } from './ethereum/run-files.ts'

const SAMPLE = join(import.meta.dirname, 'ethereum', 'sample')

const made: string[] = []

afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true })
})

/** A folder with one file. */
function folderWith(text: string, name = 'test.json'): string {
  const directory = mkdtempSync(join(tmpdir(), 'mosaic-ethereum-'))
  made.push(directory)
  writeFileSync(join(directory, name), text)
  return directory
}

describe("Ethereum's tests", () => {
  test('pass as far as they are here', async () => {
    const { files, passed, failed, skipped, unread } = await runFiles([SAMPLE])
    expect({ failed, unread, skipped: [...skipped] }).toEqual({
      failed: [],
      unread: [],
      skipped: [],
    })
    expect({ files, passed }).toEqual({ files: 29, passed: 163 })
  })

  test.each([
    ['a state root', 'solidityExample.json', /"hash" *: *"0x..../, '"hash":"0x0000', 'state root'],
    ['the logs', 'solidityExample.json', /"logs" *: *"0x..../, '"logs":"0x0000', 'hash of logs'],
    ['a refusal', 'invalidTr.json', '"expectException"', '"formerly"', 'refused'],
    ['an acceptance', 'eip1559.json', '"hash"', '"expectException":"why","hash"', 'expected'],
  ])('fail if %s is not as they say', async (_what, name, said, changed, reason) => {
    const text = readFileSync(join(SAMPLE, name), 'utf8').replace(said, changed)
    const { failed } = await runFiles([folderWith(text)])
    expect(failed).toHaveLength(1)
    expect(failed[0]).toContain(reason)
  })

  test.each([
    ['an answer', 'map_fp_to_G1_bls.json', '"Expected": "', '"Expected": "ff', 'answer'],
    ['a price', 'add_G1_bls.json', '"Gas": 375', '"Gas": 374', 'gas'],
    ['a failure', 'add_G1_bls.json', '"Expected"', '"ExpectedError"', 'expected a failure'],
  ])(
    'fail if %s of a precompile is not as they say',
    async (_what, name, said, changed, reason) => {
      const text = readFileSync(join(SAMPLE, name), 'utf8').replace(said, changed)
      const { failed, passed } = await runFiles([folderWith(text, name)])
      expect(failed).toHaveLength(1)
      expect(failed[0]).toContain(reason)
      expect(passed).toBeGreaterThan(0)
    },
  )

  test.each([
    ['{'],
    ['{}'],
    ['{"a":{"in":"0x","out":"0x"}}'],
    ['[]'],
    ['[{"Name":"a","Input":"","Expected":""}]'],
  ])('are not passed over if a file is none: %s', async (text) => {
    const { files, unread } = await runFiles([folderWith(text)])
    expect(files).toBe(1)
    expect(unread).toHaveLength(1)
  })
})
