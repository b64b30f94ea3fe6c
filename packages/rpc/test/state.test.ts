import { hexToBytes, keccak256 } from '@mosaic/primitives'
import { beforeEach, describe, expect, test } from 'vitest'
import type { CallFailure } from '../src/index.ts'
import { ALICE, CONTRACT, EVENT, fakeBlock, hashOf, word } from './fake-node.ts'
import { type Caller, createCaller, until } from './harness.ts'

let node: Caller['node']
let call: Caller['call']
let failure: Caller['failure']
beforeEach(() => {
  ;({ node, call, failure } = createCaller())
})

const GO = 'invalid argument 0: json: cannot unmarshal'

describe('parameters', () => {
  test.each<readonly [string, readonly unknown[], string]>([
    ['eth_getBalance', [], 'missing value for required argument 0'],
    ['eth_getBalance', [null], 'missing value for required argument 0'],
    [
      'eth_getBalance',
      ['0x1'],
      `${GO} hex string of odd length into Go value of type common.Address`,
    ],
    [
      'eth_getBalance',
      ['0x12'],
      'invalid argument 0: hex string has length 2, want 40 for common.Address',
    ],
    [
      'eth_getBalance',
      [`${ALICE.slice(0, -1)}g`],
      `${GO} invalid hex string into Go value of type common.Address`,
    ],
    [
      'eth_getBalance',
      [ALICE.slice(2)],
      `${GO} hex string without 0x prefix into Go value of type common.Address`,
    ],
    ['eth_getBalance', [5], `${GO} non-string into Go value of type common.Address`],
    ['eth_getBalance', [ALICE, ''], 'invalid argument 1: empty hex string'],
    ['eth_getBalance', [ALICE, '0x'], 'invalid argument 1: hex string "0x"'],
    ['eth_getBalance', [ALICE, '0x8000000000000000'], 'invalid argument 1: blocknumber too high'],
    [
      'eth_getBalance',
      [ALICE, 1],
      'invalid argument 1: json: cannot unmarshal number into Go value of type string',
    ],
    ['eth_getBalance', [ALICE, 'latest', 1], 'too many arguments, want at most 2'],
    [
      'eth_getBalance',
      [ALICE, { blockNumber: '0x1', blockHash: hashOf('x') }],
      'invalid argument 1: cannot specify both BlockHash and BlockNumber, choose one or the other',
    ],
    [
      'eth_getBlockByNumber',
      ['latest', 'yes'],
      'invalid argument 1: json: cannot unmarshal string into Go value of type bool',
    ],
    [
      'eth_getProof',
      [ALICE, Array.from({ length: 1025 }, () => '0x1')],
      'invalid argument 1: too many keys (max 1024)',
    ],
    [
      'eth_call',
      [{ to: '0x1' }],
      `${GO} hex string of odd length into Go struct field TransactionArgs.to of type common.Address`,
    ],
    [
      'eth_getLogs',
      [{ blockHash: hashOf('x'), fromBlock: '0x1' }],
      'invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    ],
    [
      'eth_getLogs',
      [{ topics: [null, null, null, null, null] }],
      'invalid argument 0: exceed max topics',
    ],
    [
      'eth_getLogs',
      [{ address: Array.from({ length: 1001 }, () => ALICE) }],
      'invalid argument 0: exceed max addresses',
    ],
    [
      'eth_getLogs',
      [{ topics: [Array.from({ length: 1001 }, () => EVENT)] }],
      'invalid argument 0: exceed max topics',
    ],
    [
      'mosaic_votes',
      [{ chain: 'moon', height: '0x1' }],
      'invalid argument 0: chain: expected "auxiliary" or "origin"',
    ],
    [
      'mosaic_votes',
      [{ height: '0x1' }],
      'invalid argument 0: expected either "link", or "chain" and "height"',
    ],
    [
      'mosaic_sendVote',
      [{ message: {}, signature: '0x00' }],
      'invalid argument 0: signature: want 64 or 65 bytes',
    ],
  ])('of %s that are wrong are refused (%j)', async (method, params, message) => {
    expect(await failure(method, ...params)).toEqual([-32602, message])
  })

  test('may write quantities with leading zeros and addresses with a checksum', async () => {
    expect(await call('eth_getBlockByNumber', '0x0004')).toMatchObject({ number: '0x4' })
    expect(await call('eth_getBalance', '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')).toBe(
      '0x3635c9adc5dea00000',
    )
  })
})

describe('the state', () => {
  test('is read at any known block', async () => {
    expect(await call('eth_getBalance', ALICE)).toBe('0x3635c9adc5dea00000')
    expect(await call('eth_getTransactionCount', ALICE, 'latest')).toBe('0x7')
    expect(await call('eth_getTransactionCount', ALICE, 'pending')).toBe('0x66')
    expect(await call('eth_getTransactionCount', CONTRACT, 'pending')).toBe('0x0')
    expect(await call('eth_getCode', CONTRACT, '0x1')).toBe('0x6001')
    expect(await call('eth_getCode', ALICE, { blockHash: node.head.header.hash })).toBe('0x')
    expect(await call('eth_getStorageAt', CONTRACT, '0x3', 'latest')).toBe(word(4n))
    expect(await call('eth_getBalance', ALICE, 'pending')).toBe('0x3635c9adc5dea00000')
  })

  test('of an unknown block is an error', async () => {
    expect(await failure('eth_getBalance', ALICE, '0x100')).toEqual([-32000, 'header not found'])
    expect(await failure('eth_getBalance', ALICE, hashOf('x'))).toEqual([
      -32000,
      'header for hash not found',
    ])
    const blockHash = node.blocks[2]?.header.hash
    expect(await failure('eth_getBalance', ALICE, { blockHash, requireCanonical: true })).toEqual([
      -32000,
      'hash is not currently canonical',
    ])
    expect(await call('eth_getCode', ALICE, { blockHash })).toBe('0x')
  })

  test('is proven, with keys echoed as they were written', async () => {
    expect(await call('eth_getProof', CONTRACT, ['0x5', word(6n)], 'latest')).toEqual({
      address: CONTRACT,
      accountProof: ['0xf8'],
      balance: '0x2',
      codeHash: '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
      nonce: '0x1',
      storageHash: hashOf('storage'),
      storageProof: [
        { key: '0x5', value: '0x5', proof: ['0xe1'] },
        { key: word(6n), value: '0x6', proof: ['0xe1'] },
      ],
    })
  })
})

describe('calls', () => {
  test('hand on the message, the block and what to pretend', async () => {
    const result = await call(
      'eth_call',
      {
        from: ALICE,
        to: CONTRACT,
        data: '0x1234',
        value: '0x5',
        gas: '0xffff',
        maxFeePerGas: '0x9',
      },
      '0x2',
      { [CONTRACT]: { balance: '0x1', code: '0x60', stateDiff: { '0x1': '0x2' } } },
      { time: '0x7', baseFee: '0x0' },
    )
    expect(result).toBe(word(42n))
    expect(node.calls).toMatchObject([
      {
        at: node.blocks[2]?.header.hash,
        from: ALICE,
        to: CONTRACT,
        input: '0x1234',
        value: 5n,
        gas: 65_535n,
        gasPrice: undefined,
        maxFeePerGas: 9n,
        blockOverrides: { timestamp: 7n, baseFeePerGas: 0n, number: undefined },
      },
    ])
    expect(node.calls[0]?.stateOverrides.get(CONTRACT)).toMatchObject({
      balance: 1n,
      code: '0x60',
      stateDiff: new Map([[word(1n), word(2n)]]),
      state: undefined,
    })
  })

  const reason =
    `0x08c379a0${word(32n).slice(2)}${word(5n).slice(2)}${'48656c6c6f'.padEnd(64, '0')}` as const
  const panic = `0x4e487b71${word(0x11n).slice(2)}` as const
  test.each<readonly [CallFailure, unknown[]]>([
    [{ kind: 'revert', data: '0x' }, [3, 'execution reverted', '0x']],
    [{ kind: 'revert', data: reason }, [3, 'execution reverted: Hello', reason]],
    [
      { kind: 'revert', data: panic },
      [3, 'execution reverted: arithmetic underflow or overflow', panic],
    ],
    [{ kind: 'revert', data: '0x12345678' }, [3, 'execution reverted', '0x12345678']],
    [{ kind: 'revert', data: '0x08c379a0ff' }, [3, 'execution reverted', '0x08c379a0ff']],
    [{ kind: 'halt', message: 'out of gas' }, [-32000, 'out of gas']],
    [
      { kind: 'refused', message: 'gas required exceeds allowance (5)' },
      [-32000, 'gas required exceeds allowance (5)'],
    ],
  ])('that fail (%o) say how', async (outcome, expected) => {
    node.outcome = outcome
    expect(await failure('eth_call', { to: CONTRACT })).toEqual(expected)
    expect(await failure('eth_estimateGas', { to: CONTRACT })).toEqual(expected)
  })

  test('that contradict themselves are refused', async () => {
    expect(await failure('eth_call', { gasPrice: '0x1', maxFeePerGas: '0x1' })).toEqual([
      -32000,
      'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified',
    ])
    expect(await failure('eth_call', { chainId: '0x1' })).toEqual([
      -32000,
      "chainId does not match node's (have=1, want=4711)",
    ])
  })

  test('are estimated', async () => {
    expect(await call('eth_estimateGas', { to: CONTRACT })).toBe('0xcf08')
  })
})

describe('prices', () => {
  test('are suggested', async () => {
    expect(await call('eth_maxPriorityFeePerGas')).toBe('0x3b9aca00')
    expect(await call('eth_gasPrice')).toBe('0x713fb300')
  })

  test('have a history, with tips weighted by gas', async () => {
    expect(await call('eth_feeHistory', '0x2', 'latest', [0, 50, 100])).toEqual({
      oldestBlock: '0x3',
      reward: [1, 2].map(() => ['0x59682f00', '0x77359400', '0x77359400']),
      baseFeePerGas: ['0x3b9aca00', '0x3b9aca00', '0x35a4e900'],
      gasUsedRatio: [0.0021, 0.0021],
    })
    expect(await call('eth_feeHistory', 100, '0x1')).toMatchObject({ oldestBlock: '0x0' })
    expect(await call('eth_feeHistory', '0', 'latest', [])).toEqual({
      oldestBlock: '0x0',
      gasUsedRatio: null,
    })
    expect(await failure('eth_feeHistory', 1, '0x100')).toEqual([
      -32000,
      'request beyond head block: requested 256, head 4',
    ])
    expect(await failure('eth_feeHistory', 1, 'latest', [101])).toEqual([
      -32000,
      'invalid reward percentile: 101.000000',
    ])
    expect(await failure('eth_feeHistory', 1, 'latest', [9, 3])).toEqual([
      -32000,
      'invalid reward percentile: #0:9.000000 >= #1:3.000000',
    ])
  })
})

describe('sending and waiting', () => {
  const raw = '0x02c0'

  test('answers with the receipt once a block has it', async () => {
    const waiting = call('eth_sendRawTransactionSync', raw)
    await until(() => node.listenerCount() > 2)
    const { receipts } = node.extend()
    // The block that came does not have it; the next one does.
    const receipt = receipts[0]
    if (receipt === undefined) throw new Error('no receipt')
    const block = fakeBlock(6n)
    node.blocks.push({
      ...block,
      receipts: [{ ...receipt, transactionHash: keccak256(hexToBytes(raw)) }],
    })
    node.emit({ kind: 'head', removed: [], added: [] })
    expect(await waiting).toMatchObject({ transactionHash: keccak256(hexToBytes(raw)) })
    expect(node.sent).toEqual([raw])
  })

  test('gives up in time, and tells the hash (EIP-7966)', async () => {
    expect(await failure('eth_sendRawTransactionSync', raw, 1)).toEqual([
      4,
      'the transaction was added to the pool but was in no block within 1 ms',
      keccak256(hexToBytes(raw)),
    ])
  })

  test('says at once what is wrong with the transaction', async () => {
    node.fault = { code: 'INVALID_SENDER' }
    expect(await failure('eth_sendRawTransactionSync', raw)).toEqual([-32_000, 'invalid sender'])
  })
})
