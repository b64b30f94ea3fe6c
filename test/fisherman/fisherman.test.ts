import {
  type CommitArguments,
  coreAbi,
  encodeCapDynasty,
  encodeCommit,
  encodePropose,
} from '@mosaic/contracts'
import {
  bytesToHex,
  type Height,
  keccak256,
  toBlockNumber,
  toDynasty,
  toGas,
  toHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  domainSeparator,
  encodeValidatorSet,
  signDigest,
  type TransitionObject,
  transitionHash,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { Interface } from 'ethers'
import { afterEach, describe, expect, test } from 'vitest'
import { countedVotes, deriveTransition } from '../../packages/chain/src/index.ts'
import type { Fisherman } from '../../packages/fisherman/src/index.ts'
import { getHeader } from '../contracts/anvil-header.ts'
import { mineTransition } from '../contracts/meta-block.ts'
import { readCommit } from '../late-commit.ts'
import { createFishingRig, type FishingRig, performDuties } from './fishing-rig.ts'

const BOND = 10n ** 17n
const STAKE = 32_000n * 10n ** 18n
/** More rounds than the last in turn waits, and than pass between two collections. */
const ROUNDS = 8
const ALL: readonly number[] = [0, 1, 2, 3]

let rig: FishingRig

afterEach(async () => {
  await rig.stop()
})

/** Rounds of all fishermen, one after the other as their clocks have it, and a block on both chains after each. */
async function fish(fishermen: readonly Fisherman[], rounds = ROUNDS): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const fisherman of fishermen) await performDuties(fisherman)
    await rig.turn()
  }
}

/** Both chains grow, and nobody brings anything to the core. */
async function withhold(checkpoints: bigint): Promise<void> {
  const from = rig.chain.finalized().height
  while (rig.chain.finalized().height < from + checkpoints) await rig.turn()
}

/** T at finalized checkpoints from a height on, under the active kernel. */
function transitionsFrom(height: Height): readonly (readonly [Height, TransitionObject])[] {
  const found: (readonly [Height, TransitionObject])[] = []
  for (let at: bigint = height; at <= rig.chain.finalized().height; at++) {
    const record = rig.chain.checkpoint(rig.chain.head(), toHeight(at))
    const parent = record && rig.chain.database.record(record.header.parentHash)
    if (record !== undefined) found.push([toHeight(at), deriveTransition(record, parent)])
  }
  return found
}

/** What would close the open height with the checkpoint at a height. */
async function readCommitAt(height: Height): Promise<CommitArguments> {
  const { identity, epochLength } = rig.relayed
  return readCommit(rig.auxiliaryClient, identity, epochLength, await rig.openKernel(), height)
}

function readLatest(): Promise<CommitArguments> {
  return readCommitAt(rig.chain.finalized().height)
}

async function propose(transition: TransitionObject): Promise<void> {
  const data = encodePropose(transition)
  await rig.anvil.send({ to: rig.core.address, data, value: BOND })
}

/** A relayer closes the open height. */
async function relay(): Promise<void> {
  const { height } = (await rig.openKernel()).kernel
  const relayer = rig.createRelayer()
  for (let i = 0; i < 80 && (await rig.openKernel()).kernel.height === height; i++) {
    await relayer.relayOnce()
    await rig.turn()
  }
}

async function stakeOf(seat: number): Promise<bigint> {
  return (await rig.books.validator(rig.validatorAt(seat))).stake
}

/** What fishermen have won, in wei apart from gas and in tokens, and whether they paid for any gas. */
async function readBooks(indices: readonly number[]): Promise<readonly object[]> {
  return Promise.all(
    indices.map(async (index) => {
      const account = rig.fishermanAt(index)
      const gas = await rig.gasPaidBy(account)
      const wei = (await rig.client.balance(account)) + gas - 1000n * 10n ** 18n
      return { account, wei, tokens: await rig.books.tokensOf(account), hasPaid: gas > 0n }
    }),
  )
}

/** The same if one of them alone did anything. */
function booksOf(
  indices: readonly number[],
  winner: string | undefined,
  won: { readonly wei?: bigint; readonly tokens?: bigint },
): readonly object[] {
  return indices.map((index) => {
    const account = rig.fishermanAt(index)
    return account === winner
      ? { account, wei: 0n, tokens: 0n, ...won, hasPaid: true }
      : { account, wei: 0n, tokens: 0n, hasPaid: false }
  })
}

