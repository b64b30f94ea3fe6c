/** A value that JSON can carry. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

/** What {@link toJson} takes: JSON, and the values of this project that have one form in it. */
export type JsonSource =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly JsonSource[]
  | { readonly [key: string]: JsonSource }

/** A quantity: the shortest hex, `0x0` for zero. */
export function quantity(value: bigint | number): string {
  return `0x${value.toString(16)}`
}

/** Integers become quantities and what is missing becomes null; hex strings stay as they are. */
export function toJson(value: JsonSource): Json {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return quantity(value)
  if (typeof value !== 'object') return value
  if (isArray(value)) return value.map(toJson)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toJson(each)]))
}

/** Whether `value` is an object of JSON, and neither null nor a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isArray(value: object): value is readonly JsonSource[] {
  return Array.isArray(value)
}
