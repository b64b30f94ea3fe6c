import { highestJustified, initialFinality } from '@mosaic/finality'
import {
  type Address,
  type Hash32,
  toBlockNumber,
  toDynasty,
  toHeight,
  toMetaHeight,
} from '@mosaic/primitives'
import {
  ancestorAt,
  CHAIN,
  type Evidence,
  nameHash,
  type RecoveredVote,
  type Setting,
  type SimBlock,
  type SimVote,
  setAt,
} from './model.ts'
import type { Rules, Signatures } from './rules.ts'

/** What a producer puts into a block. */
type Content = {
  readonly signer: Address
  /** 2 in turn, 1 out of turn (EIP-225). */
  readonly difficulty: bigint
  readonly votes: readonly SimVote[]
  readonly evidence: readonly Evidence[]
  /** Tells two blocks of one producer apart. */
  readonly salt: number
}

/** Makes blocks: runs their votes and evidence by the rules under test. */
export type BlockMaker = {
  readonly genesis: SimBlock
  /** The block on a parent. Votes that do not count are left out, as the gadget records none of them. */
  readonly extend: (parent: SimBlock, content: Content) => SimBlock
}

/** A block maker. Everything it says of a block is a function of the block's own history. */
export function createBlockMaker(
  setting: Setting,
  rules: Rules,
  signatures: Signatures,
): BlockMaker {
  const names = new Map<string, Hash32>()
  const intern = (tag: string, text: string): Hash32 => {
    const key = `${tag}${text}`
    const known = names.get(key)
    if (known !== undefined) return known
    const name = nameHash(tag, names.size)
    names.set(key, name)
    return name
  }

  const genesisHash = nameHash('b10c', 0)
  const root = { height: toHeight(0n), hash: genesisHash }
  const genesis: SimBlock = {
    hash: genesisHash,
    parent: undefined,
    header: { number: toBlockNumber(0n) },
    signer: undefined,
    snapshot: { signers: setting.signers },
    totalDifficulty: 0n,
    salt: 0,
    votes: [],
    evidence: [],
    finality: initialFinality(root),
    auxiliary: { justified: root },
    dynasty: toDynasty(0n),
    kernelHeight: toMetaHeight(1n),
    slashed: new Set(),
    transitionHash: intern('7a', 'genesis'),
  }

  const applyEvidence = (
    parent: SimBlock,
    evidence: readonly Evidence[],
  ): { readonly slashed: ReadonlySet<Address>; readonly applied: readonly Evidence[] } => {
    const slashed = new Set(parent.slashed)
    const applied = evidence.filter(({ validator, first, second }) => {
      if (slashed.has(validator)) return false
      for (const { link, signature } of [first, second]) {
        if (rules.recover(signatures, link, signature) !== validator) return false
      }
      if (rules.findOffence(first.vote, second.vote) === undefined) return false
      slashed.add(validator)
      return true
    })
    return { slashed, applied }
  }

  const extend = (parent: SimBlock, content: Content): SimBlock => {
    const number = toBlockNumber(parent.header.number + 1n)
    const { slashed, applied } = applyEvidence(parent, content.evidence)
    const view = {
      chain: CHAIN,
      isCheckpoint: (height: bigint, hash: Hash32) =>
        ancestorAt(parent, height * setting.epochLength)?.hash === hash,
      transitionHash: (height: bigint) =>
        ancestorAt(parent, height * setting.epochLength)?.transitionHash,
      currentHeight: toHeight(number / setting.epochLength),
      maxVoteAge: setting.maxVoteAge,
    }
    const active = {
      kernelHeight: parent.kernelHeight,
      validators: setAt(setting, parent.kernelHeight),
      slashed,
    }
    let { finality } = parent
    const votes: RecoveredVote[] = []
    for (const each of content.votes) {
      const validator = rules.recover(signatures, each.link, each.signature)
      if (validator === undefined) continue
      const verdict = rules.countVote(finality, { ...each, validator }, view, active)
      if (!verdict.ok || verdict.value === finality) continue
      finality = verdict.value
      votes.push({ ...each, validator })
    }
    const dynasty = toDynasty(rules.dynasty(parent.finality, finality))
    const due = setting.activations[Number(parent.kernelHeight) - 1]
    const kernelHeight =
      due !== undefined && dynasty >= due
        ? toMetaHeight(parent.kernelHeight + 1n)
        : parent.kernelHeight
    const contents = votes.map(({ link, validator }) => `${link}${validator}`).join()
    const hash = intern(
      'b10c',
      `${parent.hash}${content.signer}${content.salt}${contents}${applied.map(({ validator }) => validator).join()}`,
    )
    return {
      hash,
      parent,
      header: { number },
      signer: content.signer,
      snapshot: parent.snapshot,
      totalDifficulty: parent.totalDifficulty + content.difficulty,
      salt: content.salt,
      votes,
      evidence: applied,
      finality,
      auxiliary: {
        justified:
          finality === parent.finality
            ? parent.auxiliary.justified
            : (highestJustified(finality) ?? root),
      },
      dynasty,
      kernelHeight,
      slashed,
      transitionHash: intern('7a', `${hash}/${dynasty}/${kernelHeight}`),
    }
  }
  return { genesis, extend }
}
