import { type Address, type Hash32, type Hex, toAddress, toHash32, toHex } from '@mosaic/primitives'
import { ERROR_CODE, RpcError } from './errors.ts'
import { isRecord } from './json.ts'

/** What is wrong with a parameter, without saying which one it is. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError'
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
export const text: Parse<string> = (value) => {
  if (typeof value !== 'string') throw new ParameterError(`expected a string, got ${kindOf(value)}`)
  return value
}

/** True or false. */
export const boolean: Parse<boolean> = (value) => {
  if (typeof value !== 'boolean')
    throw new ParameterError(`expected a boolean, got ${kindOf(value)}`)
  return value
}

/** An object of JSON. */
export const record: Parse<Readonly<Record<string, unknown>>> = (value) => {
  if (!isRecord(value)) throw new ParameterError(`expected an object, got ${kindOf(value)}`)
  return value
}

/** Hex data with whole bytes. */
export const hexData: Parse<Hex> = (value) => {
  const digits = hexDigits(value)
  if (digits.length % 2 !== 0) throw new ParameterError('hex string of odd length')
  return toHex(`0x${digits}`)
}

/** A 32-byte value. */
export const hash32: Parse<Hash32> = (value) => {
  requireLength(value, 32)
  return toHash32(hexData(value))
}

/** A 20-byte value, in any letter case. */
export const address: Parse<Address> = (value) => {
  requireLength(value, 20)
  return toAddress(hexData(value))
}

/** A storage key: up to 32 bytes of hex, padded to 32. */
export const storageKey: Parse<Hash32> = (value) => {
  const digits = hexDigits(value)
  if (digits.length > 64) throw new ParameterError('storage key too long (want at most 32 bytes)')
  return toHash32(`0x${digits.padStart(64, '0')}`)
}

/** A storage key in a proof. Keys written as 32 bytes are echoed so, others as quantities. */
export type ProofKey = { readonly slot: Hash32; readonly isFull: boolean }

/** A storage key that will be echoed. */
export const proofKey: Parse<ProofKey> = (value) => ({
  slot: storageKey(value),
  isFull: typeof value === 'string' && value.length === 66,
})

/** A quantity of at most `bits` bits. Leading zeros are let through, as most nodes do. */
export function quantityOf(bits: number): Parse<bigint> {
  return (value) => {
    const digits = hexDigits(value)
    if (digits === '') throw new ParameterError('hex string "0x"')
    const number = BigInt(`0x${digits}`)
    if (number >> BigInt(bits) !== 0n) throw new ParameterError(`hex number > ${bits} bits`)
    return number
  }
}

/** A quantity of 64 bits. */
export const uint64: Parse<bigint> = quantityOf(64)

/** A quantity of 256 bits. */
export const uint256: Parse<bigint> = quantityOf(256)

/** A number as JSON number, decimal text or quantity, for the methods where clients differ. */
export const decimalOrHex: Parse<bigint> = (value) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value)
  return uint64(value)
}

/** A list of at most `limit` items. */
export function listOf<T>(
  parse: Parse<T>,
  limit: number,
  onExcess = `more than ${limit} items`,
): Parse<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new ParameterError(`expected a list, got ${kindOf(value)}`)
    if (value.length > limit) throw new ParameterError(onExcess)
    return value.map((each) => parse(each))
  }
}

/** A field of an object; undefined when missing or null. */
export function field<T>(
  from: Readonly<Record<string, unknown>>,
  name: string,
  parse: Parse<T>,
): T | undefined {
  const value = Object.hasOwn(from, name) ? from[name] : undefined
  if (value === undefined || value === null) return undefined
  try {
    return parse(value)
  } catch (error) {
    if (error instanceof ParameterError) throw new ParameterError(`${name}: ${error.message}`)
    throw error
  }
}

/** A field that must be there. */
export function requiredField<T>(
  from: Readonly<Record<string, unknown>>,
  name: string,
  parse: Parse<T>,
): T {
  const value = field(from, name, parse)
  if (value === undefined) throw new ParameterError(`missing field "${name}"`)
  return value
}

/** What kind of JSON value it is, for error texts; the value itself is not repeated. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}

function hexDigits(value: unknown): string {
  const hex = text(value)
  if (hex === '') throw new ParameterError('empty hex string')
  if (!/^0x/i.test(hex)) throw new ParameterError('hex string without 0x prefix')
  if (!/^[0-9a-f]*$/i.test(hex.slice(2))) throw new ParameterError('invalid hex string')
  return hex.slice(2)
}

function requireLength(value: unknown, bytes: number): void {
  const digits = hexDigits(value)
  if (digits.length % 2 !== 0) throw new ParameterError('hex string of odd length')
  if (digits.length !== 2 * bytes) {
    throw new ParameterError(
      `hex string has length ${digits.length}, want ${2 * bytes} for ${bytes} bytes`,
    )
  }
}
