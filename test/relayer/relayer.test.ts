import { coreViews } from '@mosaic/contracts'
import { createEthereumClient, readCoreLogs, readView } from '@mosaic/origin'
import { type MetaHeight, toBlockNumber } from '@mosaic/primitives'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ORIGIN_CHAIN_ID } from '../contracts/meta-block.ts'
import { createRig, type Rig } from './rig.ts'

describe('the relayer', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await createRig()
  })

  afterEach(async () => {
    await rig.stop()
  })

  const origin = () =>
    createEthereumClient(rig.origin, { kind: 'confirmations', depth: 0n }, ORIGIN_CHAIN_ID)

  /** Height that is open on the core. */
  async function openHeight(): Promise<MetaHeight> {
    return (await readView(origin(), rig.core.address, coreViews.head, [])).height
  }

  /** Takes turns until the core has opened a height. */
  async function relayUntil(height: bigint, round: () => Promise<unknown>): Promise<void> {
    for (let i = 0; i < 150; i++) {
      if ((await openHeight()) >= height) return
      await round()
      await rig.turn()
    }
    throw new Error(`expected height ${height} to be opened`)
  }

  /** Asserts that every height was committed once, and that what the core anchored is what auxiliary had. */
  async function expectHonestCommits(count: number): Promise<void> {
    const logs = await readCoreLogs(
      origin(),
      rig.core.address,
      ['MetaBlockCommitted'],
      toBlockNumber(0n),
    )
    const commits = logs.flatMap(({ event }) =>
      event.name === 'MetaBlockCommitted' ? [event] : [],
    )
    expect(commits.map(({ height }) => height)).toEqual(
      Array.from({ length: count }, (_, i) => BigInt(i + 1)),
    )
    for (const { source, stateRoot, height } of commits) {
      expect(rig.chain.isCanonical(source)).toBe(true)
      expect(rig.chain.database.record(source)?.header.stateRoot).toBe(stateRoot)
      const anchored = await readView(origin(), rig.core.address, coreViews.stateRoot, [height])
      expect(anchored).toBe(stateRoot)
    }
  }

  test('closes meta-block after meta-block, and opens each kernel on auxiliary', async () => {
    const relayer = rig.createRelayer()
    const kinds = new Set<string>()
    await relayUntil(4n, async () => {
      for (const { kind } of await relayer.relayOnce()) kinds.add(kind)
    })
    await expectHonestCommits(3)
    expect([...kinds].toSorted()).toEqual([
      'header-reported',
      'kernel-confirmed',
      'meta-block-committed',
      'meta-block-proposed',
    ])
    expect(rig.chain.head().observation.number).toBeGreaterThan(0n)
  })

  test('needs nothing but the chains: a new one in every round does as well', async () => {
    await relayUntil(3n, async () => rig.createRelayer().relayOnce())
    await expectHonestCommits(2)
  })

  test('does no harm beside another one', async () => {
    const pair = [rig.createRelayer({ account: 0 }), rig.createRelayer({ account: 1 })]
    await relayUntil(4n, async () => Promise.all(pair.map((relayer) => relayer.relayOnce())))
    await expectHonestCommits(3)
  })

  test('goes on when it was killed after any of its steps', async () => {
    const killings = new Set<string>()
    let life = 0
    await relayUntil(5n, async () => {
      // Each of these lives ends one request later than the last; what follows it must cope with what it left.
      life += 1
      let left = life
      const doomed = rig.createRelayer({
        guard: (method) => {
          left -= 1
          if (left >= 0) return
          killings.add(method)
          throw new Error('killed')
        },
      })
      await doomed.relayOnce()
      await rig.createRelayer().relayOnce()
    })
    await expectHonestCommits(4)
    expect([...killings]).toEqual(
      expect.arrayContaining(['eth_sendRawTransaction', 'eth_getTransactionReceipt', 'eth_call']),
    )
  })
})
