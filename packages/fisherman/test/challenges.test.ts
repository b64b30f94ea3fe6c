import {
  toBlockNumber,
  toDynasty,
  toGas,
  toHeight,
  toMetaHeight,
  toWeight,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type Challenge,
  type ChallengePort,
  type Checkpoint,
  type CoreFacts,
  type FinalizedCheckpoint,
  findSealedLink,
  type LinkVotes,
  type OpenProposal,
  openFisherman,
  type SignedVote,
} from '../src/index.ts'
import {
  hashOf,
  performDuties,
  portsOf,
  type Shape,
  storeOf,
  validatorAt,
  voteOf,
} from './votes.ts'

const OPEN_KERNEL = hashOf('kernel 3')
const CLOSED_KERNEL = hashOf('kernel 2')
const WEIGHTS = [31n, 27n, 23n, 19n].map((tokens) => toWeight(tokens * 1_000_000n))
const VALIDATORS = WEIGHTS.map((weight, index) => ({
  address: validatorAt(index),
  weight,
  forward: true,
  rear: true,
}))
const BOND = 1000n

function transitionOf(
  dynasty: bigint,
  gas: bigint,
  kernelHash = OPEN_KERNEL,
): OpenProposal['transition'] {
  return {
    dynasty: toDynasty(dynasty),
    originBlockNumber: toBlockNumber(50n),
    originBlockHash: hashOf('origin 50'),
    accumulatedTransactionRoot: hashOf('root'),
    accumulatedGas: toGas(gas),
    kernelHash,
  }
}

function proposalOf(dynasty: bigint, gas: bigint): OpenProposal {
  const transition = transitionOf(dynasty, gas)
  return { transitionHash: hashOf(`T ${dynasty}`), transition, challengeEnd: 1000n }
}

const FACTS: CoreFacts = {
  blockNumber: toBlockNumber(100n),
  timestamp: 900n,
  open: {
    height: toMetaHeight(3n),
    kernelHash: OPEN_KERNEL,
    validators: VALIDATORS,
    gasTarget: toGas(100n),
    previous: { dynasty: toDynasty(10n), accumulatedGas: toGas(1000n) },
    slashed: new Set(),
    ceiling: undefined,
    proposals: [],
  },
  closed: {
    height: toMetaHeight(2n),
    kernelHash: CLOSED_KERNEL,
    validators: VALIDATORS,
    gasTarget: toGas(100n),
    previous: { dynasty: toDynasty(5n), accumulatedGas: toGas(500n) },
    dynasty: toDynasty(10n),
    proven: 0n,
  },
  terms: {
    proposalBond: BOND,
    challengePeriod: 100n,
    reporterShare: 1000n,
    missedDynastyLoss: 10_000n,
  },
}
/** Of the closed height and of the open one, as if each had just met its gas target with the third. */
const CHECKPOINTS: readonly Checkpoint[] = [
  { height: toHeight(18n), transition: transitionOf(8n, 599n, CLOSED_KERNEL) },
  { height: toHeight(20n), transition: transitionOf(10n, 1000n, CLOSED_KERNEL) },
  { height: toHeight(21n), transition: transitionOf(11n, 1099n) },
  { height: toHeight(22n), transition: transitionOf(12n, 1100n) },
  { height: toHeight(23n), transition: transitionOf(13n, 1300n) },
]

function linkOf(voters: readonly number[], shape: Shape): LinkVotes {
  const votes = voters.map((validator) => voteOf({ ...shape, validator }))
  return { vote: voteOf(shape).vote, votes }
}

/** A core that takes what it is shown. */
type TestCore = {
  facts: CoreFacts | undefined
  checkpoints: readonly Checkpoint[]
  /** Heights of checkpoints that no link over one epoch finalized. */
  readonly skipped: Set<bigint>
  foreign: Awaited<ReturnType<ChallengePort['foreignObservation']>>
  cost: bigint | undefined
  readonly sent: Challenge[]
}

function coreOf(change: Partial<TestCore> = {}): TestCore {
  return {
    facts: FACTS,
    checkpoints: CHECKPOINTS,
    skipped: new Set(),
    foreign: undefined,
    cost: 1n,
    sent: [],
    ...change,
  }
}

