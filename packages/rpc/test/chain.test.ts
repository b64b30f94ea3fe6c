import { checksummed } from '@mosaic/primitives'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMethods, type TransactionFault } from '../src/index.ts'
import { ALICE, CONTRACT, EVENT, fakeTransaction, hashOf, word } from './fake-node.ts'
import { type Caller, callContext, createCaller } from './harness.ts'

let node: Caller['node']
let call: Caller['call']
let failure: Caller['failure']
beforeEach(() => {
  ;({ node, call, failure } = createCaller())
})

describe('blocks', () => {
  test('are printed as geth prints a London block', async () => {
    const { header, transactions } = node.head
    expect(await call('eth_getBlockByNumber', 'latest', false)).toEqual({
      number: '0x4',
      hash: header.hash,
      parentHash: header.parentHash,
      nonce: '0x0000000000000000',
      mixHash: header.mixHash,
      sha3Uncles: header.unclesHash,
      logsBloom: header.logsBloom,
      stateRoot: header.stateRoot,
      miner: '0x0000000000000000000000000000000000000000',
      difficulty: '0x2',
      totalDifficulty: '0x9',
      extraData: header.extraData,
      size: '0x4d2',
      gasLimit: '0x1c9c380',
      gasUsed: '0xf618',
      timestamp: '0x6553f104',
      transactionsRoot: header.transactionsRoot,
      receiptsRoot: header.receiptsRoot,
      baseFeePerGas: '0x3b9aca00',
      transactions: transactions.map(({ hash }) => hash),
      uncles: [],
    })
  })

  test('carry full transactions when asked', async () => {
    const full = await call('eth_getBlockByHash', node.head.header.hash, true)
    expect(full).toMatchObject({
      transactions: [
        { type: '0x0', transactionIndex: '0x0' },
        { type: '0x1', transactionIndex: '0x1', yParity: '0x1' },
        { type: '0x2', transactionIndex: '0x2', blockNumber: '0x4' },
      ],
    })
  })

  test('that are pending have no hash, nonce and miner', async () => {
    expect(await call('eth_getBlockByNumber', 'pending', true)).toMatchObject({
      number: '0x5',
      hash: null,
      nonce: null,
      miner: null,
      transactions: [{ blockHash: null, blockNumber: null, transactionIndex: null }, {}],
    })
  })

  test('that do not exist are null', async () => {
    expect(await call('eth_getBlockByNumber', '0x100', false)).toBeNull()
    expect(await call('eth_getBlockByHash', hashOf('nothing'), false)).toBeNull()
    expect(await call('eth_getBlockReceipts', '0x100')).toBeNull()
    expect(await call('eth_getBlockTransactionCountByNumber', '0x100')).toBeNull()
    expect(await call('eth_getUncleCountByBlockHash', hashOf('nothing'))).toBeNull()
    expect(await call('eth_getHeaderByNumber', '0x100')).toBeNull()
  })

  test.each(['safe', 'finalized'])('that are %s are an error before the first', async (tag) => {
    const expected = [-39001, `${tag} block not found`]
    expect(await failure('eth_getBlockByNumber', tag, false)).toEqual(expected)
    expect(await failure('eth_getBalance', ALICE, tag)).toEqual(expected)
    expect(await failure('eth_getLogs', { fromBlock: tag })).toEqual(expected)
    node.finalized = 2n
    expect(await call('eth_getBlockByNumber', tag, false)).toMatchObject({ number: '0x2' })
  })

  test('are counted', async () => {
    expect(await call('eth_blockNumber')).toBe('0x4')
    expect(await call('eth_getBlockTransactionCountByNumber', 'latest')).toBe('0x3')
    expect(await call('eth_getBlockTransactionCountByNumber', 'pending')).toBe('0x2')
    expect(await call('eth_getBlockTransactionCountByHash', node.head.header.hash)).toBe('0x3')
    expect(await call('eth_getUncleCountByBlockNumber', 'latest')).toBe('0x0')
    expect(await call('eth_getUncleByBlockNumberAndIndex', 'latest', '0x0')).toBeNull()
  })
})

