import { type FinalityState, highestFinalized } from '@mosaic/finality'
import { type Address, type Hash32, type MetaHeight, toMetaHeight } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { ancestry, type RecoveredVote, type Setting, type SimBlock, setAt } from './model.ts'
import type { Random } from './random.ts'
import type { History } from './world.ts'

/** A property that did not hold, and how. */
export type Violation = { readonly property: string; readonly detail: string }

/** Names of the properties that are looked at after every run, with what they say. */
export const PROPERTIES: Readonly<Record<string, string>> = {
  P1: 'conflicting finality needs more than a third guilty (accountable safety)',
  P2: 'two justified checkpoints at one height need more than a third guilty',
  P3: 'a justified checkpoint that contradicts a finalized one needs more than a third guilty',
  P4: 'after the heal finality goes on',
  P5: 'an honest validator is never guilty',
  P7: 'later blocks never take back what was justified or finalized',
  P8: 'only strictly more than two thirds of the forward and of the rear weight justify',
  P9: 'only members of the active set count, each once',
  P12: 'links rise from a justified ancestor; only a step of one finalizes',
  P13: 'the dynasty of a block counts what was finalized up to its parent',
  P14: 'what a block says follows from its history alone',
  P15: 'what a node holds to be final never falls, and its head descends from it',
  P16: 'honest nodes agree on finality while less than a third is guilty',
  P17: 'every offence that an honest node saw is proven on the chain it follows',
  P18: 'nobody is slashed for what is no offence',
  P21: 'an observation that origin has taken back halts the core; nobody honest builds on it',
  P22: 'who passes over a finalized checkpoint that met the gas target is stopped, or pays; nobody else does',
}

/** The independent reading of the slashing conditions (§2.2) that the product's is compared with. */
function isGuiltyPair(a: VoteMessage, b: VoteMessage): boolean {
  const fields = ['transitionHash', 'source', 'target', 'sourceHeight', 'targetHeight'] as const
  if (a.chain !== b.chain || fields.every((field) => a[field] === b[field])) return false
  const isOneSource = a.source === b.source
  return (
    a.targetHeight === b.targetHeight ||
    isWithin(a, b) ||
    isWithin(b, a) ||
    (isOneSource && a.transitionHash !== b.transitionHash)
  )
}

function isWithin(inner: VoteMessage, outer: VoteMessage): boolean {
  return inner.sourceHeight > outer.sourceHeight && inner.targetHeight < outer.targetHeight
}

/** Looks at everything that happened. */
export function findViolations(history: History, random: Random): readonly Violation[] {
  const { setting, nodes } = history
  const violations: Violation[] = []
  const fail = (property: string, detail: string): void => {
    violations.push({ property, detail })
  }
  const guilty = findGuilty(history.votes)
  checkHonest(setting, guilty, fail)
  const justifications = history.blocks.flatMap((block) => newlyJustified(setting, block))
  for (const each of justifications) checkJustification(setting, each, fail)
  checkConflicts(setting, history, justifications, guilty, fail)
  for (const block of history.blocks) checkBlock(block, fail)
  checkReplay(history, random, fail)
  checkNodes(history, guilty, fail)
  checkSlashed(history, guilty, fail)
  if (history.healed !== undefined && nodes.length > 0) checkLiveness(history, history.healed, fail)
  return violations
}

type Fail = (property: string, detail: string) => void

/** A checkpoint that the votes in a block justified. */
type Justification = {
  readonly block: SimBlock
  readonly height: bigint
  readonly hash: Hash32
  readonly vote: VoteMessage
  readonly voters: ReadonlySet<Address>
}

function findGuilty(votes: readonly RecoveredVote[]): ReadonlySet<Address> {
  const byValidator = new Map<Address, RecoveredVote[]>()
  for (const vote of votes) {
    const own = byValidator.get(vote.validator) ?? []
    own.push(vote)
    byValidator.set(vote.validator, own)
  }
  const guilty = new Set<Address>()
  for (const [validator, own] of byValidator) {
    if (own.some((a, i) => own.slice(i + 1).some((b) => isGuiltyPair(a.vote, b.vote))))
      guilty.add(validator)
  }
  return guilty
}

