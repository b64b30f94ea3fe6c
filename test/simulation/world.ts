import type { Address } from '@mosaic/primitives'
import { type Adversary, createAdversary, STRATEGIES } from './adversary.ts'
import { type BlockMaker, createBlockMaker } from './chain.ts'
import type { RecoveredVote, Setting, SimBlock, SimVote } from './model.ts'
import { createNode, type SimNode } from './node.ts'
import { createRandom, type Random } from './random.ts'
import type { Rules, Signatures } from './rules.ts'
import { createSetting } from './setting.ts'

/** Everything that happened in a run. */
export type History = {
  readonly setting: Setting
  readonly maker: BlockMaker
  readonly nodes: readonly SimNode[]
  /** Every block that anybody made. */
  readonly blocks: readonly SimBlock[]
  /** Every vote that anybody sent, by its true signer. */
  readonly votes: readonly RecoveredVote[]
  /** Finalized blocks of each node, in the order in which it held them. */
  readonly finalized: ReadonlyMap<Address, readonly SimBlock[]>
  /** What could be seen when the network was healed and every adversary fell silent; undefined in runs without that. */
  readonly healed:
    | { readonly highestTarget: bigint; readonly finalized: readonly bigint[] }
    | undefined
}

/** How hostile a run is. */
type Conditions = {
  readonly slots: number
  readonly loss: number
  readonly maxDelay: number
  readonly crashes: number
  readonly partitions: boolean
  readonly heals: boolean
}

type Message = {
  readonly to: SimNode
  readonly block?: SimBlock
  readonly vote?: SimVote | undefined
}

/** Checkpoints after the heal within which finality must come back, beyond the highest target signed so far. */
const RECOVERY_CHECKPOINTS = 8n
/** Slots at the end in which evidence found last reaches a block. */
const SETTLING_SLOTS = 6

/** Runs one network from a seed. */
export async function runWorld(
  seed: number,
  rules: Rules,
  signatures: Signatures,
  addresses?: readonly Address[],
): Promise<History> {
  const random = createRandom(seed)
  const setting = createSetting(seed, random, addresses)
  const conditions: Conditions = {
    slots: 10 + random.integer(30),
    loss: random.pick([0, 0, 0.1, 0.3]),
    maxDelay: random.pick([0, 1, 3]),
    crashes: random.pick([0, 0.02, 0.08]),
    partitions: random.chance(0.6),
    heals: random.chance(0.5),
  }
  const world = await createWorld(setting, rules, signatures, random, conditions)
  for (let slot = 0; slot < conditions.slots; slot++) await world.step()
  if (conditions.heals) await world.heal()
  return world.history()
}

