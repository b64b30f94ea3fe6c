import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { FinalityPolicy } from '@mosaic/origin'
import { InvalidValueError } from '@mosaic/primitives'
import { parse, type Tags } from 'yaml'
import type { z } from 'zod'
import { readInputText } from '../input-file.ts'
import { type ConfigKind, type Member, membersOf } from './members.ts'
import { nodeSchema, relayerSchema } from './schema.ts'
import type { NodeConfig, OriginConfig, RelayerConfig } from './types.ts'

/** What a command line and its environment say. */
export type ConfigSources = {
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * What a node is told: by `--config FILE` (YAML or JSON), environment variables, and flags, the later before the earlier.
 *
 * @throws InvalidValueError naming the member that is missing, unknown or malformed.
 */
export async function readNodeConfig(sources: ConfigSources): Promise<NodeConfig> {
  return check('node', nodeSchema, await readRaw('node', sources))
}

/** What a relayer is told, see {@link readNodeConfig}. @throws InvalidValueError */
export async function readRelayerConfig(sources: ConfigSources): Promise<RelayerConfig> {
  return check('relayer', relayerSchema, await readRaw('relayer', sources))
}

/** When blocks of origin count as final. */
export function finalityOf({ confirmations }: OriginConfig): FinalityPolicy {
  return confirmations === undefined
    ? { kind: 'finalized-tag' }
    : { kind: 'confirmations', depth: confirmations }
}

type Raw = { [key: string]: unknown }

async function readRaw(kind: ConfigKind, { words, environment }: ConfigSources): Promise<Raw> {
  const members = membersOf(kind)
  const { values } = parseArgs({
    args: [...words],
    options: Object.fromEntries([
      ['config', { type: 'string' } as const],
      ...members.map(({ flag, type }) => {
        const option = { type: type === 'flag' ? 'boolean' : 'string' } as const
        return [flag.slice(2), option] as const
      }),
    ]),
  })
  const file = values['config'] ?? environment['MOSAIC_CONFIG']
  const raw = typeof file === 'string' ? await readFileOf(file, members) : {}
  const cwd = process.cwd()
  for (const member of members) {
    const given = values[member.flag.slice(2)] ?? environment[member.variable]
    if (given !== undefined) put(raw, member, fromText(member, given), cwd)
  }
  return raw
}

async function readFileOf(file: string, members: readonly Member[]): Promise<Raw> {
  const parsed: unknown = parse(
    await readInputText(
      file,
      'a configuration in YAML or JSON',
      '`mosaic config reference node` or `relayer` tells what it may hold',
    ),
    { customTags: withoutHexadecimals },
  )
  if (!isObject(parsed))
    throw new InvalidValueError(`a configuration in YAML or JSON in ${file}`, parsed)
  const base = dirname(resolve(file))
  for (const member of members) {
    const value = member.keys.reduce<unknown>(
      (inner, key) => (isObject(inner) ? inner[key] : undefined),
      parsed,
    )
    if (member.type === 'path' && value !== undefined) put(parsed, member, value, base)
  }
  return parsed
}

/** An address without quotes is text, and no number of which half the digits are lost. */
function withoutHexadecimals(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || tag.format !== 'HEX')
}

function put(raw: Raw, { keys, type }: Member, value: unknown, base: string): void {
  let section = raw
  for (const key of keys.slice(0, -1)) {
    const inner = section[key] ?? {}
    if (!isObject(inner)) return
    section[key] = inner
    section = inner
  }
  const isPath = type === 'path' && typeof value === 'string' && value !== ''
  section[keys.at(-1) ?? ''] = isPath ? resolve(base, value) : value
}

function fromText({ type, flag }: Member, given: string | boolean): unknown {
  if (typeof given === 'boolean') return given
  if (type === 'list') return given.split(',').filter((entry) => entry !== '')
  if (type === 'number') return /^\d{1,15}$/.test(given) ? Number(given) : given
  if (type !== 'flag') return given
  if (given !== 'true' && given !== 'false') {
    throw new InvalidValueError(`true or false at ${flag}`, given)
  }
  return given === 'true'
}

function check<T>(kind: ConfigKind, schema: z.ZodType<T>, raw: Raw): T {
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const at = issue?.path.join('.') ?? ''
  const where = at === '' ? 'the configuration' : at
  if (issue?.code === 'unrecognized_keys') {
    throw new InvalidValueError(`no other members in ${where}`, issue.keys.join(', '))
  }
  if (issue?.code === 'custom' && issue.params !== undefined) {
    throw new InvalidValueError(issue.message.replace(/^expected /, ''), issue.params['received'])
  }
  const value = issue?.path.reduce<unknown>(
    (inner, key) => (isObject(inner) || Array.isArray(inner) ? Reflect.get(inner, key) : undefined),
    raw,
  )
  const expected = (issue?.message ?? 'a value').replace(/^expected /, '')
  if (value !== undefined) throw new InvalidValueError(`${expected} at ${where}`, value)
  throw new InvalidValueError(`${expected} at ${where}${waysTo(kind, at)}`, undefined)
}

/** How else than by the file a member is told. */
function waysTo(kind: ConfigKind, at: string): string {
  const member = membersOf(kind).find(({ keys }) => keys.join('.').startsWith(at))
  if (member === undefined) return ''
  return ` (of the file at --config, or ${member.flag}, or ${member.variable})`
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