function checkHonest(setting: Setting, guilty: ReadonlySet<Address>, fail: Fail): void {
  for (const validator of guilty) {
    if (!setting.byzantine.has(validator)) fail('P5', `${validator} is guilty`)
  }
}

/** What a block's votes justified, by the link that a reader of the rules would take. */
function newlyJustified(setting: Setting, block: SimBlock): readonly Justification[] {
  const before = block.parent?.finality
  if (before === undefined || before === block.finality) return []
  const found: Justification[] = []
  for (const [height, hash] of block.finality.justified) {
    if (before.justified.has(height)) continue
    const links = [...block.finality.links.values()].filter(({ vote }) => vote.target === hash)
    const link = links.find(({ voters }) => isQuorum(setting, block, voters)) ?? links[0]
    if (link !== undefined) found.push({ block, height, hash, ...link })
  }
  return found
}

/** More than two thirds of the forward and of the rear weight, as written in §2.7, over the set before the block. */
function isQuorum(setting: Setting, block: SimBlock, voters: ReadonlySet<Address>): boolean {
  const kernel = block.parent?.kernelHeight ?? block.kernelHeight
  const seats = setAt(setting, kernel).filter((seat) => seat !== undefined)
  return (['forward', 'rear'] as const).every((side) => {
    let voted = 0n
    let total = 0n
    for (const seat of seats) {
      if (!seat[side] || block.slashed.has(seat.address)) continue
      total += seat.weight
      if (voters.has(seat.address)) voted += seat.weight
    }
    return 3n * voted > 2n * total
  })
}

function checkJustification(setting: Setting, each: Justification, fail: Fail): void {
  const { block, vote, voters, height } = each
  const where = `height ${height} in block ${block.header.number}`
  if (!isQuorum(setting, block, voters)) fail('P8', `${where} without a quorum`)
  const kernel = block.parent?.kernelHeight ?? block.kernelHeight
  const members = setAt(setting, kernel)
  // Who voted under an earlier kernel stays recorded, but then counts for nothing; a newcomer to the link must be a member.
  for (const { link, validator } of block.votes) {
    const isMember = members.some((seat) => seat?.address === validator)
    if (!isMember) fail('P9', `${validator} counted for ${link}`)
  }
  if (vote.targetHeight <= vote.sourceHeight) fail('P12', `${where} by a link that does not rise`)
  if (block.finality.justified.get(vote.sourceHeight) !== vote.source)
    fail('P12', `${where} from a source that is not justified`)
  const path = new Set([...ancestry(block)].map(({ hash }) => hash))
  if (!path.has(vote.source) || !path.has(vote.target)) fail('P12', `${where} off its branch`)
}

/** Whether those guilty hold more than a third of a set that two kernels share (§2.7: F_n = R_{n+1}). */
function holdsThird(
  setting: Setting,
  guilty: ReadonlySet<Address>,
  a: MetaHeight,
  b: MetaHeight,
): boolean {
  const kernel = a < b ? a : b
  const sides = a === b ? (['forward', 'rear'] as const) : (['forward'] as const)
  return sides.every((side) => {
    let bad = 0n
    let total = 0n
    for (const seat of setAt(setting, toMetaHeight(kernel))) {
      if (seat?.[side] !== true) continue
      total += seat.weight
      if (guilty.has(seat.address)) bad += seat.weight
    }
    return 3n * bad > total
  })
}