/** A fisherman's sight of it. */
function portOf(core: TestCore, fisherman = 9, validator?: number): ChallengePort {
  return {
    self: {
      address: validatorAt(fisherman),
      validator: validator === undefined ? undefined : validatorAt(validator),
    },
    ownStake: async () => (validator === undefined ? 0n : (WEIGHTS[validator] ?? 0n)),
    facts: async () => core.facts,
    checkpoints: async () => core.checkpoints,
    finalizingLink: async (checkpoint): Promise<FinalizedCheckpoint | undefined> =>
      core.skipped.has(checkpoint.height)
        ? undefined
        : { ...checkpoint, link: linkOf([0, 1, 2], { source: 22, target: 23 }) },
    foreignObservation: async () => core.foreign,
    dryRun: async () => core.cost,
    send: async (challenge) => {
      core.sent.push(challenge)
      core.facts = applied(core.facts, challenge, fisherman)
      return toBlockNumber(101n)
    },
  }
}

/** What the core says once it has taken a challenge. */
function applied(
  facts: CoreFacts | undefined,
  challenge: Challenge,
  fisherman: number,
): CoreFacts | undefined {
  if (facts === undefined) return undefined
  const { open, closed } = facts
  switch (challenge.kind) {
    case 'foreign-observation':
    case 'conflicting-links':
      return undefined
    case 'gas-target': {
      const { dynasty } = challenge.earlier.transition
      return {
        ...facts,
        open: { ...open, ceiling: { dynasty, challenger: validatorAt(fisherman) } },
      }
    }
    case 'late-proposal': {
      const { transitionHash } = challenge.proposal
      const proposals = open.proposals.filter((each) => each.transitionHash !== transitionHash)
      return { ...facts, open: { ...open, proposals } }
    }
    case 'late-commit':
      return { ...facts, closed: closed && { ...closed, proven: challenge.fraction } }
  }
}

function withOpen(change: Partial<CoreFacts['open']>): CoreFacts {
  return { ...FACTS, open: { ...FACTS.open, ...change } }
}

function withClosed(change: Partial<NonNullable<CoreFacts['closed']>>): CoreFacts {
  return { ...FACTS, closed: FACTS.closed && { ...FACTS.closed, ...change } }
}

/** Rounds of one fisherman, with its duties. */
async function fish(
  core: TestCore,
  rounds = 1,
  port = portOf(core),
  store = storeOf(),
): Promise<readonly string[]> {
  const fisherman = await openFisherman(portsOf({ challenges: port, store }))
  for (let i = 0; i < rounds; i++) await performDuties(fisherman)
  return core.sent.map(({ kind }) => kind)
}

describe('a gas target', () => {
  test.for([
    ['of the first checkpoint that met it', proposalOf(12n, 1100n)],
    ['of one before it', proposalOf(11n, 1099n)],
  ] as const)('leaves a proposal %s alone', async ([, proposal]) => {
    expect(await fish(coreOf({ facts: withOpen({ proposals: [proposal] }) }))).toEqual([])
  })

  test('caps its height below a later proposal, and strikes that for its bond', async () => {
    const late = proposalOf(13n, 1300n)
    const core = coreOf({ facts: withOpen({ proposals: [proposalOf(12n, 1100n), late] }) })
    expect(await fish(core, 3)).toEqual(['gas-target', 'late-proposal'])
    expect(core.sent).toMatchObject([
      { height: 3n, earlier: { height: 22n }, late: [late] },
      { proposal: late },
    ])
  })

  test('is not shown by a checkpoint that is not finalized, was committed, or is of another kernel', async () => {
    const facts = withOpen({ proposals: [proposalOf(13n, 1300n)] })
    const other = transitionOf(12n, 1100n, CLOSED_KERNEL)
    for (const change of [
      { checkpoints: [] },
      { skipped: new Set([22n]) },
      { checkpoints: [{ height: toHeight(9n), transition: transitionOf(10n, 1100n) }] },
      { checkpoints: [{ height: toHeight(22n), transition: other }] },
    ]) {
      expect(await fish(coreOf({ facts, ...change }))).toEqual([])
    }
  })

  test('that was capped by another is not capped again, nor are its proposals struck', async () => {
    const ceiling = { dynasty: toDynasty(12n), challenger: validatorAt(8) }
    const facts = withOpen({ proposals: [proposalOf(13n, 1300n)], ceiling })
    expect(await fish(coreOf({ facts }), 2)).toEqual([])
  })

  test('that was passed over costs the height’s validators for each dynasty', async () => {
    const due = { height: toHeight(17n), transition: transitionOf(7n, 600n, CLOSED_KERNEL) }
    const core = coreOf({ checkpoints: [due, ...CHECKPOINTS] })
    expect(await fish(core, 3)).toEqual(['late-commit'])
    expect(core.sent).toMatchObject([{ height: 2n, fraction: 30_000n, earlier: due }])
  })

  test('costs half of a stake at most, and nothing again that is proven', async () => {
    const due = { height: toHeight(17n), transition: transitionOf(6n, 600n, CLOSED_KERNEL) }
    const checkpoints = [due]
    const terms = { ...FACTS.terms, missedDynastyLoss: 200_000n }
    const core = coreOf({ checkpoints, facts: { ...FACTS, terms } })
    await fish(core)
    expect(core.sent).toMatchObject([{ fraction: 500_000n }])
    for (const proven of [40_000n, 50_000n])
      expect(await fish(coreOf({ checkpoints, facts: withClosed({ proven }) }))).toEqual([])
    const less = coreOf({ checkpoints, facts: withClosed({ proven: 39_999n }) })
    expect(await fish(less)).toEqual(['late-commit'])
  })
})

