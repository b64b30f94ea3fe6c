import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { bytesToHex, toHex } from '@mosaic/primitives'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createExecutionLayer,
  createSenderRecovery,
  type ExecutionLayer,
  encodeBlock,
  type SenderRecovery,
} from '../src/index.ts'
import { seeded } from './seeded.ts'
import { ALICE, BOB, CHAIN_ID, createTestChain, GAS_LIMIT } from './test-chain.ts'
import { sign, signRaw } from './transactions.ts'

const open: SenderRecovery[] = []

afterEach(async () => {
  for (const recovery of open.splice(0)) await recovery.close()
})

/** A thread, and why it ended. */
function start(program?: string): {
  readonly recovery: SenderRecovery
  readonly causes: unknown[]
} {
  const causes: unknown[] = []
  const recovery = createSenderRecovery({
    onFailure: (cause) => causes.push(cause),
    ...(program === undefined ? {} : { workerUrl: new URL(`data:text/javascript,${program}`) }),
  })
  open.push(recovery)
  return { recovery, causes }
}

/** Those that keep this process. */
function countTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

/** A layer that has seen nothing yet. */
function createLayer(recovery?: SenderRecovery): Promise<ExecutionLayer> {
  return createExecutionLayer({
    genesis: {
      chainId: CHAIN_ID,
      timestamp: 0n,
      gasLimit: GAS_LIMIT,
      baseFeePerGas: 1n,
      extraData: toHex('0x'),
      alloc: {},
    },
    source: { node: () => undefined, code: () => undefined },
    ancestorHash: () => undefined,
    tracker: 'absent',
    recovery,
  })
}

function signMany(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    signRaw(index % 2 === 0 ? ALICE : BOB, {
      type: index % 3 === 0 ? 0 : 2,
      nonce: BigInt(index),
      to: BOB.address,
    }),
  )
}

/** What a layer says of transactions, in plain values. */
async function verdictsOf(layer: ExecutionLayer, raws: readonly Uint8Array[]): Promise<unknown> {
  return (await layer.decodeTransactions(raws)).map((verdict) =>
    verdict.ok ? { ...verdict.value, raw: bytesToHex(verdict.value.raw) } : verdict,
  )
}

describe('createSenderRecovery', () => {
  test('names the senders of transactions, and nobody for bytes that are none', async () => {
    const { recovery } = start()
    await recovery.start()
    const raws = [...signMany(40), Uint8Array.of(1, 2, 3), new Uint8Array()]
    const layer = await createLayer()
    const found = await recovery.recover(CHAIN_ID, raws)
    expect(found.map((each) => each?.sender)).toEqual(
      raws.map((raw) => {
        const verdict = layer.decodeTransaction(raw)
        return verdict.ok ? verdict.value.from : undefined
      }),
    )
    expect(found.slice(0, 40).map((each) => each && bytesToHex(each.hash))).toEqual(
      raws.slice(0, 40).map((raw) => bytesToHex(layer.keccak256(raw))),
    )
  })

  test('leaves few transactions, and those that come before it works, to the main thread', async () => {
    const raws = signMany(40)
    const { recovery } = start()
    expect(await recovery.recover(CHAIN_ID, raws)).toEqual(raws.map(() => undefined))
    expect(await recovery.start()).toBe(true)
    expect(await recovery.recover(CHAIN_ID, raws.slice(0, 31))).toEqual(
      raws.slice(0, 31).map(() => undefined),
    )
    expect(await recovery.recover(CHAIN_ID, raws)).not.toContain(undefined)
  })

  test('answers several requests at a time, each with its own', async () => {
    const { recovery } = start()
    await recovery.start()
    const raws = signMany(160)
    const parts = [raws.slice(0, 40), raws.slice(40, 100), raws.slice(100)]
    const answers = await Promise.all(parts.map((part) => recovery.recover(CHAIN_ID, part)))
    expect(answers.flat()).toEqual(await recovery.recover(CHAIN_ID, raws))
  })

  test('tells once why it cannot start, and asks nobody from then on', async () => {
    const { recovery, causes } = start('throw new Error("no such thing")')
    expect(await recovery.start()).toBe(false)
    expect(await recovery.recover(CHAIN_ID, signMany(40))).toHaveLength(40)
    expect(causes).toHaveLength(1)
  })

  test.each([
    ['ends', 'process.exit(3)'],
    ['throws', 'throw new Error("out of order")'],
  ])('answers with nothing if the thread %s while it works', async (_name, work) => {
    const { recovery, causes } = start(
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { ${work} }); parentPort.postMessage('ready')`,
    )
    await recovery.start()
    const raws = signMany(40)
    expect(await recovery.recover(CHAIN_ID, raws)).toEqual(raws.map(() => undefined))
    expect(causes).toHaveLength(1)
  })

  test('answers with nothing what is still open when it is closed', async () => {
    const { recovery, causes } = start(
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => {}); parentPort.postMessage('ready')`,
    )
    await recovery.start()
    const raws = signMany(40)
    const answer = recovery.recover(CHAIN_ID, raws)
    await recovery.close()
    expect(await answer).toEqual(raws.map(() => undefined))
    expect(causes).toEqual([])
  })

  test('keeps its process until it is closed: Node may forget that it waits for a thread', async () => {
    const { recovery } = start()
    await recovery.start()
    const before = countTimers()
    const closing = recovery.close()
    expect(countTimers()).toBe(before + 1)
    await closing
    expect(countTimers()).toBe(before)
  })

  test('lets its process end, also if nobody closes it', async () => {
    const program = `
      import { createSenderRecovery } from '@mosaic/execution'
      const recovery = createSenderRecovery()
      console.log(await recovery.start())`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=source', '--input-type=module', '--eval', program],
      { cwd: import.meta.dirname },
    )
    expect(stdout).toBe('true\n')
  })
})

describe('a layer with a second thread', () => {
  test('says of each transaction what a layer without says, also of damaged ones', async () => {
    const random = seeded(77)
    const { recovery } = start()
    await recovery.start()
    const raws = signMany(300).map((raw, index) => {
      if (index % 3 > 0) return raw
      const damaged = raw.slice()
      damaged[random.below(damaged.length)] = random.below(256)
      return damaged
    })
    expect(await verdictsOf(await createLayer(recovery), raws)).toEqual(
      await verdictsOf(await createLayer(), raws),
    )
  })

  test('believes no sender that was recovered from other bytes', async () => {
    const raws = signMany(40)
    const { recovery } = start()
    await recovery.start()
    const liar: SenderRecovery = {
      ...recovery,
      recover: async (chainId, asked) => (await recovery.recover(chainId, asked)).toReversed(),
    }
    expect(await verdictsOf(await createLayer(liar), raws)).toEqual(
      await verdictsOf(await createLayer(), raws),
    )
  })

  test('decodes the same block', async () => {
    const { recovery } = start()
    await recovery.start()
    const chain = await createTestChain()
    const transactions = Array.from({ length: 50 }, (_, index) =>
      sign(chain, ALICE, { nonce: BigInt(index), to: BOB.address, gasLimit: 21_000n }),
    )
    const bytes = encodeBlock(await chain.mine(chain.genesis, { transactions }))
    const layer = await createLayer(recovery)
    const outline = layer.outlineBlock(bytes)
    if (!outline.ok) throw new Error(outline.fault.code)
    expect(await layer.completeBlock(outline.value)).toEqual(
      (await createLayer()).decodeBlock(bytes),
    )
  })
})
