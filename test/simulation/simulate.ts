import type { Address } from '@mosaic/primitives'
import { runCoreWorld } from './core-world.ts'
import type { Mutant } from './mutants.ts'
import { findViolations, type Violation } from './properties.ts'
import { createRandom } from './random.ts'
import { REAL_RULES, type Rules, type Signatures } from './rules.ts'
import { createFastSignatures, createRealSignatures } from './signatures.ts'
import { runWorld } from './world.ts'

/** What many runs came to. */
export type Summary = {
  readonly runs: number
  /** Runs in which somebody finalized something. */
  readonly finalizing: number
  /** Runs with two conflicting finalized checkpoints: possible when more than a third is guilty. */
  readonly conflicting: number
  readonly blocks: number
  readonly votes: number
  readonly failures: readonly { readonly seed: number; readonly violations: readonly Violation[] }[]
}

const REAL_VALIDATORS = 8

/** Runs one seed with stand-ins for signatures, or with real ones. */
export async function runSeed(
  seed: number,
  rules: Rules = REAL_RULES,
  signatures: Signatures & { readonly validators?: readonly Address[] } = createFastSignatures(),
): Promise<{ readonly violations: readonly Violation[] } & Omit<Summary, 'runs' | 'failures'>> {
  const history = await runWorld(seed, rules, signatures, signatures.validators)
  const final = history.blocks.flatMap(({ finality }) => [...finality.finalized])
  const byHeight = new Map<bigint, string>()
  const isConflict = final.some(([height, hash]) => {
    const other = byHeight.get(height)
    byHeight.set(height, hash)
    return other !== undefined && other !== hash
  })
  return {
    violations: [
      ...findViolations(history, createRandom(seed)),
      ...(await runCoreWorld(seed, rules)),
    ],
    finalizing: final.length > 0 ? 1 : 0,
    conflicting: isConflict ? 1 : 0,
    blocks: history.blocks.length,
    votes: history.votes.length,
  }
}

/** Runs seeds one after the other; goes on after a failure. */
export async function runSeeds(
  first: number,
  count: number,
  progress: (done: number) => void = () => undefined,
): Promise<Summary> {
  const failures: { seed: number; violations: readonly Violation[] }[] = []
  let [finalizing, conflicting, blocks, votes] = [0, 0, 0, 0]
  for (let seed = first; seed < first + count; seed++) {
    const run = await runSeed(seed)
    finalizing += run.finalizing
    conflicting += run.conflicting
    blocks += run.blocks
    votes += run.votes
    if (run.violations.length > 0) failures.push({ seed, violations: run.violations })
    progress(seed - first + 1)
  }
  return { runs: count, finalizing, conflicting, blocks, votes, failures }
}

/** A seed with the product's own digests and signatures. */
export function runRealSeed(seed: number): ReturnType<typeof runSeed> {
  return runSeed(seed, REAL_RULES, createRealSignatures(REAL_VALIDATORS))
}

/** The first seed at which one of the properties named for a mutant fails; undefined if none does within `count`. */
export async function catchMutant(
  { rules, caughtBy }: Mutant,
  count: number,
): Promise<{ readonly seed: number; readonly property: string } | undefined> {
  for (let seed = 1; seed <= count; seed++) {
    const { violations } = await runSeed(seed, rules)
    const caught = violations.find(({ property }) => caughtBy.includes(property))
    if (caught !== undefined) return { seed, property: caught.property }
  }
  return undefined
}