describe('a challenge', () => {
  const LATE = withOpen({ proposals: [proposalOf(13n, 1300n)] })
  const PASSED_OVER: readonly Checkpoint[] = [
    { height: toHeight(17n), transition: transitionOf(7n, 600n, CLOSED_KERNEL) },
  ]

  test.for([
    ['would be refused', undefined, []],
    ['costs all that the bond brings', BOND / 2n, []],
    ['costs less', BOND / 2n - 1n, ['gas-target']],
  ] as const)('that %s is sent as it should be', async ([, cost, expected]) => {
    expect(await fish(coreOf({ facts: LATE, cost }))).toEqual(expected)
  })

  test('that costs more than the bond is sent to save the own validator’s stake', async () => {
    const core = coreOf({ facts: LATE, cost: 10n * BOND })
    // The bond alone does not pay for striking.
    expect(await fish(core, 2, portOf(core, 9, 3))).toEqual(['gas-target'])
  })

  test('that takes more from the own validator than it brings is left to others', async () => {
    // A tenth of what all lose, against a fifth of it.
    const own = coreOf({ checkpoints: PASSED_OVER })
    expect(await fish(own, 2, portOf(own, 9, 3))).toEqual([])
    const terms = { ...FACTS.terms, reporterShare: 5000n }
    const better = coreOf({ checkpoints: PASSED_OVER, facts: { ...FACTS, terms } })
    expect(await fish(better, 2, portOf(better, 9, 3))).toEqual(['late-commit'])
  })

  test('is weighed by the stake of the own validator, of which its weight may be a part', async () => {
    const terms = { ...FACTS.terms, reporterShare: 2500n }
    const facts = { ...FACTS, terms }
    const light = coreOf({ checkpoints: PASSED_OVER, facts })
    const port = { ...portOf(light, 9, 3), ownStake: async () => 2n * (WEIGHTS[3] ?? 0n) }
    expect(await fish(light, 2, port)).toEqual([])
    const full = coreOf({ checkpoints: PASSED_OVER, facts })
    expect(await fish(full, 2, portOf(full, 9, 3))).toEqual(['late-commit'])
  })

  test('is brought once, also by a fisherman that was killed and sees the core as it was before', async () => {
    const store = storeOf()
    const core = coreOf({ checkpoints: PASSED_OVER })
    await fish(core, 1, portOf(core), store)
    core.facts = FACTS
    await fish(core, 2, portOf(core), store)
    expect(core.sent).toHaveLength(1)
    // A later block of an origin that has taken it back.
    core.facts = { ...FACTS, blockNumber: toBlockNumber(102n) }
    await fish(core, 2, portOf(core), store)
    expect(core.sent).toHaveLength(2)
  })

  test('is brought by one of many that know nothing of each other', async () => {
    const core = coreOf({ checkpoints: PASSED_OVER })
    const fishermen = await Promise.all(
      [5, 6, 7, 8].map((index) =>
        openFisherman(
          portsOf({
            challenges: portOf(core, index),
            account: validatorAt(index),
            store: storeOf(),
          }),
        ),
      ),
    )
    for (let round = 0; round < 5; round++)
      for (const fisherman of fishermen) await performDuties(fisherman)
    expect(core.sent).toHaveLength(1)
  })

  test('waits for no turn when half of the period is over', async () => {
    expect(await countRounds({ ...LATE, timestamp: 951n })).toBe(6)
    expect(await countRounds({ ...LATE, timestamp: 900n })).toBeGreaterThan(6)
  })

  test('that fails does not stop the reports, nor the next challenge', async () => {
    const core = coreOf({ facts: LATE, checkpoints: [...PASSED_OVER, ...CHECKPOINTS] })
    const logged: string[] = []
    const port = portOf(core)
    const broken: ChallengePort = {
      ...port,
      send: async (challenge) => {
        if (challenge.kind === 'gas-target') throw new Error('endpoint away')
        return port.send(challenge)
      },
    }
    const fisherman = await openFisherman(
      portsOf({ challenges: broken, log: (_, event) => logged.push(event) }),
    )
    await performDuties(fisherman)
    expect(logged).toEqual(['challenge not brought', 'challenge brought'])
    const blind = { ...port, facts: async () => Promise.reject(new Error('endpoint away')) }
    const other = await openFisherman(
      portsOf({ challenges: blind, log: (_, event) => logged.push(event) }),
    )
    await performDuties(other)
    expect(logged.at(-1)).toBe('core not challenged')
  })
})