/** How the core refuses. */
function refusal(name: string): string {
  return new Interface(coreAbi).getError(name)?.selector ?? name
}

describe('a late proposal', () => {
  test('is capped by one of four fishermen and struck for its bond; the rest pay nothing', async () => {
    rig = await createFishingRig()
    const fishermen = await Promise.all(ALL.map((i) => rig.openFisherman(i, i)))
    await withhold(4n)
    const [, first] = transitionsFrom(toHeight(1n)).find(([, t]) => t.dynasty > 0n) ?? []
    const late = await readLatest()
    const ledger = await rig.books.ledger()
    await propose(late.transition)
    await fish(fishermen)

    const [capped, ...caps] = await rig.books.events('DynastyCapped')
    expect(caps).toEqual([])
    expect(capped).toMatchObject({ height: 1n, dynasty: first?.dynasty })
    expect(first?.dynasty).toBeLessThan(late.transition.dynasty)
    const hash = transitionHash(late.transition)
    expect(await rig.books.events('ProposalStruck')).toMatchObject([{ transitionHash: hash }])
    expect(await readBooks(ALL)).toEqual(booksOf(ALL, capped?.challenger, { wei: BOND }))
    // Theorem 4: nobody who is honest has lost anything, and the height is closed by who is in time.
    await expect(
      rig.anvil.send({ to: rig.core.address, data: encodeCommit(late) }),
    ).rejects.toThrow(refusal('CoreDynastyAboveCeiling'))
    await relay()
    const committed = await rig.books.events('MetaBlockCommitted')
    expect(committed).toMatchObject([
      { height: 1n, transitionHash: first && transitionHash(first) },
    ])
    expect(await rig.books.ledger()).toEqual(ledger)
    expect(await Promise.all(ALL.map(stakeOf))).toEqual([STAKE, STAKE, STAKE, STAKE])
  })

  test('that somebody else is about to cap costs nobody gas', async () => {
    rig = await createFishingRig()
    const fisherman = await rig.openFisherman(0)
    await withhold(4n)
    const late = await readLatest()
    await propose(late.transition)
    const [height, earlier] = transitionsFrom(toHeight(1n)).find(([, t]) => t.dynasty > 0n) ?? []
    const record = height && rig.chain.checkpoint(rig.chain.head(), height)
    if (height === undefined || earlier === undefined || record === undefined)
      throw new Error('expected a checkpoint that is due')
    const { target, votes, kernel, validatorSet } = await readCommitAt(height)
    const link = { source: record.hash, target, sourceHeight: height, votes }
    // A challenge by another that waits for the next block.
    await rig.anvil.request('evm_setAutomine', false)
    await rig.anvil.request('eth_sendTransaction', {
      from: rig.anvil.account,
      to: rig.core.address,
      data: encodeCapDynasty({ earlier, link, kernel, validatorSet }),
      gas: '0xf4240',
      gasPrice: '0x0',
    })
    for (let round = 0; round < 5; round++) await performDuties(fisherman)
    await rig.turn()
    await rig.anvil.request('evm_setAutomine', true)
    await fish([fisherman])
    expect(await rig.books.events('DynastyCapped')).toMatchObject([
      { challenger: rig.anvil.account },
    ])
    expect(await rig.gasPaidBy(rig.fishermanAt(0))).toBe(0n)
  })
})

