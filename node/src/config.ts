import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import type { RemoteKeyOptions } from '@mosaic/keys'
import type { FinalityPolicy } from '@mosaic/origin'
import { InvalidValueError, toAddress } from '@mosaic/primitives'
import { parse } from 'yaml'
import { isLogLevel, type LogLevel } from './logger.ts'

/** Where origin is reached, and when its blocks count as final. */
type OriginConfig = { readonly url: string; readonly finality: FinalityPolicy }

/** At one block per second, a day and a half. */
const KEEP_STATES = 131_072n
/** With less, a proof may be gone before a relayer has sent it. */
const LEAST_STATES = 1024n

/** How a node without a chain gets one. */
type SyncMode = 'full' | 'checkpoint'

/** Everything one node is told. Paths are absolute after reading. */
export type NodeConfig = {
  readonly dataDir: string
  readonly genesisFile: string
  readonly origin: OriginConfig
  readonly network: { readonly listen: readonly string[]; readonly peers: readonly string[] }
  /** What a node without a chain does: executes all blocks from genesis, or begins at the newest checkpoint that the core has committed. */
  readonly sync: SyncMode
  readonly rpc: {
    readonly host: string
    readonly port: number
    /** File with 32 bytes in hex: the secret of the tokens with which callers show that they are no strangers. */
    readonly tokenSecretFile: string | undefined
    /** Where to listen for processes of the same user as well: a socket, or a named pipe. */
    readonly ipcPath: string | undefined
  }
  /** File with the secret key that seals blocks; without it the node produces none. */
  readonly signerKeyFile: string | undefined
  /** Who signs the blocks in the place of a key file. */
  readonly sealSigner: RemoteKeyOptions | undefined
  /** File with the secret key that votes; without it the node casts no votes. */
  readonly validatorKeyFile: string | undefined
  /** Who signs the votes in the place of a key file. */
  readonly validatorSigner: RemoteKeyOptions | undefined
  /** File with the password of those key files that are keystores. */
  readonly passwordFile: string | undefined
  /** Whether a missing guard journal is begun though the data directory is not new: for a key that never signed anything. */
  readonly newGuardJournal: boolean
  /** Checkpoints during which a validator that was away only looks whether somebody else votes with its key. */
  readonly doppelgangerCheckpoints: bigint
  /** File with the key of an account with funds on both chains, which reports offences; without it they are only found and kept. */
  readonly fishermanKeyFile: string | undefined
  readonly gasLimit: bigint
  /** Blocks whose states are kept; undefined: all. */
  readonly keepStates: bigint | undefined
  readonly logLevel: LogLevel
}

/** Everything a relayer is told. */
export type RelayerConfig = {
  readonly genesisFile: string
  readonly origin: OriginConfig & { readonly keyFile: string }
  readonly auxiliary: { readonly url: string; readonly keyFile: string }
  readonly maxIntervalSeconds: bigint
  /** File with the password of those key files that are keystores. */
  readonly passwordFile: string | undefined
  readonly logLevel: LogLevel
}

/** @throws InvalidValueError naming the member that is missing, unknown or malformed. */
export async function readNodeConfig(path: string): Promise<NodeConfig> {
  const root = await readSection(path, [
    'dataDir',
    'genesisFile',
    'origin',
    'network',
    'sync',
    'rpc',
    'signerKeyFile',
    'sealSigner',
    'validatorKeyFile',
    'validatorSigner',
    'passwordFile',
    'newGuardJournal',
    'doppelgangerCheckpoints',
    'fishermanKeyFile',
    'gasLimit',
    'keepStates',
    'logLevel',
  ])
  const network = root.section('network', ['listen', 'peers'])
  const rpc = root.section('rpc', ['host', 'port', 'tokenSecretFile', 'ipcPath'])
  return {
    dataDir: root.path('dataDir'),
    genesisFile: root.path('genesisFile'),
    origin: readOrigin(root.section('origin', ['url', 'confirmations'])),
    network: { listen: network.texts('listen'), peers: network.texts('peers') },
    sync: readSyncMode(root.section('sync', ['mode'])),
    rpc: {
      host: rpc.text('host', '127.0.0.1'),
      port: Number(rpc.integer('port', 8545n)),
      tokenSecretFile: rpc.optionalPath('tokenSecretFile'),
      ipcPath: rpc.optionalPath('ipcPath'),
    },
    signerKeyFile: root.optionalPath('signerKeyFile'),
    validatorKeyFile: root.optionalPath('validatorKeyFile'),
    sealSigner: readSealSigner(root),
    validatorSigner: readValidatorSigner(root),
    passwordFile: root.optionalPath('passwordFile'),
    newGuardJournal: root.flag('newGuardJournal'),
    doppelgangerCheckpoints: root.integer('doppelgangerCheckpoints', 2n),
    fishermanKeyFile: root.optionalPath('fishermanKeyFile'),
    gasLimit: root.integer('gasLimit', 12_000_000n),
    keepStates: readKeepStates(root),
    logLevel: root.level('logLevel'),
  }
}

