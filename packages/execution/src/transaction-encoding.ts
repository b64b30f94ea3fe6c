import { bytesToBigint } from '@mosaic/primitives'
import { MAX_INIT_CODE_BYTES } from './intrinsic-gas.ts'

/** A value of RLP as go-ethereum decodes it; the name is what its errors call the type. */
type Shape =
  | { readonly kind: 'integer'; readonly type: string; readonly maxBytes?: number }
  | { readonly kind: 'bytes'; readonly type: string; readonly size?: number }
  /** No bytes stand for none. */
  | { readonly kind: 'optional'; readonly type: string; readonly shape: Shape }
  | { readonly kind: 'list'; readonly type: string; readonly each: Shape }
  | { readonly kind: 'struct'; readonly type: string; readonly fields: Fields }

type Fields = readonly (readonly [name: string, shape: Shape])[]

/** What was read of a transaction, by the names of its fields: integers, and of bytes how many there are. */
type Found = ReadonlyMap<string, bigint>

const UINT64: Shape = { kind: 'integer', type: 'uint64', maxBytes: 8 }
const BIG: Shape = { kind: 'integer', type: '*big.Int' }
const WIDE: Shape = { kind: 'integer', type: '*uint256.Int', maxBytes: 32 }
const ADDRESS: Shape = { kind: 'bytes', type: 'common.Address', size: 20 }
const TARGET: Shape = { kind: 'optional', type: '*common.Address', shape: ADDRESS }
const DATA: Shape = { kind: 'bytes', type: '[]uint8' }
const ACCESS_LIST: Shape = {
  kind: 'list',
  type: 'types.AccessList',
  each: {
    kind: 'struct',
    type: 'types.AccessTuple',
    fields: [
      ['Address', ADDRESS],
      [
        'StorageKeys',
        {
          kind: 'list',
          type: '[]common.Hash',
          each: { kind: 'bytes', type: 'common.Hash', size: 32 },
        },
      ],
    ],
  },
}
const AUTHORIZATIONS: Shape = {
  kind: 'list',
  type: '[]types.SetCodeAuthorization',
  each: {
    kind: 'struct',
    type: 'types.SetCodeAuthorization',
    fields: [
      ['ChainID', { kind: 'integer', type: 'uint256.Int', maxBytes: 32 }],
      ['Address', ADDRESS],
      ['Nonce', UINT64],
      ['V', { kind: 'integer', type: 'uint8', maxBytes: 1 }],
      ['R', { kind: 'integer', type: 'uint256.Int', maxBytes: 32 }],
      ['S', { kind: 'integer', type: 'uint256.Int', maxBytes: 32 }],
    ],
  },
}

/** The fields after those of the fees and the gas; `number` is the type of amounts. */
const rest = (number: Shape, target: Shape, lists: Fields): Fields => [
  ['To', target],
  ['Value', number],
  ['Data', DATA],
  ...lists,
  ['V', number],
  ['R', number],
  ['S', number],
]
const ACCESS: Fields = [['AccessList', ACCESS_LIST]]

/** Transactions by type, 0 for legacy ones, under the names and in the order of go-ethereum's `core/types`. */
const TRANSACTIONS: ReadonlyMap<number, Shape> = new Map([
  [
    0,
    {
      kind: 'struct',
      type: 'types.LegacyTx',
      fields: [['Nonce', UINT64], ['GasPrice', BIG], ['Gas', UINT64], ...rest(BIG, TARGET, [])],
    },
  ],
  [
    1,
    {
      kind: 'struct',
      type: 'types.AccessListTx',
      fields: [
        ['ChainID', BIG],
        ['Nonce', UINT64],
        ['GasPrice', BIG],
        ['Gas', UINT64],
        ...rest(BIG, TARGET, ACCESS),
      ],
    },
  ],
  [
    2,
    {
      kind: 'struct',
      type: 'types.DynamicFeeTx',
      fields: [
        ['ChainID', BIG],
        ['Nonce', UINT64],
        ['GasTipCap', BIG],
        ['GasFeeCap', BIG],
        ['Gas', UINT64],
        ...rest(BIG, TARGET, ACCESS),
      ],
    },
  ],
  [
    4,
    {
      kind: 'struct',
      type: 'types.SetCodeTx',
      fields: [
        ['ChainID', WIDE],
        ['Nonce', UINT64],
        ['GasTipCap', WIDE],
        ['GasFeeCap', WIDE],
        ['Gas', UINT64],
        ...rest(WIDE, ADDRESS, [...ACCESS, ['AuthList', AUTHORIZATIONS]]),
      ],
    },
  ],
])

