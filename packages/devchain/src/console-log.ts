import {
  type Address,
  bytesToBigint,
  bytesToHex,
  keccak256Bytes,
  toAddress,
  utf8ToBytes,
} from '@mosaic/primitives'

/** Where the library `console.sol` sends what it is given. */
export const CONSOLE: Address = toAddress('0x000000000000000000636f6e736f6c652e6c6f67')

type Kind = 'uint256' | 'int256' | 'string' | 'bool' | 'address' | 'bytes' | `bytes${number}`

const KINDS = ['uint256', 'string', 'bool', 'address'] as const
const MOST_ARGUMENTS = 4
const WORD = 32
const HALF = 1n << 255n

let known: ReadonlyMap<string, readonly Kind[]> | undefined

/** The line that a message to {@link CONSOLE} asks for; undefined if it is none of that library. */
export function decodeConsoleLog(data: Uint8Array): string | undefined {
  known ??= listSignatures()
  const kinds = known.get(bytesToHex(data.subarray(0, 4)))
  if (kinds === undefined) return undefined
  const values = kinds.map((kind, index) => readValue(kind, data.subarray(4), index))
  const [first, ...rest] = values
  if (typeof first !== 'string' || kinds[0] !== 'string') return values.join(' ')
  // To load it takes 3 ms, which few chains are worth.
  const { format } = process.getBuiltinModule('node:util')
  // Integers are text by now: they may be larger than numbers are.
  return format(first.replaceAll(/%[di]/g, '%s'), ...rest)
}

/** `log` with up to four arguments of any of four kinds, and with one of some others. */
function listSignatures(): ReadonlyMap<string, readonly Kind[]> {
  const lists: Kind[][] = [[]]
  let longest: Kind[][] = [[]]
  for (let i = 0; i < MOST_ARGUMENTS; i++) {
    longest = longest.flatMap((list) => KINDS.map((kind): Kind[] => [...list, kind]))
    lists.push(...longest)
  }
  lists.push(['int256'], ['bytes'], ['string', 'int256'])
  const signatures = new Map<string, readonly Kind[]>()
  const put = (name: string, types: readonly string[], kinds: readonly Kind[]): void => {
    const hash = keccak256Bytes(utf8ToBytes(`${name}(${types.join(',')})`))
    signatures.set(bytesToHex(hash.subarray(0, 4)), kinds)
  }
  for (const kinds of lists) {
    put('log', kinds, kinds)
    // Older versions of the library hashed the short names.
    put(
      'log',
      kinds.map((kind) => kind.replace(/^(u?int)256$/, '$1')),
      kinds,
    )
  }
  for (const [name, kind] of [
    ['logInt', 'int256'],
    ['logUint', 'uint256'],
    ['logString', 'string'],
    ['logBool', 'bool'],
    ['logAddress', 'address'],
    ['logBytes', 'bytes'],
  ] as const) {
    put(name, [kind], [kind])
  }
  for (let size = 1; size <= WORD; size++)
    put(`logBytes${size}`, [`bytes${size}`], [`bytes${size}`])
  return signatures
}

function readValue(kind: Kind, body: Uint8Array, index: number): string {
  const word = body.subarray(index * WORD, (index + 1) * WORD)
  const number = bytesToBigint(word)
  switch (kind) {
    case 'uint256':
      return number.toString()
    case 'int256':
      return (number >= HALF ? number - 2n * HALF : number).toString()
    case 'bool':
      return number === 0n ? 'false' : 'true'
    case 'address':
      return bytesToHex(word.subarray(12))
    case 'string':
      return new TextDecoder().decode(readBytes(body, number))
    case 'bytes':
      return bytesToHex(readBytes(body, number))
    default:
      return bytesToHex(word.subarray(0, Number(kind.slice('bytes'.length))))
  }
}

function readBytes(body: Uint8Array, offset: bigint): Uint8Array {
  if (offset > BigInt(body.length)) return new Uint8Array()
  const start = Number(offset) + WORD
  const length = bytesToBigint(body.subarray(Number(offset), start))
  return body.subarray(start, start + Number(length > BigInt(body.length) ? 0n : length))
}
