import {
  coreViews,
  encodeFiniteLifetimeReputationCreation,
  encodeRampUpReputationCreation,
  rampUpViews,
} from '@mosaic/contracts'
import { createEthereumClient, type EthereumClient, readCoreLogs, readView } from '@mosaic/origin'
import { type Address, bigintToBytes, type Hex, toBlockNumber } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { depositFor, ORIGIN_CHAIN_ID } from '../contracts/meta-block.ts'
import { createRig, type Rig } from './rig.ts'

const NEWCOMER = bigintToBytes(77n, 32)

describe('a relayer that follows reputations', () => {
  let rig: Rig
  afterEach(() => rig.stop())

  const origin = (): EthereumClient =>
    createEthereumClient(rig.origin, { kind: 'confirmations', depth: 2n }, ORIGIN_CHAIN_ID)
  const view = async <Args extends readonly unknown[], T>(
    views: Parameters<typeof readView<Args, T>>[2],
    args: Parameters<typeof readView<Args, T>>[3],
  ): Promise<T> => readView(origin(), rig.core.address, views, args)
  const weightOf = async (validator: Address): Promise<bigint> => {
    const { isWeighted, stake } = await view(coreViews.validatorOf, [validator])
    return isWeighted ? (await view(coreViews.weightingOf, [validator])).weight : stake
  }
  /** Turns both chains and lets the relayer work until the core has opened a height; what it did. */
  const relayUntil = async (height: bigint): Promise<readonly string[]> => {
    const relayer = rig.createRelayer({ followsReputations: true })
    const did: string[] = []
    for (let round = 0; round < 600; round++) {
      if ((await view(coreViews.head, [])).height >= height) return did
      await rig.turn()
      for (const { kind } of await relayer.relayOnce()) did.push(kind)
    }
    throw new Error(
      `expected height ${height} to open, received ${rig.logged
        .map((each) => JSON.stringify(each))
        .slice(-5)
        .join(' ')}`,
    )
  }
  const start = async (reputation: Hex): Promise<void> => {
    rig = await createRig({}, reputation)
  }

  test('brings the work of a newcomer, and its weight grows with it', async () => {
    await start(encodeRampUpReputationCreation(1n, 2n))
    const { token, reputation } = await view(coreViews.parameters, [])
    await depositFor(rig.anvil, { address: rig.core.address, token }, [NEWCOMER])
    rig.voters.push(NEWCOMER)
    const newcomer = secretKeyToAddress(NEWCOMER)
    const weights: bigint[] = []
    for (let height = 2n; height <= 8n; height++) {
      const did = await relayUntil(height)
      weights.push(await weightOf(newcomer))
      // Those of the first hour have their whole weight, and nothing is sent for them.
      expect(did.filter((kind) => kind === 'work-recorded').length).toBeLessThanOrEqual(1)
    }
    const { stake } = await view(coreViews.validatorOf, [newcomer])
    expect(weights[0]).toBe(0n)
    expect(new Set(weights)).toEqual(new Set([0n, stake / 2n, stake]))
    expect(weights).toEqual(weights.toSorted((a, b) => (a < b ? -1 : Number(a > b))))
    const work = await readView(origin(), reputation, rampUpViews.workOf, [
      rig.core.address,
      newcomer,
    ])
    // More would change nothing.
    expect(work.heights).toBe(3n)
  })

  test('has those leave whose time is over, once, and brings no work where none is asked for', async () => {
    await start(encodeFiniteLifetimeReputationCreation(2n, 4n))
    const did = await relayUntil(5n)
    expect(did).not.toContain('work-recorded')
    const logs = await readCoreLogs(
      origin(),
      rig.core.address,
      ['ReweighRequested', 'LogoutRequested'],
      toBlockNumber(0n),
    )
    const asked = logs.flatMap(({ event }) => (event.name === 'ReweighRequested' ? [event] : []))
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.every(({ reputation }) => reputation === 0n)).toBe(true)
    expect(new Set(asked.map(({ validator }) => validator)).size).toBe(asked.length)
    const left = logs.flatMap(({ event }) => (event.name === 'LogoutRequested' ? [event] : []))
    expect(left.map(({ validator }) => validator)).toEqual(asked.map(({ validator }) => validator))
  })
})
