import { findOffence } from '@mosaic/finality'
import { toHeight } from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CaseBook, openCaseBook } from '../src/case-book.ts'
import { createDetector, type Detector } from '../src/detector.ts'
import { openGuiltyVotes } from '../src/guilty-votes.ts'
import { type Evidence, type FishermanPorts, offenderOf, type SignedVote } from '../src/index.ts'
import { createVoteHistory, DEFAULT_LIMITS, type HistoryLimits } from '../src/vote-history.ts'
import { openWaitingVotes } from '../src/waiting-votes.ts'
import { type Shape, storeOf, trueTransition, voteOf } from './votes.ts'

const TRUTH = {
  transitionHash: async (_chain: string, source: string) => trueTransition(source),
  horizon: () => toHeight(1000n),
}
/** A node that knows no block, so that condition 4 is never judged. */
const BLIND = { ...TRUTH, transitionHash: async () => undefined }

async function open(
  store = storeOf(),
  limits: HistoryLimits = DEFAULT_LIMITS,
  ports: Pick<FishermanPorts, 'transitionHash' | 'horizon'> = BLIND,
): Promise<{ readonly detector: Detector; readonly book: CaseBook }> {
  const book = await openCaseBook(store)
  const history = createVoteHistory(store, limits)
  const waiting = await openWaitingVotes(store)
  const guilty = await openGuiltyVotes(store)
  return { book, detector: createDetector(ports, history, book, waiting, guilty) }
}

/** All pairs, as the definition has it: whether a vote offends with any earlier one of its validator, who is let go after the first time. */
function createOracle(): (vote: SignedVote) => boolean {
  const seen: SignedVote[] = []
  const guilty = new Set<string>()
  return (vote) => {
    if (guilty.has(vote.validator)) return false
    const offends = seen.some(
      (earlier) =>
        earlier.validator === vote.validator && findOffence(earlier.vote, vote.vote) !== undefined,
    )
    if (offends) guilty.add(vote.validator)
    seen.push(vote)
    return offends
  }
}

/** Whether evidence stands by itself: two votes of one validator that offend by the definition. */
function isSound(evidence: Evidence): boolean {
  const [first, second] = evidence.votes
  return (
    second !== undefined &&
    first.validator === second.validator &&
    findOffence(first.vote, second.vote) === evidence.offence
  )
}

/** Mostly honest progress with some of everything else. */
const shape: fc.Arbitrary<Shape> = fc
  .record({
    source: fc.nat(12),
    rise: fc.integer({ min: -1, max: 6 }),
    sourceFork: fc.nat(1),
    targetFork: fc.nat(1),
    lie: fc.nat(2),
    sourceBlock: fc.option(fc.nat(12), { nil: undefined, freq: 4 }),
    validator: fc.nat(3),
    chain: fc.nat(1),
  })
  .map(({ rise, sourceBlock, ...rest }) => ({
    ...rest,
    ...(sourceBlock === undefined ? {} : { sourceBlock }),
    target: Math.max(0, rest.source + rise),
  }))

/** Votes without offence but for chance: sources and targets rise. */
const honest: fc.Arbitrary<readonly Shape[]> = fc
  .array(fc.record({ step: fc.integer({ min: 1, max: 3 }), lag: fc.nat(2) }), { maxLength: 30 })
  .map((steps) => {
    let target = 0
    let source = 0
    return steps.map(({ step, lag }) => {
      const before = target
      target += step
      source = Math.max(source, before - lag)
      return { source, target }
    })
  })