async function createWorld(
  setting: Setting,
  rules: Rules,
  signatures: Signatures,
  random: Random,
  conditions: Conditions,
): Promise<{
  readonly step: () => Promise<void>
  readonly heal: () => Promise<void>
  readonly history: () => History
}> {
  const maker = createBlockMaker(setting, rules, signatures)
  const honest = setting.validators.filter((validator) => !setting.byzantine.has(validator))
  const nodes: SimNode[] = []
  for (const validator of honest) {
    nodes.push(await createNode(validator, setting, rules, signatures, maker))
  }
  /** Often all adversaries do the same: together they reach further. */
  const common = random.chance(0.5) ? random.pick(STRATEGIES) : undefined
  const adversaries: readonly Adversary[] = [...setting.byzantine].map((validator) =>
    createAdversary(validator, common ?? random.pick(STRATEGIES), setting, signatures, random),
  )
  const blocks: SimBlock[] = [maker.genesis]
  const tips = new Set<SimBlock>(blocks)
  const votes: RecoveredVote[] = []
  const known = new Set<string>()
  const finalized = new Map<Address, SimBlock[]>(honest.map((validator) => [validator, []]))
  const inbox = new Map<number, Message[]>()
  const group = new Map<SimNode, number>()
  let held: Message[] = []
  let slot = 0
  let hostile = true
  let healed: History['healed']

  const post = (message: Message, at: number): void => {
    const due = inbox.get(at) ?? []
    due.push(message)
    inbox.set(at, due)
  }
  const send = (from: SimNode | undefined, content: Omit<Message, 'to'>): void => {
    for (const to of nodes) {
      if (to === from) continue
      const message = { to, ...content }
      if (from !== undefined && group.get(from) !== group.get(to)) held.push(message)
      else if (hostile && random.chance(conditions.loss)) continue
      else {
        const delay = hostile ? random.integer(conditions.maxDelay + 1) : 0
        post(message, slot + 1 + delay)
        if (hostile && random.chance(0.1)) post(message, slot + 2 + delay)
      }
    }
  }
  const record = (vote: SimVote): void => {
    const key = `${vote.link}${vote.signature}`
    if (known.has(key)) return
    known.add(key)
    const validator = signatures.recover(vote.link, vote.signature)
    if (validator !== undefined) votes.push({ ...vote, validator })
  }
  const addBlock = (block: SimBlock): void => {
    blocks.push(block)
    if (block.parent !== undefined) tips.delete(block.parent)
    tips.add(block)
  }
  const reported = new Set<string>()
  const watch = (node: SimNode): void => {
    const earlier = finalized.get(node.validator)
    const newest = node.finalized()
    if (newest !== undefined && earlier?.at(-1) !== newest) earlier?.push(newest)
    for (const { validator, first, second } of node.evidence()) {
      // Evidence travels as transactions do.
      const key = `${node.validator}${validator}`
      if (reported.has(key)) continue
      reported.add(key)
      send(node, { vote: first })
      send(node, { vote: second })
    }
  }

  const deliver = (): void => {
    const due = inbox.get(slot) ?? []
    inbox.delete(slot)
    for (const { to, block, vote } of random.shuffle(due)) {
      const isNew =
        block === undefined ? vote !== undefined && to.takeVote(vote) : to.takeBlock(block)
      // Gossip is passed on; while the network is hostile nothing is lost by leaving that to chance.
      if (isNew && !hostile) send(to, block === undefined ? { vote } : { block })
      watch(to)
    }
  }
  const produce = (): void => {
    const turn = setting.signers[slot % setting.signers.length]
    const sealers = nodes.filter((node) => setting.signers.includes(node.validator) && node.isUp())
    const missing = sealers.every((node) => node.validator !== turn)
    for (const [index, node] of sealers.entries()) {
      const inTurn = node.validator === turn
      // Out of turn: by chance; when all is calm, the first who sees that the signer in turn is missing.
      const steps = hostile ? random.chance(0.15) : missing && index === 0
      if (!inTurn && !steps) continue
      const block = node.produce(inTurn ? 2n : 1n, slot)
      addBlock(block)
      node.takeBlock(block)
      watch(node)
      send(node, { block })
    }
    if (!hostile || turn === undefined || !setting.byzantine.has(turn)) return
    // A byzantine producer makes up to two blocks, wherever it likes, and shows each to whom it likes.
    for (let made = 0; made < 2; made++) {
      const parent = random.pick([...tips])
      const included = random.shuffle(votes).slice(0, 20)
      const block = maker.extend(parent, {
        signer: turn,
        difficulty: 2n,
        votes: included,
        evidence: [],
        salt: slot * 10 + made,
      })
      addBlock(block)
      for (const to of nodes) if (random.chance(0.6)) post({ to, block }, slot + 1)
    }
  }
  const vote = async (): Promise<void> => {
    for (const node of nodes) {
      const signed = await node.performDuties()
      if (signed === undefined) continue
      record(signed)
      send(node, { vote: signed })
    }
    if (!hostile) return
    for (const adversary of adversaries) {
      for (const signed of adversary.act([...tips].slice(-4))) {
        record(signed)
        for (const to of nodes) if (random.chance(0.7)) post({ to, vote: signed }, slot + 1)
      }
    }
  }
  const disturb = async (): Promise<void> => {
    if (conditions.partitions && random.chance(0.15)) {
      const halves = random.chance(0.6) ? 2 : 1
      for (const node of nodes) group.set(node, random.integer(halves))
      if (halves === 1) flush()
    }
    for (const node of nodes) {
      if (!node.isUp()) {
        if (random.chance(0.3)) await restart(node)
      } else if (random.chance(conditions.crashes)) node.crash()
    }
  }
  const flush = (): void => {
    for (const message of held) post(message, slot + 1)
    held = []
  }
  const restart = async (node: SimNode): Promise<void> => {
    const again = await node.restart()
    watch(node)
    if (again !== undefined) {
      record(again)
      send(node, { vote: again })
    }
  }
  const step = async (): Promise<void> => {
    slot++
    deliver()
    if (hostile) await disturb()
    produce()
    await vote()
  }

  return {
    step,
    heal: async () => {
      hostile = false
      for (const node of nodes) {
        group.set(node, 0)
        if (!node.isUp()) await restart(node)
      }
      flush()
      // A fisherman repeats what the chain does not show.
      reported.clear()
      // Synchronisation and the pull of votes bring to each what any honest node has.
      for (const node of nodes) {
        for (const other of nodes) {
          for (const block of other.blocks()) node.takeBlock(block)
          for (const signed of other.votes()) node.takeVote(signed)
        }
        watch(node)
      }
      const highestTarget = votes.reduce(
        (highest, { vote: { targetHeight } }) => (targetHeight > highest ? targetHeight : highest),
        0n,
      )
      healed = {
        highestTarget,
        finalized: nodes.map((node) => node.finalized()?.header.number ?? -1n),
      }
      const enough = (highestTarget + RECOVERY_CHECKPOINTS) * setting.epochLength
      const isEnough = (): boolean => nodes.every((node) => node.head().header.number > enough)
      for (let left = 4 * (Number(enough) + 10); left > 0 && !isEnough(); left--) await step()
      for (let more = 0; more < SETTLING_SLOTS; more++) await step()
    },
    history: () => ({ setting, maker, nodes, blocks, votes, finalized, healed }),
  }
}