/** @throws InvalidValueError naming the member that is missing, unknown or malformed. */
export async function readRelayerConfig(path: string): Promise<RelayerConfig> {
  const root = await readSection(path, [
    'genesisFile',
    'origin',
    'auxiliary',
    'maxIntervalSeconds',
    'passwordFile',
    'logLevel',
  ])
  const origin = root.section('origin', ['url', 'confirmations', 'keyFile'])
  const auxiliary = root.section('auxiliary', ['url', 'keyFile'])
  return {
    genesisFile: root.path('genesisFile'),
    origin: { ...readOrigin(origin), keyFile: origin.path('keyFile') },
    auxiliary: { url: auxiliary.text('url'), keyFile: auxiliary.path('keyFile') },
    maxIntervalSeconds: root.integer('maxIntervalSeconds', 3600n),
    passwordFile: root.optionalPath('passwordFile'),
    logLevel: root.level('logLevel'),
  }
}

function readValidatorSigner(root: Section): RemoteKeyOptions | undefined {
  if (!root.has('validatorSigner')) return undefined
  if (root.has('validatorKeyFile')) {
    throw new InvalidValueError('one of validatorKeyFile and validatorSigner', 'both')
  }
  const section = root.section('validatorSigner', ['url', 'address', 'api'])
  const api = section.text('api', 'web3signer')
  if (api !== 'web3signer' && api !== 'typed-data') {
    throw new InvalidValueError('web3signer or typed-data at validatorSigner.api', api)
  }
  return { url: section.text('url'), address: toAddress(section.text('address')), api }
}

function readSealSigner(root: Section): RemoteKeyOptions | undefined {
  if (!root.has('sealSigner')) return undefined
  if (root.has('signerKeyFile'))
    throw new InvalidValueError('one of signerKeyFile and sealSigner', 'both')
  const section = root.section('sealSigner', ['url', 'address'])
  return {
    url: section.text('url'),
    address: toAddress(section.text('address')),
    api: 'web3signer',
  }
}

/** A number of blocks, or `all`. */
function readKeepStates(root: Section): bigint | undefined {
  if (root.isWord('keepStates', 'all')) return undefined
  const blocks = root.integer('keepStates', KEEP_STATES)
  if (blocks < LEAST_STATES) {
    throw new InvalidValueError(`all, or at least ${LEAST_STATES} states to keep`, blocks)
  }
  return blocks
}

function readSyncMode(section: Section): SyncMode {
  const mode = section.text('mode', 'full')
  if (mode !== 'full' && mode !== 'checkpoint') {
    throw new InvalidValueError('full or checkpoint at sync.mode', mode)
  }
  return mode
}

function readOrigin(section: Section): OriginConfig {
  const depth = section.has('confirmations') ? section.integer('confirmations', 0n) : undefined
  return {
    url: section.text('url'),
    finality: depth === undefined ? { kind: 'finalized-tag' } : { kind: 'confirmations', depth },
  }
}

type Section = {
  readonly has: (key: string) => boolean
  /** Whether the member is this very word. */
  readonly isWord: (key: string, word: string) => boolean
  readonly text: (key: string, fallback?: string) => string
  readonly texts: (key: string) => readonly string[]
  readonly integer: (key: string, fallback: bigint) => bigint
  /** False if missing. */
  readonly flag: (key: string) => boolean
  readonly path: (key: string) => string
  readonly optionalPath: (key: string) => string | undefined
  readonly level: (key: string) => LogLevel
  readonly section: (key: string, known: readonly string[]) => Section
}

async function readSection(file: string, known: readonly string[]): Promise<Section> {
  const parsed: unknown = parse(await readFile(file, 'utf8'))
  return createSection(parsed, file, known, dirname(file))
}

function createSection(
  value: unknown,
  name: string,
  known: readonly string[],
  base: string,
): Section {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidValueError(`an object at ${name}`, JSON.stringify(value))
  }
  const members = new Map<string, unknown>(Object.entries(value))
  for (const key of members.keys()) {
    if (!known.includes(key))
      throw new InvalidValueError(`one of ${known.join(', ')} at ${name}`, key)
  }
  const text = (key: string, fallback?: string): string => {
    const member = members.get(key) ?? fallback
    if (typeof member !== 'string')
      throw new InvalidValueError(`text at ${name}.${key}`, JSON.stringify(member))
    return member
  }
  const path = (key: string): string => {
    const given = text(key)
    return isAbsolute(given) ? given : join(base, given)
  }
  return {
    has: (key) => members.has(key),
    isWord: (key, word) => members.get(key) === word,
    text,
    texts: (key) => {
      const member = members.get(key) ?? []
      if (!Array.isArray(member))
        throw new InvalidValueError(`a list at ${name}.${key}`, JSON.stringify(member))
      return member.map((entry: unknown) => {
        if (typeof entry !== 'string')
          throw new InvalidValueError(`texts at ${name}.${key}`, JSON.stringify(entry))
        return entry
      })
    },
    integer: (key, fallback) => {
      const member = members.get(key)
      if (member === undefined) return fallback
      if (
        (typeof member !== 'number' && typeof member !== 'string') ||
        !/^\d+$/.test(String(member))
      ) {
        throw new InvalidValueError(`a whole number at ${name}.${key}`, JSON.stringify(member))
      }
      return BigInt(member)
    },
    flag: (key) => {
      const member = members.get(key) ?? false
      if (typeof member !== 'boolean')
        throw new InvalidValueError(`true or false at ${name}.${key}`, JSON.stringify(member))
      return member
    },
    path,
    optionalPath: (key) => (members.has(key) ? path(key) : undefined),
    level: (key) => {
      const level = text(key, 'info')
      if (!isLogLevel(level))
        throw new InvalidValueError(`debug, info, warn or error at ${name}.${key}`, level)
      return level
    },
    section: (key, keys) => createSection(members.get(key) ?? {}, `${name}.${key}`, keys, base),
  }
}
