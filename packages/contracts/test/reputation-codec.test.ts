import { toAddress, toGas, toHash32, toHeight, toMetaHeight, toWeight } from '@mosaic/primitives'
import { Interface } from 'ethers'
import { describe, expect, test } from 'vitest'
import { rampUpReputationAbi } from '../src/generated/ramp-up-reputation.ts'
import {
  coreAbi,
  coreViews,
  decodeCoreEvent,
  encodeFiniteLifetimeReputationCreation,
  encodeRampUpReputationCreation,
  encodeRecordWork,
  encodeReweigh,
  reputationOf,
} from '../src/index.ts'

const VALIDATOR = toAddress(`0x${'11'.repeat(20)}`)
const CORE = toAddress(`0x${'22'.repeat(20)}`)
const HASH = toHash32(`0x${'33'.repeat(32)}`)
const core = new Interface(coreAbi)
const rampUp = new Interface(rampUpReputationAbi)

describe('reputation of a core', () => {
  test('is asked for by validator', () => {
    expect(core.decodeFunctionData('reweigh', encodeReweigh(VALIDATOR)).toArray()).toEqual([
      '0x1111111111111111111111111111111111111111',
    ])
  })

  test('waits for the next kernel as its value, not as its value plus one', () => {
    const settled = { weight: toWeight(5n), previous: toWeight(7n), changedAt: toMetaHeight(9n) }
    expect(coreViews.weightingOf.decode(encodeWeighting(0n))).toEqual({
      ...settled,
      queued: undefined,
    })
    expect(coreViews.weightingOf.decode(encodeWeighting(1n))).toEqual({ ...settled, queued: 0n })
    expect(coreViews.weightingOf.decode(encodeWeighting(10_001n))).toEqual({
      ...settled,
      queued: 10_000n,
    })
  })

  test('is told by an event', () => {
    const log = core.encodeEventLog('ReweighRequested', [VALIDATOR, 2_500n, 10n])
    expect(decodeCoreEvent(log)).toEqual({
      name: 'ReweighRequested',
      validator: VALIDATOR,
      reputation: 2_500n,
      weight: toWeight(10n),
    })
  })
})

describe('reputation contracts', () => {
  test('are created with their terms', () => {
    for (const creation of [
      encodeRampUpReputationCreation(2n, 4n),
      encodeFiniteLifetimeReputationCreation(2n, 4n),
    ]) {
      expect(creation.endsWith(`${'2'.padStart(64, '0')}${'4'.padStart(64, '0')}`)).toBe(true)
    }
  })

  test('are asked about a validator of a core', () => {
    const data = reputationOf.encode(CORE, VALIDATOR, 3n, 4n)
    expect(rampUp.decodeFunctionData('reputationOf', data).toArray()).toEqual([
      '0x2222222222222222222222222222222222222222',
      '0x1111111111111111111111111111111111111111',
      3n,
      4n,
    ])
    expect(reputationOf.decode(`0x${'2710'.padStart(64, '0')}`)).toBe(10_000n)
  })

  test('are shown work as a kernel, a vote and its signature', () => {
    const kernel = {
      height: toMetaHeight(2n),
      parent: HASH,
      validatorSetHash: HASH,
      updatesHash: HASH,
      gasTarget: toGas(5n),
      forwardWeight: toWeight(6n),
      rearWeight: toWeight(7n),
    }
    const vote = {
      chain: HASH,
      transitionHash: HASH,
      source: HASH,
      target: HASH,
      sourceHeight: toHeight(1n),
      targetHeight: toHeight(2n),
    }
    const data = encodeRecordWork({ core: CORE, kernel, vote, signature: '0x12' })
    const decoded = rampUp.decodeFunctionData('recordWork', data)
    expect(decoded.getValue('kernel').toArray()).toEqual(Object.values(kernel))
    expect(decoded.getValue('vote').toArray()).toEqual(Object.values(vote))
    expect(decoded.getValue('signature')).toBe('0x12')
  })
})

function encodeWeighting(queued: bigint): string {
  return core.encodeFunctionResult('weightingOf', [
    { weight: 5n, previous: 7n, changedAt: 9n, queued },
  ])
}
