import {
  type FinalityState,
  highestFinalized,
  highestJustified,
  initialFinality,
} from '@mosaic/finality'
import type { ChallengePort, Checkpoint, CoreFacts, LinkVotes, SignedVote } from '@mosaic/fisherman'
import {
  type Address,
  type Hash32,
  type Height,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toMetaHeight,
} from '@mosaic/primitives'
import type { TransitionObject, VoteMessage } from '@mosaic/protocol'
import { CHALLENGER, createCore, lossFor } from './core.ts'
import { CHAIN, nameHash, setAt } from './model.ts'
import { createOrigin } from './origin.ts'
import type { Violation } from './properties.ts'
import { createRandom } from './random.ts'
import type { Rules } from './rules.ts'
import { createSetting } from './setting.ts'
import { createFastSignatures } from './signatures.ts'

const STEPS = 24
const ORIGIN_EPOCH = 2n
const ORIGIN: Hash32 = toHash32(`0x${'0e'.repeat(32)}`)
const SIGNATURE = `0x${'00'.repeat(64)}` as const
/** Steps after which a new kernel is in the transition objects. */
const ACTIVATION_STEPS = 2

/** A checkpoint of auxiliary, and who voted for the link over one epoch from it. */
type SimCheckpoint = Checkpoint & { readonly link: LinkVotes; readonly isFinal: boolean }

/**
 * One core, its origin and what validators finalize of it, from a seed: an origin that may take back what was final, proposers that
 * take any checkpoint, and an honest node's fisherman that is awake now and then.
 */
