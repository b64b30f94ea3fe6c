import {
  type Address,
  toBlockNumber,
  toDynasty,
  toGas,
  toHeight,
  toMetaHeight,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type Challenge,
  type ChallengeFacts,
  type ChallengePort,
  type Court,
  type Evidence,
  type FishermanPorts,
  findChallenge,
  type OpenProposal,
  openFisherman,
  type Standing,
} from '../src/index.ts'
import { hashOf, type Shape, storeOf, trueTransition, validatorAt, voteOf } from './votes.ts'

const CRIME: readonly [Shape, Shape] = [
  { source: 1, target: 2 },
  { source: 1, target: 2, targetFork: 1 },
]

/** A chain that slashes who is reported. */
function courtOf(
  name: Court['name'],
  before: Standing = 'slashable',
): Court & {
  readonly reports: Evidence[]
  readonly standings: Map<Address, Standing>
  failure: Error | undefined
} {
  const standings = new Map<Address, Standing>()
  const reports: Evidence[] = []
  const court = {
    name,
    reports,
    standings,
    failure: undefined as Error | undefined,
    standing: async (validator: Address) => standings.get(validator) ?? before,
    report: async (evidence: Evidence) => {
      if (court.failure !== undefined) throw court.failure
      reports.push(evidence)
      standings.set(evidence.votes[0].validator, 'slashed')
    },
  }
  return court
}

function portsOf(change: Partial<FishermanPorts>): FishermanPorts {
  return {
    store: storeOf(),
    transitionHash: async (_chain, source) => trueTransition(source),
    horizon: () => toHeight(1000n),
    courts: [],
    challenges: undefined,
    log: () => undefined,
    ...change,
  }
}

describe('the fisherman', () => {
  test('brings an offence once to both chains', async () => {
    const courts = [courtOf('origin'), courtOf('auxiliary')] as const
    const fisherman = await openFisherman(portsOf({ courts }))
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    for (let i = 0; i < 3; i++) await fisherman.performDuties()
    expect(courts.map(({ reports }) => reports.map(({ offence }) => offence))).toEqual([
      ['double-vote'],
      ['double-vote'],
    ])
    expect(fisherman.evidence()).toHaveLength(1)
  })

  test('does not report who is slashed already, or is out of reach', async () => {
    for (const before of ['slashed', 'settled', 'out-of-reach'] as const) {
      const court = courtOf('origin', before)
      const fisherman = await openFisherman(portsOf({ courts: [court] }))
      for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
      await fisherman.performDuties()
      expect(court.reports).toEqual([])
    }
  })

  test('reports later who came within reach, and again who escaped by a reorganisation', async () => {
    const court = courtOf('auxiliary', 'out-of-reach')
    const fisherman = await openFisherman(portsOf({ courts: [court] }))
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    await fisherman.performDuties()
    court.standings.set(validatorAt(0), 'slashable')
    await fisherman.performDuties()
    expect(court.reports).toHaveLength(1)
    court.standings.set(validatorAt(0), 'slashable')
    await fisherman.performDuties()
    expect(court.reports).toHaveLength(2)
    court.standings.set(validatorAt(0), 'settled')
    await fisherman.performDuties()
    court.standings.set(validatorAt(0), 'slashable')
    await fisherman.performDuties()
    expect(court.reports).toHaveLength(2)
  })

  test('goes on where a killed one stopped, with votes and cases from disk', async () => {
    const store = storeOf()
    const [first, second] = CRIME.map(voteOf)
    if (first === undefined || second === undefined) throw new Error('two votes')
    const origin = courtOf('origin')
    const auxiliary = courtOf('auxiliary')
    await (await openFisherman(portsOf({ store }))).see(first)
    expect(await (await openFisherman(portsOf({ store }))).see(second)).toMatchObject({
      offence: 'double-vote',
    })
    auxiliary.failure = new Error('endpoint away')
    await (await openFisherman(portsOf({ store, courts: [origin, auxiliary] }))).performDuties()
    expect([origin.reports.length, auxiliary.reports.length]).toEqual([1, 0])
    auxiliary.failure = undefined
    origin.standings.set(validatorAt(0), 'settled')
    const last = await openFisherman(portsOf({ store, courts: [origin, auxiliary] }))
    await last.performDuties()
    await last.performDuties()
    expect([origin.reports.length, auxiliary.reports.length]).toEqual([1, 1])
    expect(last.evidence()).toEqual([{ offence: 'double-vote', votes: [first, second] }])
  })

  test('forgets the votes of who is settled everywhere, and not the case', async () => {
    const store = storeOf()
    const court = courtOf('origin', 'settled')
    const fisherman = await openFisherman(portsOf({ store, courts: [court] }))
    const votes = [
      ...Array.from({ length: 50 }, (_, i) => ({ source: i + 3, target: i + 4 })),
      ...CRIME,
    ]
    for (const vote of votes.map(voteOf)) await fisherman.see(vote)
    await fisherman.see(voteOf({ source: 1, target: 2, validator: 1 }))
    await fisherman.performDuties()
    const keys: number[] = []
    const range = { from: Uint8Array.of(0), to: Uint8Array.of(255) }
    for await (const [key] of store.entries(range)) keys.push(key[0] ?? 0)
    // The other validator's vote and its source, and the case.
    expect(keys).toEqual([1, 2, 3])
  })

  test('lets overlapping rounds be one', async () => {
    const court = courtOf('origin')
    const fisherman = await openFisherman(portsOf({ courts: [court] }))
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    await Promise.all([fisherman.performDuties(), fisherman.performDuties()])
    expect(court.reports).toHaveLength(1)
  })

  test('refuses a store that holds something else', async () => {
    const store = storeOf()
    await store.batch([{ key: Uint8Array.of(3, 1), value: Uint8Array.of(7, 1) }])
    await expect(openFisherman(portsOf({ store }))).rejects.toThrow(/expected/)
  })
})