function checkConflicts(
  setting: Setting,
  { blocks, nodes }: History,
  justifications: readonly Justification[],
  guilty: ReadonlySet<Address>,
  fail: Fail,
): void {
  const kernelOf = ({ block }: Justification): MetaHeight =>
    block.parent?.kernelHeight ?? block.kernelHeight
  const excused = (a: Justification, b: Justification): boolean =>
    differByMore(kernelOf(a), kernelOf(b)) || holdsThird(setting, guilty, kernelOf(a), kernelOf(b))
  const byHeight = new Map<bigint, Justification[]>()
  for (const each of justifications) {
    const same = byHeight.get(each.height) ?? []
    const rival = same.find((other) => other.hash !== each.hash && !excused(each, other))
    if (rival !== undefined) fail('P2', `height ${each.height} justified twice`)
    byHeight.set(each.height, [...same, each])
  }
  const byHash = new Map(blocks.map((block) => [block.hash, block]))
  const finals = justifications.filter(
    ({ vote, block }) =>
      vote.targetHeight === vote.sourceHeight + 1n &&
      block.parent?.finality.finalized.has(vote.sourceHeight) === false,
  )
  for (const final of finals) {
    const block = byHash.get(final.vote.source)
    if (block === undefined) continue
    for (const other of finals) {
      const rival = byHash.get(other.vote.source)
      if (rival === undefined || rival.header.number < block.header.number) continue
      if (!descends(rival, block) && !excused(final, other))
        fail('P1', `finalized ${final.vote.sourceHeight} and ${other.vote.sourceHeight} beside it`)
    }
    for (const each of justifications) {
      // Only the first conflict of two branches is bounded: later sets may have nobody in common.
      if (each.height <= final.vote.sourceHeight || excused(final, each)) continue
      const target = byHash.get(each.hash)
      if (target !== undefined && !descends(target, block))
        fail('P3', `finalized ${final.vote.sourceHeight}, justified ${each.height} beside it`)
    }
  }
  const held = nodes.flatMap((node) => node.finalized() ?? [])
  for (const a of held) {
    for (const b of held) {
      if (a.header.number > b.header.number || descends(b, a)) continue
      const kernel = a.kernelHeight < b.kernelHeight ? a.kernelHeight : b.kernelHeight
      if (!holdsThird(setting, guilty, kernel, kernel))
        fail('P16', `nodes finalized ${a.header.number} and ${b.header.number} beside it`)
    }
  }
}

/** Kernels more than one apart need not share a set. */
function differByMore(a: MetaHeight, b: MetaHeight): boolean {
  return a - b > 1n || b - a > 1n
}

function descends(block: SimBlock, from: SimBlock): boolean {
  for (const at of ancestry(block)) {
    if (at === from) return true
    if (at.header.number < from.header.number) return false
  }
  return false
}

function checkBlock(block: SimBlock, fail: Fail): void {
  const before = block.parent?.finality
  if (before === undefined) return
  if (!isKept(before.justified, block.finality.justified))
    fail('P7', `block ${block.header.number} took back a justified checkpoint`)
  if (!isKept(before.finalized, block.finality.finalized))
    fail('P7', `block ${block.header.number} took back a finalized checkpoint`)
  if (block.dynasty !== BigInt(before.finalized.size))
    fail('P13', `block ${block.header.number} has dynasty ${block.dynasty}`)
  for (const [height, hash] of block.finality.finalized) {
    if (before.finalized.has(height)) continue
    const step = [...block.finality.links.values()].some(
      ({ vote }) => vote.source === hash && vote.targetHeight === vote.sourceHeight + 1n,
    )
    if (!step) fail('P12', `height ${height} finalized without a link of one step`)
  }
}

function isKept(was: FinalityState['justified'], is: FinalityState['justified']): boolean {
  return [...was].every(([height, hash]) => is.get(height) === hash)
}

/** A newcomer runs the blocks of one branch again, knowing nothing else. */
function checkReplay({ blocks, maker }: History, random: Random, fail: Fail): void {
  const tip = random.pick(blocks)
  let at = maker.genesis
  for (const block of [...ancestry(tip)].toReversed().slice(1)) {
    const { votes, evidence, signer, parent } = block
    if (signer === undefined || parent === undefined) return
    const again = maker.extend(at, {
      signer,
      difficulty: block.totalDifficulty - parent.totalDifficulty,
      votes,
      evidence,
      salt: block.salt,
    })
    const isSame =
      again.hash === block.hash &&
      again.transitionHash === block.transitionHash &&
      again.dynasty === block.dynasty &&
      again.kernelHeight === block.kernelHeight &&
      highestFinalized(again.finality)?.hash === highestFinalized(block.finality)?.hash
    if (!isSame) {
      fail('P14', `block ${block.header.number} says something else when run again`)
      return
    }
    at = again
  }
}

