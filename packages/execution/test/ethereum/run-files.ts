import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { blockCase, isBlockTest } from './block-tests.ts'
import type { Case } from './cases.ts'
import { isFields, toFields, UnreadableError } from './json.ts'
import { vectorCases } from './precompile-vectors.ts'
import { isStateTest, stateCases } from './state-tests.ts'

/** What came of the cases of some files. */
export type Tally = {
  files: number
  cases: number
  passed: number
  /** Each with its file, name and what was wrong. */
  readonly failed: string[]
  /** How many, by why they do not concern this chain. */
  readonly skipped: Map<string, number>
  /** Files that are no tests of states or blocks, each with why. */
  readonly unread: string[]
}

/** Runs all tests in files and folders. */
export async function runFiles(paths: readonly string[]): Promise<Tally> {
  const tally: Tally = {
    files: 0,
    cases: 0,
    passed: 0,
    failed: [],
    skipped: new Map(),
    unread: [],
  }
  for (const path of paths) {
    for (const file of filesBelow(path)) await runFile(file, tally)
  }
  return tally
}

async function runFile(file: string, tally: Tally): Promise<void> {
  tally.files++
  try {
    for (const { name, run } of casesOf(file)) {
      tally.cases++
      const outcome = await run()
      if (outcome.kind === 'passed') tally.passed++
      else if (outcome.kind === 'failed') tally.failed.push(`${file}: ${name}: ${outcome.reason}`)
      else tally.skipped.set(outcome.reason, (tally.skipped.get(outcome.reason) ?? 0) + 1)
    }
  } catch (error) {
    tally.unread.push(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function filesBelow(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function casesOf(file: string): readonly Case[] {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (Array.isArray(content) && content.length > 0) return vectorCases(file, content)
  const tests = Object.entries(toFields(content, 'the file'))
  if (tests.length === 0) throw new UnreadableError('expected tests')
  return tests.flatMap(([name, test]) => {
    if (isFields(test) && isStateTest(test)) return [...stateCases(name, test)]
    if (isFields(test) && isBlockTest(test)) return [blockCase(name, test)]
    throw new UnreadableError('expected tests of states or blocks')
  })
}
