import { setTimeout } from 'node:timers/promises'
import { createTransactionIntake } from '@mosaic/api'
import { type BlockDraft, createTransactionPool, poolCandidates } from '@mosaic/chain'
import type { Built, Transaction } from '@mosaic/execution'
import {
  type Address,
  hexToBytes,
  toAddress,
  toBlockNumber,
  toHex,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createBlockAhead } from '../src/block-ahead.ts'
import { SEALER } from '../src/genesis.ts'
import { createDevChain } from '../src/index.ts'
import { SPEAKER } from './contracts.ts'
import { seeded } from './seeded.ts'

const GWEI = 10n ** 9n
const START = 1_700_000_000
const PEOPLE = 6
/** Keeps three times what was there and who called: whoever comes in another order leaves something else. */
const MIXER = { address: toAddress(`0x${'3a'.repeat(20)}`), code: '0x600054600302330160005500' }
const SPEAKING = toAddress(`0x${'5e'.repeat(20)}`)

type Fields = {
  readonly by?: number
  readonly nonce?: bigint
  readonly tip?: bigint
  readonly to?: Address
  readonly value?: bigint
  readonly data?: Uint8Array
}

/** A chain whose next block is built ahead, from a pool of its own. */
async function createStage() {
  const lines: string[] = []
  const dev = await createDevChain({
    time: START,
    mining: 'manual',
    accounts: PEOPLE,
    onConsoleLog: (line) => lines.push(line),
  })
  await dev.setCode(MIXER.address, toHex(MIXER.code))
  await dev.setCode(SPEAKING, SPEAKER)
  const { chain } = dev
  const transactions = createTransactionPool()
  const intake = createTransactionIntake(chain, transactions)
  let handed = 0
  const handedNow = (): number => handed
  let early = 0
  let dueInMs = 60_000
  let change: Partial<BlockDraft> = {}
  const draft = (): BlockDraft => {
    const { hash, header } = chain.head()
    return {
      parentHash: hash,
      number: toBlockNumber(header.number + 1n),
      timestamp: header.timestamp + 1n,
      gasLimit: 30_000_000n,
      difficulty: 2n,
      baseFeePerGas: GWEI,
      ...change,
    }
  }
  const { processor } = chain.execution
  const ahead = createBlockAhead({
    chain: {
      ...chain,
      execution: {
        ...chain.execution,
        processor: {
          ...processor,
          begin: async (...parameters) => {
            const block = await processor.begin(...parameters)
            return {
              ...block,
              extend: ({ next, skipped }) =>
                block.extend({
                  next: () => {
                    const candidate = next()
                    if (candidate !== undefined) handed++
                    return candidate
                  },
                  skipped,
                }),
            }
          },
        },
      },
    },
    transactions,
    feeRecipient: SEALER.address,
    nextDraft: draft,
    dueInMs: () => dueInMs,
    sealEarly: () => {
      early++
    },
  })
  intake.onAdded(ahead.note)
  return {
    dev,
    transactions,
    ahead,
    draft,
    lines,
    early: () => early,
    /** Takes the place of what the draft says. */
    change: (fields: Partial<BlockDraft>): void => {
      change = fields
    },
    isDueIn: (ms: number): void => {
      dueInMs = ms
    },
    add: async (transaction: Transaction): Promise<boolean> =>
      (await intake.add(transaction.raw)).ok,
    /** Resolves when so many candidates were run, or tried. */
    handed: async (count: number): Promise<void> => {
      while (handedNow() < count) await setTimeout(1)
    },
    handedNow,
    finish: (): Promise<Built | undefined> =>
      chain.exclusive(() => ahead.finish(chain.head(), draft())),
    /** The block that is built at once. */
    build: (): Promise<Built> =>
      chain.exclusive(async () =>
        chain.execution.processor.build(
          draft(),
          chain.stateRoot(chain.head()),
          SEALER.address,
          await poolCandidates(chain, transactions, chain.head(), draft().baseFeePerGas),
        ),
      ),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      intake.close()
      await dev.close()
    },
  }
}

type Stage = Awaited<ReturnType<typeof createStage>>