const MAX_UINT256 = 2n ** 256n - 1n
const MAX_NONCE = 2n ** 64n - 1n
const FIRST_STRING = 0x80
const FIRST_LIST = 0xc0
/** Longer ones have their length before them. */
const MAX_SHORT = 55

/**
 * What is wrong with an encoded transaction that did not decode, in the words of go-ethereum 1.13: that is, the first fault that its decoder
 * and then its pool would come upon. Undefined if it is none of these, which leaves the signature.
 *
 * @param raw an envelope of a type that is supported, or a legacy transaction; at least two bytes if the former.
 */
export function findTransactionFault(raw: Uint8Array): string | undefined {
  const [first = 0] = raw
  const type = first < FIRST_STRING ? first : 0
  const shape = TRANSACTIONS.get(type)
  if (shape === undefined) return 'transaction type not supported'
  const reader = new Reader(type === 0 ? raw : raw.subarray(1))
  const found = new Map<string, bigint>()
  try {
    decode(reader, shape, found)
    if (reader.left > 0) throw new EncodingFault('rlp: input contains more than one value')
  } catch (error) {
    if (error instanceof EndOfList) return 'EOF'
    if (error instanceof EncodingFault) return error.words(shape.type)
    throw error
  }
  return findOutOfRange(found)
}

/** What decodes, but no account can pay or sign for. */
function findOutOfRange(found: Found): string | undefined {
  const read = (name: string): bigint => found.get(name) ?? 0n
  const data = read('Data')
  if (!found.has('To') && data > MAX_INIT_CODE_BYTES) {
    return `max initcode size exceeded: code size ${data}, limit ${MAX_INIT_CODE_BYTES}`
  }
  const feeCap = found.get('GasFeeCap') ?? read('GasPrice')
  const tip = found.get('GasTipCap') ?? feeCap
  if (feeCap > MAX_UINT256) return 'max fee per gas higher than 2^256-1'
  if (tip > MAX_UINT256) return 'max priority fee per gas higher than 2^256-1'
  if (tip > feeCap) return 'max priority fee per gas higher than max fee per gas'
  if (read('Nonce') === MAX_NONCE) return 'nonce has max value'
  if (feeCap * read('Gas') + read('Value') > MAX_UINT256) {
    return 'insufficient funds for gas * price + value'
  }
  return undefined
}

/** There is nothing more in a list. */
class EndOfList extends Error {}

/** A fault with the way to it. */
class EncodingFault extends Error {
  readonly #type: string | undefined
  readonly #path: string[] = []

  /** @param type that of the value; without one the message is all there is. */
  constructor(message: string, type?: string) {
    super(message)
    this.#type = type
  }

