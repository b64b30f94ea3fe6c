import { createHeaderVectors } from './headers.ts'
import { createMessageVectors } from './messages.ts'
import { createRuleVectors } from './rules.ts'

/** The committed file, which `packages/contracts/test/Vectors.t.sol` checks the Solidity against. */
export const VECTORS_FILE: URL = new URL(
  '../../packages/contracts/vectors/protocol.json',
  import.meta.url,
)

/**
 * All vectors as the text of the file: what the TypeScript of this project says of fixed inputs. Integers are decimal strings. Rows
 * become columns, one array per member, because forge reads arrays of values and not of objects.
 */
export function renderVectors(): string {
  const vectors = { ...createMessageVectors(), ...createRuleVectors(), ...createHeaderVectors() }
  return `${JSON.stringify(toColumns(vectors), undefined, 2)}\n`
}

function toColumns(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.some(isRecord) ? transpose(value) : value.map(toColumns)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toColumns(member)]))
}

/** @throws TypeError unless all rows have the members of the first. */
function transpose(rows: readonly unknown[]): unknown {
  const [first] = rows
  const keys = isRecord(first) ? Object.keys(first) : []
  for (const row of rows) {
    if (!isRecord(row) || Object.keys(row).join() !== keys.join()) {
      throw new TypeError(`expected rows with the members ${keys.join()}`)
    }
  }
  return Object.fromEntries(
    keys.map((key) => [key, toColumns(rows.map((row) => (isRecord(row) ? row[key] : undefined)))]),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