function sign({ dev, transactions }: Stage, fields: Fields): Transaction {
  const from = dev.accounts[fields.by ?? 0]
  if (from === undefined) throw new RangeError('expected an account')
  const tip = fields.tip ?? GWEI
  return dev.chain.execution.signTransaction(
    {
      nonce: fields.nonce ?? transactions.nextNonce(from.address, 0n),
      gasLimit: 100_000n,
      maxFeePerGas: 100n * tip,
      maxPriorityFeePerGas: tip,
      to: fields.to ?? MIXER.address,
      value: fields.value ?? 0n,
      data: fields.data ?? new Uint8Array(),
    },
    hexToBytes(from.secretKey),
  )
}

function essence({ transactions, stateRoot, receiptsRoot, gasUsed, logsBloom }: Built): unknown {
  const hashes = transactions.map(({ hash }) => hash)
  return { hashes, stateRoot, receiptsRoot, gasUsed, logsBloom }
}

describe('a block ahead', () => {
  test('has run what waits before it is wanted, and is the block that is built at once', async () => {
    await using stage = await createStage()
    for (let i = 0; i < 60; i++) await stage.add(sign(stage, { by: i % PEOPLE }))
    await stage.handed(60)
    for (let i = 0; i < 60; i++) await stage.add(sign(stage, { by: (i * i) % PEOPLE }))
    await stage.handed(120)
    const built = await stage.finish()
    expect(stage.handedNow()).toBe(120)
    expect(built?.transactions).toHaveLength(120)
    expect(built && essence(built)).toEqual(essence(await stage.build()))
  })

  test('runs the rest when it is wanted', async () => {
    await using stage = await createStage()
    await stage.add(sign(stage, {}))
    await stage.handed(1)
    await stage.add(sign(stage, {}))
    await stage.add(sign(stage, { by: 1 }))
    expect((await stage.finish())?.transactions).toHaveLength(3)
  })

  test('leaves everybody the state of the parent', async () => {
    await using stage = await createStage()
    const { chain, accounts } = stage.dev
    const address = accounts[0]?.address ?? ZERO_ADDRESS
    const root = chain.stateRoot(chain.head())
    const before = await chain.execution.queries.account(root, address)
    await stage.add(sign(stage, {}))
    await stage.handed(1)
    expect(await chain.execution.queries.account(root, address)).toEqual(before)
    expect(await chain.execution.queries.slot(root, MIXER.address, ZERO_HASH)).toBe(ZERO_HASH)
    expect(await stage.finish()).toBeDefined()
  })

  test.for<[string, (stage: Stage) => unknown]>([
    [
      'a transaction came that pays more',
      (stage) => stage.add(sign(stage, { by: 1, tip: 2n * GWEI })),
    ],
    ['one was replaced', (stage) => stage.add(sign(stage, { nonce: 0n, tip: 2n * GWEI }))],
    [
      'one is gone',
      ({ transactions }) => {
        for (const hash of transactions.hashes(1)) transactions.remove(hash)
      },
    ],
    ['its owner changed the state', ({ dev }) => dev.setBalance(SPEAKING, 1n)],
    [
      'its owner went back to another state',
      ({ dev: { chain } }) =>
        chain.moveTo(
          { head: chain.head().hash, stateRoot: chain.head().header.stateRoot },
          { returnsTransactions: false },
        ),
    ],
    ['it is wanted at another time', (stage) => stage.change({ timestamp: BigInt(START) + 99n })],
    ['the base fee is another', (stage) => stage.change({ baseFeePerGas: 2n * GWEI })],
    ['another block came before it', ({ dev }) => dev.mine()],
    [
      'something else was run',
      async ({ dev: { chain } }) => {
        await chain.exclusive(() =>
          chain.execution.processor.edit(chain.stateRoot(chain.head()), []),
        )
      },
    ],
  ])('is none when %s', async ([, happen]) => {
    await using stage = await createStage()
    await stage.add(sign(stage, {}))
    await stage.handed(1)
    await happen(stage)
    expect(await stage.finish()).toBeUndefined()
  })

  test('takes what can never run out of the pool', async () => {
    await using stage = await createStage()
    const { dev, transactions } = stage
    await dev.setCode(dev.accounts[1]?.address ?? ZERO_ADDRESS, SPEAKER)
    const ofContract = sign(stage, { by: 1 })
    transactions.add(ofContract, { nonce: 0n, balance: 10n ** 20n }, 30_000_000n)
    stage.ahead.note(ofContract)
    await stage.add(sign(stage, {}))
    await stage.handed(2)
    expect(transactions.size()).toBe(2)
    expect((await stage.finish())?.transactions).toHaveLength(1)
    expect(transactions.get(ofContract.hash)).toBeUndefined()
  })

  test('is not given up for what pays less than the base fee', async () => {
    await using stage = await createStage()
    stage.change({ baseFeePerGas: 10n * GWEI })
    await stage.add(sign(stage, {}))
    await stage.handed(1)
    await stage.add(sign(stage, { by: 1, tip: GWEI / 100n }))
    await stage.add(sign(stage, { by: 2 }))
    await stage.handed(2)
    expect((await stage.finish())?.transactions).toHaveLength(2)
  })

  test('tells once what a contract says, when the block is finished', async () => {
    await using stage = await createStage()
    const said = toHex(
      `0x41304fac${'20'.padStart(64, '0')}${'1'.padStart(64, '0')}${'68'.padEnd(64, '0')}`,
    )
    await stage.add(sign(stage, { to: SPEAKING, data: hexToBytes(said) }))
    await stage.handed(1)
    expect(stage.lines).toEqual([])
    await stage.finish()
    expect(stage.lines).toEqual(['h'])
  })

  test('is asked for early once it is known how long it takes to finish one', async () => {
    await using stage = await createStage()
    stage.isDueIn(0)
    for (let i = 0; i < 100; i++) await stage.add(sign(stage, {}))
    await stage.handed(100)
    await stage.finish()
    await setTimeout(100)
    stage.ahead.sealed()
    expect(stage.early()).toBe(0)
    // Nothing was sealed: what waited waits on, and one more begins it anew.
    await stage.add(sign(stage, {}))
    while (stage.early() === 0) await setTimeout(1)
    expect(stage.handedNow()).toBe(201)
    expect(await stage.finish()).toBeDefined()
  })

  test.for([1, 2, 3, 4, 5, 6])(
    'is what is built at once, or none, whatever happens (seed %i)',
    async (seed) => {
      const random = seeded(seed)
      await using stage = await createStage()
      const { dev, transactions } = stage
      let tip = 0n
      const add = (): unknown =>
        stage.add(
          sign(stage, {
            by: random(PEOPLE),
            tip,
            to:
              random(3) === 0
                ? (dev.accounts[random(PEOPLE)]?.address ?? ZERO_ADDRESS)
                : MIXER.address,
            value: random(10) === 0 ? 4000n * 10n ** 18n : BigInt(random(3)),
          }),
        )
      const pause = (): unknown => setTimeout(random(4))
      const harmless = [...Array.from({ length: 8 }, () => add), pause]
      const others: readonly (() => unknown)[] = [
        ...harmless,
        ...harmless,
        ...harmless,
        () => {
          tip += GWEI / 4n
        },
        () => {
          const hashes = transactions.hashes(100)
          const hash = hashes[random(hashes.length || 1)]
          if (hash !== undefined) transactions.remove(hash)
        },
        () => dev.setBalance(MIXER.address, BigInt(random(5))),
        () => stage.change({ timestamp: BigInt(START + 50 + random(3)) }),
      ]
      for (let round = 0; round < 20; round++) {
        const hands = random(2) === 0 ? harmless : others
        tip = 2n * GWEI
        stage.change(random(3) === 0 ? { gasLimit: 400_000n } : {})
        for (let step = random(40); step >= 0; step--) {
          await hands[random(hands.length)]?.()
          if (random(10) === 0 && tip > GWEI) tip -= GWEI / 8n
        }
        const ahead = await stage.finish()
        const atOnce = essence(await stage.build())
        expect(ahead === undefined ? atOnce : essence(ahead)).toEqual(atOnce)
        for (const { hash } of transactions.waiting()) transactions.remove(hash)
        // After this one, what was given up is begun again.
        await dev.mine()
      }
    },
  )
})
