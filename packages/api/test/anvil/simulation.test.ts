import { Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALICE, BOB, CHAIN_ID } from '../rpc-node.ts'
import { type Pair, startPair, TRACEE } from './pair.ts'

const STRANGER = `0x${'57'.repeat(20)}`
const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`

let pair: Pair
let play: { readonly from: string; readonly to: string; readonly data: string }

beforeAll(async () => {
  pair = await startPair()
  play = { from: ALICE.address, to: pair.tracee, data: TRACEE.encodeFunctionData('play', [3]) }
})
afterAll(async () => {
  await pair.stop()
})

describe('what a call pretends', () => {
  test('about an account', async () => {
    const code = '0x5f545f5260015460205260405ff3'
    const overrides = { [pair.tracee]: { code, stateDiff: { [word(0n)]: word(9n) } } }
    const [ours, theirs] = await pair.ask('eth_call', { to: pair.tracee }, 'latest', overrides)
    expect(ours).toBe(theirs)
    expect(String(ours).slice(0, 66)).toBe(word(9n))
    const replaced = { [pair.tracee]: { code, state: { [word(0n)]: word(9n) } } }
    expect(await pair.node.call('eth_call', { to: pair.tracee }, 'latest', replaced)).toBe(
      word(9n) + word(0n).slice(2),
    )
    const rich = { [STRANGER]: { balance: '0xde0b6b3a7640000', nonce: '0x5' } }
    const transfer = { from: STRANGER, to: BOB.address, value: '0x1' }
    expect(await pair.node.call('eth_call', transfer, 'latest', rich)).toBe('0x')
    expect(await pair.node.call('eth_estimateGas', transfer, 'latest', rich)).toBe('0x5208')
    const [, message] = await pair.node.failure('eth_call', transfer, 'latest')
    expect(message).toMatch(/^err: insufficient funds/)
    expect(await pair.node.call('eth_getBalance', STRANGER, 'latest')).toBe('0x0')
  })

  test('about the block', async () => {
    // NUMBER, TIMESTAMP, COINBASE, BASEFEE, GASLIMIT, PREVRANDAO, BLOCKHASH of the number before.
    const data = '0x435f52426020524160405248606052456080524460a052600143034060c05260e05ff3'
    const block = {
      number: '0x1000',
      time: '0x70000000',
      feeRecipient: STRANGER,
      baseFeePerGas: '0x0',
      gasLimit: '0x2000000',
      prevRandao: word(77n),
    }
    const answer = await pair.node.call('eth_call', { data, gas: '0x100000' }, 'latest', {}, block)
    expect(answer).toBe(
      `0x${[0x1000n, 0x70000000n, BigInt(STRANGER), 0n, 0x2000000n, 77n, 0n].map((value) => word(value).slice(2)).join('')}`,
    )
  })

  test('about who signed a delegation (EIP-7702)', async () => {
    const wallet = new Wallet(`0x${Buffer.from(BOB.secretKey).toString('hex')}`)
    const signed = await wallet.authorize({ address: pair.tracee, nonce: 0n, chainId: CHAIN_ID })
    const authorizationList = [
      {
        chainId: `0x${CHAIN_ID.toString(16)}`,
        address: pair.tracee,
        nonce: '0x0',
        yParity: `0x${signed.signature.yParity}`,
        r: `0x${BigInt(signed.signature.r).toString(16)}`,
        s: `0x${BigInt(signed.signature.s).toString(16)}`,
      },
    ]
    const call = {
      from: ALICE.address,
      to: BOB.address,
      data: TRACEE.encodeFunctionData('loop', [60]),
    }
    expect(await pair.node.call('eth_call', call)).toBe('0x')
    const [code, message] = await pair.node.failure('eth_call', { ...call, authorizationList })
    expect([code, message]).toEqual([3, 'execution reverted: assert(false)'])
    const forged = [{ ...authorizationList[0], nonce: '0x1' }]
    expect(await pair.node.call('eth_call', { ...call, authorizationList: forged })).toBe('0x')
    const quiet = { ...call, data: TRACEE.encodeFunctionData('loop', [2]) }
    const withIt = await pair.ask('eth_estimateGas', { ...quiet, authorizationList })
    // Both search, and stop within some per cent of the least.
    const [ours, theirs] = withIt.map(Number)
    expect(Math.abs((ours ?? 0) - (theirs ?? 0))).toBeLessThan(0.02 * (theirs ?? 0))
  })
})

test('the access list that costs least', async () => {
  const [ours, theirs] = await pair.ask('eth_createAccessList', play)
  expect(normalList(ours)).toEqual(normalList(theirs))
  expect(Object(ours).gasUsed).toBe(Object(theirs).gasUsed)
  const bad = { to: pair.tracee, data: TRACEE.encodeFunctionData('bad') }
  expect(Object(await pair.node.call('eth_createAccessList', bad)).error).toBe('execution reverted')
})

describe('blocks that nobody builds', () => {
  test('run messages upon each other', async () => {
    const [ours, theirs] = await pair.ask(
      ...simulate(
        [
          { calls: [play, { from: ALICE.address, to: STRANGER, value: '0x5' }] },
          {
            stateOverrides: { [STRANGER]: { balance: '0x64' } },
            calls: [
              { from: STRANGER, to: BOB.address, value: '0x60' },
              { to: pair.tracee, data: TRACEE.encodeFunctionData('bad') },
              { to: pair.tracee, data: TRACEE.encodeFunctionData('loop', [60]), gas: '0x7000' },
            ],
          },
        ],
        { traceTransfers: true },
      ),
    )
    expect(normalBlocks(ours)).toEqual(normalBlocks(theirs))
    const codes = Object(ours)[1].calls.map(
      ({ error }: { error?: { code: number } }) => error?.code,
    )
    expect(codes).toEqual([undefined, 3, -32_015])
  })

  test('follow the head and each other, and fill what is left out', async () => {
    const head = Object(await pair.node.call('eth_getBlockByNumber', 'latest', false))
    const [method, ...params] = simulate(
      [
        { calls: [] },
        {
          blockOverrides: { number: `0x${(BigInt(head.number) + 4n).toString(16)}` },
          calls: [play],
        },
      ],
      { returnFullTransactions: true },
    )
    const blocks = Object(await pair.node.call(method, ...params))
    expect(
      blocks.map(({ number }: { number: string }) => BigInt(number) - BigInt(head.number)),
    ).toEqual([1n, 2n, 3n, 4n])
    expect(blocks[0].parentHash).toBe(head.hash)
    expect(blocks[3].parentHash).toBe(blocks[2].hash)
    expect(blocks[3].transactions[0]).toMatchObject({
      from: ALICE.address,
      to: pair.tracee,
      nonce: '0x2',
    })
    expect(blocks[3].calls[0].logs[0].transactionHash).toBe(blocks[3].transactions[0].hash)
  })

  test('leave the chain as it was', async () => {
    const before = await pair.node.call('eth_getBlockByNumber', 'latest', true)
    await pair.node.call(...simulate([{ calls: [play] }]))
    expect(await pair.node.call('eth_getBlockByNumber', 'latest', true)).toEqual(before)
    await pair.node.mine()
  })

  test.each<readonly [string, unknown, object, number]>([
    ['no blocks', [], {}, -32_602],
    ['numbers that fall', [{ blockOverrides: { number: '0x1' } }], {}, -38_020],
    ['times that fall', [{ blockOverrides: { time: '0x1' } }], {}, -38_021],
    ['too many blocks', [{ blockOverrides: { number: '0x10000' } }], {}, -38_026],
    [
      'a nonce that is used',
      [{ calls: [{ from: ALICE.address, nonce: '0x0', maxFeePerGas: '0xffffffffff' }] }],
      { validation: true },
      -38_010,
    ],
    [
      'a nonce that is not next',
      [{ calls: [{ from: ALICE.address, nonce: '0x63', maxFeePerGas: '0xffffffffff' }] }],
      { validation: true },
      -38_011,
    ],
    ['no fee', [{ calls: [{ from: ALICE.address }] }], { validation: true }, -38_012],
    ['too little gas', [{ calls: [{ from: ALICE.address, gas: '0x1' }] }], {}, -38_013],
    ['no funds', [{ calls: [{ from: STRANGER, value: '0x1' }] }], {}, -38_014],
    ['more gas than a block has', [{ calls: [{ gas: '0xffffffff' }] }], {}, -38_015],
  ])('are refused for %s', async (_what, blocks, options, expected) => {
    const [code] = await pair.node.failure(...simulate(blocks, options))
    expect(code).toBe(expected)
  })
})

function normalList(answer: unknown): unknown {
  return Object(answer)
    .accessList.map(({ address, storageKeys }: { address: string; storageKeys: string[] }) => ({
      address,
      storageKeys: storageKeys.toSorted(),
    }))
    .toSorted((a: { address: string }, b: { address: string }) => (a.address < b.address ? -1 : 1))
}

function normalBlocks(blocks: unknown): unknown {
  return Object(blocks).map(
    ({ calls, gasUsed }: { calls: Record<string, unknown>[]; gasUsed: string }) => ({
      gasUsed,
      calls: calls.map(({ status, gasUsed: used, returnData, logs, error }) => ({
        status,
        used,
        returnData,
        failed: error !== undefined,
        logs: Object(logs).map(({ address, topics, data }: Record<string, unknown>) => ({
          address,
          topics,
          data,
        })),
      })),
    }),
  )
}

function simulate(blockStateCalls: unknown, options = {}): readonly [string, unknown, string] {
  return ['eth_simulateV1', { blockStateCalls, ...options }, 'latest']
}
