import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex, hexToBytes, toHex } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  decryptKeystore,
  encryptKeystore,
  KeyFileError,
  listKeys,
  readKeyFile,
  storeKey,
  writeKeyFile,
} from '../src/index.ts'

/** The test vectors of the specification, with its password and key. */
const PASSWORD = 'testpassword'
const KEY = hexToBytes('0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d')
const SCRYPT = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262_144,
      r: 1,
      p: 8,
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
}
const PBKDF2 = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262_144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
}
/** As little work as the format allows. */
const CHEAP = { N: 2, r: 1, p: 1 }

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mosaic-keys-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function write(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text, { mode })
  await chmod(path, mode)
  return path
}

describe('keystores', () => {
  test.each([
    ['scrypt', SCRYPT],
    ['pbkdf2', PBKDF2],
  ])('of the specification are read: %s', async (_kdf, keystore) => {
    const path = await write('vector.json', JSON.stringify(keystore))
    const password = await write('password', `${PASSWORD}\n`)
    expect(bytesToHex(await readKeyFile(path, password))).toBe(bytesToHex(KEY))
  })

  test('come back from what was written, for any password', async () => {
    for (const password of ['x', 'ein langes Paßwort', '密码\u0000 ', 'e\u0301']) {
      const text = await encryptKeystore(KEY, password, CHEAP)
      expect(text).not.toContain(bytesToHex(KEY).slice(2))
      expect(bytesToHex(await decryptKeystore(text, password.normalize('NFC'), 'p'))).toBe(
        bytesToHex(KEY),
      )
      await expect(decryptKeystore(text, `${password}.`, 'p')).rejects.toThrow(
        'the key file p cannot be used: the password is not right',
      )
    }
  })

  test('that name another account than theirs are refused', async () => {
    const keystore = Object(JSON.parse(await encryptKeystore(KEY, 'x', CHEAP)))
    const other = { ...keystore, address: '11'.repeat(20) }
    await expect(decryptKeystore(JSON.stringify(other), 'x', 'p')).rejects.toThrow(KeyFileError)
  })

  test.each([
    ['no function for the key', { ...SCRYPT, crypto: { ...SCRYPT.crypto, kdf: 'none' } }],
    ['an unknown cipher', { ...SCRYPT, crypto: { ...SCRYPT.crypto, cipher: 'rot13' } }],
    ['nothing encrypted', { version: 3 }],
    [
      'more memory than there is',
      {
        ...SCRYPT,
        crypto: { ...SCRYPT.crypto, kdfparams: { ...SCRYPT.crypto.kdfparams, n: 2 ** 40 } },
      },
    ],
  ])('with %s are refused, and the password is in no message', async (_what, keystore) => {
    const text = JSON.stringify(keystore)
    const error: unknown = await decryptKeystore(text, PASSWORD, 'p').catch((e: unknown) => e)
    expect(error).toBeInstanceOf(KeyFileError)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(PASSWORD)
  })
})

describe('key files', () => {
  test('are written for their owner only, and read back', async () => {
    const path = join(directory, 'key')
    await writeKeyFile(path, KEY)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(bytesToHex(await readKeyFile(path))).toBe(bytesToHex(KEY))
    await expect(writeKeyFile(path, new Uint8Array(32).fill(1))).rejects.toThrow('there is one')
    expect(bytesToHex(await readKeyFile(path))).toBe(bytesToHex(KEY))
    expect(await readdir(directory)).toEqual(['key'])
  })

  test('that others may read are refused, and so are their passwords', async () => {
    for (const mode of [0o640, 0o604, 0o660]) {
      const path = await write('key', bytesToHex(KEY), mode)
      await expect(readKeyFile(path)).rejects.toThrow(
        `expected mode 600, found ${mode.toString(8)}`,
      )
    }
    const keystore = await write('keystore', await encryptKeystore(KEY, 'x', CHEAP))
    const password = await write('password', 'x', 0o644)
    await expect(readKeyFile(keystore, password)).rejects.toThrow('expected mode 600, found 644')
  })

  test.each([
    ['', 'expected 0x and 64 hex digits, or a keystore of version 3'],
    ['0x12', 'expected 0x and 64 hex digits'],
    ['{"version":2}', 'expected 0x and 64 hex digits'],
    [JSON.stringify(SCRYPT), 'it is encrypted, and no file with its password is named'],
  ])('with %j are refused', async (text, reason) => {
    const path = await write('key', text)
    await expect(readKeyFile(path)).rejects.toThrow(reason)
  })

  test('that are not there, or have no password, are told', async () => {
    await expect(readKeyFile(join(directory, 'none'))).rejects.toThrow('it does not exist')
    const keystore = await write('keystore', JSON.stringify(SCRYPT))
    await expect(readKeyFile(keystore, await write('password', '\nx'))).rejects.toThrow(
      'expected a password in the first line',
    )
  })
})

describe('a directory of keystores', () => {
  const now = new Date('2026-01-02T03:04:05.678Z')

  test('takes keys, and lists them by time', async () => {
    const home = join(directory, 'keystore')
    const address = secretKeyToAddress(KEY)
    const stored = await storeKey(home, KEY, 'x', { now, cost: CHEAP })
    expect(stored).toEqual({
      address,
      path: join(home, `UTC--2026-01-02T03-04-05.678Z--${address.slice(2)}`),
    })
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    const other = new Uint8Array(32).fill(2)
    await storeKey(home, other, 'y', { now: new Date(now.getTime() - 1), cost: CHEAP })
    await writeFile(join(home, 'notes.txt'), 'nothing')
    await mkdir(join(home, 'more'))
    expect((await listKeys(home)).map((each) => each.address)).toEqual([
      secretKeyToAddress(other),
      address,
    ])
    const decrypted = await decryptKeystore(await readFile(stored.path, 'utf8'), 'x', stored.path)
    expect(bytesToHex(decrypted)).toBe(bytesToHex(KEY))
  })

  test('takes no key twice, and is for its owner only', async () => {
    await chmod(directory, 0o700)
    await storeKey(directory, KEY, 'x', { now, cost: CHEAP })
    await expect(storeKey(directory, KEY, 'y', { now, cost: CHEAP })).rejects.toThrow(
      `it holds ${secretKeyToAddress(KEY)} already`,
    )
    await chmod(directory, 0o755)
    await expect(
      storeKey(directory, hexToBytes(toHex(`0x${'03'.repeat(32)}`)), 'x', { now, cost: CHEAP }),
    ).rejects.toThrow('expected mode 700, found 755')
  })
})
