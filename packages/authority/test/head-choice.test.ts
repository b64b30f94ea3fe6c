import { toBlockNumber } from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildExtraData } from '../src/extra-data.ts'
import { compareHeads, type Head } from '../src/head-choice.ts'
import { type AuthorityHeader, headerHash } from '../src/header.ts'
import { sealPlan } from '../src/seal-plan.ts'
import { applyHeader, genesisSnapshot, type SignerSnapshot } from '../src/signer-snapshot.ts'
import { addressAt, createHeader, GENESIS, hashAt } from './signers.ts'
import { vectors } from './vectors.ts'

const HEAD: Head = {
  totalDifficulty: 10n,
  number: toBlockNumber(5n),
  signerIndex: 1,
  signerCount: 4,
  hash: hashAt(0),
}
const RULES = { period: 1n, epoch: 30_000n }

describe('compareHeads', () => {
  const [lower = HEAD.hash, higher = HEAD.hash] = [hashAt(1), hashAt(2)].toSorted()

  test.each<[string, Partial<Head>, Partial<Head>]>([
    ['more total difficulty', { totalDifficulty: 11n, number: toBlockNumber(9n) }, {}],
    ['a lower number', { number: toBlockNumber(4n), signerIndex: 0 }, { signerIndex: 2 }],
    ['a larger distance to the signer', { signerIndex: 2, hash: higher }, { hash: lower }],
    ['a distance that wraps around', { signerIndex: 2 }, { signerIndex: 3 }],
    ['a lower hash', { hash: lower }, { hash: higher }],
    ['a signer over none', { signerIndex: 0, hash: higher }, { signerCount: 0, hash: lower }],
  ])('prefers %s', (_, better, worse) => {
    expect(compareHeads({ ...HEAD, ...better }, { ...HEAD, ...worse })).toBeLessThan(0)
    expect(compareHeads({ ...HEAD, ...worse }, { ...HEAD, ...better })).toBeGreaterThan(0)
  })

  test('is a total order', () => {
    const head = fc.record({
      totalDifficulty: fc.bigInt({ min: 0n, max: 2n }),
      number: fc.bigInt({ min: 0n, max: 2n }).map(toBlockNumber),
      signerIndex: fc.integer({ min: 0, max: 3 }),
      signerCount: fc.constant(4),
      hash: fc.integer({ min: 0, max: 3 }).map(hashAt),
    })
    fc.assert(
      fc.property(head, head, head, (a, b, c) => {
        expect(Math.sign(compareHeads(a, b))).toBe(0 - Math.sign(compareHeads(b, a)))
        const isChain = compareHeads(a, b) <= 0 && compareHeads(b, c) <= 0
        expect(isChain && compareHeads(a, c) > 0).toBe(false)
        expect(compareHeads(a, b) === 0 && a.hash !== b.hash).toBe(false)
      }),
      { seed: 1 },
    )
  })
})

type Tip = {
  readonly head: Head
  readonly header: AuthorityHeader
  readonly snapshot: SignerSnapshot
}

/** The chain after `tip` with one more block. */
function extend({ head, header: parent, snapshot }: Tip, signerIndex: number): Tip {
  const signer = addressAt(signerIndex)
  const header = createHeader(parent, snapshot, signer)
  const applied = applyHeader(snapshot, header, signer, RULES.epoch)
  if (!applied.ok) throw new Error(applied.fault.code)
  return {
    header,
    snapshot: applied.value,
    head: {
      totalDifficulty: head.totalDifficulty + header.difficulty,
      number: header.number,
      signerIndex,
      signerCount: snapshot.signers.length,
      hash: headerHash(header),
    },
  }
}

/**
 * A chain that `count` signers sealed in turn for at least two rounds, up to signer number `last`. `standIn` sealed instead of
 * `absent` in the last round.
 */
function createInTurnChain(
  count: number,
  last: number,
  replaced: { readonly absent: number; readonly standIn: number } | undefined,
): Tip {
  const signers = Array.from({ length: count }, (_, i) => addressAt(i))
  const header = { ...GENESIS, extraData: buildExtraData({ signers }) }
  const head = { ...HEAD, number: header.number, signerCount: 0, hash: headerHash(header) }
  let tip: Tip = { header, snapshot: genesisSnapshot(header), head }
  const length = 2 * count + last - 1
  for (let number = 1; number <= length; number++) {
    const turn = number % count
    const isReplaced = number > length - count && turn + 1 === replaced?.absent
    tip = extend(tip, isReplaced ? replaced.standIn - 1 : turn)
  }
  return tip
}

function canSeal({ snapshot, header }: Tip, signerIndex: number): boolean {
  return sealPlan(snapshot, addressAt(signerIndex), header.timestamp, RULES).canSeal
}

/** Lets the signers that are online seal `blocks` more, in turn if possible; undefined if nobody may. */
function advance(tip: Tip, online: readonly number[], blocks: number): Tip | undefined {
  let current = tip
  for (let i = 0; i < blocks; i++) {
    const able = online.filter((index) => canSeal(current, index))
    const next = able[0]
    if (next === undefined) return undefined
    current = extend(current, next)
  }
  return current
}

describe('deadlock scenarios', () => {
  // Signer numbers are from 1, indices from 0.
  const scenarios = [
    { id: 'eip3436-1', last: 8, offline: [5, 7, 8], replaced: undefined, chosen: /^A$/ },
    // The EIP lets 6 seal again four blocks after its turn, which EIP-225 forbids; so 8 took that turn.
    {
      id: 'eip3436-2',
      last: 7,
      offline: [7, 8],
      replaced: { absent: 6, standIn: 8 },
      chosen: /^[AB]$/,
    },
  ]
  const ran = new Set<string>()

  test.each(scenarios)('$id: every node takes the same fork, and the chain goes on', (setup) => {
    const scenario = vectors.forkChoiceScenarios.find(({ id }) => id === setup.id)
    if (scenario === undefined) throw new Error(`no scenario ${setup.id}`)
    ran.add(scenario.id)
    const { signers: count, forkA, forkB, totalDifficultyGain } = scenario
    const start = createInTurnChain(count, setup.last, setup.replaced)
    expect(start.head.signerIndex).toBe(setup.last - 1)
    const seal = (fork: readonly string[]): Tip =>
      fork.reduce((tip, label) => extend(tip, Number.parseInt(label, 10) - 1), start)
    const a = seal(forkA)
    const b = seal(forkB)
    const gain = (tip: Tip): number => Number(tip.head.totalDifficulty - start.head.totalDifficulty)
    expect({ A: gain(a), B: gain(b) }).toEqual(totalDifficultyGain)

    const winner = compareHeads(a.head, b.head) < 0 ? a : b
    expect(compareHeads(b.head, a.head) < 0 ? b : a).toBe(winner)
    expect(winner === a ? 'A' : 'B').toMatch(setup.chosen)

    const online = Array.from({ length: count }, (_, i) => i).filter(
      (index) => !setup.offline.includes(index + 1),
    )
    expect(advance(winner, online, 20)?.head.number).toBe(winner.head.number + 20n)
  })

  test('have all been run', () => {
    expect([...ran]).toEqual(vectors.forkChoiceScenarios.map(({ id }) => id))
  })

  test('do not arise for who would have sealed twice in five blocks', () => {
    const start = createInTurnChain(8, 7, undefined)
    const forked = [1, 3].reduce((tip, index) => extend(tip, index), start)
    expect(canSeal(forked, 5)).toBe(false)
    expect(() => extend(forked, 5)).toThrow('RECENTLY_SIGNED')
  })
})
