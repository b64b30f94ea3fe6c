import { type Address, toHeight } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { ancestorAt, CHAIN, nameHash, type Setting, type SimBlock, type SimVote } from './model.ts'
import type { Random } from './random.ts'
import type { Signatures } from './rules.ts'

/** What a byzantine validator does in a run. */
export const STRATEGIES = [
  'silent',
  'equivocate',
  'surround',
  'false-transition',
  'forge',
  'withhold',
  'jump',
  'unjustified',
] as const

/** What a byzantine validator does in a run. */
export type Strategy = (typeof STRATEGIES)[number]

/** Sees everything, signs anything with its own key, and makes up what it cannot sign. */
export type Adversary = {
  readonly validator: Address
  /** Votes to send now; `tips` are the heads of all branches that exist. */
  readonly act: (tips: readonly SimBlock[]) => readonly SimVote[]
}

/** Creates the adversary behind one validator's key. */
export function createAdversary(
  validator: Address,
  strategy: Strategy,
  setting: Setting,
  signatures: Signatures,
  random: Random,
): Adversary {
  const withheld: SimVote[] = []
  const sign = (vote: VoteMessage): SimVote => {
    const link = signatures.linkOf(vote)
    return { vote, link, signature: signatures.sign(validator, link) }
  }
  const forge = (vote: VoteMessage): SimVote => {
    const link = signatures.linkOf(vote)
    const victim = random.pick(setting.validators)
    return { vote, link, signature: signatures.forge(victim, link) }
  }

  return {
    validator,
    act: (tips) => {
      const tip = random.pick(tips)
      switch (strategy) {
        case 'silent':
          return []
        case 'equivocate':
          return tips.flatMap((each) => honestVote(setting, each) ?? []).map(sign)
        case 'surround':
          return boldVote(setting, tip, random, true).map(sign)
        case 'jump':
          return boldVote(setting, tip, random, false).map(sign)
        case 'unjustified': {
          const newest = tip.header.number / setting.epochLength
          return [makeVote(setting, tip, newest - 1n, newest)]
            .flatMap((each) => each ?? [])
            .map(sign)
        }
        case 'false-transition':
          return boldVote(setting, tip, random, false).map((each) =>
            sign({ ...each, transitionHash: nameHash('fa', random.integer(1000)) }),
          )
        case 'forge':
          return tips.flatMap((each) => honestVote(setting, each) ?? []).map(forge)
        case 'withhold': {
          const due = honestVote(setting, tip)
          if (due !== undefined) withheld.push(sign(due))
          return random.chance(0.25) ? withheld.splice(0) : []
        }
      }
    },
  }
}

/** The vote an honest validator would cast at a head. */
function honestVote(setting: Setting, head: SimBlock): VoteMessage | undefined {
  return makeVote(
    setting,
    head,
    head.auxiliary.justified.height,
    head.header.number / setting.epochLength,
  )
}

/** A vote between checkpoints of one branch: from any justified one, wide if it shall surround others. */
function boldVote(
  setting: Setting,
  head: SimBlock,
  random: Random,
  wide: boolean,
): readonly VoteMessage[] {
  const newest = head.header.number / setting.epochLength
  const sources = [...head.finality.justified.keys()]
  const source = wide ? (sources[0] ?? 0n) : random.pick(sources)
  const room = Number(newest - source)
  if (room <= 0) return []
  const made = makeVote(setting, head, source, newest - (wide ? 0n : BigInt(random.integer(room))))
  return made === undefined ? [] : [made]
}

function makeVote(
  setting: Setting,
  head: SimBlock,
  sourceHeight: bigint,
  targetHeight: bigint,
): VoteMessage | undefined {
  if (targetHeight <= sourceHeight) return undefined
  const source = ancestorAt(head, sourceHeight * setting.epochLength)
  const target = ancestorAt(head, targetHeight * setting.epochLength)
  if (source === undefined || target === undefined) return undefined
  return {
    chain: CHAIN,
    transitionHash: source.transitionHash,
    source: source.hash,
    target: target.hash,
    sourceHeight: toHeight(sourceHeight),
    targetHeight: toHeight(targetHeight),
  }
}