function checkNodes(history: History, guilty: ReadonlySet<Address>, fail: Fail): void {
  for (const node of history.nodes) {
    const held = history.finalized.get(node.validator) ?? []
    for (const [index, block] of held.entries()) {
      const next = held[index + 1]
      if (next !== undefined && !descends(next, block))
        fail('P15', `${node.validator} went from ${block.header.number} to ${next.header.number}`)
    }
    const last = node.finalized()
    if (last !== undefined && node.isUp() && !descends(node.head(), last))
      fail('P15', `the head of ${node.validator} leaves its finalized checkpoint`)
    const seen = new Set(node.evidence().map(({ validator }) => validator))
    for (const validator of seen) {
      if (!guilty.has(validator)) fail('P18', `${validator} was accused of nothing`)
    }
    const missed = [...findGuilty(recovered(history, node))].filter((each) => !seen.has(each))
    if (missed.length > 0 && node.isUp()) fail('P17', `${node.validator} missed ${missed.join()}`)
  }
}

/** Votes that a node holds, by their signers. */
function recovered({ votes }: History, node: History['nodes'][number]): readonly RecoveredVote[] {
  const held = new Set([...node.votes()].map(({ link, signature }) => `${link}${signature}`))
  return votes.filter(({ link, signature }) => held.has(`${link}${signature}`))
}

function checkSlashed(
  { blocks, nodes, healed, setting }: History,
  guilty: ReadonlySet<Address>,
  fail: Fail,
): void {
  for (const block of blocks) {
    for (const validator of block.slashed) {
      if (!guilty.has(validator)) fail('P18', `${validator} is slashed for nothing`)
    }
  }
  // Nodes that finalized different branches do not hear each other's producers any more.
  if (healed === undefined || !hasHonestSigner(setting) || isSplit(nodes)) return
  for (const node of nodes) {
    for (const { validator } of node.evidence()) {
      if (!node.head().slashed.has(validator))
        fail('P17', `${validator} is not slashed on the head of ${node.validator}`)
    }
  }
}

/** Whether a node holds a checkpoint to be final that another's head leaves. */
function isSplit(nodes: History['nodes']): boolean {
  return nodes.some((node) => {
    const final = node.finalized()
    return final !== undefined && nodes.some((other) => !descends(other.head(), final))
  })
}

/** Honest validators with more than two thirds of every set that may be active finalize something new after the heal. */
function checkLiveness(
  { setting, nodes, blocks }: History,
  healed: NonNullable<History['healed']>,
  fail: Fail,
): void {
  const isHonest = (address: Address): boolean => !setting.byzantine.has(address)
  const suffices = setting.sets.every((set) =>
    (['forward', 'rear'] as const).every((side) => {
      const seats = set.filter((seat) => seat?.[side] === true)
      const weight = (some: typeof seats): bigint =>
        some.reduce((sum, seat) => sum + (seat?.weight ?? 0n), 0n)
      const good = seats.filter((seat) => seat !== undefined && isHonest(seat.address))
      return 3n * weight(good) > 2n * weight(seats)
    }),
  )
  if (!suffices || !hasHonestSigner(setting) || setting.maxVoteAge < 1000n || blocks.length < 2)
    return
  for (const [index, node] of nodes.entries()) {
    const before = healed.finalized[index] ?? -1n
    if ((node.finalized()?.header.number ?? -1n) <= before)
      fail('P4', `${node.validator} stays at ${before}`)
  }
}

function hasHonestSigner({ signers, byzantine }: Setting): boolean {
  return signers.some((signer) => !byzantine.has(signer))
}
