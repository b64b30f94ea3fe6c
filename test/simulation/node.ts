import { highestFinalized } from '@mosaic/finality'
import { type Address, type Hash32, toBlockNumber } from '@mosaic/primitives'
import { chooseAuxiliaryVote, type SigningGuard, SigningRefusedError } from '@mosaic/validator'
import type { BlockMaker } from './chain.ts'
import {
  ancestorAt,
  ancestry,
  CHAIN,
  type Evidence,
  type Setting,
  type SimBlock,
  type SimVote,
} from './model.ts'
import type { Rules, Signatures } from './rules.ts'

/** One honest validator's node: its own tree, pool, guard and fisherman. */
export type SimNode = {
  readonly validator: Address
  readonly head: () => SimBlock
  readonly finalized: () => SimBlock | undefined
  readonly isUp: () => boolean
  /** Takes a block and those of its ancestors that are unknown here, as synchronisation brings them. Whether it was new. */
  readonly takeBlock: (block: SimBlock) => boolean
  readonly takeVote: (vote: SimVote) => boolean
  /** What the rules of voting demand at the head; a signed vote, if one is due. */
  readonly performDuties: () => Promise<SimVote | undefined>
  readonly produce: (difficulty: bigint, salt: number) => SimBlock
  readonly blocks: () => Iterable<SimBlock>
  readonly votes: () => Iterable<SimVote>
  readonly evidence: () => readonly Evidence[]
  /** Loses everything that is not on disk. */
  readonly crash: () => void
  /** Comes back with what is on disk; the vote signed last is sent again. */
  readonly restart: () => Promise<SimVote | undefined>
}

/** Starts a node at genesis. */
export async function createNode(
  validator: Address,
  setting: Setting,
  rules: Rules,
  signatures: Signatures,
  maker: BlockMaker,
): Promise<SimNode> {
  // On disk.
  const blocks = new Map<Hash32, SimBlock>([[maker.genesis.hash, maker.genesis]])
  const seen = new Map<Address, SimVote[]>()
  const evidence = new Map<Address, Evidence>()
  let finalized: SimBlock | undefined
  let disk: readonly string[] = []
  let last: SimVote | undefined
  // In memory.
  let pool = new Map<string, SimVote>()
  let head = maker.genesis
  let up = true
  let guard: SigningGuard

  const sign = async (vote: SimVote['vote']): Promise<SimVote['signature']> =>
    signatures.sign(validator, signatures.linkOf(vote))
  const openGuard = async (): Promise<void> => {
    const opened = await rules.openGuard(disk, validator, sign)
    guard = opened.guard
    disk = opened.written
  }
  await openGuard()

  const follow = (block: SimBlock): void => {
    if (!rules.mayFollow(block, finalized) || rules.compareHeads(block, head) >= 0) return
    head = block
    const best = highestFinalized(head.finality)
    if (best === undefined) return
    const number = best.height * setting.epochLength
    if (finalized === undefined || number > finalized.header.number)
      finalized = ancestorAt(head, number)
  }

  const watch = (vote: SimVote): void => {
    const from = rules.recover(signatures, vote.link, vote.signature)
    if (from === undefined || evidence.has(from)) return
    const earlier = seen.get(from) ?? []
    for (const other of earlier) {
      if (rules.findOffence(other.vote, vote.vote) === undefined) continue
      evidence.set(from, { validator: from, first: other, second: vote })
      return
    }
    earlier.push(vote)
    seen.set(from, earlier)
  }

  const takeVote = (vote: SimVote): boolean => {
    const key = `${vote.link}${vote.signature}`
    if (!up || pool.has(key)) return false
    pool.set(key, vote)
    watch(vote)
    return true
  }

  return {
    validator,
    head: () => head,
    finalized: () => finalized,
    isUp: () => up,
    takeBlock: (block) => {
      if (!up) return false
      const unknown: SimBlock[] = []
      for (const at of ancestry(block)) {
        if (blocks.has(at.hash)) break
        unknown.push(at)
      }
      for (const at of unknown.toReversed()) {
        blocks.set(at.hash, at)
        for (const vote of at.votes) watch(vote)
        follow(at)
      }
      return unknown.length > 0
    },
    takeVote,
    performDuties: async () => {
      if (!up) return undefined
      const vote = await chooseAuxiliaryVote({
        chain: CHAIN,
        head: { number: toBlockNumber(head.header.number), hash: head.hash },
        epochLength: setting.epochLength,
        justified: head.auxiliary.justified,
        checkpointHash: async (height) => ancestorAt(head, height * setting.epochLength)?.hash,
        transitionHash: async (height) =>
          ancestorAt(head, height * setting.epochLength)?.transitionHash,
      })
      if (vote === undefined) return undefined
      const highest = guard.highestTarget(CHAIN)
      if (highest !== undefined && vote.targetHeight <= highest) return undefined
      try {
        const signature = await guard.sign(vote)
        last = { vote, link: signatures.linkOf(vote), signature }
        takeVote(last)
        return last
      } catch (error) {
        if (error instanceof SigningRefusedError) return undefined
        throw error
      }
    },
    produce: (difficulty, salt) =>
      maker.extend(head, {
        signer: validator,
        difficulty,
        salt,
        votes: [...pool.values()],
        evidence: [...evidence.values()],
      }),
    blocks: () => blocks.values(),
    votes: () => pool.values(),
    evidence: () => [...evidence.values()],
    crash: () => {
      up = false
      pool = new Map()
    },
    restart: async () => {
      up = true
      await openGuard()
      head = finalized ?? maker.genesis
      for (const block of blocks.values()) follow(block)
      if (last !== undefined) takeVote(last)
      return last
    },
  }
}