describe('a late commit', () => {
  test('costs all validators of its height by dynasties missed, and pays the first who shows it', async () => {
    rig = await createFishingRig()
    await withhold(6n)
    const [, first] = transitionsFrom(toHeight(1n)).find(([, t]) => t.dynasty > 0n) ?? []
    const late = await readLatest()
    await propose(late.transition)
    for (let i = 0; i < 4; i++) await rig.turn()
    await rig.anvil.send({ to: rig.core.address, data: encodeCommit(late) })

    // A tenth of what all four lose is less than one of them loses: only who has no stake in it challenges.
    const insiders = await Promise.all([0, 1].map((i) => rig.openFisherman(i, i)))
    await fish(insiders)
    expect(await rig.books.events('GasTargetMissed')).toEqual([])
    const outsiders = await Promise.all([2, 3].map((i) => rig.openFisherman(i)))
    await fish([...insiders, ...outsiders])
    const missed = late.transition.dynasty - (first?.dynasty ?? 0n)
    const [found, ...others] = await rig.books.events('GasTargetMissed')
    expect(others).toEqual([])
    expect(found).toMatchObject({ height: 1n, missedDynasties: missed, fraction: missed * 10_000n })
    expect(missed).toBeGreaterThan(1n)

    // Nothing is settled before the next height is closed; then the challenger collects by itself.
    expect(await stakeOf(0)).toBe(STAKE)
    await relay()
    await fish([...insiders, ...outsiders], 16)
    const loss = (STAKE * missed * 10_000n) / 1_000_000n
    expect(await Promise.all(ALL.map(stakeOf))).toEqual(ALL.map(() => STAKE - loss))
    const won = { tokens: (4n * loss) / 10n }
    expect(await readBooks(ALL)).toEqual(booksOf(ALL, found?.challenger, won))
    expect(await rig.books.ledger()).toMatchObject({
      staked: 4n * (STAKE - loss),
      burned: (4n * loss * 9n) / 10n,
    })
    const left = 4n * (STAKE - loss)
    const weights = { forwardWeight: left, rearWeight: left }
    expect((await rig.openKernel()).kernel).toMatchObject({ height: 3n, ...weights })
    // And on auxiliary, once it has kernel 3.
    expect(await rig.books.auxiliaryWeights()).toMatchObject({ forward: 4n * STAKE })
    await relay()
    expect(await rig.books.auxiliaryWeights()).toMatchObject({ forward: left, rear: left })
  })
})

describe('a finalized observation that origin has taken back', () => {
  test('halts the core, which takes nothing that names it; who voted for it pays', async () => {
    rig = await createFishingRig()
    const fishermen = await Promise.all(ALL.map((i) => rig.openFisherman(i, i)))
    const relayer = rig.createRelayer()
    while (rig.chain.head().observation.number <= rig.chain.definition.originRoot.number + 4n) {
      await relayer.relayOnce()
      await rig.turn()
    }
    await fish(fishermen)
    expect(await rig.books.events('Halted')).toEqual([])
    const observed = rig.chain.head().observation
    let late = await readLatest()
    while (late.transition.originBlockNumber < observed.number) {
      await rig.turn()
      late = await readLatest()
    }
    const { originBlockNumber, originBlockHash } = late.transition
    const head = await rig.client.blockNumber()
    // A transaction of a stranger makes other blocks of them.
    const stranger = { from: rig.anvil.account, to: rig.fishermanAt(4), value: '0x1' }
    await rig.anvil.request('anvil_reorg', Number(head - originBlockNumber) + 1, [[stranger, 0]])
    expect((await rig.client.header(originBlockNumber))?.hash).not.toBe(originBlockHash)
    await expect(propose(late.transition)).rejects.toThrow(refusal('CoreObservationForeign'))
    await fish(fishermen, 20)
    const [halted] = await rig.books.events('Halted')
    expect(halted).toMatchObject({ reason: 'contradicting-observation' })
    const share = STAKE / 10n
    expect(await Promise.all(ALL.map(stakeOf))).toEqual(ALL.map(() => STAKE - share))
    const won = { tokens: 4n * share }
    expect(await readBooks(ALL)).toEqual(booksOf(ALL, halted?.reporter, won))
    expect(await rig.books.ledger()).toMatchObject({
      staked: 4n * (STAKE - share),
      burned: 0n,
    })
    // Nobody vouches for what followed on it: the observation stays where it was.
    expect(rig.chain.head().observation.hash).toBe(rig.chain.head().origin.finalized?.hash)
  })
})