describe('a link', () => {
  test('is sealed by more than two thirds, each validator once, strangers not at all', () => {
    const votes = [vote(0), vote(0), vote(1), vote(9), vote(2, 1)]
    expect(findWith(votes)).toBeUndefined()
    const sealed = findWith([...votes, vote(3)])
    expect(sealed?.votes).toEqual([vote(0), vote(1), vote(3)])
    expect(sealed?.vote).toEqual(vote(0).vote)
    expect(findWith([...votes, vote(3, 1)])).toBeUndefined()
  })

  test('is sealed by fewer when others are slashed, and not by those', () => {
    expect(findWith([vote(0), vote(1)], [2, 3])?.votes).toHaveLength(2)
    expect(findWith([vote(0), vote(1), vote(3)], [3])).toMatchObject({ vote: vote(0).vote })
    expect(findWith([vote(0), vote(2), vote(3)], [3])).toBeUndefined()
  })

  test('needs both sets', () => {
    const rotated = VALIDATORS.map((seat, index) => ({ ...seat, rear: index !== 0 }))
    const votes = [vote(0), vote(1), vote(3)]
    expect(findSealedLink(votes, rotated, new Set())).toBeUndefined()
    expect(findSealedLink([...votes, vote(2)], rotated, new Set())).toBeDefined()
  })
})

describe('a finalized observation', () => {
  test('that is not in origin’s history halts the core, and nothing else is brought then', async () => {
    const link = linkOf([0, 1, 2], { source: 12, target: 13, chain: 1 })
    const foreign = { link, originHash: hashOf('another block') }
    const core = coreOf({ facts: withOpen({ proposals: [proposalOf(13n, 1300n)] }), foreign })
    expect(await fish(core, 3)).toEqual(['foreign-observation'])
    expect(core.sent).toMatchObject([{ height: 3n, link }])
  })

  test('pays who challenges, though its own validator has voted for it', async () => {
    const link = linkOf([0, 1, 2], { source: 12, target: 13, chain: 1 })
    const core = coreOf({ foreign: { link, originHash: hashOf('another block') } })
    expect(await fish(core, 2, portOf(core, 9, 0))).toEqual(['foreign-observation'])
    const alone = linkOf([0], { source: 12, target: 13, chain: 1 })
    const lone = coreOf({ foreign: { link: alone, originHash: hashOf('another block') } })
    expect(await fish(lone, 2, portOf(lone, 9, 0))).toEqual([])
  })
})

