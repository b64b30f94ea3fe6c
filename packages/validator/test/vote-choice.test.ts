import { toBlockNumber, toHeight } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type AuxiliaryView,
  chooseAuxiliaryVote,
  chooseOriginVote,
  type OriginView,
} from '../src/index.ts'
import { AUXILIARY, hashOf, ORIGIN, voteOf } from './votes.ts'

const auxiliary: AuxiliaryView = {
  chain: AUXILIARY,
  head: { number: toBlockNumber(47n), hash: hashOf('head') },
  epochLength: 10n,
  justified: { height: toHeight(2n), hash: hashOf('checkpoint 2') },
  checkpointHash: async (height) => hashOf(`checkpoint ${height}`),
  transitionHash: async (height) => hashOf(`transition ${height}`),
}

const origin: OriginView = {
  chain: ORIGIN,
  epochLength: 5n,
  justified: { height: toHeight(20n), hash: hashOf('checkpoint 20') },
  finalNumber: toBlockNumber(124n),
  checkpointHash: async (height) => hashOf(`checkpoint ${height}`),
  isReported: async () => true,
  transitionHash: async (height) => hashOf(`transition ${height}`),
}

describe('the vote about auxiliary', () => {
  test('goes from the highest justified checkpoint to the newest one', async () => {
    expect(await chooseAuxiliaryVote(auxiliary)).toEqual(voteOf(2n, 4n))
  })

  test.each([
    [39n, 3n],
    [40n, 4n],
    [49n, 4n],
    [50n, 5n],
  ])('at block %i has the target %i', async (number, target) => {
    const view = { ...auxiliary, head: { ...auxiliary.head, number: toBlockNumber(number) } }
    expect(await chooseAuxiliaryVote(view)).toEqual(voteOf(2n, target))
  })

  test.each<[string, Partial<AuxiliaryView>]>([
    ['nothing is newer', { head: { number: toBlockNumber(29n), hash: hashOf('head') } }],
    [
      'the justified checkpoint is ahead',
      { justified: { height: toHeight(4n), hash: hashOf('checkpoint 4') } },
    ],
    [
      'the target is not known',
      { checkpointHash: async (h) => (h === 4n ? undefined : hashOf(`checkpoint ${h}`)) },
    ],
    [
      'the source is not known',
      { checkpointHash: async (h) => (h === 2n ? undefined : hashOf(`checkpoint ${h}`)) },
    ],
    [
      'the source is on another branch',
      { justified: { height: toHeight(2n), hash: hashOf('other') } },
    ],
    ['its own T̃ is missing', { transitionHash: async () => undefined }],
  ])('is not cast when %s', async (_, change) => {
    expect(await chooseAuxiliaryVote({ ...auxiliary, ...change })).toBeUndefined()
  })
})

describe('the vote about origin', () => {
  test('goes to the newest final checkpoint that is reported', async () => {
    expect(await chooseOriginVote(origin)).toEqual(voteOf(20n, 24n, { chain: ORIGIN }))
  })

  test('skips what is not reported, or not known to its own endpoint', async () => {
    const view: OriginView = {
      ...origin,
      checkpointHash: async (h) => (h === 24n ? undefined : hashOf(`checkpoint ${h}`)),
      isReported: async (hash) => hash !== hashOf('checkpoint 23'),
    }
    expect(await chooseOriginVote(view)).toEqual(voteOf(20n, 22n, { chain: ORIGIN }))
  })

  test('asks for reports of the last sixteen heights only', async () => {
    const asked: string[] = []
    const isReported = async (hash: string) => {
      asked.push(hash)
      return false
    }
    const view = { ...origin, finalNumber: toBlockNumber(500n), isReported }
    expect(await chooseOriginVote(view)).toBeUndefined()
    expect(asked).toEqual(Array.from({ length: 16 }, (_, i) => hashOf(`checkpoint ${100 - i}`)))
  })

  test.each<[string, Partial<OriginView>]>([
    ['nothing newer is final', { finalNumber: toBlockNumber(104n) }],
    [
      'what is justified is not in its own origin (§2.3)',
      { justified: { height: toHeight(20n), hash: hashOf('other') } },
    ],
    [
      'its endpoint does not know the source',
      { checkpointHash: async (h) => (h === 20n ? undefined : hashOf(`checkpoint ${h}`)) },
    ],
    ['nothing is reported', { isReported: async () => false }],
    ['its own T̃ is missing', { transitionHash: async () => undefined }],
  ])('is not cast when %s', async (_, change) => {
    expect(await chooseOriginVote({ ...origin, ...change })).toBeUndefined()
  })
})
