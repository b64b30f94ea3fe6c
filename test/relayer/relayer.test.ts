import { coreViews, encodePropose } from '@mosaic/contracts'
import { createEthereumClient, readCoreLogs, readView } from '@mosaic/origin'
import { type MetaHeight, toBlockNumber, toHeight } from '@mosaic/primitives'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type FinalizedTransition,
  readFinalizedTransition,
} from '../../packages/relayer/src/auxiliary-reader.ts'
import {
  addUpCosts,
  createRelayTurns,
  type Ledger,
  openLedger,
  type Relayer,
  settleLedger,
} from '../../packages/relayer/src/index.ts'
import { ORIGIN_CHAIN_ID } from '../contracts/meta-block.ts'
import { createRig, RELAYER_ACCOUNTS, type Rig } from './rig.ts'

function createLedger(lines: string[] = []): Ledger {
  return openLedger(
    lines,
    async (line) => {
      lines.push(line)
    },
    () => 0n,
  )
}

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

  const auxiliary = () =>
    createEthereumClient(rig.auxiliary, { kind: 'finalized-tag' }, rig.chain.execution.chainId)

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

  /** Heights that were committed, in that order; with what the core anchored being what auxiliary had. */
  async function committed(): Promise<readonly bigint[]> {
    const logs = await readCoreLogs(
      origin(),
      rig.core.address,
      ['MetaBlockCommitted'],
      toBlockNumber(0n),
    )
    const heights: bigint[] = []
    for (const { event } of logs) {
      if (event.name !== 'MetaBlockCommitted') continue
      const { source, stateRoot, height } = event
      const views = coreViews.stateRoot
      const anchored = await readView(origin(), rig.core.address, views, [height])
      const own = rig.chain.database.record(source)?.header.stateRoot
      if (!rig.chain.isCanonical(source) || own !== stateRoot || anchored !== stateRoot) {
        throw new Error(`expected ${own} to be anchored at ${height}, received ${anchored}`)
      }
      heights.push(height)
    }
    return heights
  }

  test('closes meta-block after meta-block, and opens each kernel on auxiliary', async () => {
    const relayer = rig.createRelayer()
    const kinds = new Set<string>()
    await relayUntil(4n, async () => {
      for (const { kind } of await relayer.relayOnce()) kinds.add(kind)
    })
    expect(await committed()).toEqual([1n, 2n, 3n])
    expect([...kinds].toSorted()).toEqual([
      'header-reported',
      'kernel-confirmed',
      'meta-block-committed',
      'meta-block-proposed',
    ])
    expect(rig.chain.head().observation.number).toBeGreaterThan(0n)
  })

  test('closes no height later than the gas target allows, whoever proposes that', async () => {
    while (rig.chain.finalized().height < 5n) await rig.turn()
    const found: FinalizedTransition[] = []
    for (let height = 1n; height <= rig.chain.finalized().height; height++) {
      const each = await readFinalizedTransition(auxiliary(), toHeight(height))
      if (each !== undefined && each.transition.dynasty > 0n) found.push(each)
    }
    const [due] = found
    const late = found.at(-1)
    if (due === undefined || late === undefined) throw new Error('expected finalized checkpoints')
    expect(late.transition.dynasty).toBeGreaterThan(due.transition.dynasty)
    const data = encodePropose(late.transition)
    await rig.anvil.send({ to: rig.core.address, data, value: 10n ** 17n })
    const relayer = rig.createRelayer()
    await relayUntil(2n, async () => relayer.relayOnce())
    const logs = await readCoreLogs(
      origin(),
      rig.core.address,
      ['MetaBlockCommitted'],
      toBlockNumber(0n),
    )
    expect(logs.map(({ event }) => event)).toMatchObject([
      { height: 1n, transitionHash: due.transitionHash },
    ])
  })

  test('needs nothing but the chains: a new one in every round does as well', async () => {
    await relayUntil(3n, async () => rig.createRelayer().relayOnce())
    expect(await committed()).toEqual([1n, 2n])
  })

  test('does no harm beside another one', async () => {
    const pair = [rig.createRelayer({ account: 0 }), rig.createRelayer({ account: 1 })]
    await relayUntil(4n, async () => Promise.all(pair.map((relayer) => relayer.relayOnce())))
    expect(await committed()).toEqual([1n, 2n, 3n])
  })

  test('takes turns with another one: nothing is sent twice, and each pays a part', async () => {
    const clock = { ms: 0 }
    const members = [0, 1].map((account) => createMember(account === 0 ? 0 : 1, clock))
    await relayUntil(5n, async () => {
      clock.ms += 1000
      await Promise.all(members.map(({ relayer }) => relayer.relayOnce()))
    })
    expect(await committed()).toEqual([1n, 2n, 3n, 4n])
    for (const { ledger } of members) await settle(ledger)
    const costs = members.map(({ ledger }) => addUpCosts(ledger.entries()))
    const purposes = costs.flat().map(({ chain, purpose }) => `${chain} ${purpose}`)
    expect(new Set(purposes).size).toBe(purposes.length)
    for (const own of costs) {
      expect(own.length).toBeGreaterThan(2)
      for (const { transactions, reverted, waiting, cost } of own) {
        expect({ transactions, reverted, waiting }).toEqual({
          transactions: 1,
          reverted: 0,
          waiting: 0,
        })
        expect(cost).toBeGreaterThan(0n)
      }
    }
    const steps = [1, 2, 3, 4].flatMap((n) => [`meta-block ${n} propose`, `meta-block ${n} commit`])
    expect(purposes).toEqual(expect.arrayContaining(steps.map((step) => `origin ${step}`)))
  })

  test('does the work of another one that is away, when its turn is over', async () => {
    const clock = { ms: 0 }
    const { relayer, ledger } = createMember(1, clock)
    await relayUntil(3n, async () => {
      clock.ms += 20_000
      await relayer.relayOnce()
    })
    expect(await committed()).toEqual([1n, 2n])
    await settle(ledger)
    const failed = ledger.entries().filter(({ outcome }) => outcome?.hasSucceeded !== true)
    expect(failed).toEqual([])
  })

  /** Waits until it is known what became of all that was sent: that of the last round may not be in a block yet. */
  async function settle(ledger: Ledger): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await settleLedger(ledger, 'origin', origin())
      await settleLedger(ledger, 'auxiliary', auxiliary())
      if (ledger.entries().every(({ outcome }) => outcome !== undefined)) return
      await rig.turn()
    }
  }

  test('learns what became of transactions that it had sent when it was killed', async () => {
    const lines: string[] = []
    const ledger = createLedger(lines)
    let isDead = false
    const doomed = rig.createRelayer({
      ledger,
      guard: (method) => {
        isDead ||= method === 'eth_getTransactionReceipt'
        if (isDead) throw new Error('killed')
      },
    })
    for (let i = 0; i < 30 && ledger.entries().length === 0; i++) {
      isDead = false
      await doomed.relayOnce()
      await rig.turn()
    }
    const again = createLedger(lines)
    expect(again.entries().map(({ outcome }) => outcome)).toContain(undefined)
    await rig.turn()
    await settleLedger(again, 'origin', origin())
    await settleLedger(again, 'auxiliary', auxiliary())
    expect(again.entries().length).toBeGreaterThan(0)
    expect(again.entries().every(({ outcome }) => outcome?.hasSucceeded === true)).toBe(true)
    expect(createLedger(lines).entries()).toEqual(again.entries())
  })

  function createMember(
    account: 0 | 1,
    clock: { readonly ms: number },
  ): { readonly relayer: Relayer; readonly ledger: Ledger } {
    const own = RELAYER_ACCOUNTS[account]
    if (own === undefined) throw new Error('expected an account')
    const ledger = createLedger()
    const turns = createRelayTurns({
      accounts: RELAYER_ACCOUNTS,
      own,
      turnMs: 30_000,
      now: () => clock.ms,
    })
    return { relayer: rig.createRelayer({ account, turns, ledger }), ledger }
  }

  test('goes on when it was killed after any of its steps', async () => {
    const killings = new Set<string>()
    /** Ends a relayer at the first request that `isLast`; what follows it must cope with what it left. */
    const live = async (isLast: (method: string) => boolean): Promise<void> => {
      let dead = false
      const doomed = rig.createRelayer({
        guard: (method) => {
          dead ||= isLast(method)
          if (!dead) return
          killings.add(method)
          throw new Error('killed')
        },
      })
      await doomed.relayOnce()
      await rig.createRelayer().relayOnce()
      await rig.turn()
    }
    // Each of these lives ends one request later than the last.
    for (let life = 0; life < 60; life++) {
      let left = life
      await live(() => left-- <= 0)
    }
    // Which request has which number depends on much; these lives end where it matters most.
    for (let life = 0; life < 12; life++) {
      await live((method) => method === 'eth_sendRawTransaction')
      await live((method) => method === 'eth_getTransactionReceipt')
    }
    const heights = await committed()
    expect(heights.length).toBeGreaterThan(3)
    expect(heights).toEqual(heights.map((_, i) => BigInt(i + 1)))
    expect([...killings]).toEqual(
      expect.arrayContaining(['eth_sendRawTransaction', 'eth_getTransactionReceipt', 'eth_call']),
    )
  })
})
