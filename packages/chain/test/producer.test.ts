import { sealHash } from '@mosaic/authority'
import { PREDEPLOYS } from '@mosaic/contracts'
import { type Block, encodeBlock, type GenesisAccount } from '@mosaic/execution'
import { bytesToHash32, type Hash32, toHeight, toHex, toWord, ZERO_HASH } from '@mosaic/primitives'
import { createMemoryStore } from '@mosaic/storage'
import { describe, expect, test } from 'vitest'
import {
  type BlockRecord,
  createKeySealer,
  createProducer,
  createTransactionPool,
  createUnsealedBlockStore,
  createVoteIntake,
  createVotePool,
  decodeSignedVote,
  type Producer,
  type Sealer,
  type TransactionPool,
  type UnsealedBlockStore,
  type VoteIntake,
  type VotePool,
} from '../src/index.ts'
import { takeTurns } from '../src/vote-selection.ts'
import {
  type Account,
  ALICE,
  AUXILIARY,
  account,
  BOB,
  createTestChain,
  DOMAIN,
  fail,
  ORIGIN,
  outOfTurn,
  SIGNERS,
  START,
  signedVote,
  type TestChain,
  type TransactionFields,
  VALIDATORS,
} from './test-chain.ts'

const RICH = { nonce: 0n, balance: 10n ** 21n }

/** The transition tracker of these tests: anybody may break it by calling it with a word. */
const FRAGILE_TRACKER = toHex(
  `0x${[
    '3373fffffffffffffffffffffffffffffffffffffffe14602057',
    '5f3560095500',
    '5b600954604157',
    '6004355f55602435600155600254600101600255',
    '602a5f5fa100',
    '5b5f5ffd',
  ].join('')}`,
)

type Rig = {
  readonly node: TestChain
  readonly producer: Producer
  readonly transactions: TransactionPool
  readonly votes: VotePool
  readonly intake: VoteIntake
  readonly published: Block[]
  readonly logged: string[]
  /** Milliseconds until the step that waits; undefined if none does. */
  readonly wait: () => number | undefined
  /** Turns the clock to the waiting step, runs it, and waits until the producer is at rest. */
  readonly step: () => Promise<void>
  readonly clock: { ms: number }
}

async function createRig(
  options: {
    readonly signer?: Account
    readonly alloc?: Readonly<Record<string, GenesisAccount>>
    readonly publish?: (block: Block) => Promise<void>
    readonly random?: () => number
    readonly node?: TestChain
    readonly sealer?: Sealer
    readonly unsealed?: UnsealedBlockStore
  } = {},
): Promise<Rig> {
  const clock = { ms: Number(START) * 1000 }
  const node =
    options.node ??
    (await createTestChain({
      nowSeconds: () => BigInt(Math.floor(clock.ms / 1000)),
      ...(options.alloc === undefined ? {} : { alloc: options.alloc }),
    }))
  const transactions = createTransactionPool()
  const votes = createVotePool()
  const published: Block[] = []
  const logged: string[] = []
  let waiting: { readonly ms: number; readonly run: () => void } | undefined
  const producer = createProducer(
    {
      chain: node.chain,
      transactions,
      votes,
      publish: async (block) => {
        published.push(block)
        await options.publish?.(block)
      },
      now: () => clock.ms,
      schedule: (ms, run) => {
        const mine = { ms, run }
        waiting = mine
        return () => {
          if (waiting === mine) waiting = undefined
        }
      },
      random: options.random ?? (() => 0),
      proposals: () => new Map(),
      log: (_, event) => logged.push(event),
      ...(options.unsealed === undefined ? {} : { unsealed: options.unsealed }),
    },
    {
      sealer: options.sealer ?? createKeySealer((options.signer ?? SIGNERS[1] ?? ALICE).secretKey),
      gasLimit: 30_000_000n,
    },
  )
  return {
    node,
    producer,
    transactions,
    votes,
    intake: createVoteIntake(node.chain, votes),
    published,
    logged,
    clock,
    wait: () => waiting?.ms,
    step: async () => {
      const due = waiting ?? fail('a step that waits')
      waiting = undefined
      clock.ms += due.ms
      due.run()
      await settle(node)
    },
  }
}

