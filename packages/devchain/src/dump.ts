import type { ChainPosition } from '@mosaic/chain'
import type { ChainGenesis, GenesisAccount } from '@mosaic/execution'
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  InvalidValueError,
  toAddress,
  toHash32,
  toHex,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { Space, Store, StoreOperation } from '@mosaic/storage'

/** All that a chain for tests is, so that another process can go on with it. */
export type Dump = {
  readonly genesis: ChainGenesis
  readonly position: ChainPosition
  /** Seconds that the clock is ahead of the one underneath. */
  readonly clockOffset: bigint
  readonly records: readonly StoreOperation[]
}

const FORMAT = 'mosaic-dev-chain/1'
/** What is there by hash. The rest is an index, which moving the head makes again. */
const SPACES = [
  'block',
  'blockMeta',
  'receipts',
  'node',
  'code',
] as const satisfies readonly Space[]

/** A dump as one text: JSON, packed by gzip. */
export async function encodeDump(store: Store, dump: Omit<Dump, 'records'>): Promise<Hex> {
  const records: Record<string, [Hex, Hex][]> = {}
  for (const space of SPACES) {
    const entries: [Hex, Hex][] = []
    for await (const [key, value] of store.entries(space)) {
      entries.push([bytesToHex(key), bytesToHex(value)])
    }
    records[space] = entries
  }
  const text = JSON.stringify({ format: FORMAT, ...dump, records }, (_key, value: unknown) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
  )
  const { gzipSync } = process.getBuiltinModule('node:zlib')
  return bytesToHex(gzipSync(utf8ToBytes(text)))
}

/** @throws InvalidValueError if the text is none of {@link encodeDump}. */
export function decodeDump(text: Hex): Dump {
  const dump = requireObject(parse(text), 'a dump')
  if (dump['format'] !== FORMAT)
    throw new InvalidValueError(`a dump of format ${FORMAT}`, dump['format'])
  const position = requireObject(dump['position'], 'the position of a dump')
  const spaces = requireObject(dump['records'], 'the records of a dump')
  return {
    genesis: toGenesis(requireObject(dump['genesis'], 'the genesis of a dump')),
    position: {
      head: toHash32(requireText(position['head'])),
      stateRoot: toHash32(requireText(position['stateRoot'])),
    },
    clockOffset: toSigned(requireText(dump['clockOffset'])),
    records: SPACES.flatMap((space) =>
      requireList(spaces[space]).map((entry): StoreOperation => {
        const [key, value] = requireList(entry)
        return {
          type: 'put',
          space,
          key: hexToBytes(requireText(key)),
          value: hexToBytes(requireText(value)),
        }
      }),
    ),
  }
}

function parse(text: Hex): unknown {
  const { gunzipSync } = process.getBuiltinModule('node:zlib')
  try {
    return JSON.parse(new TextDecoder().decode(gunzipSync(hexToBytes(text))))
  } catch {
    throw new InvalidValueError('a dump: JSON packed by gzip', text.slice(0, 20))
  }
}

function toGenesis(genesis: Record<string, unknown>): ChainGenesis {
  const alloc = requireObject(genesis['alloc'], 'the accounts of a genesis')
  return {
    chainId: BigInt(requireText(genesis['chainId'])),
    timestamp: BigInt(requireText(genesis['timestamp'])),
    gasLimit: BigInt(requireText(genesis['gasLimit'])),
    baseFeePerGas: BigInt(requireText(genesis['baseFeePerGas'])),
    extraData: toHex(requireText(genesis['extraData'])),
    alloc: Object.fromEntries(
      Object.entries(alloc).map(([address, account]) => [toAddress(address), toAccount(account)]),
    ),
  }
}

function toAccount(value: unknown): GenesisAccount {
  const { balance, nonce, code, storage } = requireObject(value, 'an account of a genesis')
  return {
    ...(balance === undefined ? {} : { balance: BigInt(requireText(balance)) }),
    ...(nonce === undefined ? {} : { nonce: BigInt(requireText(nonce)) }),
    ...(code === undefined ? {} : { code: toHex(requireText(code)) }),
    ...(storage === undefined
      ? {}
      : {
          storage: Object.fromEntries(
            Object.entries(requireObject(storage, 'slots')).map(([slot, word]) => [
              toHash32(slot),
              toHash32(requireText(word)),
            ]),
          ),
        }),
  }
}

function toSigned(text: string): bigint {
  return text.startsWith('0x-') ? -BigInt(`0x${text.slice(3)}`) : BigInt(text)
}

function requireObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidValueError(`${what} as an object`, value)
  }
  return { ...value }
}

function requireList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new InvalidValueError('a list in a dump', value)
  return value
}

function requireText(value: unknown): string {
  if (typeof value !== 'string') throw new InvalidValueError('a text in a dump', value)
  return value
}
