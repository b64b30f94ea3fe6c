import { describe, expect, test } from 'vitest'
import { createReputation } from '../src/reputation.ts'

describe('the reputation', () => {
  test('bans at 100 points, forgives with time, and ends the ban', () => {
    let time = 0
    const bans: string[] = []
    const reputation = createReputation(
      () => time,
      1000,
      (peerId) => bans.push(peerId),
    )
    reputation.penalise('a', 60, 'x')
    time += 10 * 60_000
    reputation.prune()
    expect(reputation.points('a')).toBe(30)
    reputation.penalise('a', 60, 'x')
    expect(bans).toEqual([])
    reputation.penalise('a', 10, 'x')
    reputation.penalise('a', 100, 'x')
    expect(bans).toEqual(['a'])
    expect(reputation.isBanned('a')).toBe(true)
    time += 1000
    expect(reputation.isBanned('a')).toBe(false)
    reputation.prune()
    expect(reputation.points('a')).toBe(0)
  })
})