const KERNEL = hashOf('kernel')

function transitionOf(dynasty: bigint, gas: bigint): OpenProposal['transition'] {
  return {
    dynasty: toDynasty(dynasty),
    originBlockNumber: toBlockNumber(50n),
    originBlockHash: hashOf('origin 50'),
    accumulatedTransactionRoot: hashOf('root'),
    accumulatedGas: toGas(gas),
    kernelHash: KERNEL,
  }
}

function proposalOf(dynasty: bigint, gas: bigint): OpenProposal {
  const transition = transitionOf(dynasty, gas)
  return { height: toMetaHeight(3n), transitionHash: hashOf(`T ${dynasty}`), transition }
}

const FACTS: ChallengeFacts = {
  height: toMetaHeight(3n),
  kernelHash: KERNEL,
  gasTarget: toGas(100n),
  committed: { dynasty: toDynasty(10n), accumulatedGas: toGas(1000n) },
  finalized: [
    { height: toHeight(21n), transition: transitionOf(11n, 1099n) },
    { height: toHeight(22n), transition: transitionOf(12n, 1100n) },
    { height: toHeight(23n), transition: transitionOf(13n, 1300n) },
  ],
  originFinalNumber: toBlockNumber(60n),
  originHash: async (number) => hashOf(`origin ${number}`),
}

describe('a proposal', () => {
  test.for([
    ['of the first checkpoint that met the gas target', proposalOf(12n, 1100n)],
    ['of one before it', proposalOf(11n, 1099n)],
    ['of another height', { ...proposalOf(13n, 1300n), height: toMetaHeight(4n) }],
    [
      'under another kernel',
      {
        ...proposalOf(13n, 1300n),
        transition: { ...transitionOf(13n, 1300n), kernelHash: hashOf('other') },
      },
    ],
  ] as const)('%s is left alone', async ([, proposal]) => {
    expect(await findChallenge(proposal, FACTS)).toBeUndefined()
  })

  test('of a later checkpoint is challenged with the first that met the target', async () => {
    const proposal = proposalOf(13n, 1300n)
    const [, earlier] = FACTS.finalized
    expect(await findChallenge(proposal, FACTS)).toEqual({ kind: 'gas-target', proposal, earlier })
  })

  test('is not challenged by a checkpoint that is not final here, was committed, or is of another kernel', async () => {
    const proposal = proposalOf(13n, 1300n)
    const other = { ...transitionOf(12n, 1100n), kernelHash: hashOf('other') }
    for (const finalized of [
      [],
      [{ height: toHeight(9n), transition: transitionOf(10n, 1100n) }],
      [{ height: toHeight(22n), transition: other }],
    ]) {
      expect(await findChallenge(proposal, { ...FACTS, finalized })).toBeUndefined()
    }
  })

  test('that observes what is not in origin’s history is challenged, once origin is final there', async () => {
    const proposal = proposalOf(12n, 1100n)
    const originHash = hashOf('another block')
    const facts: ChallengeFacts = { ...FACTS, originHash: async () => originHash }
    expect(await findChallenge(proposal, facts)).toEqual({
      kind: 'contradicting-observation',
      proposal,
      originHash,
    })
    const early = { ...facts, originFinalNumber: toBlockNumber(49n) }
    expect(await findChallenge(proposal, early)).toBeUndefined()
    const blind = { ...facts, originHash: async () => undefined }
    expect(await findChallenge(proposal, blind)).toBeUndefined()
  })

  test.for([
    ['that would fail', undefined, 0],
    ['that gains nothing', 0n, 0],
    ['that costs more than it brings', -1n, 0],
    ['that pays', 1n, 1],
  ] as const)('gets a challenge %s as often as it should', async ([, gain, times]) => {
    const sent: Challenge[] = []
    const challenges: ChallengePort = {
      proposals: async () => (sent.length === 0 ? [proposalOf(13n, 1300n)] : []),
      facts: async () => FACTS,
      dryRun: async () => gain,
      send: async (challenge) => {
        sent.push(challenge)
      },
    }
    const fisherman = await openFisherman(portsOf({ challenges }))
    await fisherman.performDuties()
    await fisherman.performDuties()
    expect(sent).toHaveLength(times)
  })

  test('that cannot be looked at does not stop the reports', async () => {
    const court = courtOf('origin')
    const logged: string[] = []
    const challenges: ChallengePort = {
      proposals: async () => {
        throw new Error('endpoint away')
      },
      facts: async () => FACTS,
      dryRun: async () => 1n,
      send: async () => undefined,
    }
    const ports = portsOf({ challenges, courts: [court], log: (_, event) => logged.push(event) })
    const fisherman = await openFisherman(ports)
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    await fisherman.performDuties()
    expect(court.reports).toHaveLength(1)
    expect(logged).toEqual(['offence found', 'offence reported', 'proposals not challenged'])
  })
})
