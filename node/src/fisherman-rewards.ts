import {
  coreViews,
  encodeClaimReward,
  encodeExecuteVerdict,
  encodeReclaimBond,
  encodeSettleLosses,
  encodeWithdraw,
} from '@mosaic/contracts'
import type { Collection, RewardPort } from '@mosaic/fisherman'
import { type EthereumClient, readView, type TransactionSender } from '@mosaic/origin'
import type { Address, Hex } from '@mosaic/primitives'
import { type CoreFollower, settledKey, type ToldStory } from './fisherman-core.ts'

/** Validators whose losses one transaction settles: far below the gas that a transaction may have. */
const SETTLED_AT_ONCE = 64

/** What a fisherman has earned on a core: read from its logs, so that nothing is lost with the fisherman's own disk. */
export function createRewardPort(
  origin: EthereumClient,
  core: Address,
  follower: CoreFollower,
  sender: TransactionSender,
): RewardPort {
  const self = sender.address

  /** Whether the books still hold a stake that losses can be taken from. */
  const hasStake = async (validator: Address): Promise<boolean> => {
    const { status } = await readView(origin, core, coreViews.validatorOf, [validator])
    return status !== 'slashed' && status !== 'withdrawn'
  }

  const unsettled = async (story: ToldStory): Promise<readonly Address[]> => {
    const height = story.kernels.at(-1)?.kernel.height ?? 0n
    const expected = new Map<Address, number>()
    for (const [closed, loss] of story.losses) {
      // A greater loss may replace it until the next height is committed.
      const isOpen = closed + 1n === height && story.halt === undefined
      if (loss.challenger !== self || isOpen) continue
      for (const each of loss.validators) expected.set(each, (expected.get(each) ?? 0) + 1)
    }
    const due: Address[] = []
    for (const [validator, count] of expected) {
      const settled = story.settled.get(settledKey(self, validator)) ?? 0
      if (settled < count && (await hasStake(validator))) due.push(validator)
    }
    return due
  }

  const verdicts = async ({ halt, kernels }: ToldStory): Promise<readonly Collection[]> => {
    if (halt?.reporter !== self || halt.reason === 'safety-threshold') return []
    const kind = halt.reason === 'conflicting-links' ? 'withdraw' : 'execute-verdict'
    const due: Collection[] = []
    for (const seat of kernels.at(-1)?.validatorSet ?? []) {
      if (seat === undefined) continue
      const validator = seat.address
      if (await readView(origin, core, coreViews.isConvicted, [validator]))
        due.push({ kind, validator })
    }
    return due
  }

  const bonds = async ({ struck }: ToldStory): Promise<readonly Collection[]> => {
    const due: Collection[] = []
    for (const [transitionHash, challenger] of struck) {
      if (challenger !== self) continue
      const { proposer } = await readView(origin, core, coreViews.proposalOf, [transitionHash])
      if (proposer === self) due.push({ kind: 'reclaim-bond', transitionHash })
    }
    return due
  }

  return {
    due: async () => {
      const story = await follower.read()
      const due: Collection[] = []
      for (const [validator, reporter] of story.slashed) {
        if (reporter === self && !story.paid.has(validator))
          due.push({ kind: 'withdraw', validator })
      }
      const validators = await unsettled(story)
      for (let from = 0; from < validators.length; from += SETTLED_AT_ONCE)
        due.push({
          kind: 'settle-losses',
          validators: validators.slice(from, from + SETTLED_AT_ONCE),
        })
      due.push(...(await verdicts(story)), ...(await bonds(story)))
      const earned = await readView(origin, core, coreViews.rewardOf, [self])
      // Once, when all that adds to it is in.
      if (earned > 0n && due.length === 0) due.push({ kind: 'claim-reward' })
      return due
    },
    collect: async (collection) => {
      await sender.send({ to: core, data: encode(collection, self) })
    },
  }
}

function encode(collection: Collection, self: Address): Hex {
  switch (collection.kind) {
    case 'withdraw':
      return encodeWithdraw(collection.validator)
    case 'execute-verdict':
      return encodeExecuteVerdict(collection.validator)
    case 'settle-losses':
      return encodeSettleLosses(collection.validators)
    case 'reclaim-bond':
      return encodeReclaimBond(collection.transitionHash)
    case 'claim-reward':
      return encodeClaimReward(self)
  }
}
