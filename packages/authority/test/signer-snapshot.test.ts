import {
  type Address,
  encodeRlp,
  InvalidValueError,
  toBlockNumber,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildExtraData } from '../src/extra-data.ts'
import type { AuthorityHeader } from '../src/header.ts'
import { voteNonce } from '../src/nonce.ts'
import { chooseProposal } from '../src/proposal.ts'
import { sealPlan } from '../src/seal-plan.ts'
import {
  applyHeader,
  findSignerFault,
  genesisSnapshot,
  isInTurn,
  type SignerSnapshot,
} from '../src/signer-snapshot.ts'
import { decodeSnapshot, encodeSnapshot } from '../src/snapshot-codec.ts'
import { addressAt, createHeader, GENESIS } from './signers.ts'

type Step = {
  /** Chosen among the signers that may seal. */
  readonly sealer: number
  readonly vote: { readonly target: number; readonly authorize: boolean } | undefined
}

const step: fc.Arbitrary<Step> = fc.record({
  sealer: fc.nat(),
  vote: fc.option(fc.record({ target: fc.nat({ max: 7 }), authorize: fc.boolean() }), {
    nil: undefined,
  }),
})

const EPOCH = 10n

/** Runs steps over accounts whose address is `addressOf(label)`; gives every snapshot and every sealer's label. */
function run(
  genesisLabels: readonly number[],
  steps: readonly Step[],
  addressOf: (label: number) => Address,
): { snapshots: SignerSnapshot[]; sealers: number[]; counts: number[] } {
  const labels = [0, 1, 2, 3, 4, 5, 6, 7]
  let parent: AuthorityHeader = {
    ...GENESIS,
    extraData: buildExtraData({ signers: genesisLabels.map(addressOf) }),
  }
  let snapshot = genesisSnapshot(parent)
  const snapshots = [snapshot]
  const sealers: number[] = []
  const counts: number[] = []
  for (const { sealer, vote } of steps) {
    const able = labels.filter((label) => findSignerFault(snapshot, addressOf(label)) === undefined)
    const label = able[sealer % able.length]
    if (label === undefined) break
    const isEpochStart = (snapshot.number + 1n) % EPOCH === 0n
    const cast =
      vote === undefined || isEpochStart
        ? undefined
        : { target: addressOf(vote.target), authorize: vote.authorize }
    const header = createHeader(parent, snapshot, addressOf(label), cast)
    counts.push(snapshot.signers.length)
    const applied = applyHeader(snapshot, header, addressOf(label), EPOCH)
    if (!applied.ok) throw new Error(applied.fault.code)
    snapshot = applied.value
    parent = header
    snapshots.push(snapshot)
    sealers.push(label)
  }
  return { snapshots, sealers, counts }
}

const genesisLabels = fc.uniqueArray(fc.nat({ max: 7 }), { minLength: 1, maxLength: 8 })
const steps = fc.array(step, { maxLength: 40 })