/** Waits until imports and the producer have nothing left to do. */
async function settle({ chain }: TestChain): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await chain.exclusive(async () => undefined)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function offer(
  { node: { chain }, transactions }: Rig,
  from: Account,
  fields: TransactionFields = {},
): ReturnType<TransactionPool['get']> {
  const transaction = chain.execution.signTransaction(
    {
      nonce: fields.nonce ?? 0n,
      gasLimit: fields.gasLimit ?? 100_000n,
      maxFeePerGas: fields.cap ?? 10n ** 10n,
      maxPriorityFeePerGas: fields.tip ?? 10n ** 9n,
      to: fields.to ?? BOB.address,
      value: fields.value ?? 0n,
      data: fields.data ?? new Uint8Array(),
    },
    from.secretKey,
  )
  const verdict = transactions.add(transaction, RICH, 30_000_000n)
  if (!verdict.ok) throw new Error(verdict.fault.code)
  return transaction
}

async function importFrom(maker: TestChain, rig: Rig, at: BlockRecord): Promise<BlockRecord> {
  const block = await maker.seal(at)
  expect(await rig.node.refusal(block)).toBeUndefined()
  return maker.chain
    .importBlock(encodeBlock(block))
    .then((verdict) =>
      verdict.ok ? verdict.value.record : fail(`a block, received ${verdict.fault.code}`),
    )
}

