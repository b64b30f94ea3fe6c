import {
  bytesToHex,
  type Hash32,
  type Hex,
  keccak256,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toHex,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { Kernel, TransitionObject, VoteMessage } from '@mosaic/protocol'
import { Interface, type Result } from 'ethers'
import { describe, expect, test } from 'vitest'
import {
  auxiliaryEventTopics,
  type CoreParameters,
  coreAbi,
  coreEventTopics,
  coreViews,
  decodeAuxiliaryEvent,
  decodeCoreEvent,
  describeCoreError,
  encodeCapDynasty,
  encodeChallengeGasTarget,
  encodeChallengeObservation,
  encodeCommit,
  encodeCoreCreation,
  encodeEndBlock,
  encodeHaltByConflict,
  encodeSlash,
  encodeSlashFalseTransition,
  encodeStrikeProposal,
  encodeSubmitVotes,
  finalityGadgetAbi,
  finalityGadgetViews,
  kernelRegistryAbi,
  originObserverAbi,
  PREDEPLOYS,
  type SeatVote,
  transitionTrackerAbi,
  VOTE_RESULTS,
} from '../src/index.ts'

const core = new Interface(coreAbi)
const gadget = new Interface(finalityGadgetAbi)

describe('errors of the core', () => {
  test('are named with their arguments', () => {
    const validator = `0x${'ab'.repeat(20)}`
    const data = toHex(core.encodeErrorResult('ValidatorHeightContestable', [validator, 3n]))
    expect(describeCoreError(data)).toMatch(/^ValidatorHeightContestable\(0x[0-9a-fA-F]{40}, 3\)$/)
    for (const other of ['0x', '0x12345678', '0x1234567890', data.slice(0, 60)]) {
      expect(describeCoreError(toHex(other))).toBeUndefined()
    }
  })
})

const kernel: Kernel = {
  height: toMetaHeight(2n),
  parent: hashOf('parent'),
  validatorSetHash: hashOf('set'),
  updatesHash: hashOf('updates'),
  gasTarget: toGas(7n),
  forwardWeight: toWeight(2n ** 128n - 1n),
  rearWeight: toWeight(1n),
}
const transition: TransitionObject = {
  dynasty: toDynasty(3n),
  originBlockNumber: toBlockNumber(100n),
  originBlockHash: hashOf('origin'),
  accumulatedTransactionRoot: hashOf('transactions'),
  accumulatedGas: toGas(2n ** 64n - 1n),
  kernelHash: hashOf('kernel'),
}
const vote: VoteMessage = {
  chain: hashOf('chain'),
  transitionHash: hashOf('transition'),
  source: hashOf('source'),
  target: hashOf('target'),
  sourceHeight: toHeight(1n),
  targetHeight: toHeight(2n),
}

describe('encodeEndBlock', () => {
  test('is what the ABI says', () => {
    const root = hashOf('root')
    const expected = new Interface(transitionTrackerAbi).encodeFunctionData('endBlock', [root, 5n])
    expect(bytesToHex(encodeEndBlock(root, toGas(5n)))).toBe(expected)
  })
})

describe('encodeCommit', () => {
  test('orders votes by seat and sets one bit for each, beyond 256 too', () => {
    const data = encodeCommit({
      transition,
      kernel,
      validatorSet: '0x',
      header: '0x01',
      target: hashOf('target'),
      votes: [
        { validatorIndex: 257, signature: signatureOf('cc') },
        { validatorIndex: 0, signature: signatureOf('aa') },
        { validatorIndex: 255, signature: signatureOf('bb') },
      ],
      accountProof: ['0x02'],
      storageProof: [],
    })
    const decoded = core.decodeFunctionData('commit', data)
    const seal = decoded.getValue('seal')
    expect(seal.getValue('signers').toArray()).toEqual([1n | (1n << 255n), 2n])
    expect(seal.getValue('signatures')).toBe(
      `0x${['aa', 'bb', 'cc'].map((fill) => fill.repeat(64)).join('')}`,
    )
    expect(decoded.getValue('kernel').toArray()).toEqual(Object.values(kernel))
    expect(decoded.getValue('transition').toArray()).toEqual(Object.values(transition))
  })
})

describe('encodeSubmitVotes', () => {
  test('keeps votes and signatures side by side', () => {
    const decoded = gadget.decodeFunctionData(
      'submitVotes',
      encodeSubmitVotes([{ vote, signature: '0x1234' }]),
    )
    expect(decoded.getValue('votes')[0].toArray()).toEqual(Object.values(vote))
    expect(decoded.getValue('signatures').toArray()).toEqual(['0x1234'])
  })
})

describe('encodeSlash', () => {
  test('keeps each vote with its signature, for core and gadget alike', () => {
    const other: VoteMessage = { ...vote, target: hashOf('another target') }
    const data = encodeSlash({ vote, signature: '0x12' }, { vote: other, signature: '0x34' })
    for (const contract of [core, gadget]) {
      const decoded = contract.decodeFunctionData('slash', data)
      expect(decoded.getValue('first').toArray()).toEqual(Object.values(vote))
      expect(decoded.getValue('second').toArray()).toEqual(Object.values(other))
      expect([decoded.getValue('firstSignature'), decoded.getValue('secondSignature')]).toEqual([
        '0x12',
        '0x34',
      ])
    }
  })
})

describe('encodeSlashFalseTransition', () => {
  test('keeps the vote with the evidence, for core and gadget alike', () => {
    const truth = { header: toHex('0x01'), accountProof: [toHex('0x02')], storageProof: [] }
    const data = encodeSlashFalseTransition({ vote, signature: '0x12' }, truth)
    for (const contract of [core, gadget]) {
      const decoded = contract.decodeFunctionData('slashFalseTransition', data)
      expect(decoded.getValue('vote').toArray()).toEqual(Object.values(vote))
      expect(decoded.getValue('header')).toBe('0x01')
      expect(decoded.getValue('accountProof').toArray()).toEqual(['0x02'])
      expect(decoded.getValue('storageProof').toArray()).toEqual([])
    }
  })
})

describe('encodeHaltByConflict', () => {
  test('sends the votes of those that voted for both links', () => {
    const other: VoteMessage = { ...vote, target: hashOf('another target') }
    const data = encodeHaltByConflict(
      kernel,
      '0x12',
      { vote, votes: votesOf({ 2: 'a2', 0: 'a0', 1: 'a1' }) },
      { vote: other, votes: votesOf({ 3: 'b3', 1: 'b1', 2: 'b2' }) },
    )
    const decoded = core.decodeFunctionData('haltByConflict', data)
    expect(decoded.getValue('kernel').toArray()).toEqual(Object.values(kernel))
    expect(decoded.getValue('second').toArray()).toEqual(Object.values(other))
    expect(decoded.getValue('signers').toArray()).toEqual([6n])
    expect(decoded.getValue('firstSignatures')).toBe(`0x${'a1'.repeat(64)}${'a2'.repeat(64)}`)
    expect(decoded.getValue('secondSignatures')).toBe(`0x${'b1'.repeat(64)}${'b2'.repeat(64)}`)
  })
})

describe('challenges', () => {
  const link = {
    source: hashOf('source'),
    target: hashOf('target'),
    sourceHeight: toHeight(3n),
    votes: votesOf({ 1: 'a1', 0: 'a0' }),
  }
  const earlier: TransitionObject = { ...transition, dynasty: toDynasty(2n) }
  const expectLink = (decoded: Result) => {
    expect(decoded.toObject()).toMatchObject({
      source: hashOf('source'),
      target: hashOf('target'),
      sourceHeight: 3n,
      signatures: `0x${'a0'.repeat(64)}${'a1'.repeat(64)}`,
    })
    expect(decoded.getValue('signers').toArray()).toEqual([3n])
  }

  test('of the open height name the checkpoint, and strike proposals by their T', () => {
    const data = encodeCapDynasty({ earlier, link, kernel, validatorSet: '0x12' })
    const decoded = core.decodeFunctionData('capDynasty', data)
    expect(decoded.getValue('earlier').toArray()).toEqual(Object.values(earlier))
    expectLink(decoded.getValue('link'))
    const struck = core.decodeFunctionData('strikeProposal', encodeStrikeProposal(transition))
    expect(struck.getValue('late').toArray()).toEqual(Object.values(transition))
  })

  test('of a commit name the height before, too', () => {
    const data = encodeChallengeGasTarget({
      earlier,
      link,
      kernel,
      validatorSet: '0x12',
      previous: transition,
      previousKernelHash: hashOf('previous'),
    })
    const decoded = core.decodeFunctionData('challengeGasTarget', data)
    expect(decoded.getValue('previous').toArray()).toEqual(Object.values(transition))
    expect(decoded.getValue('previousKernelHash')).toBe(hashOf('previous'))
    expectLink(decoded.getValue('link'))
  })

  test('of an observation carry the link and its votes', () => {
    const data = encodeChallengeObservation(kernel, '0x12', { vote, votes: votesOf({ 2: 'a2' }) })
    const decoded = core.decodeFunctionData('challengeObservation', data)
    expect(decoded.getValue('vote').toArray()).toEqual(Object.values(vote))
    expect(decoded.getValue('signers').toArray()).toEqual([4n])
    expect(decoded.getValue('signatures')).toBe(`0x${'a2'.repeat(64)}`)
  })

  test('are read from their events', () => {
    const challenger = PREDEPLOYS.kernelRegistry
    const missed = core.encodeEventLog('GasTargetMissed', [2n, 3n, 30_000n, challenger])
    expect(decodeCoreEvent(missed)).toEqual({
      name: 'GasTargetMissed',
      height: 2n,
      missedDynasties: 3n,
      fraction: 30_000n,
      challenger,
    })
    const struck = core.encodeEventLog('ProposalStruck', [2n, hashOf('late'), challenger])
    expect(decodeCoreEvent(struck)).toEqual({
      name: 'ProposalStruck',
      height: 2n,
      transitionHash: hashOf('late'),
      challenger,
    })
  })
})

describe('encodeCoreCreation', () => {
  test('names every member of the parameters', () => {
    const { token: _, ...rest } = parameters()
    const incomplete: object = rest
    expect(() =>
      core.encodeDeploy([incomplete, PREDEPLOYS.kernelRegistry, PREDEPLOYS.finalityGadget, '0x']),
    ).toThrow(/token/)
    expect(
      encodeCoreCreation(
        parameters(),
        PREDEPLOYS.kernelRegistry,
        PREDEPLOYS.finalityGadget,
        '0x7b7d',
      ),
    ).toMatch(/^0x[0-9a-f]+$/)
  })
})

describe('decodeCoreEvent', () => {
  test('reads KernelOpened', () => {
    const log = core.encodeEventLog('KernelOpened', [2n, hashOf('kernel'), kernel, '0x1234'])
    expect(log.topics[0]).toBe(coreEventTopics.KernelOpened)
    expect(decodeCoreEvent(log)).toEqual({
      name: 'KernelOpened',
      height: 2n,
      kernelHash: hashOf('kernel'),
      kernel,
      updates: '0x1234',
    })
  })

  test('reads MetaBlockProposed and CoreCreated', () => {
    const proposer = PREDEPLOYS.originObserver
    const proposed = [2n, hashOf('transition'), transition, proposer, 9n]
    expect(decodeCoreEvent(core.encodeEventLog('MetaBlockProposed', proposed))).toEqual({
      name: 'MetaBlockProposed',
      height: 2n,
      transitionHash: hashOf('transition'),
      transition,
      proposer,
      challengeEnd: 9n,
    })
    const created = [proposer, hashOf('definition'), parameters(), '0x7b7d']
    expect(decodeCoreEvent(core.encodeEventLog('CoreCreated', created))).toEqual({
      name: 'CoreCreated',
      creator: proposer,
      definitionHash: hashOf('definition'),
      parameters: parameters(),
      definition: '0x7b7d',
    })
  })

  test('reads ValidatorSlashed', () => {
    const [validator, reporter] = [PREDEPLOYS.originObserver, PREDEPLOYS.kernelRegistry]
    const log = core.encodeEventLog('ValidatorSlashed', [validator, 2n, 7n, reporter, 3n])
    const slashed = { name: 'ValidatorSlashed', offence: 'surround-vote', validator, reporter }
    expect(decodeCoreEvent(log)).toEqual({ ...slashed, stake: 7n, reward: 3n })
    const address = PREDEPLOYS.finalityGadget
    const seen = gadget.encodeEventLog('ValidatorSlashed', [validator, 5n, 2n, reporter])
    expect(decodeAuxiliaryEvent({ address, ...seen })).toEqual({ ...slashed, validatorIndex: 5 })
  })

  test('reads Halted', () => {
    const reporter = PREDEPLOYS.kernelRegistry
    const log = core.encodeEventLog('Halted', [3n, 1n, reporter])
    expect(decodeCoreEvent(log)).toEqual({
      name: 'Halted',
      height: 3n,
      reason: 'conflicting-links',
      reporter,
    })
  })

  test('knows every event of the ABI', () => {
    const names = core.fragments.flatMap((fragment) =>
      fragment.type === 'event' ? [fragment.format('sighash').replace(/\(.*/, '')] : [],
    )
    expect(Object.keys(coreEventTopics).toSorted()).toEqual(names.toSorted())
  })

  test('returns undefined for events of others', () => {
    expect(decodeCoreEvent({ topics: [hashOf('other')], data: '0x' })).toBeUndefined()
    expect(decodeCoreEvent({ topics: [], data: '0x' })).toBeUndefined()
  })
})

describe('decodeAuxiliaryEvent', () => {
  test('reads LinkOpened and VoteRecorded of the gadget', () => {
    const address = PREDEPLOYS.finalityGadget
    const opened = gadget.encodeEventLog('LinkOpened', [hashOf('link'), vote])
    expect(decodeAuxiliaryEvent({ address, ...opened })).toEqual({
      name: 'LinkOpened',
      link: hashOf('link'),
      vote,
    })
    const values = [hashOf('link'), 7n, hashOf('r'), hashOf('s')]
    const recorded = gadget.encodeEventLog('VoteRecorded', values)
    expect(decodeAuxiliaryEvent({ address, ...recorded })).toEqual({
      name: 'VoteRecorded',
      link: hashOf('link'),
      validatorIndex: 7,
      signature: hashOf('r') + hashOf('s').slice(2),
    })
  })

  test('ignores the same event from another address', () => {
    const log = gadget.encodeEventLog('LinkOpened', [hashOf('link'), vote])
    expect(decodeAuxiliaryEvent({ address: PREDEPLOYS.kernelRegistry, ...log })).toBeUndefined()
    expect(
      decodeAuxiliaryEvent({ address: toAddress(`0x${'11'.repeat(20)}`), ...log }),
    ).toBeUndefined()
  })

  test('knows every event of the predeploys', () => {
    const names = [finalityGadgetAbi, originObserverAbi, kernelRegistryAbi]
      .flatMap((abi) => [...abi])
      .flatMap((entry) => (entry.type === 'event' ? [entry.name] : []))
    expect(Object.keys(auxiliaryEventTopics).toSorted()).toEqual(names.toSorted())
  })
})

describe('views', () => {
  test('decode what the contracts return', () => {
    const head = core.encodeFunctionResult('head', [[1n, 5n, 6n, 7n, 8n, 9n, true]])
    expect(coreViews.head.decode(head)).toEqual({
      phase: 'open',
      height: 5n,
      dynasty: 6n,
      accumulatedGas: 7n,
      queuedChanges: 8n,
      slashedSeats: 9n,
      lossPending: true,
    })
    const words = gadget.encodeFunctionResult('validatorWords', [[1n, 2n]])
    expect(finalityGadgetViews.validatorSet.decode(words)).toBe(
      `0x${'1'.padStart(64, '0')}${'2'.padStart(64, '0')}`,
    )
  })

  test('name the results of votes in the order of the enumeration', () => {
    expect(VOTE_RESULTS).toHaveLength(12)
    expect(VOTE_RESULTS.indexOf('target-conflicts')).toBe(11)
  })
})

function votesOf(seats: Record<number, string>): readonly SeatVote[] {
  return Object.entries(seats).map(([seat, fill]) => ({
    validatorIndex: Number(seat),
    signature: signatureOf(fill),
  }))
}

function signatureOf(fill: string): Hex {
  return toHex(`0x${fill.repeat(64)}`)
}

function hashOf(text: string): Hash32 {
  return toHash32(keccak256(utf8ToBytes(text)))
}

function parameters(): CoreParameters {
  return {
    token: PREDEPLOYS.transitionTracker,
    reputation: PREDEPLOYS.kernelRegistry,
    minimumStake: toWeight(1n),
    auxiliaryChainId: 2n,
    epochLength: 3n,
    originEpochLength: 4n,
    maxVoteAge: 5n,
    gasTarget: toGas(6n),
    challengePeriod: 7n,
    withdrawalDelay: 8n,
    proposalBond: 9n,
    maxJoins: 10n,
    maxLogouts: 11n,
    reporterShare: 12n,
    missedDynastyLoss: 13n,
  }
}
