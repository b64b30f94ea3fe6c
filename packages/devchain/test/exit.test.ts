import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const run = (program: string, ...words: readonly string[]): Promise<{ stdout: string }> => {
  const file = fileURLToPath(new URL(program, import.meta.url))
  return promisify(execFile)(process.execPath, ['--conditions=source', file, ...words])
}

describe('a program with a chain for tests', () => {
  test('ends by itself, though the chain was not closed', async () => {
    expect((await run('left-open.ts')).stdout).toBe('')
  })

  test('has nothing left of a chain that was closed', async () => {
    expect((await run('left-open.ts', 'close')).stdout).toBe('[]')
  })

  test('loads no coder of ABIs, no database and no network', async () => {
    const loaded: readonly string[] = JSON.parse((await run('loaded-modules.ts')).stdout)
    expect(loaded).toContain('@ethereumjs/vm')
    const heavy = /^(?:ethers|viem|level|classic-level|ws|libp2p|@libp2p\/.*|@bitauth\/.*)$/
    expect(loaded.filter((name) => heavy.test(name))).toEqual([])
  })
})
