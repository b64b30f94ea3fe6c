import { compareHeads } from '@mosaic/authority'
import {
  type ActiveSet,
  effectiveWeights,
  type FinalityState,
  findOffence,
  type StitchedWeight,
  sumWeights,
} from '@mosaic/finality'
import type { Challenge } from '@mosaic/fisherman'
import { toAddress, toGas, toWeight } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import type { SigningGuard } from '@mosaic/validator'
import { REAL_RULES, type Rules } from './rules.ts'

/** A planted mistake, and the properties of which at least one must notice it. */
export type Mutant = {
  readonly name: string
  readonly caughtBy: readonly string[]
  readonly rules: Rules
}

/** Justifies also what the real rule does not, wherever `holds` says so. */
function withQuorum(holds: (voted: StitchedWeight, total: StitchedWeight) => boolean): Rules {
  return {
    ...REAL_RULES,
    countVote: (state, vote, view, active) => {
      const verdict = REAL_RULES.countVote(state, vote, view, active)
      const tally = verdict.ok ? verdict.value.links.get(vote.link) : undefined
      if (!verdict.ok || tally === undefined) return verdict
      const total = effectiveWeights(active.validators, active.slashed)
      const voted = sumWeights(
        active.validators,
        ({ address }) => tally.voters.has(address) && !active.slashed.has(address),
      )
      if (!holds(voted, total)) return verdict
      return { ok: true, value: justifyBy(verdict.value, tally.vote) }
    },
  }
}

function justifyBy(state: FinalityState, vote: VoteMessage): FinalityState {
  if (state.justified.has(vote.targetHeight)) return state
  const isStep = vote.targetHeight === vote.sourceHeight + 1n
  return {
    ...state,
    justified: new Map(state.justified).set(vote.targetHeight, vote.target),
    finalized: isStep
      ? new Map(state.finalized).set(vote.sourceHeight, vote.source)
      : state.finalized,
  }
}

/** Counts under a set that is not the one in force. */
function withSet(change: (active: ActiveSet) => ActiveSet): Rules {
  return {
    ...REAL_RULES,
    countVote: (state, vote, view, active) =>
      REAL_RULES.countVote(state, vote, view, change(active)),
  }
}

/** A guard that signs whatever it is asked to. */
const withoutGuard: Rules['openGuard'] = async (lines, validator, sign) => {
  const guard: SigningGuard = {
    validator,
    sign,
    highestTarget: () => undefined,
    lastVotes: () => [],
    history: () => ({ floors: [], transitions: [] }),
    takeOver: async () => undefined,
    close: async () => undefined,
  }
  return { guard, written: lines }
}

const exceeds = (
  voted: bigint,
  total: bigint,
  threshold: (w: bigint, t: bigint) => boolean,
): boolean => total > 0n && threshold(voted, total)

/** A fisherman that does not bring one kind of challenge. */
function without(kind: Challenge['kind']): Rules {
  return {
    ...REAL_RULES,
    findChallenges: async (...words) =>
      (await REAL_RULES.findChallenges(...words)).filter((challenge) => challenge.kind !== kind),
  }
}

