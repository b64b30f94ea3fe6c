import { scrypt as nodeScrypt, type ScryptOptions } from 'node:crypto'
import { type Address, bytesToHex, hexToBytes, toAddress } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { decryptKeystoreJson, encryptKeystoreJson, scrypt } from 'ethers'
import { KeyFileError } from './key-errors.ts'

/** How hard guessing the password is made. */
export type ScryptCost = { readonly N: number; readonly r: number; readonly p: number }

/** 256 MB and about a second, as geth's standard. */
const STANDARD_COST: ScryptCost = { N: 262_144, r: 8, p: 1 }
/** What a keystore of others may ask of this machine. */
const MOST_MEMORY = 2 ** 31

// Node's own runs beside the main thread; that of ethers would block it in slices for seconds.
scrypt.register(async (password, salt, N, r, p, dkLen) => {
  if (128 * N * r * p > MOST_MEMORY) throw new RangeError('too much memory')
  // OpenSSL keeps to the bound of RFC 7914; some keystores do not.
  const isBounded = Math.log2(N) < 16 * r
  return bytesToHex(
    isBounded
      ? await deriveBeside(password, salt, dkLen, { N, r, p, maxmem: MOST_MEMORY })
      : await scryptAsync(password, salt, { N, r, p, dkLen, maxmem: MOST_MEMORY }),
  )
})

function deriveBeside(
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  options: ScryptOptions,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    nodeScrypt(password, salt, length, options, (error, derived) => {
      if (error === null) resolve(new Uint8Array(derived))
      else reject(error)
    })
  })
}

/** Whether a text is a keystore at all: Web3 secret storage, version 3. */
export function isKeystore(text: string): boolean {
  return readKeystore(text) !== undefined
}

/** The account of a keystore, which is not encrypted; undefined if it does not tell. */
export function keystoreAddress(text: string): Address | undefined {
  const address = readKeystore(text)?.['address']
  if (typeof address !== 'string' || !/^(?:0x)?[0-9a-fA-F]{40}$/.test(address)) return undefined
  return toAddress(`0x${address.replace(/^0x/, '')}`)
}

/** Encrypts a secret key (Web3 secret storage, version 3, scrypt). */
export async function encryptKeystore(
  secretKey: Uint8Array,
  password: string,
  cost: ScryptCost = STANDARD_COST,
): Promise<string> {
  const account = { address: secretKeyToAddress(secretKey), privateKey: bytesToHex(secretKey) }
  return encryptKeystoreJson(account, password.normalize('NFKC'), { scrypt: { ...cost } })
}

/**
 * Decrypts a keystore.
 *
 * @param path where it is from, for errors.
 * @throws {@link KeyFileError} if the password is wrong, or the keystore is damaged or asks for what cannot be.
 */
export async function decryptKeystore(
  text: string,
  password: string,
  path: string,
): Promise<Uint8Array> {
  let secretKey: Uint8Array
  try {
    const { privateKey } = await decryptKeystoreJson(text, password.normalize('NFKC'))
    secretKey = hexToBytes(privateKey)
  } catch (error) {
    // The library repeats arguments in its messages.
    const isWrong = error instanceof Error && /incorrect password/.test(error.message)
    throw new KeyFileError(path, isWrong ? 'the password is not right' : 'it cannot be decrypted')
  }
  const named = keystoreAddress(text)
  const address = secretKeyToAddress(secretKey)
  if (named !== undefined && named !== address) {
    throw new KeyFileError(path, `it names ${named} and holds the key of ${address}`)
  }
  return secretKey
}

function readKeystore(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const members = new Map<string, unknown>(Object.entries(parsed))
    if (Number(members.get('version')) !== 3) return undefined
    return Object.fromEntries(members)
  } catch {
    return undefined
  }
}
