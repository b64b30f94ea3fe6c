import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('left-open.ts', import.meta.url))

const run = (...words: readonly string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, ['--conditions=source', PROGRAM, ...words])

describe('a program with a chain for tests', () => {
  test('ends by itself, though the chain was not closed', async () => {
    expect((await run()).stdout).toBe('')
  })

  test('has nothing left of a chain that was closed', async () => {
    expect((await run('close')).stdout).toBe('[]')
  })
})
