import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const COMMITTED = new URL('../snapshots/', import.meta.url)
const BUILT = new URL('../cache/snapshots/', import.meta.url)

/** After a change that is meant: `node scripts/build-contracts.mjs --update-snapshots`. */
describe('ABI, storage layout and size', () => {
  const names = readdirSync(BUILT)

  test('are committed for every contract', () => {
    expect(readdirSync(COMMITTED)).toEqual(expect.arrayContaining(names))
  })

  test('give core, arbiter and keeper the same storage', () => {
    const [core, ...others] = ['Core.json', 'CoreArbiter.json', 'CoreKeeper.json'].map(
      (name) => /"storage": \[[^\]]*\]/.exec(readFileSync(new URL(name, BUILT), 'utf8'))?.[0],
    )
    expect(core).toBeDefined()
    expect(others).toEqual([core, core])
  })

  test.each(names)('of %s are those under review', (name) => {
    expect(readFileSync(new URL(name, BUILT), 'utf8')).toBe(
      readFileSync(new URL(name, COMMITTED), 'utf8'),
    )
  })
})