/** Every planted mistake. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'two thirds suffice (≥ for >)',
    caughtBy: ['P8'],
    rules: withQuorum(
      (voted, total) =>
        exceeds(voted.forward, total.forward, (w, t) => w * 3n >= t * 2n) &&
        exceeds(voted.rear, total.rear, (w, t) => w * 3n >= t * 2n),
    ),
  },
  // One mistake that shows in many ways: each way is a check that can fail.
  ...['P8', 'P1', 'P2', 'P3', 'P16'].map((property) => ({
    name: `a third suffices (as ${property} sees it)`,
    caughtBy: [property],
    rules: withQuorum(
      (voted, total) =>
        exceeds(voted.forward, total.forward, (w, t) => w * 3n > t) &&
        exceeds(voted.rear, total.rear, (w, t) => w * 3n > t),
    ),
  })),
  {
    name: 'the rear count is dropped',
    caughtBy: ['P8'],
    rules: withQuorum((voted, total) =>
      exceeds(voted.forward, total.forward, (w, t) => w * 3n > t * 2n),
    ),
  },
  {
    name: 'the forward count is dropped',
    caughtBy: ['P8'],
    rules: withQuorum((voted, total) => exceeds(voted.rear, total.rear, (w, t) => w * 3n > t * 2n)),
  },
  {
    name: 'heads are counted instead of weight',
    caughtBy: ['P8', 'P4'],
    rules: withSet((active) => ({
      ...active,
      validators: active.validators.map((seat) =>
        seat === undefined ? undefined : { ...seat, weight: toWeight(1n) },
      ),
    })),
  },
  {
    name: 'the slashed go on counting',
    caughtBy: ['P8', 'P4'],
    rules: withSet((active) => ({ ...active, slashed: new Set() })),
  },
  {
    name: 'strangers may vote',
    caughtBy: ['P9'],
    rules: {
      ...REAL_RULES,
      countVote: (state, vote, view, active) => {
        const isMember = active.validators.some((seat) => seat?.address === vote.validator)
        const seat = { address: vote.validator, weight: toWeight(1n), forward: true, rear: true }
        const validators = isMember ? active.validators : [...active.validators, seat]
        return REAL_RULES.countVote(state, vote, view, { ...active, validators })
      },
    },
  },
  {
    name: 'signatures are not checked',
    caughtBy: ['P18', 'P2', 'P3', 'P16'],
    rules: {
      ...REAL_RULES,
      recover: (_signatures, _link, signature) => toAddress(signature.slice(0, 42)),
    },
  },
  {
    name: 'a source need not be justified',
    caughtBy: ['P12'],
    rules: {
      ...REAL_RULES,
      countVote: (state, vote, view, active) => {
        const { sourceHeight, source } = vote.vote
        const justified = new Map(state.justified).set(sourceHeight, source)
        const verdict = REAL_RULES.countVote({ ...state, justified }, vote, view, active)
        if (!verdict.ok) return verdict
        const kept = new Map(verdict.value.justified)
        if (!state.justified.has(sourceHeight)) kept.delete(sourceHeight)
        return { ok: true, value: { ...verdict.value, justified: kept } }
      },
    },
  },
  {
    name: 'any link finalizes its source',
    caughtBy: ['P12', 'P3'],
    rules: {
      ...REAL_RULES,
      countVote: (state, vote, view, active) => {
        const verdict = REAL_RULES.countVote(state, vote, view, active)
        if (!verdict.ok || verdict.value.justified.size === state.justified.size) return verdict
        const finalized = new Map(verdict.value.finalized)
        finalized.set(vote.vote.sourceHeight, vote.vote.source)
        return { ok: true, value: { ...verdict.value, finalized } }
      },
    },
  },
  {
    name: 'a justified checkpoint gives way to a later one',
    caughtBy: ['P7'],
    rules: {
      ...REAL_RULES,
      countVote: (state, vote, view, active) => {
        const verdict = REAL_RULES.countVote(state, vote, view, active)
        if (!verdict.ok || verdict.value.justified.size < 3) return verdict
        const justified = new Map(verdict.value.justified)
        const [, second] = justified.keys()
        if (second !== undefined) justified.delete(second)
        return { ok: true, value: { ...verdict.value, justified } }
      },
    },
  },
  {
    name: 'the guard is off',
    caughtBy: ['P5'],
    rules: { ...REAL_RULES, openGuard: withoutGuard },
  },
  {
    name: 'the guard forgets at a restart',
    caughtBy: ['P5'],
    rules: {
      ...REAL_RULES,
      openGuard: (_lines, validator, sign) => REAL_RULES.openGuard([], validator, sign),
    },
  },
  {
    name: 'fork choice leaves a finalized checkpoint',
    caughtBy: ['P15'],
    rules: {
      ...REAL_RULES,
      mayFollow: () => true,
      compareHeads: (a, b) => (a.totalDifficulty > b.totalDifficulty ? -1 : 1),
    },
  },
  {
    name: 'fork choice does not look at justification',
    caughtBy: ['P4', 'P15'],
    rules: {
      ...REAL_RULES,
      compareHeads: (a, b) =>
        compareHeads(
          { ...a, number: a.header.number, signerIndex: 0, signerCount: 1 },
          { ...b, number: b.header.number, signerIndex: 0, signerCount: 1 },
        ),
    },
  },
  {
    name: 'the dynasty counts its own block',
    caughtBy: ['P13'],
    rules: { ...REAL_RULES, dynasty: (_before, after) => BigInt(after.finalized.size) },
  },
  {
    name: 'what a block says depends on when it is run',
    caughtBy: ['P14', 'P13'],
    rules: {
      ...REAL_RULES,
      dynasty: (() => {
        let calls = 0
        return (before: FinalityState) =>
          BigInt(before.finalized.size) + BigInt(calls++ % 97 === 96)
      })(),
    },
  },
  {
    name: 'surrounding is seen in one order only',
    caughtBy: ['P17'],
    rules: {
      ...REAL_RULES,
      findOffence: (a, b) => {
        const offence = findOffence(a, b)
        return offence === 'surround-vote' && a.targetHeight > b.targetHeight ? undefined : offence
      },
    },
  },
  {
    name: 'double votes are not seen',
    caughtBy: ['P17'],
    rules: {
      ...REAL_RULES,
      findOffence: (a, b) => (a.targetHeight === b.targetHeight ? undefined : findOffence(a, b)),
    },
  },
  {
    name: 'contradicting transitions are not seen',
    caughtBy: ['P17'],
    rules: {
      ...REAL_RULES,
      findOffence: (a, b) => {
        const offence = findOffence(a, b)
        return offence === 'contradicting-transition' ? undefined : offence
      },
    },
  },
  {
    name: 'two votes of one height distance count as an offence',
    caughtBy: ['P18'],
    rules: {
      ...REAL_RULES,
      findOffence: (a, b) =>
        findOffence(a, b) ?? (a.targetHeight === b.targetHeight + 1n ? 'double-vote' : undefined),
    },
  },
  {
    name: 'an observation that origin has taken back is let be',
    caughtBy: ['P21'],
    rules: without('foreign-observation'),
  },
  {
    name: 'validators build on an observation that they do not see',
    caughtBy: ['P21'],
    rules: {
      ...REAL_RULES,
      chooseOriginVote: (view) =>
        REAL_RULES.chooseOriginVote({
          ...view,
          checkpointHash: async (height) =>
            height === view.justified.height ? view.justified.hash : view.checkpointHash(height),
        }),
    },
  },
  ...(['gas-target', 'late-proposal', 'late-commit'] as const).map((kind) => ({
    name: `no ${kind} is shown`,
    caughtBy: ['P22'],
    rules: without(kind),
  })),
  {
    name: 'a gas target counts from genesis',
    caughtBy: ['P22'],
    rules: {
      ...REAL_RULES,
      findChallenges: (facts, ...words) => {
        const previous = { ...facts.open.previous, accumulatedGas: toGas(0n) }
        return REAL_RULES.findChallenges({ ...facts, open: { ...facts.open, previous } }, ...words)
      },
    },
  },
  {
    name: 'who is in time is accused as well',
    caughtBy: ['P22'],
    rules: {
      ...REAL_RULES,
      findChallenges: (facts, ...words) => {
        const { open } = facts
        const gasTarget = toGas(open.gasTarget / 2n)
        return REAL_RULES.findChallenges({ ...facts, open: { ...open, gasTarget } }, ...words)
      },
    },
  },
  {
    name: 'a link of some is taken for final',
    caughtBy: ['P21', 'P22'],
    rules: {
      ...REAL_RULES,
      findSealedLink: (votes) => votes[0] && { vote: votes[0].vote, votes },
    },
  },
  {
    name: 'a dynasty too many is lost',
    caughtBy: ['P22'],
    rules: {
      ...REAL_RULES,
      findChallenges: async (facts, ...words) =>
        (await REAL_RULES.findChallenges(facts, ...words)).map((challenge) =>
          challenge.kind === 'late-commit'
            ? { ...challenge, fraction: challenge.fraction + facts.terms.missedDynastyLoss }
            : challenge,
        ),
    },
  },
]