describe('transactions', () => {
  test('of type 2 are printed with the price they paid', async () => {
    const included = node.head.transactions[2]
    const { header } = node.head
    expect(included).toBeDefined()
    expect(await call('eth_getTransactionByHash', included?.hash)).toEqual({
      blockHash: header.hash,
      blockNumber: '0x4',
      blockTimestamp: `0x${header.timestamp.toString(16)}`,
      from: ALICE,
      gas: '0x186a0',
      gasPrice: '0x9502f900',
      maxFeePerGas: '0x218711a00',
      maxPriorityFeePerGas: '0x59682f00',
      hash: included?.hash,
      input: '0xabcdef',
      nonce: '0x4',
      to: CONTRACT,
      transactionIndex: '0x2',
      value: '0x5',
      type: '0x2',
      accessList: [{ address: CONTRACT, storageKeys: [word(1n)] }],
      chainId: '0x1267',
      v: '0x1',
      r: `0x${included?.r.toString(16)}`,
      s: `0x${included?.s.toString(16)}`,
      yParity: '0x1',
    })
  })

  test('of type 0 have neither yParity nor access list', async () => {
    const legacy = await call('eth_getTransactionByBlockNumberAndIndex', 'latest', '0x0')
    expect(legacy).toMatchObject({
      type: '0x0',
      gasPrice: '0xb2d05e00',
      chainId: '0x1267',
      v: '0x24f1',
    })
    expect(legacy).not.toHaveProperty('yParity')
    expect(legacy).not.toHaveProperty('accessList')
    expect(legacy).not.toHaveProperty('maxFeePerGas')
  })

  test('that wait have no block, and the cap as price', async () => {
    const waiting = await call('eth_getTransactionByHash', node.waiting[0]?.hash)
    expect(waiting).toMatchObject({ blockHash: null, gasPrice: '0x218711a00', nonce: '0x64' })
    expect(await call('eth_getTransactionByHash', node.waiting[1]?.hash)).toMatchObject({
      to: null,
    })
  })

  test('that are unknown are null', async () => {
    expect(await call('eth_getTransactionByHash', hashOf('nothing'))).toBeNull()
    expect(await call('eth_getTransactionReceipt', hashOf('nothing'))).toBeNull()
    expect(await call('eth_getRawTransactionByHash', hashOf('nothing'))).toBeNull()
    expect(
      await call('eth_getTransactionByBlockHashAndIndex', node.head.header.hash, '0x9'),
    ).toBeNull()
    expect(await call('debug_getRawTransaction', hashOf('nothing'))).toBe('0x')
  })

  test('leave receipts', async () => {
    const receipt = node.head.receipts[1]
    const { header } = node.head
    const printed = {
      blockHash: header.hash,
      blockNumber: '0x4',
      contractAddress: null,
      cumulativeGasUsed: '0xa410',
      effectiveGasPrice: '0xb2d05e00',
      from: ALICE,
      gasUsed: '0x5208',
      logs: [
        {
          address: CONTRACT,
          topics: [EVENT, word(4n)],
          data: word(1n),
          blockNumber: '0x4',
          transactionHash: receipt?.transactionHash,
          transactionIndex: '0x1',
          blockHash: header.hash,
          blockTimestamp: `0x${header.timestamp.toString(16)}`,
          logIndex: '0x1',
          removed: false,
        },
      ],
      logsBloom: receipt?.logsBloom,
      status: '0x1',
      to: CONTRACT,
      transactionHash: receipt?.transactionHash,
      transactionIndex: '0x1',
      type: '0x1',
    }
    expect(await call('eth_getTransactionReceipt', receipt?.transactionHash)).toEqual(printed)
    const all = await call('eth_getBlockReceipts', { blockHash: header.hash })
    expect(all).toMatchObject([{}, printed, {}])
  })

  test('are taken raw, and named by their hash', async () => {
    expect(await call('eth_sendRawTransaction', '0x02ABcd')).toMatch(/^0x[0-9a-f]{64}$/)
    expect(node.sent).toEqual(['0x02abcd'])
    expect(await failure('eth_sendRawTransaction', '0x')).toEqual([
      -32000,
      'typed transaction too short',
    ])
  })

  test.each<readonly [TransactionFault, string]>([
    [{ code: 'NONCE_TOO_LOW', next: 5n, given: 3n }, 'nonce too low: next nonce 5, tx nonce 3'],
    [
      { code: 'INSUFFICIENT_FUNDS', balance: 1n, cost: 5n, queued: undefined, replaced: undefined },
      'insufficient funds for gas * price + value: balance 1, tx cost 5, overshot 4',
    ],
    [{ code: 'ALREADY_KNOWN' }, 'already known'],
    [{ code: 'REPLACEMENT_UNDERPRICED' }, 'replacement transaction underpriced'],
    [
      { code: 'INTRINSIC_GAS', gas: 1n, needed: 21_000n },
      'intrinsic gas too low: gas 1, minimum needed 21000',
    ],
    [{ code: 'ABOVE_BLOCK_GAS_LIMIT' }, 'exceeds block gas limit'],
    [{ code: 'INVALID_SENDER' }, 'invalid sender'],
    [{ code: 'UNPROTECTED' }, 'only replay-protected (EIP-155) transactions allowed over RPC'],
    [
      { code: 'MALFORMED', reason: 'rlp: value size exceeds available input length' },
      'rlp: value size exceeds available input length',
    ],
    [{ code: 'TYPE_NOT_SUPPORTED' }, 'transaction type not supported'],
    [
      { code: 'SENDER_HAS_CODE', address: CONTRACT, codeHash: hashOf('code') },
      `sender not an eoa: address ${checksummed(CONTRACT)}, codehash: ${hashOf('code')}`,
    ],
    [{ code: 'NONCE_AT_MAXIMUM' }, 'nonce has max value'],
    [{ code: 'UNDERPRICED' }, 'transaction underpriced'],
    [{ code: 'FUTURE_REPLACES_PENDING' }, 'future transaction tries to replace pending'],
    [{ code: 'POOL_FULL' }, 'txpool is full'],
    [{ code: 'ACCOUNT_LIMIT', pooled: 4096 }, 'account limit exceeded: pooled 4096 txs'],
  ])('that are refused (%o) are told so in geth’s words', async (fault, message) => {
    node.fault = fault
    expect(await failure('eth_sendRawTransaction', '0x02')).toEqual([-32000, message])
  })
})

