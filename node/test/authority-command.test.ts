import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SIGNERS, startTestNode, type TestNode } from '../../packages/api/test/rpc-node.ts'
import { authorityCommand } from '../src/commands/authority.ts'

const NEWCOMER = `0x${'4e'.repeat(20)}`

describe('mosaic authority', () => {
  let node: TestNode
  let printed: string
  beforeEach(async () => {
    node = await startTestNode()
    printed = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await node.stop()
  })
  const run = async (...words: readonly string[]): Promise<string> => {
    printed = ''
    expect(await authorityCommand([...words, '--rpc', node.url])).toBe(0)
    return printed
  }

  test('votes for a signer until it is one, and against it until it is none', async () => {
    expect(await run('admit', NEWCOMER)).toBe(`votes of this producer: {"${NEWCOMER}":true}\n`)
    // Both signers of the test seal with these votes, and more than half is both.
    await node.mineTo(3n)
    const { snapshot, proposals } = JSON.parse(await run('status'))
    expect(Object.keys(snapshot.signers).toSorted()).toEqual(
      [...SIGNERS.map(({ address }) => address), NEWCOMER].toSorted(),
    )
    expect(proposals).toEqual({ [NEWCOMER]: true })
    expect(await run('discard', NEWCOMER)).toBe('votes of this producer: {}\n')
    expect(await run('drop', NEWCOMER)).toBe(`votes of this producer: {"${NEWCOMER}":false}\n`)
  })

  test('says what it does not understand', async () => {
    await expect(run('admit')).rejects.toThrow('expected one address')
    await expect(run('admit', '0x12')).rejects.toThrow('0x12')
    await expect(run('crown', NEWCOMER)).rejects.toThrow('expected status, admit, drop or discard')
  })

  test('shows a token to a node that wants one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mosaic-authority-'))
    const secret = join(directory, 'secret')
    await writeFile(secret, `0x${'ab'.repeat(32)}\n`, { mode: 0o600 })
    // A node without a secret trusts everybody on loopback, and takes no offence at a token.
    expect(await run('admit', NEWCOMER, '--token-secret-file', secret)).toContain(NEWCOMER)
    await rm(directory, { recursive: true })
  })
})