describe('a producer', () => {
  test('seals in turn when the period is over, and publishes', async () => {
    const rig = await createRig()
    rig.producer.start()
    expect(rig.wait()).toBe(1000)
    await rig.step()
    const head = rig.node.chain.head()
    expect(head.header).toMatchObject({ number: 1n, difficulty: 2n, timestamp: START + 1n })
    expect(head.signer).toBe(rig.producer.address)
    expect(rig.published.map(({ hash }) => hash)).toEqual([head.hash])
    // It sealed one of two consecutive blocks, so it waits for others.
    expect(rig.wait()).toBeUndefined()
    await rig.producer.stop()
  })

  test('out of turn lets others go ahead for up to 500 ms per signer it may not follow', async () => {
    const rig = await createRig({ signer: SIGNERS[2] ?? ALICE, random: () => 0.5 })
    rig.producer.start()
    expect(rig.wait()).toBe(1000 + 1 + 500)
    await rig.step()
    expect(rig.node.chain.head().header).toMatchObject({ number: 1n, difficulty: 1n })
    await rig.producer.stop()
  })

  test('that is no signer never seals', async () => {
    const rig = await createRig({ signer: account('stranger') })
    rig.producer.start()
    expect(rig.wait()).toBeUndefined()
    await rig.node.extend(rig.node.chain.genesis).catch(() => undefined)
    expect(rig.wait()).toBeUndefined()
    await rig.producer.stop()
  })

  test('plans anew when somebody else was faster', async () => {
    const rig = await createRig({ signer: SIGNERS[2] ?? ALICE })
    const maker = await createTestChain()
    rig.producer.start()
    rig.clock.ms += 1000
    const first = await importFrom(maker, rig, maker.chain.genesis)
    expect(rig.wait()).toBe(1000)
    await rig.step()
    expect(rig.node.chain.head().header).toMatchObject({
      number: 2n,
      parentHash: first.hash,
      difficulty: 2n,
    })
    await rig.producer.stop()
  })

  test('with a clock behind its parent waits for the time it has to write', async () => {
    const rig = await createRig()
    rig.producer.start()
    rig.clock.ms -= 5000
    await rig.producer.stop()
    rig.producer.start()
    expect(rig.wait()).toBe(6000)
    await rig.step()
    expect(rig.node.chain.head().header.timestamp).toBe(START + 1n)
    await rig.producer.stop()
  })

  test('whose timer fires early tries again', async () => {
    const rig = await createRig()
    rig.producer.start()
    rig.clock.ms -= 1
    await rig.step()
    expect(rig.node.chain.head().header.number).toBe(0n)
    expect(rig.logged).toEqual(['own block refused'])
    expect(rig.wait()).toBe(250)
    await rig.step()
    await rig.step()
    expect(rig.node.chain.head().header.number).toBe(1n)
    await rig.producer.stop()
  })

  test('far behind writes the present into its block', async () => {
    const rig = await createRig()
    rig.clock.ms += 60_000
    rig.producer.start()
    expect(rig.wait()).toBe(0)
    await rig.step()
    expect(rig.node.chain.head().header.timestamp).toBe(START + 60n)
    await rig.producer.stop()
  })

  test('does nothing after it was stopped', async () => {
    const rig = await createRig()
    rig.producer.start()
    await rig.producer.stop()
    expect(rig.wait()).toBeUndefined()
    await rig.node.refusal(await rig.node.seal(rig.node.chain.genesis))
    expect(rig.wait()).toBeUndefined()
  })

  test('goes on when publishing fails or takes longer than a period', async () => {
    const slow = Promise.withResolvers<void>()
    const rig = await createRig({ publish: () => slow.promise })
    const maker = await createTestChain()
    rig.producer.start()
    await rig.step()
    const own = rig.published[0] ?? fail('a block')
    const taken = await maker.chain.importBlock(encodeBlock(own))
    rig.clock.ms += 5000
    if (!taken.ok) throw new Error(taken.fault.code)
    await importFrom(maker, rig, taken.value.record)
    // Its next block comes due while the first is still being published.
    await rig.step()
    expect(rig.published).toHaveLength(1)
    slow.reject(new Error('no peers'))
    await settle(rig.node)
    expect(rig.logged).toContain('block not published')
    await rig.step()
    expect(rig.published).toHaveLength(2)
    await rig.producer.stop()
  })

  test('takes transactions by tip, and leaves what cannot run yet', async () => {
    const rig = await createRig()
    const low = offer(rig, ALICE, { tip: 1n })
    const high = offer(rig, BOB, { tip: 10n ** 9n })
    const gap = offer(rig, ALICE, { nonce: 2n })
    rig.producer.start()
    await rig.step()
    expect(rig.published[0]?.transactions.map(({ hash }) => hash)).toEqual([high?.hash, low?.hash])
    expect(rig.transactions.get(gap?.hash ?? fail('a hash'))).toBe(gap)
    await rig.producer.stop()
  })
})

/** A sealer that remembers what it sealed last, and gives no seal while it is away. */
function rememberingSealer(sealed: { last?: Hash32; isAway: boolean }): Sealer {
  const keySealer = createKeySealer((SIGNERS[1] ?? ALICE).secretKey)
  return {
    ...keySealer,
    maySeal: () => sealed.last === undefined,
    lastSealHash: () => sealed.last,
    seal: async (block) => {
      if (sealed.last !== undefined && sealed.last !== block.sealHash) throw new Error('refused')
      sealed.last = block.sealHash
      if (sealed.isAway) throw new Error('away')
      return keySealer.seal(block)
    },
  }
}