export async function runCoreWorld(seed: number, rules: Rules): Promise<readonly Violation[]> {
  const random = createRandom(seed ^ 0x5eed)
  const setting = createSetting(seed, random)
  const validators = setAt(setting, toMetaHeight(1n))
  const members = validators.flatMap((seat) => (seat === undefined ? [] : [seat.address]))
  const isHostile = random.chance(0.5)
  const watch = random.pick([1, 1, 0.5, 0.2])
  const gasTarget = BigInt(random.pick([1, 60, 150, 400]))
  const { linkOf } = createFastSignatures()
  const origin = createOrigin()
  const core = createCore(validators, gasTarget, origin, ORIGIN_EPOCH)
  const violations: Violation[] = []
  const fail = (property: string, detail: string): void => {
    violations.push({ property, detail })
  }

  const root = origin.hashAt(0n) ?? nameHash('0a', 0)
  let observation: FinalityState = initialFinality({ height: toHeight(0n), hash: root })
  const reported = new Map<Hash32, Height>([[root, toHeight(0n)]])
  const originVotes: SignedVote[] = []
  const lastTarget = new Map<Address, bigint>()
  const checkpoints: SimCheckpoint[] = []
  const kernels: { readonly hash: Hash32; readonly since: number }[] = []
  let gas = 0n

  const observed = (): { readonly height: Height; readonly hash: Hash32 } =>
    highestFinalized(observation) ?? { height: toHeight(0n), hash: root }
  const isForeign = (height: bigint, hash: Hash32): boolean =>
    origin.hashAt(height * ORIGIN_EPOCH) !== hash

  const count = (vote: VoteMessage, validator: Address): void => {
    const view = {
      chain: ORIGIN,
      isCheckpoint: (height: bigint, hash: Hash32) => reported.get(hash) === height,
      transitionHash: (_height: bigint, hash: Hash32) => transitionOf(hash),
      currentHeight: highestJustified(observation)?.height ?? toHeight(0n),
      maxVoteAge: 1000n,
    }
    const active = { kernelHeight: toMetaHeight(1n), validators, slashed: new Set<Address>() }
    const link = linkOf(vote)
    const verdict = rules.countVote(observation, { vote, link, validator }, view, active)
    if (!verdict.ok) return
    observation = verdict.value
    originVotes.push({ vote, signature: SIGNATURE, validator })
  }

  const observe = async (): Promise<void> => {
    const newest = toHeight(origin.finalNumber() / ORIGIN_EPOCH)
    const hash = origin.hashAt(newest * ORIGIN_EPOCH)
    if (hash !== undefined) reported.set(hash, newest)
    if (random.chance(0.2)) {
      reported.set(
        nameHash('fa', random.integer(1000)),
        toHeight(newest + BigInt(random.integer(3))),
      )
    }
    for (const validator of random.shuffle(members)) {
      const justified = highestJustified(observation) ?? { height: toHeight(0n), hash: root }
      if (setting.byzantine.has(validator)) {
        const [target, targetHeight] = random.pick([...reported])
        if (targetHeight > justified.height)
          count(makeVote(ORIGIN, justified, { height: targetHeight, hash: target }), validator)
        continue
      }
      const vote = await rules.chooseOriginVote({
        chain: ORIGIN,
        epochLength: ORIGIN_EPOCH,
        justified,
        finalNumber: origin.finalNumber(),
        checkpointHash: async (height) => origin.hashAt(height * ORIGIN_EPOCH),
        isReported: async (each) => reported.has(each),
        transitionHash: async (height) => {
          const at = origin.hashAt(height * ORIGIN_EPOCH)
          return at && transitionOf(at)
        },
      })
      if (vote === undefined || vote.targetHeight <= (lastTarget.get(validator) ?? 0n)) continue
      lastTarget.set(validator, vote.targetHeight)
      if (isForeign(vote.sourceHeight, vote.source) || isForeign(vote.targetHeight, vote.target))
        fail('P21', `${validator} vouches for what origin does not have`)
      count(vote, validator)
    }
  }

  const addCheckpoint = (step: number): void => {
    gas += BigInt(random.integer(120))
    const kernel = kernels.findLast(({ since }) => since + ACTIVATION_STEPS <= step) ?? kernels[0]
    const { height: originHeight, hash: originHash } = observed()
    const height = toHeight(BigInt(checkpoints.length + 1))
    const isFinal = random.chance(0.8)
    const transition: TransitionObject = {
      dynasty: toDynasty(BigInt(checkpoints.slice(0, -1).filter((each) => each.isFinal).length)),
      originBlockNumber: toBlockNumber(originHeight * ORIGIN_EPOCH),
      originBlockHash: originHash,
      accumulatedTransactionRoot: nameHash('aa', 0),
      accumulatedGas: toGas(gas),
      kernelHash: kernel?.hash ?? core.kernelHash(),
    }
    const at = { height, hash: nameHash('ac', checkpoints.length + 1) }
    const next = { height: toHeight(height + 1n), hash: nameHash('ac', checkpoints.length + 2) }
    const vote = makeVote(CHAIN, at, next)
    const voters: Address[] = []
    for (const validator of random.shuffle(members)) {
      if (!isFinal && isQuorum(validators, [...voters, validator])) continue
      voters.push(validator)
    }
    const votes = voters.map((validator) => ({ vote, signature: SIGNATURE, validator }))
    checkpoints.push({ height, transition, link: { vote, votes }, isFinal })
  }

  const port: ChallengePort = {
    self: { address: CHALLENGER, validator: undefined },
    ownStake: async () => 0n,
    facts: async () => core.facts(),
    checkpoints: async () => checkpoints.slice(0, -1),
    finalizingLink: async (checkpoint, set, slashed) => {
      const found = checkpoints.find(({ height }) => height === checkpoint.height)
      const link = rules.findSealedLink(found?.link.votes ?? [], set, slashed)
      return link && { ...checkpoint, link }
    },
    foreignObservation: async ({ open }: CoreFacts) => {
      const { height, hash } = observed()
      const number = toBlockNumber(height * ORIGIN_EPOCH)
      const originHash = origin.hashAt(number)
      if (number > origin.finalNumber() || originHash === undefined || originHash === hash)
        return undefined
      const votes = originVotes.filter(
        ({ vote }) => vote.source === hash && vote.targetHeight === vote.sourceHeight + 1n,
      )
      const link = rules.findSealedLink(votes, open.validators, open.slashed)
      return link && { link, originHash }
    },
    dryRun: async () => 0n,
    send: async () => origin.head(),
  }

  const fish = async (): Promise<void> => {
    // A ceiling, then strikes below it.
    for (let round = 0; round < 2; round++) {
      const facts = core.facts()
      if (facts === undefined) return
      for (const challenge of await rules.findChallenges(facts, port, () => undefined)) {
        const isForeignT =
          'earlier' in challenge &&
          origin.hashAt(challenge.earlier.transition.originBlockNumber) !==
            challenge.earlier.transition.originBlockHash
        // What names an observation that origin does not have is refused, as a dry run shows.
        if (!core.take(challenge) && !isForeignT)
          fail(
            challenge.kind === 'foreign-observation' ? 'P21' : 'P22',
            `${challenge.kind} is refused`,
          )
      }
    }
    checkObservation()
    checkGasTargets()
  }

  /** The newest finalized observation is origin's, or the core is halted; while origin is final there. */
  const checkObservation = (): void => {
    const { height, hash } = observed()
    const isJudged = height * ORIGIN_EPOCH <= origin.finalNumber()
    if (!core.isHalted() && isJudged && isForeign(height, hash))
      fail('P21', `observation ${height} is not in origin's history`)
  }

  /** By the definition (§2.5): the first finalized checkpoint that had met the target. */
  const firstDue = (kernelHash: Hash32, before: TransitionObject): SimCheckpoint | undefined =>
    checkpoints
      .slice(0, -1)
      .find(
        ({ isFinal, transition }) =>
          isFinal &&
          transition.kernelHash === kernelHash &&
          transition.dynasty > before.dynasty &&
          transition.accumulatedGas > before.accumulatedGas &&
          transition.accumulatedGas >= before.accumulatedGas + gasTarget,
      )

  const checkGasTargets = (): void => {
    // A T that names what origin has taken back proves nothing.
    const isClean = checkpoints.every(
      ({ transition: { originBlockNumber, originBlockHash } }) =>
        origin.hashAt(originBlockNumber) === originBlockHash,
    )
    if (core.isHalted() || !isClean) return
    const due = firstDue(core.kernelHash(), core.previous())?.transition.dynasty
    const late = core
      .proposals()
      .filter(({ transition }) => due !== undefined && transition.dynasty > due)
    if (late.length > 0) fail('P22', `a proposal later than dynasty ${due} stands`)
    const closed = core.closed()
    if (closed === undefined) return
    const first = firstDue(closed.kernelHash, closed.previous)?.transition.dynasty
    const missed = first === undefined ? 0n : closed.transition.dynasty - first
    if (closed.proven !== lossFor(missed > 0n ? missed : 0n))
      fail('P22', `${closed.proven} is lost for ${missed} dynasties`)
    // Theorem 4: who watches cannot be made to lose.
    if (watch === 1 && closed.proven > 0n) fail('P22', `a late commit passed who watched`)
  }

  const relay = (): void => {
    const finalized = checkpoints.slice(0, -1).filter(({ isFinal }) => isFinal)
    if (random.chance(0.6)) {
      const due = firstDue(core.kernelHash(), core.previous())
      if (due !== undefined) core.propose(due.transition)
    }
    if (finalized.length > 0 && random.chance(0.5)) core.propose(random.pick(finalized).transition)
    if (random.chance(0.3)) return
    for (const proposal of random.shuffle(core.proposals())) {
      if (!core.commit(proposal)) continue
      const { originBlockNumber, originBlockHash } = proposal.transition
      const isTakenBack = origin.hashAt(originBlockNumber) !== originBlockHash
      if (watch === 1 && isTakenBack) fail('P21', 'a meta-block names what origin has taken back')
      return
    }
  }

  kernels.push({ hash: core.kernelHash(), since: -ACTIVATION_STEPS })
  for (let step = 1; step <= STEPS; step++) {
    origin.extend(1 + random.integer(3))
    if (isHostile && random.chance(0.1)) origin.reorganise(1 + random.integer(10))
    await observe()
    addCheckpoint(step)
    core.step()
    const isAwake = random.chance(watch)
    if (isAwake) await fish()
    relay()
    if (isAwake) await fish()
    const opened = core.kernelHash()
    if (kernels.at(-1)?.hash !== opened) kernels.push({ hash: opened, since: step })
  }
  return violations
}

/** T̃ of an origin block: a function of its hash. */
function transitionOf(hash: Hash32): Hash32 {
  return toHash32(`0x7a${hash.slice(4)}`)
}

function makeVote(
  chain: Hash32,
  source: { readonly height: Height; readonly hash: Hash32 },
  target: { readonly height: Height; readonly hash: Hash32 },
): VoteMessage {
  return {
    chain,
    transitionHash: transitionOf(source.hash),
    source: source.hash,
    target: target.hash,
    sourceHeight: source.height,
    targetHeight: target.height,
  }
}

/** More than two thirds of both sets (§2.7). */
function isQuorum(validators: ReturnType<typeof setAt>, voters: readonly Address[]): boolean {
  return (['forward', 'rear'] as const).every((side) => {
    let [all, voted] = [0n, 0n]
    for (const seat of validators) {
      if (seat?.[side] !== true) continue
      all += seat.weight
      if (voters.includes(seat.address)) voted += seat.weight
    }
    return 3n * voted > 2n * all
  })
}
