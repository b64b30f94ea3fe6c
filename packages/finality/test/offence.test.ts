import type { VoteMessage } from '@mosaic/protocol'
import { describe, expect, test } from 'vitest'
import { findOffence, isSameVote, type Offence } from '../src/index.ts'
import { hashOf, linkOf } from './world.ts'

/** Every vote with heights up to 4, two hashes per height and two transitions: all shapes that two votes can have to each other. */
const VOTES: readonly VoteMessage[] = [0, 1, 2, 3].flatMap((source) =>
  [1, 2, 3, 4]
    .filter((target) => target > source)
    .flatMap((target) =>
      ['main', 'other'].flatMap((branch) =>
        [{}, { transitionHash: hashOf('false') }].map((change) =>
          linkOf(source, target, { branch, ...change }),
        ),
      ),
    ),
)

/** Conditions 1 to 3 as §2.2 states them, each on its own. */
const CONDITIONS: Readonly<Record<Offence, (a: VoteMessage, b: VoteMessage) => boolean>> = {
  'double-vote': (a, b) => a.targetHeight === b.targetHeight,
  'surround-vote': (a, b) =>
    (a.sourceHeight < b.sourceHeight && b.targetHeight < a.targetHeight) ||
    (b.sourceHeight < a.sourceHeight && a.targetHeight < b.targetHeight),
  'contradicting-transition': (a, b) =>
    a.source === b.source && a.transitionHash !== b.transitionHash,
}

describe('findOffence', () => {
  test('names a condition for exactly the pairs that break one, in both orders', () => {
    const found = new Set<Offence | undefined>()
    for (const a of VOTES) {
      for (const b of VOTES) {
        const broken = Object.entries(CONDITIONS).filter(([, isBroken]) => isBroken(a, b))
        const offence = findOffence(a, b)
        expect(findOffence(b, a)).toBe(offence)
        expect(offence).toBe(isSameVote(a, b) ? undefined : broken[0]?.[0])
        found.add(offence)
      }
    }
    expect(found).toEqual(new Set([...Object.keys(CONDITIONS), undefined]))
  })

  test.each<[string, VoteMessage, VoteMessage, Offence | undefined]>([
    ['the same message', linkOf(1, 2), { ...linkOf(1, 2) }, undefined],
    [
      'two targets at one height',
      linkOf(0, 2),
      linkOf(0, 2, { target: hashOf('x') }),
      'double-vote',
    ],
    ['two sources to one target', linkOf(0, 2), linkOf(1, 2), 'double-vote'],
    [
      'two T̃ to one target',
      linkOf(0, 2),
      linkOf(0, 2, { transitionHash: hashOf('x') }),
      'double-vote',
    ],
    ['a span within a span', linkOf(0, 5), linkOf(1, 4), 'surround-vote'],
    [
      'a span within a span on another branch',
      linkOf(0, 5),
      linkOf(1, 4, { branch: 'b' }),
      'surround-vote',
    ],
    ['spans that share a source', linkOf(0, 5), linkOf(0, 4), undefined],
    ['spans that touch', linkOf(0, 2), linkOf(2, 4), undefined],
    ['spans that overlap', linkOf(0, 3), linkOf(1, 4), undefined],
    ['spans apart', linkOf(0, 1), linkOf(3, 4), undefined],
    [
      'one source with two T̃',
      linkOf(0, 1),
      linkOf(0, 2, { transitionHash: hashOf('x') }),
      'contradicting-transition',
    ],
  ])('judges %s', (_, a, b, offence) => {
    expect(findOffence(a, b)).toBe(offence)
    expect(findOffence(b, a)).toBe(offence)
  })

  test('never finds one between chains', () => {
    for (const a of VOTES) {
      for (const b of VOTES) {
        expect(findOffence(a, { ...b, chain: hashOf('origin') })).toBeUndefined()
      }
    }
  })
})

describe('isSameVote', () => {
  test('looks at every member', () => {
    const vote = linkOf(1, 2)
    expect(isSameVote(vote, { ...vote })).toBe(true)
    for (const [member, value] of Object.entries(linkOf(3, 4, { chain: hashOf('origin') }))) {
      expect(isSameVote(vote, { ...vote, [member]: value })).toBe(false)
      expect(isSameVote({ ...vote, [member]: value }, vote)).toBe(false)
    }
  })
})
