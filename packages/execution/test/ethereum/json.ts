import { hexToBytes, toHex } from '@mosaic/primitives'

/** A JSON object whose fields are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>

/** A file is not what its place says. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function toFields(value: unknown, what: string): Fields {
  if (isFields(value)) return value
  throw new UnreadableError(`expected ${what} to be an object`)
}

export function toList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new UnreadableError(`expected ${what} to be a list`)
}

export function toText(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new UnreadableError(`expected ${what} to be a string`)
}

/** Hex with or without 0x. */
export function toBytes(value: unknown, what: string): Uint8Array {
  const text = toText(value, what)
  const digits = text.startsWith('0x') ? text.slice(2) : text
  return hexToBytes(toHex(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`))
}

/** Hex or decimal. */
export function toNumber(value: unknown, what: string): bigint {
  const text = toText(value, what)
  if (text === '0x') return 0n
  try {
    return BigInt(text.startsWith('0x:bigint ') ? text.slice('0x:bigint '.length) : text)
  } catch {
    throw new UnreadableError(`expected ${what} to be a number, received ${text.slice(0, 80)}`)
  }
}