describe('the detector', () => {
  test.for([
    ['with plenty of memory', DEFAULT_LIMITS],
    ['with two votes in memory', { recent: 2, windows: 100, ahead: 2 }],
    ['with one vote of one validator in memory', { recent: 1, windows: 1, ahead: 1 }],
  ] as const)('%s finds what comparing all pairs finds, at the same vote', async ([, limits]) => {
    await fc.assert(
      fc.asyncProperty(fc.array(shape, { maxLength: 40 }), async (shapes) => {
        const { detector } = await open(storeOf(), limits)
        const offends = createOracle()
        for (const vote of shapes.map(voteOf)) {
          const evidence = await detector.see(vote)
          expect(evidence !== undefined).toBe(offends(vote))
          expect(evidence === undefined || isSound(evidence)).toBe(true)
        }
      }),
      { seed: 11, numRuns: 400 },
    )
  })

  test('does so for long honest histories with a single crime, in any order and over restarts', async () => {
    await fc.assert(
      fc.asyncProperty(
        honest.chain((votes) =>
          fc
            .shuffledSubarray([...votes], { minLength: votes.length })
            .chain((shuffled) => fc.constantFrom(votes, shuffled)),
        ),
        shape,
        fc.nat(30),
        fc.infiniteStream(fc.boolean()),
        fc.constantFrom(1, 3, 32),
        async (votes, crime, at, restarts, recent) => {
          const store = storeOf()
          const limits = { recent, windows: 2, ahead: 1 }
          let { detector } = await open(store, limits)
          const offends = createOracle()
          const shapes = [
            ...votes.slice(0, at),
            { ...crime, validator: 0, chain: 0 },
            ...votes.slice(at),
          ]
          for (const vote of shapes.map(voteOf)) {
            if (restarts.next().value === true) ({ detector } = await open(store, limits))
            expect((await detector.see(vote)) !== undefined).toBe(offends(vote))
          }
        },
      ),
      { seed: 12, numRuns: 300 },
    )
  })

  test.for([
    [
      'a double vote',
      { source: 1, target: 5 },
      { source: 1, target: 5, targetFork: 1 },
      'double-vote',
    ],
    [
      'another source for one target',
      { source: 1, target: 5 },
      { source: 2, target: 5 },
      'double-vote',
    ],
    ['a surrounding vote', { source: 2, target: 3 }, { source: 1, target: 4 }, 'surround-vote'],
    [
      'two T̃ of a block that it says lies at two heights',
      { source: 1, target: 2 },
      { source: 7, sourceBlock: 1, target: 9, lie: 1 },
      'contradicting-transition',
    ],
    [
      'two T̃ of one source',
      { source: 1, target: 2 },
      { source: 1, target: 3, lie: 1 },
      'contradicting-transition',
    ],
  ] as const)('names %s, whichever comes first', async ([, a, b, offence]) => {
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      const { detector, book } = await open()
      expect(await detector.see(voteOf(first))).toBeUndefined()
      const evidence = await detector.see(voteOf(second))
      expect(evidence).toEqual({ offence, votes: [voteOf(first), voteOf(second)] })
      expect(book.cases()).toEqual([{ evidence, settled: new Set() }])
      // One case is enough.
      expect(await detector.see(voteOf({ source: 9, target: 9 }))).toBeUndefined()
      expect(book.cases()).toHaveLength(1)
    }
  })

  test.for([
    ['the same message', { source: 1, target: 2 }, { source: 1, target: 2 }],
    ['another chain', { source: 1, target: 2 }, { source: 1, target: 2, targetFork: 1, chain: 1 }],
    [
      'another validator',
      { source: 1, target: 2 },
      { source: 1, target: 2, targetFork: 1, validator: 1 },
    ],
    ['the next link', { source: 1, target: 2 }, { source: 2, target: 3 }],
    ['a longer link from the same source', { source: 1, target: 2 }, { source: 1, target: 4 }],
    [
      'sources of one height on two forks',
      { source: 1, target: 2 },
      { source: 1, sourceFork: 1, target: 3 },
    ],
  ] as const)('does not mind %s', async ([, a, b]) => {
    const { detector } = await open()
    for (const vote of [a, b, a, b].map(voteOf)) expect(await detector.see(vote)).toBeUndefined()
  })

  test('takes either encoding of a signature for the same vote', async () => {
    const { detector } = await open()
    const vote = voteOf({ source: 1, target: 2 })
    await detector.see(vote)
    expect(await detector.see({ ...vote, signature: `0x${'02'.repeat(64)}` })).toBeUndefined()
  })

  test('lets exactly one of many concurrent votes complete the evidence', async () => {
    const { detector, book } = await open()
    const votes = [0, 1, 2, 3].map((targetFork) => voteOf({ source: 1, target: 2, targetFork }))
    const found = await Promise.all(votes.map((vote) => detector.see(vote)))
    expect(found.filter((evidence) => evidence !== undefined)).toHaveLength(1)
    expect(book.cases()).toHaveLength(1)
  })

  test('keeps a bounded number of votes that nobody honest can have signed yet', async () => {
    const written = new Set<string>()
    const inner = storeOf()
    const store = {
      ...inner,
      batch: async (...[writes, options]: Parameters<typeof inner.batch>) => {
        for (const { key } of writes) written.add(Buffer.from(key).toString('hex'))
        return inner.batch(writes, options)
      },
    }
    const { detector } = await open(store, { recent: 8, windows: 4, ahead: 4 })
    for (let i = 0; i < 200; i++) {
      const flood = voteOf({ source: 1, target: 2000 + i })
      expect(await detector.see(flood)).toBeUndefined()
    }
    // Four votes, their one source, and the four that wait for it.
    expect(written.size).toBe(9)
    const surrounded = await detector.see(voteOf({ source: 5, target: 6 }))
    expect(surrounded?.offence).toBe('surround-vote')
  })
})

