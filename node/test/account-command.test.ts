import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readKeyFile, writeKeyFile } from '@mosaic/keys'
import { bytesToHex } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { accountCommand } from '../src/commands/account.ts'

describe('mosaic account', () => {
  let directory: string
  let printed: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mosaic-account-'))
    printed = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await rm(directory, { recursive: true })
  })

  test('makes keys and takes them, encrypted, and a node reads them', async () => {
    const password = join(directory, 'password')
    await writeFile(password, 'correct horse\n', { mode: 0o600 })
    const keystore = join(directory, 'keystore')
    const options = ['--keystore', keystore, '--password-file', password]
    expect(await accountCommand(['new', ...options])).toBe(0)
    const [address = '', path = ''] = printed.trim().split(/\s+/)
    expect(secretKeyToAddress(await readKeyFile(path, password))).toBe(address)

    const plain = join(directory, 'plain.key')
    const secretKey = new Uint8Array(32).fill(3)
    await writeKeyFile(plain, secretKey)
    printed = ''
    expect(await accountCommand(['import', '--key', plain, ...options])).toBe(0)
    const [, imported = ''] = printed.trim().split(/\s+/)
    expect(bytesToHex(await readKeyFile(imported, password))).toBe(bytesToHex(secretKey))
    printed = ''
    await accountCommand(['list', '--keystore', keystore])
    expect(printed).toBe(`${address}  ${path}\n${secretKeyToAddress(secretKey)}  ${imported}\n`)
    await expect(accountCommand(['import', '--key', plain, ...options])).rejects.toThrow('already')
  })

  test('asks nobody for a password where there is no terminal', async () => {
    await expect(accountCommand(['new', '--keystore', directory])).rejects.toThrow(
      'expected --password-file, or a terminal to ask on',
    )
    await expect(accountCommand(['burn'])).rejects.toThrow('expected new, import or list')
  })
})
