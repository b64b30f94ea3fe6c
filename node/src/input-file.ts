import { readFile } from 'node:fs/promises'
import { decodeGenesisFile, type NetworkGenesis } from '@mosaic/genesis'
import { InvalidValueError } from '@mosaic/primitives'

/** What the system says of a file that cannot be read, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'a directory',
  EACCES: 'one that this user may not read',
  EPERM: 'one that this user may not read',
}

/**
 * Reads a file that somebody named.
 *
 * @param what it must hold: `a genesis`.
 * @param remedy where such a file comes from, as a sentence without its end.
 * @throws InvalidValueError if it cannot be read.
 */
export async function readInput(path: string, what: string, remedy: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw toInputError(error, `${what} at ${path} (${remedy})`)
  }
}

/** As {@link readInput}, for text. */
export async function readInputText(path: string, what: string, remedy: string): Promise<string> {
  return new TextDecoder().decode(await readInput(path, what, remedy))
}

/** The genesis of a file. @throws InvalidValueError if there is none, or it is none. */
export async function readGenesisFile(path: string): Promise<NetworkGenesis> {
  return decodeGenesisFile(
    await readInputText(
      path,
      'the genesis of auxiliary',
      '`mosaic genesis --origin URL --core ADDRESS --output FILE` makes one, the same for everyone',
    ),
  )
}

/** An error of the file system as one that says what was expected; others as they are. */
export function toInputError(error: unknown, expected: string): unknown {
  const code = codeOf(error)
  const reason = code === undefined ? undefined : REASONS[code]
  return reason === undefined ? error : new InvalidValueError(expected, new Words(reason))
}

/** What the system says of a place where nobody can listen, in words. */
const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not listen there, or there is no such directory',
  ENOTFOUND: 'there is no such host',
  ERR_SOCKET_BAD_PORT: 'a port is from 0 to 65535',
}

/**
 * Waits for a server that somebody told where to listen.
 *
 * @param member that told it, as in the configuration: `rpc.port`.
 * @throws InvalidValueError naming both if it cannot listen there.
 */
export async function listenAt<T>(member: string, place: string, start: Promise<T>): Promise<T> {
  try {
    return await start
  } catch (error) {
    const reason = listenFault(error)
    if (reason === undefined) throw error
    throw new InvalidValueError(`a place to listen at ${member}`, new Words(`${place}: ${reason}`))
  }
}

/** Why nobody can listen somewhere; undefined if that is not what went wrong. */
function listenFault(error: unknown): string | undefined {
  return LISTEN_REASONS[codeOf(error) ?? ''] ?? networkFault(error)
}

/** The same of libp2p, which says it at length. */
function networkFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (error.name === 'InvalidMultiaddrError') return `no multiaddress: ${error.message}`
  if (error.name !== 'UnsupportedListenAddressesError') return undefined
  return /Error: (.*)/.exec(error.message)?.[1] ?? 'it cannot be listened on'
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** Text that errors repeat without quotation marks. */
class Words {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}
