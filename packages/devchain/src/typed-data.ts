import {
  bytesToBigint,
  concatBytes,
  type Hash32,
  hexToBytes,
  InvalidValueError,
  keccak256,
  keccak256Bytes,
  toWord,
  utf8ToBytes,
} from '@mosaic/primitives'

type Field = { readonly name: string; readonly type: string }
type Types = Readonly<Record<string, readonly Field[]>>
type Message = Readonly<Record<string, unknown>>

const DOMAIN_FIELDS: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
]

/**
 * The digest that `eth_signTypedData_v4` signs (EIP-712).
 *
 * @throws InvalidValueError if a member is missing or is not what its type says.
 */
export function hashTypedData(data: Message): Hash32 {
  const types = readTypes(data['types'])
  const domain = requireObject(data['domain'] ?? {}, 'domain')
  const domainTypes: Types = {
    EIP712Domain:
      types['EIP712Domain'] ?? DOMAIN_FIELDS.filter(({ name }) => domain[name] !== undefined),
  }
  const primary = data['primaryType']
  if (typeof primary !== 'string') throw new InvalidValueError('a primaryType', primary)
  const parts = [Uint8Array.of(0x19, 0x01), hashStruct('EIP712Domain', domain, domainTypes)]
  if (primary !== 'EIP712Domain') {
    parts.push(hashStruct(primary, requireObject(data['message'], 'message'), types))
  }
  return keccak256(concatBytes(...parts))
}

function hashStruct(type: string, value: Message, types: Types): Uint8Array {
  const encoded = fieldsOf(type, types).map((field) =>
    encodeValue(field.type, value[field.name], types, `${type}.${field.name}`),
  )
  return keccak256Bytes(
    concatBytes(keccak256Bytes(utf8ToBytes(encodeType(type, types))), ...encoded),
  )
}

/** The type, and after it all that it uses, by name. */
function encodeType(primary: string, types: Types): string {
  const found = new Set<string>()
  const visit = (type: string): void => {
    const name = type.replace(/\[.*$/, '')
    if (found.has(name) || types[name] === undefined) return
    found.add(name)
    for (const field of fieldsOf(name, types)) visit(field.type)
  }
  visit(primary)
  found.delete(primary)
  return [primary, ...[...found].toSorted()]
    .map((name) => {
      const members = fieldsOf(name, types).map((field) => `${field.type} ${field.name}`)
      return `${name}(${members.join(',')})`
    })
    .join('')
}

/** A word: the value, or the hash of what has no fixed size. */
function encodeValue(type: string, value: unknown, types: Types, path: string): Uint8Array {
  const array = /^(.*)\[(\d*)\]$/.exec(type)
  if (array !== null) {
    const [, item = '', size = ''] = array
    if (!Array.isArray(value) || (size !== '' && value.length !== Number(size))) {
      throw new InvalidValueError(`a list of ${type} at ${path}`, value)
    }
    return keccak256Bytes(
      concatBytes(...value.map((each, i) => encodeValue(item, each, types, `${path}[${i}]`))),
    )
  }
  if (types[type] !== undefined) {
    // As in ethers and MetaMask: a struct that is missing counts as zero.
    if (value === undefined || value === null) return new Uint8Array(32)
    return hashStruct(type, requireObject(value, path), types)
  }
  if (type === 'string' && typeof value === 'string') return keccak256Bytes(utf8ToBytes(value))
  if (type === 'bytes' && isHex(value)) return keccak256Bytes(hexToBytes(value))
  if (type === 'bool' && typeof value === 'boolean') return toWord(value ? 1n : 0n)
  if (type === 'address' && isHex(value, 20)) return toWord(bytesToBigint(hexToBytes(value)))
  const bytes = /^bytes(\d+)$/.exec(type)
  if (bytes !== null && isHex(value, Number(bytes[1]))) {
    const word = new Uint8Array(32)
    word.set(hexToBytes(value))
    return word
  }
  const integer = /^(u?)int(\d*)$/.exec(type)
  if (integer !== null) {
    return encodeInteger(
      value,
      integer[1] === '',
      Number(integer[2] || '256'),
      `${type} at ${path}`,
    )
  }
  throw new InvalidValueError(`a value of type ${type} at ${path}`, value)
}

function encodeInteger(value: unknown, signed: boolean, bits: number, what: string): Uint8Array {
  const isInteger =
    typeof value === 'bigint' ||
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^-?(?:\d+|0x[\da-f]+)$/i.test(value))
  if (!isInteger) throw new InvalidValueError(`an integer ${what}`, value)
  const text = String(value)
  const number = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
  const fits = signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number)
  if (fits !== number) throw new InvalidValueError(`an integer ${what}`, value)
  return toWord(BigInt.asUintN(256, number))
}

function fieldsOf(type: string, types: Types): readonly Field[] {
  const fields = types[type]
  if (fields === undefined) throw new InvalidValueError('a type that is described', type)
  return fields
}

function readTypes(value: unknown): Types {
  return Object.fromEntries(
    Object.entries(requireObject(value, 'types')).map(([name, fields]) => {
      if (!Array.isArray(fields)) throw new InvalidValueError(`the fields of ${name}`, fields)
      return [
        name,
        fields.map((field: unknown) => {
          const { name: label, type } = requireObject(field, `a field of ${name}`)
          if (typeof label !== 'string' || typeof type !== 'string') {
            throw new InvalidValueError(`a field of ${name} with name and type`, field)
          }
          return { name: label, type }
        }),
      ]
    }),
  )
}

function requireObject(value: unknown, what: string): Message {
  if (!isObject(value)) throw new InvalidValueError(`an object as ${what}`, value)
  return value
}

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isHex(value: unknown, size?: number): value is string {
  return (
    typeof value === 'string' &&
    /^0x(?:[\da-f]{2})*$/i.test(value) &&
    (size === undefined || value.length === 2 + 2 * size)
  )
}
