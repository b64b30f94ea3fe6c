import type { Address } from '@mosaic/primitives'
import type { ValidatorSeat, ValidatorSet } from '@mosaic/protocol'
import type { Challenge, CoreFacts } from './challenge.ts'

/** What a challenger would have more afterwards than before. */
export type Gain = {
  /** In base units of the staked token; negative if its own validator loses more than the challenge brings. */
  readonly tokens: bigint
  /** Wei, before the gas is paid. */
  readonly wei: bigint
}

/** Who challenges. */
export type Challenger = {
  /** Pays the gas, and is paid. */
  readonly address: Address
  /** The validator whose stake belongs to the same owner. */
  readonly validator: Address | undefined
}

const BASIS_POINTS = 10_000n
const MILLIONTHS = 1_000_000n

/**
 * What a challenge that succeeds brings to its challenger, by the weights of the kernel. What its own validator loses by it counts
 * against it, what its validator would lose without it counts for it.
 */
export function gainOf(challenge: Challenge, facts: CoreFacts, self: Challenger): Gain {
  const { open, closed, terms } = facts
  const share = (amount: bigint): bigint => (amount * terms.reporterShare) / BASIS_POINTS
  const own = (set: ValidatorSet, loss: (seat: ValidatorSeat) => bigint): bigint =>
    sum(set, (seat) => (seat.address === self.validator ? loss(seat) : 0n))
  switch (challenge.kind) {
    case 'foreign-observation': {
      const voters = new Set(challenge.link.votes.map(({ validator }) => validator))
      const loss = ({ address, weight }: ValidatorSeat): bigint =>
        voters.has(address) ? share(weight) : 0n
      return { tokens: sum(open.validators, loss) - own(open.validators, loss), wei: 0n }
    }
    case 'conflicting-links': {
      const guilty = new Set(challenge.first.votes.map(({ validator }) => validator))
      const loss = ({ address, weight }: ValidatorSeat): bigint =>
        guilty.has(address) && !open.slashed.has(address) ? weight : 0n
      const reward = sum(open.validators, (seat) => share(loss(seat)))
      return { tokens: reward - own(open.validators, loss), wei: 0n }
    }
    case 'gas-target': {
      const missed = challenge.late.map(
        ({ transition }) => transition.dynasty - challenge.earlier.transition.dynasty,
      )
      const most = missed.reduce((a, b) => (a > b ? a : b), 0n)
      const saved = ({ weight }: ValidatorSeat): bigint =>
        (weight * most * terms.missedDynastyLoss) / MILLIONTHS
      const bonds = BigInt(challenge.late.length) * terms.proposalBond
      return { tokens: own(open.validators, saved), wei: bonds }
    }
    case 'late-proposal':
      return { tokens: 0n, wei: terms.proposalBond }
    case 'late-commit': {
      // A loss that is proven already is lost without this challenge, too.
      const proven = closed?.proven ?? 0n
      const lossOf = (weight: bigint, fraction: bigint): bigint => (weight * fraction) / MILLIONTHS
      const set = closed?.validators ?? []
      const reward = sum(set, ({ weight }) => share(lossOf(weight, challenge.fraction)))
      const lost = own(
        set,
        ({ weight }) => lossOf(weight, challenge.fraction) - lossOf(weight, proven),
      )
      return { tokens: reward - lost, wei: 0n }
    }
  }
}

function sum(set: ValidatorSet, amountOf: (seat: ValidatorSeat) => bigint): bigint {
  return set.reduce((total, seat) => total + (seat === undefined ? 0n : amountOf(seat)), 0n)
}