describe('signer snapshots', () => {
  test('do not depend on the order of addresses', () => {
    const permutation = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 })
    fc.assert(
      fc.property(genesisLabels, steps, permutation, (labels, sequence, order) => {
        const place = (label: number): Address => addressAt(order[label] ?? label)
        const back = (address: Address): number =>
          order.findIndex((at) => addressAt(at) === address)
        const straight = run(labels, sequence, addressAt)
        const shuffled = run(labels, sequence, place)
        expect(shuffled.sealers).toEqual(straight.sealers)
        expect(
          shuffled.snapshots.map(({ signers }) =>
            signers
              .map(back)
              .toSorted((a, b) => a - b)
              .map(addressAt),
          ),
        ).toEqual(straight.snapshots.map(({ signers }) => signers))
      }),
      { seed: 1 },
    )
  })

  test('let a signer seal one of floor(n/2)+1 consecutive blocks, whatever is voted', () => {
    fc.assert(
      fc.property(genesisLabels, steps, (labels, sequence) => {
        const { sealers, counts } = run(labels, sequence, addressAt)
        for (const [i, sealer] of sealers.entries()) {
          // The set in force at the block rules; when it grows, the blocks that a smaller set had forgotten stay forgotten.
          const limits = counts.slice(0, i + 1).map((count) => Math.floor(count / 2) + 1)
          const reach = Math.min(...limits.slice(-(limits.at(-1) ?? 1)))
          expect(sealers.slice(Math.max(0, i - reach + 1), i)).not.toContain(sealer)
        }
      }),
      { seed: 1 },
    )
  })

  test('let a fixed set seal only distinct ones of floor(n/2)+1 consecutive blocks', () => {
    const silent = fc.array(fc.record({ sealer: fc.nat(), vote: fc.constant(undefined) }), {
      minLength: 20,
      maxLength: 40,
    })
    fc.assert(
      fc.property(genesisLabels, silent, (labels, sequence) => {
        const { sealers } = run(labels, sequence, addressAt)
        const window = Math.floor(labels.length / 2) + 1
        expect(sealers).toHaveLength(sequence.length)
        for (let i = 0; i + window <= sealers.length; i++) {
          expect(new Set(sealers.slice(i, i + window)).size).toBe(window)
        }
      }),
      { seed: 1 },
    )
  })

  test('stay small, ascending and consistent', () => {
    fc.assert(
      fc.property(genesisLabels, steps, (labels, sequence) => {
        for (const { number, signers, recents, votes, tally } of run(labels, sequence, addressAt)
          .snapshots) {
          expect(signers).toEqual([...new Set(signers)].toSorted())
          expect(recents.size).toBeLessThanOrEqual(Math.floor(signers.length / 2) + 1)
          expect(votes.every(({ signer }) => signers.includes(signer))).toBe(true)
          expect(
            votes.every(({ target, authorize }) => signers.includes(target) !== authorize),
          ).toBe(true)
          expect(new Set(votes.map(({ signer, target }) => signer + target)).size).toBe(
            votes.length,
          )
          expect([...tally.values()].reduce((sum, each) => sum + each.votes, 0)).toBe(votes.length)
          expect(number % EPOCH === 0n && votes.length > 0).toBe(false)
        }
      }),
      { seed: 1 },
    )
  })

  test('survive their encoding', () => {
    fc.assert(
      fc.property(genesisLabels, steps, (labels, sequence) => {
        for (const snapshot of run(labels, sequence, addressAt).snapshots) {
          expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot)
        }
      }),
      { seed: 1, numRuns: 30 },
    )
  })

  test('are refused if they are damaged', () => {
    const encoded = encodeSnapshot(genesis(3))
    const damaged = [
      new Uint8Array(),
      encodeRlp([]),
      encoded.subarray(0, -1),
      encoded.map((byte, i) => (i === 2 ? 2 : byte)),
      encodeRlp([Uint8Array.of(1), [], new Uint8Array(32), [], [], []]),
      encodeRlp([
        Uint8Array.of(1),
        new Uint8Array(),
        new Uint8Array(32),
        [new Uint8Array(19)],
        [],
        [],
      ]),
      encodeRlp([Uint8Array.of(1), Uint8Array.of(0, 1), new Uint8Array(32), [], [], []]),
      encodeRlp([Uint8Array.of(1), new Uint8Array(), new Uint8Array(32), [], [[]], []]),
    ]
    for (const bytes of damaged) expect(() => decodeSnapshot(bytes)).toThrow(InvalidValueError)
  })
})

function genesis(count: number): SignerSnapshot {
  const signers = Array.from({ length: count }, (_, i) => addressAt(i))
  return genesisSnapshot({ ...GENESIS, extraData: buildExtraData({ signers }) })
}

