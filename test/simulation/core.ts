import type { Challenge, CoreFacts, LinkVotes, OpenProposal } from '@mosaic/fisherman'
import {
  type Address,
  type Hash32,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toMetaHeight,
} from '@mosaic/primitives'
import type { TransitionObject, ValidatorSet } from '@mosaic/protocol'
import { nameHash } from './model.ts'
import type { SimOrigin } from './origin.ts'

/** Steps between proposal and commit. */
const CHALLENGE_STEPS = 2n
const MILLIONTHS_PER_DYNASTY = 150_000n
const MOST_LOST = 500_000n
/** Who challenges in a simulation. */
export const CHALLENGER: Address = toAddress(`0x${'f1'.repeat(20)}`)

/** A height that the core has closed. */
type ClosedHeight = {
  readonly kernelHash: Hash32
  readonly previous: TransitionObject
  readonly transition: TransitionObject
  /** Millionths. */
  readonly proven: bigint
}

/** A core, as far as it judges: written apart from the product, after docs/protocol.md §5. */
export type SimCore = {
  readonly facts: () => CoreFacts | undefined
  readonly isHalted: () => boolean
  readonly kernelHash: () => Hash32
  readonly previous: () => TransitionObject
  readonly proposals: () => readonly OpenProposal[]
  readonly ceiling: () => bigint | undefined
  readonly closed: () => ClosedHeight | undefined
  readonly propose: (transition: TransitionObject) => boolean
  /** Commits a proposal whose time has come. */
  readonly commit: (proposal: OpenProposal) => boolean
  /** Whether it takes a challenge, which has its effect then. */
  readonly take: (challenge: Challenge) => boolean
  readonly step: () => void
}