/** The last digits of the blocks of the logs that are found. */
async function numbers(criteria: unknown): Promise<unknown> {
  const logs = await call('eth_getLogs', criteria)
  return Array.isArray(logs)
    ? logs.map((log) => JSON.stringify(log).match(/"blockNumber":"0x(.)"/)?.[1])
    : logs
}

describe('logs', () => {
  test('are found by block, address and topics', async () => {
    expect(await numbers({})).toEqual(['4', '4', '4'])
    expect(await numbers({ fromBlock: '0x3', address: CONTRACT })).toEqual([
      '3',
      '3',
      '3',
      '4',
      '4',
      '4',
    ])
    expect(await numbers({ fromBlock: '0x2', toBlock: '0x3', topics: [EVENT, word(2n)] })).toEqual([
      '2',
      '2',
      '2',
    ])
    expect(await numbers({ fromBlock: '0x2', topics: [null, [word(2n), word(4n)]] })).toHaveLength(
      6,
    )
    expect(await numbers({ fromBlock: '0x3', address: [ALICE] })).toEqual([])
    expect(await numbers({ blockHash: node.blocks[1]?.header.hash })).toEqual(['1', '1', '1'])
    expect(await numbers({ fromBlock: 'earliest', toBlock: '0x1' })).toHaveLength(3)
    expect(await numbers({ fromBlock: '0x3', toBlock: '0x100' })).toHaveLength(6)
    expect(await numbers({ fromBlock: '0x100' })).toEqual([])
    expect(await numbers({ fromBlock: 'latest', toBlock: 'pending' })).toHaveLength(3)
  })

  test('of too much are refused', async () => {
    expect(await failure('eth_getLogs', { fromBlock: '0x0' })).toEqual([
      -32005,
      'exceed maximum block range: 4',
    ])
    expect(await failure('eth_getLogs', { fromBlock: '0x1' })).toEqual([
      -32005,
      'query returned more than 8 results',
    ])
    expect(await failure('eth_getLogs', { fromBlock: '0x3', toBlock: '0x2' })).toEqual([
      -32000,
      'invalid block range params',
    ])
    expect(await failure('eth_getLogs', { blockHash: hashOf('nothing') })).toEqual([
      -32000,
      'unknown block',
    ])
  })
})

describe('filters', () => {
  test('tell what happened since they were asked last', async () => {
    const [blocks, logs, pending, other] = await Promise.all([
      call('eth_newBlockFilter'),
      call('eth_newFilter', { topics: [EVENT], fromBlock: '0x3' }),
      call('eth_newPendingTransactionFilter'),
      call('eth_newFilter', { address: ALICE }),
    ])
    const block = node.extend()
    const transaction = fakeTransaction(1, 9n)
    node.emit({ kind: 'pending-transaction', transaction })
    expect(await call('eth_getFilterChanges', blocks)).toEqual([block.header.hash])
    expect(await call('eth_getFilterChanges', blocks)).toEqual([])
    expect(await call('eth_getFilterChanges', logs)).toMatchObject([{ blockNumber: '0x5' }, {}, {}])
    expect(await call('eth_getFilterChanges', pending)).toEqual([transaction.hash])
    expect(await call('eth_getFilterChanges', other)).toEqual([])
    expect(await failure('eth_getFilterLogs', logs)).toEqual([
      -32005,
      'query returned more than 8 results',
    ])
    expect(await failure('eth_getFilterLogs', blocks)).toEqual([-32000, 'filter not found'])
  })

  test('end when they are uninstalled or overflow', async () => {
    const id = await call('eth_newBlockFilter')
    expect(await call('eth_uninstallFilter', id)).toBe(true)
    expect(await call('eth_uninstallFilter', id)).toBe(false)
    expect(await failure('eth_getFilterChanges', id)).toEqual([-32000, 'filter not found'])
    const full = await call('eth_newPendingTransactionFilter')
    for (let i = 0n; i < 10_001n; i++) {
      node.emit({
        kind: 'pending-transaction',
        transaction: node.waiting[0] ?? fakeTransaction(0, i),
      })
    }
    expect(await failure('eth_getFilterChanges', full)).toEqual([-32000, 'filter not found'])
  })

  test('are forgotten after five minutes without a question', async () => {
    let time = 0
    const timed = createMethods(node.ports, {
      clock: { now: () => time, schedule: () => () => undefined },
    })
    const ask = (name: string, ...params: readonly unknown[]) =>
      timed.call(name, params, callContext())
    const id = await ask('eth_newBlockFilter')
    time = 299_000
    expect(await ask('eth_getFilterChanges', id)).toEqual([])
    time += 301_000
    await expect(ask('eth_getFilterChanges', id)).rejects.toThrow('filter not found')
    timed.close()
  })
})
