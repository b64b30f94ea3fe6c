import type { GenesisAccount } from '@mosaic/execution'
import {
  type Address,
  type Hash32,
  InvalidValueError,
  toAddress,
  toBlockNumber,
  toHash32,
  toHex,
} from '@mosaic/primitives'
import type { NetworkGenesis } from './build-genesis.ts'

const FORMAT = 'mosaic-genesis-1'

/** The one text of a genesis: JSON with two spaces, keys in fixed order, integers as decimal strings, accounts and slots ascending. */
export function encodeGenesisFile(genesis: NetworkGenesis): string {
  const { chain } = genesis
  return `${JSON.stringify(
    {
      format: FORMAT,
      hash: genesis.hash,
      origin: {
        chainId: genesis.originChainId.toString(),
        core: genesis.core,
        coreCreatedAt: genesis.coreCreatedAt.toString(),
        epochLength: genesis.originEpochLength.toString(),
        root: {
          number: genesis.originRoot.number.toString(),
          hash: genesis.originRoot.hash,
          stateRoot: genesis.originRoot.stateRoot,
        },
      },
      epochLength: genesis.epochLength.toString(),
      maxVoteAge: genesis.maxVoteAge.toString(),
      kernelHash: genesis.kernelHash,
      clique: { period: genesis.clique.period.toString(), epoch: genesis.clique.epoch.toString() },
      chainId: chain.chainId.toString(),
      timestamp: chain.timestamp.toString(),
      gasLimit: chain.gasLimit.toString(),
      baseFeePerGas: chain.baseFeePerGas.toString(),
      extraData: chain.extraData,
      alloc: sorted(chain.alloc, (account) => ({
        ...(account.balance === undefined ? {} : { balance: account.balance.toString() }),
        ...(account.nonce === undefined ? {} : { nonce: account.nonce.toString() }),
        ...(account.code === undefined ? {} : { code: account.code }),
        ...(account.storage === undefined
          ? {}
          : { storage: sorted(account.storage, (value) => value) }),
      })),
    },
    undefined,
    2,
  )}\n`
}

/** @throws InvalidValueError naming the first member that is missing or malformed. Does not recompute the hash: opening a chain does. */
export function decodeGenesisFile(text: string): NetworkGenesis {
  const root = reader(parse(text), 'genesis')
  if (root.text('format') !== FORMAT)
    throw new InvalidValueError(`a genesis of format ${FORMAT}`, root.text('format'))
  const origin = root.child('origin')
  const originRoot = origin.child('root')
  const clique = root.child('clique')
  const alloc: Record<Address, GenesisAccount> = {}
  const accounts = root.child('alloc')
  for (const key of accounts.keys()) {
    const account = accounts.child(key)
    const slots = account.has('storage') ? account.child('storage') : undefined
    const storage: Record<Hash32, Hash32> = {}
    for (const slot of slots?.keys() ?? [])
      storage[toHash32(slot)] = toHash32(slots?.text(slot) ?? '')
    alloc[toAddress(key)] = {
      ...(account.has('balance') ? { balance: account.integer('balance') } : {}),
      ...(account.has('nonce') ? { nonce: account.integer('nonce') } : {}),
      ...(account.has('code') ? { code: toHex(account.text('code')) } : {}),
      ...(slots === undefined ? {} : { storage }),
    }
  }
  return {
    hash: toHash32(root.text('hash')),
    chain: {
      chainId: root.integer('chainId'),
      timestamp: root.integer('timestamp'),
      gasLimit: root.integer('gasLimit'),
      baseFeePerGas: root.integer('baseFeePerGas'),
      extraData: toHex(root.text('extraData')),
      alloc,
    },
    clique: { period: clique.integer('period'), epoch: clique.integer('epoch') },
    core: toAddress(origin.text('core')),
    originChainId: origin.integer('chainId'),
    coreCreatedAt: toBlockNumber(origin.integer('coreCreatedAt')),
    epochLength: root.integer('epochLength'),
    originEpochLength: origin.integer('epochLength'),
    maxVoteAge: root.integer('maxVoteAge'),
    originRoot: {
      number: toBlockNumber(originRoot.integer('number')),
      hash: toHash32(originRoot.text('hash')),
      stateRoot: toHash32(originRoot.text('stateRoot')),
    },
    kernelHash: toHash32(root.text('kernelHash')),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidValueError('a genesis in JSON', text.slice(0, 100))
  }
}

function sorted<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, map(value)]),
  )
}

type Reader = {
  readonly text: (key: string) => string
  readonly integer: (key: string) => bigint
  readonly child: (key: string) => Reader
  readonly has: (key: string) => boolean
  readonly keys: () => readonly string[]
}

function reader(value: unknown, path: string): Reader {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidValueError(`an object at ${path}`, JSON.stringify(value))
  }
  const members = new Map<string, unknown>(Object.entries(value))
  const text = (key: string): string => {
    const member = members.get(key)
    if (typeof member !== 'string')
      throw new InvalidValueError(`text at ${path}.${key}`, JSON.stringify(member))
    return member
  }
  return {
    text,
    integer: (key) => {
      const digits = text(key)
      if (!/^\d{1,78}$/.test(digits))
        throw new InvalidValueError(`a decimal string at ${path}.${key}`, digits)
      return BigInt(digits)
    },
    child: (key) => reader(members.get(key), `${path}.${key}`),
    has: (key) => members.has(key),
    keys: () => [...members.keys()],
  }
}