describe('genesisSnapshot', () => {
  test.each<[string, AuthorityHeader]>([
    [
      'another block',
      {
        ...GENESIS,
        number: toBlockNumber(1n),
        extraData: buildExtraData({ signers: [addressAt(0)] }),
      },
    ],
    ['no signers', GENESIS],
    ['half a signer', { ...GENESIS, extraData: new Uint8Array(107) }],
    ['signers twice', { ...GENESIS, extraData: new Uint8Array(137) }],
  ])('refuses %s', (_, header) => {
    expect(() => genesisSnapshot(header)).toThrow(InvalidValueError)
  })
})

describe('isInTurn', () => {
  test('gives every block to one signer, and to nobody without signers', () => {
    const snapshot = genesis(4)
    const turns = [0n, 1n, 2n, 3n, 4n, 5n].map((number) =>
      snapshot.signers.findIndex((address) => isInTurn(snapshot, number, address)),
    )
    expect(turns).toEqual([0, 1, 2, 3, 0, 1])
    expect(isInTurn(snapshot, 0n, addressAt(9))).toBe(false)
    expect(isInTurn({ ...snapshot, signers: [] }, 0n, addressAt(0))).toBe(false)
  })
})

describe('sealPlan', () => {
  const rules = { period: 5n, epoch: EPOCH }

  test('refuses outsiders and recent signers', () => {
    expect(sealPlan(genesis(4), addressAt(9), 0n, rules)).toEqual({
      canSeal: false,
      reason: 'UNAUTHORIZED_SIGNER',
    })
    const recents = new Map([[toBlockNumber(0n), addressAt(1)]])
    expect(sealPlan({ ...genesis(4), recents }, addressAt(1), 0n, rules)).toEqual({
      canSeal: false,
      reason: 'RECENTLY_SIGNED',
    })
  })

  test.each([
    [1, 500],
    [2, 1000],
    [3, 1000],
    [4, 1500],
    [21, 5500],
  ])('lets one of %i signers out of turn wait up to %i ms', (count, wiggleMs) => {
    const out = { ...genesis(count), number: toBlockNumber(BigInt(count) * 4n) }
    const plans = out.signers.map((address) => sealPlan(out, address, 100n, rules))
    const waits = plans.map((plan) => (plan.canSeal ? plan.wiggleMs : -1))
    expect(waits.toSorted((a, b) => a - b)).toEqual([0, ...Array<number>(count - 1).fill(wiggleMs)])
    expect(plans).toContainEqual({
      canSeal: true,
      number: BigInt(count) * 4n + 1n,
      inTurn: true,
      difficulty: 2n,
      earliestTimestamp: 105n,
      wiggleMs: 0,
      mayBeEmpty: true,
    })
  })
})

const draw = (): number => 0

describe('chooseProposal', () => {
  const none = { coinbase: ZERO_ADDRESS, nonce: voteNonce(false) }
  const proposals = new Map([
    [addressAt(5), true],
    [addressAt(0), false],
    [addressAt(1), true],
    [addressAt(6), false],
  ])

  test('draws among those that change something, in whatever order they were made', () => {
    const reversed = new Map([...proposals].toReversed())
    for (const given of [proposals, reversed]) {
      expect(chooseProposal(genesis(3), given, () => 0, EPOCH)).toEqual({
        coinbase: addressAt(0),
        nonce: new Uint8Array(8),
      })
      expect(chooseProposal(genesis(3), given, () => 0.999, EPOCH)).toEqual({
        coinbase: addressAt(5),
        nonce: new Uint8Array(8).fill(0xff),
      })
    }
  })

  test('votes on nobody without proposals, at the start of an epoch, and to leave nobody', () => {
    expect(chooseProposal(genesis(3), new Map(), draw, EPOCH)).toEqual(none)
    const before = { ...genesis(3), number: toBlockNumber(EPOCH - 1n) }
    expect(chooseProposal(before, proposals, draw, EPOCH)).toEqual(none)
    expect(chooseProposal(genesis(1), new Map([[addressAt(0), false]]), draw, EPOCH)).toEqual(none)
  })
})
