import { describe, expect, test } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { catchMutant, runRealSeed, runSeed, runSeeds } from './simulate.ts'

const RUNS = 2000
const REAL_RUNS = 5
const MUTANT_RUNS = 5000

describe('simulated networks', () => {
  test(`hold every property in ${RUNS} runs`, async () => {
    const summary = await runSeeds(1, RUNS)
    expect(summary.failures).toEqual([])
    // The adversaries are strong enough to matter, and weak enough for finality.
    expect(summary.conflicting).toBeGreaterThan(0)
    expect(summary.finalizing).toBeGreaterThan(RUNS / 2)
  })

  test('hold them with real digests and signatures', async () => {
    for (let seed = 1; seed <= REAL_RUNS; seed++) {
      expect((await runRealSeed(seed)).violations).toEqual([])
    }
  })

  test('run alike from equal seeds', async () => {
    expect(await runSeed(42)).toEqual(await runSeed(42))
  })

  test.each(MUTANTS)('notice that $name', async (mutant) => {
    expect(await catchMutant(mutant, MUTANT_RUNS)).toBeDefined()
  })
})