describe('guilt', () => {
  test('of one costs its stake on both chains, and pays its reporter without being asked', async () => {
    rig = await createFishingRig()
    await withhold(1n)
    const fishermen = await Promise.all([0, 1, 2].map((i) => rig.openFisherman(i, i)))
    for (const vote of rig.conflict(3)) for (const each of fishermen) await each.see(vote)
    await fish(fishermen, 16)
    const [slashed, ...others] = await rig.books.events('ValidatorSlashed')
    expect(others).toEqual([])
    const reward = STAKE / 10n
    expect(slashed).toMatchObject({ validator: rig.validatorAt(3), stake: STAKE, reward })
    const won = { tokens: reward }
    expect(await readBooks([0, 1, 2])).toEqual(booksOf([0, 1, 2], slashed?.reporter, won))
    expect(await rig.books.ledger()).toEqual({
      staked: toWeight(3n * STAKE),
      burned: toWeight(STAKE - reward),
      haltedAt: 0n,
    })
  })

  test('shown to the core alone is found there, and halts it', async () => {
    rig = await createFishingRig()
    await withhold(1n)
    const fisherman = await rig.openFisherman(0)
    await commitHidden()
    const [committed] = await rig.books.events('MetaBlockCommitted')
    if (committed === undefined) throw new Error('expected a commit')
    await fish([fisherman], 1)
    // What they vote for on the chain that everybody knows comes to the same height.
    while (rig.chain.head().auxiliary.justified.height <= committed.sourceHeight) await rig.turn()
    const votes = await countedVotes(
      rig.store,
      rig.chain.definition,
      rig.chainIdentifier,
      toHeight(committed.sourceHeight + 1n),
    )
    for (const vote of votes) await fisherman.see(vote)
    await fish([fisherman], 16)
    expect(await rig.books.events('Halted')).toMatchObject([
      { reason: 'conflicting-links', reporter: rig.fishermanAt(0) },
    ])
    const guilty = [0, 1, 2].map((seat) => rig.validatorAt(seat))
    const slashed = await rig.books.events('ValidatorSlashed')
    expect(slashed.map(({ validator }) => validator)).toEqual(guilty)
    expect(await rig.books.tokensOf(rig.fishermanAt(0))).toBe((3n * STAKE) / 10n)
    expect(await stakeOf(3)).toBe(STAKE)
  })

  test('that two of four share halts the core in one stroke', async () => {
    rig = await createFishingRig()
    await withhold(1n)
    const fishermen = await Promise.all([0, 1].map((i) => rig.openFisherman(i, i)))
    for (const seat of [2, 3])
      for (const vote of rig.conflict(seat)) for (const each of fishermen) await each.see(vote)
    await fish(fishermen, 20)
    const [halted] = await rig.books.events('Halted')
    expect(halted).toMatchObject({ reason: 'conflicting-links' })
    expect((await rig.books.events('ValidatorSlashed')).map(({ reporter }) => reporter)).toEqual([
      halted?.reporter,
      halted?.reporter,
    ])
    const reward = STAKE / 10n
    const won = { tokens: 2n * reward }
    expect(await readBooks([0, 1])).toEqual(booksOf([0, 1], halted?.reporter, won))
    expect(await rig.books.ledger()).toMatchObject({
      staked: 2n * STAKE,
      burned: 2n * (STAKE - reward),
    })
  })
})

/** Closes the open height with a block that only the core was ever shown, sealed by the first three of four. */
async function commitHidden(): Promise<void> {
  const { anvil, core, relayed } = rig
  const { kernel, kernelHash, validatorSet } = await rig.openKernel()
  const origin = await getHeader(anvil, 'latest')
  const transition: TransitionObject = {
    dynasty: toDynasty(1000n),
    originBlockNumber: toBlockNumber(origin.number),
    originBlockHash: origin.hash,
    accumulatedTransactionRoot: origin.hash,
    accumulatedGas: toGas(10n ** 12n),
    kernelHash,
  }
  const hash = transitionHash(transition)
  await propose(transition)
  for (let i = 0; i < 3; i++) await rig.turn()
  // Anvil itself plays the hidden chain: T̃ lies in the state of a block whose number fits.
  let hidden = await mineTransition(anvil, hash)
  while (hidden.header.number % relayed.epochLength !== 0n)
    hidden = await mineTransition(anvil, hash)
  const { header, accountProof, storageProof } = hidden
  const sourceHeight = toHeight(header.number / relayed.epochLength)
  const target = keccak256(utf8ToBytes('hidden target'))
  const vote: VoteMessage = {
    chain: rig.chainIdentifier,
    transitionHash: hash,
    source: header.hash,
    target,
    sourceHeight,
    targetHeight: toHeight(sourceHeight + 1n),
  }
  const digest = voteDigest(domainSeparator(relayed.identity), vote)
  const votes = core.keys.slice(0, 3).map((secret, validatorIndex) => {
    return { validatorIndex, signature: signDigest(digest, secret) }
  })
  const words = bytesToHex(encodeValidatorSet(validatorSet))
  const seal = { transition, kernel, validatorSet: words, header: header.rlp, target, votes }
  await anvil.send({
    to: core.address,
    data: encodeCommit({ ...seal, accountProof, storageProof }),
  })
}
