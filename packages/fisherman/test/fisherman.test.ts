import type { Address } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type Collection,
  type Court,
  type Evidence,
  openFisherman,
  type RewardPort,
  type Standing,
} from '../src/index.ts'
import { performDuties, portsOf, type Shape, storeOf, validatorAt, voteOf } from './votes.ts'

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
  refuses: boolean
} {
  const standings = new Map<Address, Standing>()
  const reports: Evidence[] = []
  const court = {
    name,
    reports,
    standings,
    failure: undefined as Error | undefined,
    refuses: false,
    wouldTake: async () => !court.refuses,
    standing: async (validator: Address) => standings.get(validator) ?? before,
    report: async (evidence: Evidence) => {
      if (court.failure !== undefined) throw court.failure
      reports.push(evidence)
      standings.set(evidence.votes[0].validator, 'slashed')
    },
  }
  return court
}

describe('the fisherman', () => {
  test('brings an offence once to both chains', async () => {
    const courts = [courtOf('origin'), courtOf('auxiliary')] as const
    const fisherman = await openFisherman(portsOf({ courts }))
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    for (let i = 0; i < 3; i++) await performDuties(fisherman)
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
      await performDuties(fisherman)
      expect(court.reports).toEqual([])
    }
  })

  test('reports later who came within reach, and again who escaped by a reorganisation', async () => {
    const court = courtOf('auxiliary', 'out-of-reach')
    const fisherman = await openFisherman(portsOf({ courts: [court] }))
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    await performDuties(fisherman)
    court.standings.set(validatorAt(0), 'slashable')
    await performDuties(fisherman)
    expect(court.reports).toHaveLength(1)
    court.standings.set(validatorAt(0), 'slashable')
    await performDuties(fisherman)
    expect(court.reports).toHaveLength(2)
    court.standings.set(validatorAt(0), 'settled')
    await performDuties(fisherman)
    court.standings.set(validatorAt(0), 'slashable')
    await performDuties(fisherman)
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
    await performDuties(await openFisherman(portsOf({ store, courts: [origin, auxiliary] })))
    expect([origin.reports.length, auxiliary.reports.length]).toEqual([1, 0])
    auxiliary.failure = undefined
    origin.standings.set(validatorAt(0), 'settled')
    const last = await openFisherman(portsOf({ store, courts: [origin, auxiliary] }))
    await performDuties(last)
    await performDuties(last)
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
    await performDuties(fisherman)
    const keys: number[] = []
    const range = { from: Uint8Array.of(0), to: Uint8Array.of(255) }
    for await (const [key] of store.entries(range)) keys.push(key[0] ?? 0)
    // The other validator's vote and its source, and the case.
    expect(keys).toEqual([1, 2, 3])
  })

  test('sends nothing that the chain would refuse, and says so to nobody', async () => {
    const court = courtOf('origin')
    const logged: string[] = []
    court.refuses = true
    const fisherman = await openFisherman(
      portsOf({
        courts: [court],
        log: (level, event) => level !== 'debug' && logged.push(event),
      }),
    )
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    await performDuties(fisherman)
    expect(court.reports).toEqual([])
    expect(logged).toEqual(['offence found'])
  })

  test('waits for its turn among others, never for long', async () => {
    const rounds: number[] = []
    for (let index = 0; index < 16; index++) {
      const court = courtOf('origin')
      const fisherman = await openFisherman(
        portsOf({ courts: [court], account: validatorAt(index) }),
      )
      for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
      let round = 0
      while (court.reports.length === 0 && round < 10) {
        await performDuties(fisherman)
        round++
      }
      rounds.push(round)
    }
    expect(new Set(rounds)).toEqual(new Set([1, 2, 3, 4]))
  })

  test('collects what it has earned, now and then', async () => {
    const collected: Collection[] = []
    const rewards: RewardPort = {
      due: async () => [{ kind: 'withdraw', validator: validatorAt(3) }, { kind: 'claim-reward' }],
      collect: async (collection) => {
        collected.push(collection)
      },
    }
    const fisherman = await openFisherman(portsOf({ rewards }))
    for (let i = 0; i < 5; i++) await performDuties(fisherman)
    expect(collected).toEqual([
      { kind: 'withdraw', validator: validatorAt(3) },
      { kind: 'claim-reward' },
    ])
    await performDuties(fisherman)
    expect(collected).toHaveLength(4)
  })

  test('lets overlapping rounds be one', async () => {
    const court = courtOf('origin')
    const fisherman = await openFisherman(portsOf({ courts: [court] }))
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    await Promise.all([performDuties(fisherman), performDuties(fisherman)])
    expect(court.reports).toHaveLength(1)
  })

  test('brings everything to one chain while the other stands still', async () => {
    const origin = courtOf('origin')
    const auxiliary = courtOf('auxiliary')
    const { promise, resolve } = Promise.withResolvers<void>()
    const stuck: Court = { ...auxiliary, report: () => promise }
    const fisherman = await openFisherman(portsOf({ courts: [origin, stuck] }))
    for (const vote of CRIME.map(voteOf)) await fisherman.see(vote)
    const waiting = fisherman.performDuties('auxiliary')
    expect(fisherman.performDuties('auxiliary')).toBe(waiting)
    await fisherman.performDuties('origin')
    expect(origin.reports).toHaveLength(1)
    resolve()
    await waiting
  })

  test('refuses a store that holds something else', async () => {
    const store = storeOf()
    await store.batch([{ key: Uint8Array.of(3, 1), value: Uint8Array.of(7, 1) }])
    await expect(openFisherman(portsOf({ store }))).rejects.toThrow(/expected/)
  })
})
