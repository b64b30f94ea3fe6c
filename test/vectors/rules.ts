import { OFFENCES } from '@mosaic/contracts'
import { effectiveWeights, findOffence, isSupermajority, reputedWeight } from '@mosaic/finality'
import {
  bytesToHex,
  toAddress,
  toHash32,
  toHeight,
  toMetaHeight,
  toWeight,
} from '@mosaic/primitives'
import {
  applyUpdates,
  coreIdentifier,
  encodeSeat,
  encodeUpdates,
  encodeValidatorSet,
  originIdentifier,
  updatesHash,
  type ValidatorSeat,
  type ValidatorUpdate,
  type VoteMessage,
  validatorSetHash,
} from '@mosaic/protocol'
import { rowsOf, type Source } from './source.ts'

const MAX_WEIGHT = 2n ** 128n - 1n
const K = 2n ** 90n + 12_345n
const OFFENCE_CORE = {
  originChainId: 31_337n,
  core: toAddress('0x00000000000000000000000000000000c0de0001'),
}
const AUXILIARY = coreIdentifier(OFFENCE_CORE)
const ORIGIN = originIdentifier(OFFENCE_CORE.originChainId)
const TOTALS = [0n, 1n, 2n, 3n, 3n * K, 3n * K + 1n, 3n * K + 2n, MAX_WEIGHT - 1n, MAX_WEIGHT]

/** Every rule of docs/protocol.md §2 and §3 that both languages have as a function. */
export function createRuleVectors() {
  return {
    validatorWord: rowsOf(16, 'validator word', (source) => {
      const seat = seatFrom(source)
      return {
        ...seat,
        word: bytesToHex(encodeSeat(seat)),
        forwardWeight: effectiveWeights([seat]).forward,
        rearWeight: effectiveWeights([seat]).rear,
      }
    }),
    validatorSet: rowsOf(8, 'validator set', (source, size) => {
      const set = Array.from({ length: size }, () =>
        source.below(4) === 0 ? undefined : seatFrom(source),
      )
      const { forward, rear } = effectiveWeights(set)
      return {
        words: bytesToHex(encodeValidatorSet(set)),
        hash: validatorSetHash(set),
        forwardWeight: forward,
        rearWeight: rear,
      }
    }),
    reputedWeight: createReputedWeights(),
    update: rowsOf(16, 'update', createUpdate),
    supermajority: createSupermajorities(),
    offence: createOffences(),
  }
}

function seatFrom(source: Source): ValidatorSeat {
  return {
    address: source.address(),
    weight: toWeight(source.integer(94)),
    forward: source.pick([true, false]),
    rear: source.pick([true, false]),
  }
}

function createReputedWeights() {
  const stakes = [0n, 1n, 9_999n, 10_000n, 10_001n, 2n ** 94n - 1n]
  const reputations = [0n, 1n, 9_999n, 10_000n, 10_001n, 2n ** 256n - 1n]
  const edges = stakes.flatMap((stake) => reputations.map((reputation) => ({ stake, reputation })))
  const random = rowsOf(24, 'reputed weight', (source) => ({
    stake: source.integer(94),
    reputation: BigInt(source.below(10_002)),
  }))
  return [...edges, ...random].map(({ stake, reputation }) => ({
    stake,
    reputation,
    weight: reputedWeight(toWeight(stake), reputation),
  }))
}

/** A set, what a kernel changes of it, and what it is then. Every second one weighs the validators of seats anew, and does no more. */
function createUpdate(source: Source, index: number) {
  const before = Array.from({ length: 1 + source.below(6) }, () => seatFrom(source))
  const updates = before.flatMap((seat, at): readonly ValidatorUpdate[] => {
    if (source.below(2) === 0) return []
    const weight = reputedWeight(seat.weight, BigInt(source.below(10_001)))
    const others = [undefined, seatFrom(source), { ...seat, forward: !seat.forward }] as const
    return [
      {
        index: at,
        seat: index % 2 === 0 ? { ...seat, weight } : source.pick(others),
        startHeight: toMetaHeight(source.integer(64)),
        endHeight: toMetaHeight(source.integer(64)),
      },
    ]
  })
  const after = applyUpdates(before, updates)
  const { forward, rear } = effectiveWeights(after)
  return {
    before: bytesToHex(encodeValidatorSet(before)),
    updates: bytesToHex(encodeUpdates(updates)),
    updatesHash: updatesHash(updates),
    validatorSetHash: validatorSetHash(after),
    forwardWeight: forward,
    rearWeight: rear,
  }
}

function createSupermajorities() {
  const boundaries = TOTALS.flatMap((total) => {
    const boundary = (total * 2n) / 3n
    const around = [0n, boundary - 1n, boundary, boundary + 1n, total]
    return [...new Set(around.filter((voted) => voted >= 0n && voted <= MAX_WEIGHT))].map(
      (voted) => ({ voted, total }),
    )
  })
  const random = rowsOf(32, 'supermajority', (source) => ({
    voted: source.integer(128),
    total: source.integer(128),
  }))
  return [...boundaries, ...random].map(({ voted, total }) => ({
    voted,
    total,
    holds: isSupermajority(toWeight(voted), toWeight(total)),
  }))
}

/** Pairs of votes with few hashes and low heights, so that every condition is met; each must hold in both orders. */
function createOffences() {
  const rows = rowsOf(64, 'offence', (source, index) => {
    const first = voteFrom(source)
    // Every fifth second vote differs in one member at most, so that near misses are among them.
    const second = index % 5 === 0 ? { ...first, ...oneMemberFrom(source) } : voteFrom(source)
    return { first, second, condition: OFFENCES.indexOf(findOffence(first, second) ?? 'none') }
  })
  return { ...OFFENCE_CORE, rows }
}

function voteFrom(source: Source): VoteMessage {
  const [one, other] = [toHash32(`0x${'11'.repeat(32)}`), toHash32(`0x${'22'.repeat(32)}`)]
  return {
    chain: source.pick([AUXILIARY, AUXILIARY, AUXILIARY, ORIGIN]),
    transitionHash: source.pick([one, other]),
    source: source.pick([one, other]),
    target: source.pick([one, other]),
    sourceHeight: toHeight(BigInt(source.below(5))),
    targetHeight: toHeight(BigInt(source.below(8))),
  }
}

function oneMemberFrom(source: Source): Partial<VoteMessage> {
  const {
    chain,
    transitionHash,
    source: from,
    target,
    sourceHeight,
    targetHeight,
  } = voteFrom(source)
  return source.pick<Partial<VoteMessage>>([
    { chain },
    { transitionHash },
    { source: from },
    { target },
    { sourceHeight },
    { targetHeight },
  ])
}
