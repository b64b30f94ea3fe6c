import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const LEFT_OPEN = new URL('left-open.ts', import.meta.url)
const LOADED_MODULES = new URL('loaded-modules.ts', import.meta.url)

const run = (program: URL, ...words: readonly string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, ['--conditions=source', fileURLToPath(program), ...words])

describe('a program with a chain for tests', () => {
  test('ends by itself, though the chain was not closed', async () => {
    expect((await run(LEFT_OPEN)).stdout).toBe('')
  })

  test('has nothing left of a chain that was closed', async () => {
    expect((await run(LEFT_OPEN, 'close')).stdout).toBe('[]')
  })

  test('loads no coder of ABIs, no database and no network', async () => {
    const loaded: readonly string[] = JSON.parse((await run(LOADED_MODULES)).stdout)
    expect(loaded).toContain('@ethereumjs/vm')
    const heavy = /^(?:ethers|viem|level|classic-level|ws|libp2p|@libp2p\/.*|@bitauth\/.*)$/
    expect(loaded.filter((name) => heavy.test(name))).toEqual([])
  })
})
