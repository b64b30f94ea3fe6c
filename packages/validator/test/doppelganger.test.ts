import { type Height, toAddress } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createDoppelgangerWatch, type DoppelgangerWatch } from '../src/index.ts'
import { AUXILIARY, hashOf, heightOf, IDENTITY, ORIGIN, voteOf } from './votes.ts'

const { validator } = IDENTITY
const STRANGER = toAddress(`0x${'57'.repeat(20)}`)

function watchAt(
  height: bigint,
  signed?: bigint,
): { readonly watch: DoppelgangerWatch; move: (to: bigint) => void; sign: (to: bigint) => void } {
  let newest: Height = heightOf(height)
  let highest = signed === undefined ? undefined : heightOf(signed)
  const watch = createDoppelgangerWatch({
    guard: {
      validator,
      highestTarget: (chain) => (chain === AUXILIARY ? highest : undefined),
    },
    chain: AUXILIARY,
    newest: () => newest,
    checkpoints: 2n,
  })
  return {
    watch,
    move: (to) => {
      newest = heightOf(to)
    },
    sign: (to) => {
      highest = heightOf(to)
    },
  }
}

describe('the watch for another program with the same key', () => {
  test('waits for two checkpoints', () => {
    const { watch, move } = watchAt(7n)
    expect(watch.mayVote()).toBe(false)
    move(8n)
    expect(watch.mayVote()).toBe(false)
    move(9n)
    expect(watch.mayVote()).toBe(true)
    expect(watch.found()).toBeUndefined()
  })

  test.each([
    [0n, undefined, true],
    [7n, 7n, true],
    [7n, 6n, true],
    [7n, 5n, false],
    [7n, 9n, true],
  ])('at height %d after a vote for %d: may vote at once: %s', (height, signed, expected) => {
    expect(watchAt(height, signed).watch.mayVote()).toBe(expected)
  })

  test('counts from the first question, not from the start', () => {
    const { watch, move } = watchAt(1n)
    move(100n)
    expect(watch.mayVote()).toBe(false)
    move(102n)
    expect(watch.mayVote()).toBe(true)
  })

  test('never votes after the other did, and tells which vote it was', () => {
    const { watch, move } = watchAt(7n)
    watch.mayVote()
    const other = voteOf(6n, 7n)
    watch.see(other, STRANGER)
    expect(watch.found()).toBeUndefined()
    watch.see(other, validator)
    watch.see(voteOf(7n, 8n), validator)
    move(20n)
    expect(watch.mayVote()).toBe(false)
    expect(watch.found()).toEqual(other)
  })

  test('knows its own votes, those of before included', () => {
    const { watch, sign } = watchAt(7n, 7n)
    for (const target of [1n, 6n, 7n]) watch.see(voteOf(0n, target), validator)
    sign(8n)
    watch.see(voteOf(7n, 8n), validator)
    expect(watch.mayVote()).toBe(true)
    watch.see(voteOf(8n, 9n, { target: hashOf('elsewhere') }), validator)
    expect(watch.mayVote()).toBe(false)
  })

  test('also looks at the other chain', () => {
    const { watch } = watchAt(7n, 7n)
    watch.see(voteOf(0n, 1n, { chain: ORIGIN }), validator)
    expect(watch.mayVote()).toBe(false)
  })
})