describe('a producer whose sealer remembers', () => {
  test('seals the very block again that it was sealing when it failed, also after a restart', async () => {
    const sealed = { isAway: true }
    const parts = {
      sealer: rememberingSealer(sealed),
      unsealed: createUnsealedBlockStore(createMemoryStore()),
    }
    const killed = await createRig(parts)
    const first = offer(killed, ALICE)
    killed.producer.start()
    await killed.step()
    await killed.producer.stop()
    expect(killed.logged).toEqual(['block not produced'])
    expect(killed.published).toEqual([])

    sealed.isAway = false
    const rig = await createRig(parts)
    offer(rig, BOB)
    rig.clock.ms += 7000
    rig.producer.start()
    await rig.step()
    await settle(rig.node)
    const head = rig.node.chain.head()
    expect(head.header).toMatchObject({ number: 1n, timestamp: START + 1n })
    expect(sealHash(head.header)).toBe(parts.sealer.lastSealHash())
    expect(rig.published.map(({ hash }) => hash)).toEqual([head.hash])
    expect(rig.published[0]?.transactions.map(({ hash }) => hash)).toEqual([first?.hash])
    await rig.producer.stop()
  })

  test('builds nothing where it may not seal', async () => {
    const sealer = rememberingSealer({ isAway: false, last: ZERO_HASH })
    const rig = await createRig({ sealer, unsealed: createUnsealedBlockStore(createMemoryStore()) })
    rig.producer.start()
    expect(rig.wait()).toBeUndefined()
    await rig.producer.stop()
  })
})

async function voting(signer?: Account): Promise<Rig & { readonly at: BlockRecord }> {
  const rig = await createRig(signer === undefined ? {} : { signer })
  rig.clock.ms += 100_000
  const { extend, chain } = rig.node
  const at = await extend(await extend(await extend(chain.genesis)))
  return { ...rig, at }
}

describe('votes in blocks', () => {
  test('stand in a transaction of the signer, before all others', async () => {
    const rig = await voting()
    const message = rig.node.vote(rig.at, 0n, 1n)
    for (const validator of VALIDATORS) await rig.intake.take(signedVote(message, validator))
    offer(rig, ALICE, { tip: 9n * 10n ** 9n })
    rig.producer.start()
    await rig.step()
    const [block] = rig.published
    expect(block?.transactions.map(({ from, to }) => [from, to])).toEqual([
      [rig.producer.address, PREDEPLOYS.finalityGadget],
      [ALICE.address, BOB.address],
    ])
    expect(rig.node.chain.head().auxiliary.justified.height).toBe(1n)
    await rig.producer.stop()
  })

  test('that were counted leave the pool with the next block; those that may count later stay', async () => {
    const rig = await voting()
    const counted = rig.node.vote(rig.at, 0n, 1n)
    const early = { ...counted, targetHeight: toHeight(2n) }
    const [first = ALICE] = VALIDATORS
    await rig.intake.take(signedVote(counted, first))
    await rig.intake.take(signedVote(early, first))
    rig.producer.start()
    await rig.step()
    const mined = rig.node.chain.head()
    rig.clock.ms += 10_000
    await rig.node.extend(await rig.node.extend(mined))
    await rig.step()
    expect(rig.votes.pending().map(({ vote }) => vote)).toEqual([early])
    await rig.producer.stop()
  })

  test('of one validator that never count keep out nobody else’s', async () => {
    const rig = await voting()
    let { at } = rig
    while (at.header.number < 17n) at = await rig.node.extend(at)
    const good = rig.node.vote(at, 0n, 8n)
    const [bad = ALICE, ...honest] = VALIDATORS
    // As many as he may have, and with lower targets than the honest ones, so that they come first.
    for (let i = 1n; i <= 32n; i++) {
      const target = bytesToHash32(toWord(i))
      for (const [chain, height] of [
        [AUXILIARY, 5n],
        [ORIGIN, 6n],
      ] as const) {
        const message = { ...good, chain, target, targetHeight: toHeight(height) }
        await rig.intake.take(signedVote(message, bad))
      }
    }
    expect(rig.votes.pending()).toHaveLength(64)
    for (const validator of honest) await rig.intake.take(signedVote(good, validator))
    rig.producer.start()
    await rig.step()
    expect(rig.node.chain.head().auxiliary.justified.height).toBe(8n)
    await rig.producer.stop()
  })

  test('take turns by validator, beginning elsewhere in each block when there are too many', async () => {
    const { chain } = await createTestChain()
    const message = {
      chain: AUXILIARY,
      transitionHash: chain.genesis.hash,
      source: chain.genesis.hash,
      target: chain.genesis.hash,
      sourceHeight: toHeight(0n),
    }
    const votes = VALIDATORS.flatMap((validator) =>
      [1n, 2n].map((height) => {
        const vote = { ...message, targetHeight: toHeight(height) }
        return decodeSignedVote(signedVote(vote, validator), DOMAIN)
      }),
    )
    const turns = takeTurns(votes, 1n)
    expect(turns.map(({ vote }) => vote.targetHeight)).toEqual([1n, 1n, 1n, 1n, 2n, 2n, 2n, 2n])
    const many = Array.from({ length: 300 }, () => votes).flat()
    expect(takeTurns(many, 0n)[0]).toBe(votes[0])
    expect(takeTurns(many, 1n)[0]).toBe(takeTurns(many, 0n)[1024])
    expect(takeTurns(many, 1n)).toHaveLength(many.length)
  })

  test('come back after a reorganisation and are carried again', async () => {
    const rig = await voting(SIGNERS[2])
    const { extend, chain, vote } = rig.node
    const message = vote(rig.at, 0n, 1n)
    await extend(rig.at, {
      signer: outOfTurn(rig.at),
      votes: [message],
      voters: VALIDATORS.slice(0, 1),
    })
    const heavy = await extend(rig.at)
    expect(chain.head().hash).toBe(heavy.hash)
    expect(rig.votes.pending()).toMatchObject([
      { vote: message, validator: VALIDATORS[0]?.address },
    ])
    rig.producer.start()
    await rig.step()
    expect(rig.votes.pending()).toEqual([])
    expect(chain.database.receipts(chain.head().hash)?.receipts[0]?.logs).toHaveLength(2)
    await rig.producer.stop()
  })
})

