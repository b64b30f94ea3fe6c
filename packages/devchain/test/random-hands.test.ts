import { toBlockNumber } from '@mosaic/primitives'
import { expect, test } from 'vitest'
import { createDevChain, type DevChain } from '../src/index.ts'
import { seeded } from './seeded.ts'

const SUBJECTS = [1, 2, 3].map((each) => `0x${String(each).repeat(40)}` as const)
const STEPS = 120

/** All that can be asked about the present. */
async function observe({ provider }: DevChain): Promise<readonly unknown[]> {
  const ask = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    provider.request({ method, params })
  return Promise.all([
    ask('eth_getBlockByNumber', 'latest', true),
    ask('txpool_content'),
    ...SUBJECTS.flatMap((subject) => [
      ask('eth_getBalance', subject, 'latest'),
      ask('eth_getTransactionCount', subject, 'latest'),
      ask('eth_getCode', subject, 'latest'),
    ]),
  ])
}

test.for([1, 2, 3, 4])('whatever is done, going back undoes it (seed %i)', async (seed) => {
  const random = seeded(seed)
  await using chain = await createDevChain({ time: 1_700_000_000 })
  chain.setAutomine(random(2) === 0)
  const kept = new Map<bigint, readonly unknown[]>()
  const subject = (): `0x${string}` => SUBJECTS[random(SUBJECTS.length)] ?? '0x'
  const send = (): Promise<unknown> =>
    chain.provider.request({
      method: 'eth_sendTransaction',
      params: [{ from: chain.accounts[random(10)]?.address, to: subject(), value: '0x1' }],
    })
  const hands: readonly (() => unknown)[] = [
    send,
    send,
    () => chain.mine(1 + random(4)),
    () => chain.setBalance(subject(), BigInt(random(1000))),
    () => chain.setNonce(subject(), BigInt(random(1000))),
    () => chain.setCode(subject(), `0x${'5b'.repeat(random(4))}`),
    () => chain.increaseTime(random(100)),
    () => chain.setNextBlockBaseFee(BigInt(random(1_000_000))),
    async () => {
      const { number } = chain.chain.head().header
      if (number > 0n) await chain.reorg(1 + random(Math.min(5, Number(number))))
    },
    async () => {
      const id = await chain.snapshot()
      kept.set(id, await observe(chain))
    },
    async () => {
      const ids = [...kept.keys()]
      const id = ids[random(ids.length || 1)]
      if (id === undefined) return
      expect(await chain.revert(id)).toBe(true)
      expect(await observe(chain)).toEqual(kept.get(id))
      for (const other of ids) if (other >= id) kept.delete(other)
    },
  ]
  for (let step = 0; step < STEPS; step++) await hands[random(hands.length)]?.()

  const head = chain.chain.head().header.number
  for (let number = 1n; number <= head; number++) {
    const record = chain.chain.canonical(toBlockNumber(number))
    const parent = chain.chain.canonical(toBlockNumber(number - 1n))
    expect(record?.header.parentHash).toBe(parent?.hash)
    expect(record?.header.timestamp).toBeGreaterThan(parent?.header.timestamp ?? 0n)
  }
  expect(chain.chain.canonical(toBlockNumber(head + 1n))).toBeUndefined()
})