describe('a T̃ that is false under its own source', () => {
  test('convicts by one vote', async () => {
    const { detector } = await open(storeOf(), DEFAULT_LIMITS, TRUTH)
    expect(await detector.see(voteOf({ source: 1, target: 2 }))).toBeUndefined()
    const lie = voteOf({ source: 2, target: 3, lie: 1 })
    expect(await detector.see(lie)).toEqual({ offence: 'false-transition', votes: [lie] })
  })

  test('is found out though the node could not look at first', async () => {
    let isReachable = false
    const { detector } = await open(storeOf(), DEFAULT_LIMITS, {
      ...TRUTH,
      transitionHash: async (_chain: string, source: string) => {
        if (!isReachable) throw new Error('unreachable')
        return trueTransition(source)
      },
    })
    const lie = voteOf({ source: 2, target: 3, lie: 1 })
    await expect(detector.see(lie)).rejects.toThrow('unreachable')
    isReachable = true
    expect(await detector.see(lie)).toMatchObject({ offence: 'false-transition' })
  })

  test('waits for its source over restarts, bounded per validator', async () => {
    const known = new Set<string>()
    const ports = {
      ...TRUTH,
      transitionHash: async (_chain: string, source: string) =>
        known.has(source) ? trueTransition(source) : undefined,
    }
    const store = storeOf()
    let { detector } = await open(store, DEFAULT_LIMITS, ports)
    const lies = Array.from({ length: 20 }, (_, i) =>
      voteOf({ source: i, target: i + 1, lie: i + 1 }),
    )
    for (const lie of lies) expect(await detector.see(lie)).toBeUndefined()
    const other = voteOf({ source: 0, target: 1, lie: 50, validator: 1 })
    await detector.see(other)
    expect(await detector.seeAgain()).toEqual([])
    for (const { vote } of [...lies.slice(0, 4), other]) known.add(vote.source)
    // The first four gave way to later ones of the same validator; the other's stayed.
    expect((await detector.seeAgain()).map(offenderOf)).toEqual([other.validator])
    known.add(lies[19]?.vote.source ?? '')
    ;({ detector } = await open(store, DEFAULT_LIMITS, ports))
    expect(await detector.seeAgain()).toEqual([{ offence: 'false-transition', votes: [lies[19]] }])
  })

  test('gives way to two votes that convict without proof', async () => {
    const { detector, book } = await open(storeOf(), DEFAULT_LIMITS, TRUTH)
    await detector.see(voteOf({ source: 2, target: 3, lie: 1 }))
    expect(await detector.see(voteOf({ source: 3, target: 4, lie: 2 }))).toBeUndefined()
    const evidence = await detector.see(voteOf({ source: 2, target: 3 }))
    expect(evidence?.offence).toBe('double-vote')
    expect(book.cases().map((found) => found.evidence)).toEqual([evidence])
  })
})