describe('a transaction that breaks the end of a block', () => {
  const alloc = { [PREDEPLOYS.transitionTracker]: { code: FRAGILE_TRACKER } }
  const breaking = { to: PREDEPLOYS.transitionTracker, data: toWord(1n) }

  test('leaves the pool, and the block is made without it', async () => {
    const rig = await createRig({ alloc })
    const before = offer(rig, BOB, { tip: 3n * 10n ** 9n })
    const bad = offer(rig, ALICE, { ...breaking, tip: 2n * 10n ** 9n })
    const carol = SIGNERS[0] ?? ALICE
    const after = offer(rig, carol, { tip: 10n ** 9n })
    rig.producer.start()
    await rig.step()
    expect(rig.logged).toContain('transaction breaks the block')
    expect(rig.published[0]?.transactions.map(({ hash }) => hash)).toEqual([before?.hash])
    expect(rig.transactions.get(bad?.hash ?? fail('a hash'))).toBeUndefined()
    // What came after it waits for the next block.
    expect(rig.transactions.get(after?.hash ?? fail('a hash'))).toBe(after)
    await rig.producer.stop()
  })

  test('is found among many', async () => {
    const rig = await createRig({ alloc })
    const all = []
    for (let nonce = 0n; nonce < 9n; nonce++) {
      all.push(offer(rig, ALICE, nonce === 6n ? { ...breaking, nonce } : { nonce }))
    }
    rig.producer.start()
    await rig.step()
    expect(rig.published[0]?.transactions.map(({ nonce }) => nonce)).toEqual([
      0n,
      1n,
      2n,
      3n,
      4n,
      5n,
    ])
    expect(rig.transactions.get(all[6]?.hash ?? fail('a hash'))).toBeUndefined()
    await rig.producer.stop()
  })

  test('does not make the producer throw away others when the chain itself is broken', async () => {
    const broken = { [PREDEPLOYS.transitionTracker]: { code: toHex('0x5f5ffd') } }
    const rig = await createRig({ alloc: broken })
    const good = offer(rig, ALICE)
    rig.producer.start()
    await rig.step()
    expect(rig.logged).toEqual(['block not produced'])
    expect(rig.transactions.get(good?.hash ?? fail('a hash'))).toBe(good)
    expect(rig.wait()).toBe(250)
    await rig.producer.stop()
  })
})