/** A core that has just opened, with one set for all heights. */
export function createCore(
  validators: ValidatorSet,
  gasTarget: bigint,
  origin: SimOrigin,
  originEpochLength: bigint,
): SimCore {
  let height = 1n
  let step = 0n
  let halted = false
  let ceiling: bigint | undefined
  let proposals: OpenProposal[] = []
  let closed: ClosedHeight | undefined
  let previous: TransitionObject = {
    dynasty: toDynasty(0n),
    originBlockNumber: toBlockNumber(0n),
    originBlockHash: origin.hashAt(0n) ?? nameHash('0a', 0),
    accumulatedTransactionRoot: nameHash('aa', 0),
    accumulatedGas: toGas(0n),
    kernelHash: kernelOf(0n),
  }

  const isObserved = ({ originBlockNumber, originBlockHash }: TransitionObject): boolean =>
    origin.hashAt(originBlockNumber) === originBlockHash
  /** More than two thirds of both sets, over distinct voters for this very message. */
  const isSealed = ({ vote, votes }: LinkVotes): boolean => {
    const voters = new Set<Address>()
    for (const each of votes) {
      if (each.vote.target !== vote.target || each.vote.source !== vote.source) return false
      voters.add(each.validator)
    }
    return (['forward', 'rear'] as const).every((side) => {
      let [all, voted] = [0n, 0n]
      for (const seat of validators) {
        if (seat?.[side] !== true) continue
        all += seat.weight
        if (voters.has(seat.address)) voted += seat.weight
      }
      return 3n * voted > 2n * all
    })
  }
  const hasMet = (transition: TransitionObject, before: TransitionObject): boolean =>
    isObserved(transition) &&
    transition.dynasty > before.dynasty &&
    transition.accumulatedGas > before.accumulatedGas &&
    transition.accumulatedGas - before.accumulatedGas >= gasTarget

  const judge = (challenge: Challenge): boolean => {
    switch (challenge.kind) {
      case 'foreign-observation': {
        const { vote } = challenge.link
        const number = vote.sourceHeight * originEpochLength
        const isStep = vote.targetHeight === vote.sourceHeight + 1n
        if (!isStep || !isSealed(challenge.link)) return false
        if (origin.hashAt(number) === vote.source) return false
        halted = true
        return true
      }
      case 'gas-target': {
        const { transition, link } = challenge.earlier
        const isBelow = ceiling === undefined || transition.dynasty < ceiling
        if (transition.kernelHash !== kernelOf(height) || !isBelow) return false
        if (!hasMet(transition, previous) || !isSealed(link)) return false
        ceiling = transition.dynasty
        return true
      }
      case 'late-proposal': {
        const { transition } = challenge.proposal
        if (ceiling === undefined || transition.dynasty <= ceiling) return false
        const count = proposals.length
        proposals = proposals.filter((each) => each !== challenge.proposal)
        return proposals.length < count
      }
      case 'late-commit': {
        const { transition, link } = challenge.earlier
        if (closed === undefined || transition.kernelHash !== closed.kernelHash) return false
        if (transition.dynasty >= closed.transition.dynasty) return false
        if (!hasMet(transition, closed.previous) || !isSealed(link)) return false
        const missed = closed.transition.dynasty - transition.dynasty
        const due = missed * MILLIONTHS_PER_DYNASTY
        const fraction = due > MOST_LOST ? MOST_LOST : due
        if (fraction !== challenge.fraction || fraction <= closed.proven) return false
        closed = { ...closed, proven: fraction }
        return true
      }
      case 'conflicting-links':
        return false
    }
  }

  return {
    isHalted: () => halted,
    kernelHash: () => kernelOf(height),
    previous: () => previous,
    proposals: () => proposals,
    ceiling: () => ceiling,
    closed: () => closed,
    step: () => {
      step++
    },
    propose: (transition) => {
      const isAbove =
        transition.dynasty > previous.dynasty &&
        transition.accumulatedGas > previous.accumulatedGas &&
        (ceiling === undefined || transition.dynasty <= ceiling)
      if (halted || transition.kernelHash !== kernelOf(height) || !isAbove) return false
      if (!isObserved(transition)) return false
      const transitionHash = nameHash('7b', Number(transition.dynasty))
      if (proposals.some((each) => each.transitionHash === transitionHash)) return false
      proposals.push({ transitionHash, transition, challengeEnd: step + CHALLENGE_STEPS })
      return true
    },
    commit: (proposal) => {
      const { transition, challengeEnd } = proposal
      const isLate = ceiling !== undefined && transition.dynasty > ceiling
      if (halted || isLate || challengeEnd > step || !proposals.includes(proposal)) return false
      closed = { kernelHash: kernelOf(height), previous, transition, proven: 0n }
      previous = transition
      proposals = []
      ceiling = undefined
      height++
      return true
    },
    take: (challenge) => !halted && judge(challenge),
    facts: () => {
      if (halted) return undefined
      const set = { validators, gasTarget: toGas(gasTarget) }
      return {
        blockNumber: origin.head(),
        timestamp: step,
        open: {
          ...set,
          height: toMetaHeight(height),
          kernelHash: kernelOf(height),
          previous,
          slashed: new Set(),
          ceiling:
            ceiling === undefined
              ? undefined
              : { dynasty: toDynasty(ceiling), challenger: CHALLENGER },
          proposals,
        },
        closed: closed && {
          ...set,
          height: toMetaHeight(height - 1n),
          kernelHash: closed.kernelHash,
          previous: closed.previous,
          dynasty: closed.transition.dynasty,
          proven: closed.proven,
        },
        terms: {
          proposalBond: 1n,
          challengePeriod: CHALLENGE_STEPS,
          reporterShare: 1000n,
          missedDynastyLoss: MILLIONTHS_PER_DYNASTY,
        },
      }
    },
  }
}

function kernelOf(height: bigint): Hash32 {
  return nameHash('ce', Number(height))
}

/** What the validators of a closed height should lose for the dynasties between two. */
export function lossFor(missed: bigint): bigint {
  const due = missed * MILLIONTHS_PER_DYNASTY
  return due > MOST_LOST ? MOST_LOST : due
}