  /** Says that the fault is within a field or item. */
  within(name: string): void {
    if (this.#type !== undefined) this.#path.unshift(name)
  }

  words(root: string): string {
    if (this.#type === undefined) return this.message
    const where = this.#path.length === 0 ? '' : `, decoding into (${root})${this.#path.join('')}`
    return `rlp: ${this.message} for ${this.#type}${where}`
  }
}

function decode(reader: Reader, shape: Shape, found: Map<string, bigint>, name = ''): void {
  switch (shape.kind) {
    case 'integer':
      found.set(name, readInteger(reader, shape))
      return
    case 'bytes':
      found.set(name, BigInt(readBytes(reader, shape)))
      return
    case 'optional': {
      const head = reader.head()
      if (head.kind === 'byte' || head.size > 0) {
        reader.back(head)
        decode(reader, shape.shape, found, name)
      } else if (head.kind === 'list') {
        throw new EncodingFault('wrong kind of empty value (got List, want String)', shape.type)
      }
      return
    }
    case 'list': {
      reader.enter(shape.type)
      for (let i = 0; reader.leftInList > 0; i++) {
        inside(`[${i}]`, () => decode(reader, shape.each, new Map()))
      }
      reader.leave(shape.type)
      return
    }
    case 'struct': {
      reader.enter(shape.type)
      for (const [field, inner] of shape.fields) {
        try {
          inside(`.${field}`, () => decode(reader, inner, found, field))
        } catch (error) {
          if (!(error instanceof EndOfList)) throw error
          throw new EncodingFault('too few elements', shape.type)
        }
      }
      reader.leave(shape.type)
      return
    }
    default:
      shape satisfies never
  }
}

function inside(name: string, step: () => void): void {
  try {
    step()
  } catch (error) {
    if (error instanceof EncodingFault) error.within(name)
    throw error
  }
}

function readInteger(
  reader: Reader,
  { type, maxBytes }: Extract<Shape, { kind: 'integer' }>,
): bigint {
  const head = reader.head(type)
  if (head.kind === 'list') throw new EncodingFault('expected input string or byte', type)
  if (maxBytes !== undefined && head.size > maxBytes) {
    throw maxBytes === 32
      ? new EncodingFault('rlp: value too large for uint256')
      : new EncodingFault('input string too long', type)
  }
  const bytes = reader.take(head)
  const [first] = bytes
  if (first === 0) throw new EncodingFault('non-canonical integer (leading zero bytes)', type)
  requireShortest(head, bytes, type)
  return bytesToBigint(bytes)
}

function readBytes(reader: Reader, { type, size }: Extract<Shape, { kind: 'bytes' }>): number {
  const head = reader.head(type)
  if (head.kind === 'list') throw new EncodingFault('expected input string or byte', type)
  const length = head.kind === 'byte' ? 1 : head.size
  if (size !== undefined && length > size) throw new EncodingFault('input string too long', type)
  if (size !== undefined && length < size) throw new EncodingFault('input string too short', type)
  requireShortest(head, reader.take(head), type)
  return length
}

/** One byte below 128 stands for itself. */
function requireShortest({ kind }: Head, bytes: Uint8Array, type: string): void {
  const [first = FIRST_STRING] = bytes
  if (kind === 'string' && bytes.length === 1 && first < FIRST_STRING) {
    throw new EncodingFault('non-canonical size information', type)
  }
}

/** What stands before a value; of a byte, the byte itself is the value. */
type Head = {
  readonly kind: 'byte' | 'string' | 'list'
  /** Bytes of the value that follow. */
  readonly size: number
  readonly at: number
}

/** Reads RLP from front to end, and checks each length against the list around it before what is left at all. */
class Reader {
  readonly #bytes: Uint8Array
  /** Where the lists end in which it stands. */
  readonly #ends: number[] = []
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Bytes to the end of the innermost list. */
  get leftInList(): number {
    return (this.#ends.at(-1) ?? this.#bytes.length) - this.#at
  }

  /** Reads a head. @param type of the value, for a length that is not written in the shortest way. */
  head(type?: string): Head {
    if (this.#ends.length > 0 && this.leftInList === 0) throw new EndOfList()
    const at = this.#at
    const [first = 0] = this.#read(1)
    if (first < FIRST_STRING) return { kind: 'byte', size: 0, at }
    const kind = first < FIRST_LIST ? 'string' : 'list'
    const short = first - (kind === 'string' ? FIRST_STRING : FIRST_LIST)
    const size = short <= MAX_SHORT ? short : this.#readLength(short - MAX_SHORT, type)
    if (size > this.leftInList) throw this.#tooLarge()
    return { kind, size, at }
  }

  /** Goes back to before a head. */
  back({ at }: Head): void {
    this.#at = at
  }

  take({ kind, size, at }: Head): Uint8Array {
    return kind === 'byte' ? this.#bytes.subarray(at, at + 1) : this.#read(size)
  }

  enter(type: string): void {
    const { kind, size } = this.head(type)
    if (kind !== 'list') throw new EncodingFault('expected input list', type)
    this.#ends.push(this.#at + size)
  }

  leave(type: string): void {
    if (this.leftInList > 0) throw new EncodingFault('input list has too many elements', type)
    this.#ends.pop()
  }

  #read(size: number): Uint8Array {
    if (size > this.leftInList) throw this.#tooLarge()
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }

  #readLength(size: number, type: string | undefined): number {
    const bytes = this.#read(size)
    const length = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
    if (bytes[0] === 0 || length <= MAX_SHORT) {
      throw new EncodingFault('non-canonical size information', type)
    }
    return length
  }

  #tooLarge(): EncodingFault {
    return this.#ends.length > 0
      ? new EncodingFault('rlp: element is larger than containing list')
      : new EncodingFault('rlp: value size exceeds available input length')
  }
}
