import { type Address, type Hash32, type Hex, toAddress, toHash32, toHex } from '@mosaic/primitives'
import { ERROR_CODE, RpcError } from './errors.ts'
import { isRecord } from './json.ts'

/** What is wrong with a parameter, without saying which one it is. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError'
}

/** A JSON value of the wrong kind, or malformed, in the words of Go's decoder, which clients of geth know. */
export class UnmarshalError extends ParameterError {
  readonly #what: string
  readonly #type: string

  /**
   * @param what the kind of the value, or what is wrong with it.
   * @param type what geth would make of it: `common.Address`.
   * @param place `TransactionArgs.from` for a field of an object.
   */
  constructor(what: string, type: string, place?: string) {
    const target = place === undefined ? 'value' : `struct field ${place}`
    super(`json: cannot unmarshal ${what} into Go ${target} of type ${type}`)
    this.#what = what
    this.#type = type
  }

  /** The same of a field. */
  in(place: string): UnmarshalError {
    return new UnmarshalError(this.#what, this.#type, place)
  }
}

/** Reads a JSON value. @throws ParameterError */
export type Parse<T> = (value: unknown) => T

/** One positional parameter of a method. */
export type Argument<T> = {
  readonly parse: Parse<T>
  /** Stands in when the parameter is missing or null; a required one has none. */
  readonly fallback?: { readonly value: T }
}

/** A parameter that must be there. */
export function required<T>(parse: Parse<T>): Argument<T> {
  return { parse }
}

/** A parameter that may be missing or null. */
export function optional<T, F>(parse: Parse<T>, fallback: F): Argument<T | F> {
  return { parse, fallback: { value: fallback } }
}

/** @throws {@link RpcError} -32602 when the parameter at `index` is missing or malformed. */
export function readArgument<T>(
  params: readonly unknown[],
  index: number,
  argument: Argument<T>,
): T {
  const value = params[index]
  if (value === undefined || value === null) {
    if (argument.fallback !== undefined) return argument.fallback.value
    throw invalid(`missing value for required argument ${index}`)
  }
  try {
    return argument.parse(value)
  } catch (error) {
    if (error instanceof ParameterError)
      throw invalid(`invalid argument ${index}: ${error.message}`)
    throw error
  }
}

/** @throws {@link RpcError} -32602 when there are more than `count` parameters. */
export function requireAtMost(params: readonly unknown[], count: number): void {
  if (params.length > count) throw invalid(`too many arguments, want at most ${count}`)
}

function invalid(message: string): RpcError {
  return new RpcError(ERROR_CODE.invalidParameters, message)
}

/** Any string. */
export const text: Parse<string> = textOf('string')

/** Any string, of which geth makes a `type`. */
export function textOf(type: string): Parse<string> {
  return (value) => {
    if (typeof value !== 'string') throw new UnmarshalError(kindOf(value), type)
    return value
  }
}

/** True or false. */
export const boolean: Parse<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new UnmarshalError(kindOf(value), 'bool')
  return value
}

/** An object of JSON, with the name of what geth makes of it. */
export type Fields = {
  readonly type: string
  readonly values: Readonly<Record<string, unknown>>
}

/** An object of JSON, of which geth makes a `type`. */
export function recordOf(type: string): Parse<Fields> {
  return (value) => {
    if (!isRecord(value)) throw new UnmarshalError(kindOf(value), type)
    return { type, values: value }
  }
}

/** Hex data with whole bytes; an empty string is no bytes. */
export const hexData: Parse<Hex> = typed(
  'hexutil.Bytes',
  unless(toHex, (written) => (written === '' ? '0x' : bytesIn(written))),
)

/** Hex with whole bytes. @throws ParameterError */
export function bytesIn(written: string): Hex {
  const digits = hexDigits(written)
  requireEven(digits)
  requireHex(digits)
  return toHex(`0x${digits}`)
}

/** A 32-byte value. */
export const hash32: Parse<Hash32> = typed(
  'common.Hash',
  unless(toHash32, (written) => toHash32(bytesOf(written, 32, 'common.Hash'))),
)

/** A 20-byte value, in any letter case. */
export const address: Parse<Address> = typed(
  'common.Address',
  unless(toAddress, (written) => toAddress(bytesOf(written, 20, 'common.Address'))),
)

/** Hex of so many bytes; `type` is what geth calls them. */
export function bytesOf(written: string, bytes: number, type: string): Hex {
  const digits = written === '' ? '' : hexDigits(written)
  requireEven(digits)
  if (digits.length !== 2 * bytes) {
    throw new LengthError(`hex string has length ${digits.length}, want ${2 * bytes} for ${type}`)
  }
  requireHex(digits)
  return toHex(`0x${digits}`)
}