describe('guilt that is shared', () => {
  const FIRST: Shape = { source: 1, target: 2 }
  const SECOND: Shape = { source: 1, target: 2, targetFork: 1 }

  const both = (validator: number): readonly Shape[] => [
    { ...FIRST, validator },
    { ...SECOND, validator },
  ]

  test('by more than a third halts the core, with the votes of those alone', async () => {
    const core = coreOf()
    await judge(core, [...both(0), ...both(3), { ...FIRST, validator: 1 }], 2)
    expect(core.sent).toHaveLength(1)
    const [challenge] = core.sent
    expect(challenge).toMatchObject({ kind: 'conflicting-links', height: 3n })
    if (challenge?.kind !== 'conflicting-links') throw new Error('expected links')
    const signers = [validatorAt(0), validatorAt(3)]
    expect(challenge.first.votes.map(({ validator }) => validator)).toEqual(signers)
    expect(challenge.second.votes.map(({ validator }) => validator)).toEqual(signers)
    for (const link of [challenge.first, challenge.second])
      for (const each of link.votes) expect(each.vote).toEqual(link.vote)
  })

  test.for([
    ['one validator alone', WEIGHTS, [0], []],
    ['a third', [31n, 14n, 19n, 36n].map((w) => toWeight(w)), [1, 2], []],
    ['members that are slashed already', WEIGHTS, [0, 3], [0, 3]],
  ] as const)('by %s halts nothing', async ([, weights, guilty, slashed]) => {
    const validators = VALIDATORS.map((seat, index) => ({
      ...seat,
      weight: weights[index] ?? toWeight(0n),
    }))
    const facts = withOpen({ validators, slashed: new Set(slashed.map(validatorAt)) })
    const core = coreOf({ facts })
    await judge(core, guilty.flatMap(both))
    expect(core.sent).toEqual([])
  })

  test('is added to the weight that is slashed already', async () => {
    const validators = VALIDATORS.map((seat) => ({ ...seat, weight: toWeight(10n) }))
    const more = [
      ...validators,
      ...[4, 5, 6, 7].map((i) => ({ ...seatOf(i), weight: toWeight(10n) })),
    ]
    const shapes = [0, 1].flatMap(both)
    const innocent = coreOf({ facts: withOpen({ validators: more }) })
    await judge(innocent, shapes)
    expect(innocent.sent).toEqual([])
    const facts = withOpen({ validators: more, slashed: new Set([validatorAt(4)]) })
    const core = coreOf({ facts })
    await judge(core, shapes)
    expect(core.sent).toMatchObject([{ kind: 'conflicting-links' }])
  })

  test('is found whatever each was convicted of first, also after a restart', async () => {
    const store = storeOf()
    const core = coreOf()
    const watching = await openFisherman(portsOf({ store }))
    const shapes: readonly Shape[] = [
      ...both(0),
      // Convicted by an earlier pair; then the shared one, half before and half after.
      { ...FIRST, validator: 3 },
      { source: 2, target: 3, validator: 3 },
      { source: 2, target: 3, targetFork: 1, validator: 3 },
      { ...SECOND, validator: 3 },
    ]
    for (const shape of shapes) await watching.see(voteOf(shape))
    const fisherman = await openFisherman(portsOf({ store, challenges: portOf(core) }))
    await performDuties(fisherman)
    expect(core.sent).toMatchObject([{ kind: 'conflicting-links' }])
  })
})

function vote(validator: number, targetFork = 0): SignedVote {
  return voteOf({ source: 1, target: 2, targetFork, validator })
}

function findWith(
  votes: readonly SignedVote[],
  slashed: readonly number[] = [],
): LinkVotes | undefined {
  return findSealedLink(votes, VALIDATORS, new Set(slashed.map(validatorAt)))
}

function seatOf(index: number): (typeof VALIDATORS)[number] {
  return { address: validatorAt(index), weight: toWeight(10n), forward: true, rear: true }
}

/** Rounds that six fishermen, each alone, take to bring a challenge. */
async function countRounds(facts: CoreFacts): Promise<number> {
  let rounds = 0
  for (const index of [5, 6, 7, 8, 10, 11]) {
    const core = coreOf({ facts })
    const fisherman = await openFisherman(
      portsOf({ challenges: portOf(core, index), account: validatorAt(index) }),
    )
    for (; core.sent.length === 0; rounds++) await performDuties(fisherman)
  }
  return rounds
}

/** A fisherman that has seen votes, and then looks at the core. */
async function judge(core: TestCore, shapes: readonly Shape[], rounds = 1): Promise<void> {
  const fisherman = await openFisherman(portsOf({ challenges: portOf(core) }))
  for (const shape of shapes) await fisherman.see(voteOf(shape))
  for (let i = 0; i < rounds; i++) await performDuties(fisherman)
}
