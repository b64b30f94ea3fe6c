import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { listKeys, readKeyFile, readPassword, storeKey } from '@mosaic/keys'
import { InvalidValueError } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { askPassword } from '../ask-password.ts'
import { toInputError } from '../input-file.ts'

const DEFAULT_DIRECTORY = 'keystore'

/**
 * `mosaic account new | import | list`: secret keys in encrypted files.
 *
 * @throws KeyFileError, InvalidValueError
 */
export async function accountCommand(words: readonly string[]): Promise<number> {
  const [action = '', ...rest] = words
  const { values } = parseArgs({
    args: [...rest],
    options: {
      keystore: { type: 'string' },
      key: { type: 'string' },
      'key-password-file': { type: 'string' },
      'password-file': { type: 'string' },
    },
  })
  const directory = values.keystore ?? DEFAULT_DIRECTORY
  switch (action) {
    case 'new': {
      const secretKey = newSecretKey()
      return store(directory, secretKey, values['password-file'])
    }
    case 'import': {
      if (values.key === undefined) throw new InvalidValueError('--key', undefined)
      const secretKey = await readKeyFile(values.key, values['key-password-file'])
      return store(directory, secretKey, values['password-file'])
    }
    case 'list':
      for (const { address, path } of await keysIn(directory)) {
        process.stdout.write(`${address}  ${path}\n`)
      }
      return 0
    default:
      throw new InvalidValueError('new, import or list', action)
  }
}

async function keysIn(directory: string): ReturnType<typeof listKeys> {
  try {
    return await listKeys(directory)
  } catch (error) {
    throw toInputError(
      error,
      `a directory of key files at ${directory} (\`mosaic account new --keystore DIR\` makes one)`,
    )
  }
}

async function store(
  directory: string,
  secretKey: Uint8Array,
  passwordFile: string | undefined,
): Promise<number> {
  const password =
    passwordFile === undefined ? await askPassword() : await readPassword(passwordFile)
  const { address, path } = await storeKey(directory, secretKey, password, { now: new Date() })
  process.stdout.write(`${address}  ${path}\n`)
  return 0
}

/** 32 random bytes that are a key; all but one in 2^128 are. */
function newSecretKey(): Uint8Array {
  for (;;) {
    const secretKey = new Uint8Array(randomBytes(32))
    try {
      secretKeyToAddress(secretKey)
      return secretKey
    } catch {
      // Zero, or not below the order of the curve.
    }
  }
}