/** A storage key: up to 32 bytes of hex, padded to 32. */
export const storageKey: Parse<Hash32> = (value) => {
  const digits = text(value).replace(/^0x/i, '')
  if (!/^[0-9a-f]*$/i.test(digits)) throw new ParameterError('hex string invalid')
  if (digits.length > 64) throw new ParameterError('hex string too long, want at most 32 bytes')
  return toHash32(`0x${digits.padStart(64, '0')}`)
}

/** A storage key in a proof. Keys written as 32 bytes are echoed so, others as quantities. */
export type ProofKey = { readonly slot: Hash32; readonly isFull: boolean }

/** A storage key that will be echoed. */
export const proofKey: Parse<ProofKey> = (value) => ({
  slot: storageKey(value),
  isFull: typeof value === 'string' && value.length === 66,
})

/**
 * The number that a quantity of at most `bits` bits stands for. Leading zeros are let through, as most nodes do.
 *
 * @throws ParameterError
 */
export function toQuantity(written: string, bits: number): bigint {
  const digits = hexDigits(written)
  if (digits === '') throw new ParameterError('hex string "0x"')
  requireHex(digits)
  const number = BigInt(`0x${digits}`)
  if (number >> BigInt(bits) !== 0n) throw new ParameterError(`hex number > ${bits} bits`)
  return number
}

/** A quantity of 64 bits; an empty string is 0. */
export const uint64: Parse<bigint> = typed('hexutil.Uint64', (written) =>
  written === '' ? 0n : toQuantity(written, 64),
)

/** A quantity of 256 bits; an empty string is 0. */
export const uint256: Parse<bigint> = typed('hexutil.Big', (written) =>
  written === '' ? 0n : toQuantity(written, 256),
)

/** A number as JSON number, decimal text or quantity, for the methods where clients differ. */
export const decimalOrHex: Parse<bigint> = (value) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value)
  return uint64(value)
}

/** A list of at most `limit` items, of which geth makes a `type`. */
export function listOf<T>(
  parse: Parse<T>,
  limit: number,
  type = '[]interface {}',
  onExcess = `more than ${limit} items`,
): Parse<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new UnmarshalError(kindOf(value), type)
    if (value.length > limit) throw new ParameterError(onExcess)
    return value.map((each) => parse(each))
  }
}

/** A field of an object; undefined when missing or null. */
export function field<T>({ type, values }: Fields, name: string, parse: Parse<T>): T | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  if (value === undefined || value === null) return undefined
  try {
    return parse(value)
  } catch (error) {
    throw error instanceof UnmarshalError ? error.in(`${nameOf(type)}.${name}`) : error
  }
}

/** A field that must be there. */
export function requiredField<T>(from: Fields, name: string, parse: Parse<T>): T {
  const value = field(from, name, parse)
  if (value === undefined) {
    throw new ParameterError(`missing required field '${name}' for ${nameOf(from.type)}`)
  }
  return value
}

/** What kind of JSON value it is, for error texts; the value itself is not repeated. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'bool'
  return Array.isArray(value) ? 'array' : typeof value
}

/** A type without its package. */
function nameOf(type: string): string {
  return type.slice(type.indexOf('.') + 1)
}

/** The number of bytes is wrong; geth says so in words of its own. */
class LengthError extends ParameterError {}

/** A string of which geth makes a `type`. */
function typed<T>(type: string, read: (written: string) => T): Parse<T> {
  return (value) => {
    if (typeof value !== 'string') throw new UnmarshalError('non-string', type)
    try {
      return read(value)
    } catch (error) {
      if (!(error instanceof ParameterError) || error instanceof LengthError) throw error
      throw new UnmarshalError(error.message, type)
    }
  }
}

/** Reads what is written as usual, and asks `explain` for the rest: that reads it otherwise, or says what is wrong with it. */
function unless<T>(
  read: (written: string) => T,
  explain: (written: string) => T,
): (written: string) => T {
  return (written) => {
    try {
      return read(written)
    } catch {
      return explain(written)
    }
  }
}

function hexDigits(written: string): string {
  if (written === '') throw new ParameterError('empty hex string')
  if (!/^0x/i.test(written)) throw new ParameterError('hex string without 0x prefix')
  return written.slice(2)
}

function requireEven(digits: string): void {
  if (digits.length % 2 !== 0) throw new ParameterError('hex string of odd length')
}

function requireHex(digits: string): void {
  if (!/^[0-9a-f]*$/i.test(digits)) throw new ParameterError('invalid hex string')
}
