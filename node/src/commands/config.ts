import { InvalidValueError } from '@mosaic/primitives'
import { type ConfigKind, jsonSchemaOf, membersOf } from '../config/members.ts'

/** `mosaic config schema | reference`. @throws InvalidValueError on other words. */
export function configCommand([what = '', kind = 'node']: readonly string[]): number {
  if (kind !== 'node' && kind !== 'relayer') throw new InvalidValueError('node or relayer', kind)
  if (what === 'schema') process.stdout.write(formatSchema(kind))
  else if (what === 'reference') process.stdout.write(formatReference(kind))
  else throw new InvalidValueError('schema or reference', what)
  return 0
}

/** The JSON Schema of a configuration, as it is published. */
export function formatSchema(kind: ConfigKind): string {
  return `${JSON.stringify(jsonSchemaOf(kind), undefined, 2)}\n`
}

/** All members of a configuration as a table. */
export function formatReference(kind: ConfigKind): string {
  const rows = membersOf(kind).map(({ keys, flag, variable, fallback, description }) =>
    [
      `\`${keys.join('.')}\``,
      `\`${flag}\``,
      `\`${variable}\``,
      fallback === undefined ? '' : `\`${fallback}\``,
      description,
    ].map((cell) => cell.replaceAll('|', String.raw`\|`)),
  )
  const table = [['in the file', 'flag', 'environment', 'if left out', 'what'], ...rows]
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  )
  const lines = table.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join(' | ')} |`,
  )
  const rule = `| ${(widths ?? []).map((width) => '-'.repeat(width)).join(' | ')} |`
  return `${[lines[0], rule, ...lines.slice(1)].join('\n')}\n`
}
