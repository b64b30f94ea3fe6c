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

/** A challenger with the stake of its validator, 0 without one. */
type StakedChallenger = Challenger & { readonly stake: bigint }

const BASIS_POINTS = 10_000n
const MILLIONTHS = 1_000_000n

/**
 * What a challenge that succeeds brings to its challenger at least: others lose by their stakes, of which the weights in the kernel are a
 * lower bound. What its own validator loses by it counts against it, what that would lose without it counts for it.
 */
export function gainOf(challenge: Challenge, facts: CoreFacts, self: StakedChallenger): Gain {
  const { open, closed, terms } = facts
  const share = (amount: bigint): bigint => (amount * terms.reporterShare) / BASIS_POINTS
  const own = (set: ValidatorSet, loss: (stake: bigint) => bigint): bigint =>
    set.some((seat) => seat !== undefined && seat.address === self.validator)
      ? loss(self.stake)
      : 0n
  switch (challenge.kind) {
    case 'foreign-observation': {
      const voters = new Set(challenge.link.votes.map(({ validator }) => validator))
      const reward = sum(open.validators, ({ address, weight }) =>
        voters.has(address) ? share(weight) : 0n,
      )
      const isVoter = self.validator !== undefined && voters.has(self.validator)
      return { tokens: reward - (isVoter ? own(open.validators, share) : 0n), wei: 0n }
    }
    case 'conflicting-links': {
      const guilty = new Set(challenge.first.votes.map(({ validator }) => validator))
      const reward = sum(open.validators, ({ address, weight }) =>
        guilty.has(address) && !open.slashed.has(address) ? share(weight) : 0n,
      )
      const isGuilty = self.validator !== undefined && guilty.has(self.validator)
      return { tokens: reward - (isGuilty ? self.stake : 0n), wei: 0n }
    }
    case 'gas-target': {
      const missed = challenge.late.map(
        ({ transition }) => transition.dynasty - challenge.earlier.transition.dynasty,
      )
      const most = missed.reduce((a, b) => (a > b ? a : b), 0n)
      const saved = (stake: bigint): bigint => (stake * most * terms.missedDynastyLoss) / MILLIONTHS
      const bonds = BigInt(challenge.late.length) * terms.proposalBond
      return { tokens: own(open.validators, saved), wei: bonds }
    }
    case 'late-proposal':
      return { tokens: 0n, wei: terms.proposalBond }
    case 'late-commit': {
      // A loss that is proven already is lost without this challenge, too.
      const proven = closed?.proven ?? 0n
      const lossOf = (amount: bigint, fraction: bigint): bigint => (amount * fraction) / MILLIONTHS
      const set = closed?.validators ?? []
      const reward = sum(set, ({ weight }) => share(lossOf(weight, challenge.fraction)))
      const lost = own(set, (stake) => lossOf(stake, challenge.fraction) - lossOf(stake, proven))
      return { tokens: reward - lost, wei: 0n }
    }
  }
}

function sum(set: ValidatorSet, amountOf: (seat: ValidatorSeat) => bigint): bigint {
  return set.reduce((total, seat) => total + (seat === undefined ? 0n : amountOf(seat)), 0n)
}
