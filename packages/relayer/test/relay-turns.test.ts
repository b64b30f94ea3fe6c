import { type Address, InvalidValueError, toAddress } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createRelayTurns, type RelayTurns } from '../src/index.ts'

const TEAM: readonly Address[] = ['11', '22', '33'].map((byte) => toAddress(`0x${byte.repeat(20)}`))

function createTeam(): {
  readonly clock: { ms: number }
  readonly turns: readonly RelayTurns[]
} {
  const clock = { ms: 5000 }
  return {
    clock,
    turns: TEAM.map((own) =>
      createRelayTurns({ accounts: TEAM, own, turnMs: 100, now: () => clock.ms }),
    ),
  }
}

describe('turns of relayers', () => {
  test('come one after the other, in an order that follows from the duty', () => {
    const { clock, turns } = createTeam()
    const firsts = new Set<number>()
    for (let duty = 0; duty < 20; duty++) {
      const counts: number[] = []
      for (const ms of [0, 99, 100, 199, 200]) {
        clock.ms = 5000 + 1000 * duty + ms
        counts.push(turns.filter(({ isOurs }) => isOurs(`duty ${duty}`)).length)
        if (ms === 0) firsts.add(turns.findIndex(({ isOurs }) => isOurs(`duty ${duty}`)))
      }
      expect(counts).toEqual([1, 1, 2, 2, 3])
    }
    expect(firsts).toEqual(new Set([0, 1, 2]))
  })

  test('begin anew after a restart, and forget what is due no more', () => {
    const { clock, turns } = createTeam()
    const late = turns.find(({ isOurs }) => !isOurs('duty'))
    for (let i = 0; i < 2000; i++) late?.isOurs(`other ${i}`)
    clock.ms += 200
    expect(late?.isOurs('duty')).toBe(false)
  })

  test('are of those only that are named', () => {
    const own = toAddress(`0x${'44'.repeat(20)}`)
    expect(() => createRelayTurns({ accounts: TEAM, own, turnMs: 1, now: () => 0 })).toThrow(
      InvalidValueError,
    )
  })
})
