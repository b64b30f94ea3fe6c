import { InvalidValueError } from '@mosaic/primitives'
import { z } from 'zod'
import { nodeSchema, PATH_FORMAT, relayerSchema } from './schema.ts'

const SCHEMAS: Readonly<Record<ConfigKind, z.ZodType>> = {
  node: nodeSchema,
  relayer: relayerSchema,
}

/** Who is configured. */
export type ConfigKind = 'node' | 'relayer'

/** One value that can be set: in the file, by a flag, by an environment variable. */
export type Member = {
  /** Where it stands in the file. */
  readonly keys: readonly string[]
  /** `--rpc-port`. */
  readonly flag: string
  /** `MOSAIC_RPC_PORT`. */
  readonly variable: string
  readonly type: 'text' | 'path' | 'number' | 'flag' | 'list'
  readonly fallback: string | undefined
  readonly description: string
}

type JsonSchema = Readonly<Record<string, unknown>>

/** The JSON Schema (draft 2020-12) of a configuration file. */
export function jsonSchemaOf(kind: ConfigKind): JsonSchema {
  const schema = z.toJSONSchema(SCHEMAS[kind], { io: 'input' })
  return record(JSON.parse(JSON.stringify(schema)))
}

/** All values that a configuration can have, in the order of the schema. */
export function membersOf(kind: ConfigKind): readonly Member[] {
  return collect(jsonSchemaOf(kind), [])
}

function collect(schema: JsonSchema, keys: readonly string[]): readonly Member[] {
  const properties = schema['properties']
  if (properties !== undefined) {
    return Object.entries(record(properties)).flatMap(([key, inner]) =>
      collect(record(inner), [...keys, key]),
    )
  }
  const words = keys.map((key) => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
  const flag = words.join('-')
  const { default: fallback, description } = schema
  return [
    {
      keys,
      flag: `--${flag}`,
      variable: `MOSAIC_${flag.replaceAll('-', '_').toUpperCase()}`,
      type: typeOf(schema),
      fallback: typeof fallback === 'string' ? fallback : JSON.stringify(fallback),
      description: String(description),
    },
  ]
}

function typeOf(schema: JsonSchema): Member['type'] {
  const { type, format, anyOf } = schema
  if (Array.isArray(anyOf)) {
    const types = anyOf.map((each) => typeOf(record(each)))
    if (types.includes('list')) return 'list'
    return types.includes('number') ? 'number' : 'text'
  }
  if (type === 'boolean') return 'flag'
  if (type === 'array') return 'list'
  if (type === 'integer' || type === 'number') return 'number'
  return format === PATH_FORMAT ? 'path' : 'text'
}

function record(value: unknown): JsonSchema {
  if (typeof value !== 'object' || value === null) throw new InvalidValueError('an object', value)
  return Object.fromEntries(Object.entries(value))
}
