import { toAddress, toBlockNumber, toHash32 } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  createEthereumClient,
  type EthereumClient,
  type FinalityPolicy,
  HeaderMismatchError,
  RpcError,
  WrongChainError,
} from '../src/index.ts'

const ADDRESS = toAddress(`0x${'aa'.repeat(20)}`)
const HASH = toHash32(`0x${'bb'.repeat(32)}`)
const TAG: FinalityPolicy = { kind: 'finalized-tag' }

/** Mainnet's genesis block, whose hash everybody knows. */
const GENESIS = {
  hash: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
  parentHash: `0x${'00'.repeat(32)}`,
  sha3Uncles: '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  miner: `0x${'00'.repeat(20)}`,
  stateRoot: '0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544',
  transactionsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  receiptsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  logsBloom: `0x${'00'.repeat(256)}`,
  difficulty: '0x400000000',
  number: '0x0',
  gasLimit: '0x1388',
  gasUsed: '0x0',
  timestamp: '0x0',
  extraData: '0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa',
  mixHash: `0x${'00'.repeat(32)}`,
  nonce: '0x0000000000000042',
}

type Answers = Readonly<Record<string, unknown>>

/** A client of an endpoint with fixed answers, and the methods it was asked for. */
function clientOf(
  answers: Answers,
  policy: FinalityPolicy = TAG,
): { readonly client: EthereumClient; readonly asked: string[] } {
  const asked: string[] = []
  const client = createEthereumClient(
    async (method) => {
      asked.push(method)
      const found: unknown = { eth_chainId: '0x1', ...answers }[method]
      if (found instanceof Error) throw found
      return found
    },
    policy,
    1n,
  )
  return { client, asked }
}

const LOG = {
  address: ADDRESS,
  topics: [HASH],
  data: '0x',
  blockNumber: '0x5',
  blockHash: HASH,
  transactionHash: HASH,
  logIndex: '0x0',
}
const FILTER = {
  address: ADDRESS,
  topics: [],
  fromBlock: toBlockNumber(0n),
  toBlock: toBlockNumber(10n),
}

describe('the Ethereum client', () => {
  test('asks once which chain the endpoint serves', async () => {
    const { client, asked } = clientOf({ eth_blockNumber: '0x10' })
    expect(await Promise.all([client.blockNumber(), client.blockNumber()])).toEqual([16n, 16n])
    expect(asked.filter((method) => method === 'eth_chainId')).toHaveLength(1)
  })

  test('answers nothing from another chain', async () => {
    const { client, asked } = clientOf({ eth_chainId: '0x5', eth_blockNumber: '0x10' })
    await expect(client.blockNumber()).rejects.toThrow(WrongChainError)
    await expect(client.header('latest')).rejects.toThrow(/chain 1, received one of chain 5/)
    expect(asked).toEqual(['eth_chainId', 'eth_chainId'])
  })

  test('recomputes the hash of every header', async () => {
    const { client } = clientOf({ eth_getBlockByNumber: GENESIS })
    const header = await client.header(toBlockNumber(0n))
    expect(header).toMatchObject({ hash: GENESIS.hash, number: 0n, stateRoot: GENESIS.stateRoot })
  })

  test.for([
    ['a field changed', { ...GENESIS, gasLimit: '0x1389' }, HeaderMismatchError],
    ['another hash claimed', { ...GENESIS, hash: HASH }, HeaderMismatchError],
    ['a field that is no text', { ...GENESIS, gasLimit: 5000 }, /hex at gasLimit/],
    ['a field missing', { ...GENESIS, nonce: undefined }, /nonce/],
    ['no hash', { ...GENESIS, hash: undefined }, /expected/],
    ['a list for a block', [], /a block/],
    ['text for a block', 'block', /a block/],
  ] as const)('refuses %s', async ([, block, error]) => {
    const { client } = clientOf({ eth_getBlockByNumber: block })
    await expect(client.header(toBlockNumber(0n))).rejects.toThrow(error)
  })

  test('refuses a true header of another block than the one asked for', async () => {
    const { client } = clientOf({ eth_getBlockByNumber: GENESIS, eth_getBlockByHash: GENESIS })
    await expect(client.header(toBlockNumber(7n))).rejects.toThrow(/block 7/)
    await expect(client.header(HASH)).rejects.toThrow(HASH)
  })

  test('finds nothing where the chain has nothing, and no finalized block where there is none yet', async () => {
    const { client } = clientOf({ eth_getBlockByNumber: null, eth_getBlockByHash: null })
    expect(await client.header(HASH)).toBeUndefined()
    expect(await client.header(toBlockNumber(7n))).toBeUndefined()
    const missing = new RpcError(
      'eth_getBlockByNumber',
      -39_001,
      'finalized block not found',
      undefined,
    )
    const early = clientOf({ eth_getBlockByNumber: missing }).client
    expect(await early.finalNumber()).toBeUndefined()
    const broken = new RpcError('eth_getBlockByNumber', -32_000, 'internal error', undefined)
    await expect(clientOf({ eth_getBlockByNumber: broken }).client.finalNumber()).rejects.toThrow(
      /internal error/,
    )
  })

  test('counts confirmations below the head', async () => {
    const policy = { kind: 'confirmations', depth: 5n } as const
    expect(await clientOf({ eth_blockNumber: '0x10' }, policy).client.finalNumber()).toBe(11n)
    expect(await clientOf({ eth_blockNumber: '0x5' }, policy).client.finalNumber()).toBe(0n)
    expect(await clientOf({ eth_blockNumber: '0x4' }, policy).client.finalNumber()).toBeUndefined()
  })

  test.for([
    ['a number', 16],
    ['nothing', undefined],
    ['text', 'sixteen'],
    ['an empty quantity', '0x'],
    ['a negative one', '-0x1'],
    ['more than 64 bits', `0x1${'00'.repeat(8)}`],
  ] as const)('does not take %s for a block number', async ([, number]) => {
    await expect(clientOf({ eth_blockNumber: number }).client.blockNumber()).rejects.toThrow(
      /expected/,
    )
  })

  test('reads logs in pages', async () => {
    const { client, asked } = clientOf({ eth_getLogs: [] })
    await client.logs({ ...FILTER, toBlock: toBlockNumber(25_000n) })
    expect(asked.filter((method) => method === 'eth_getLogs')).toHaveLength(3)
  })

  test.for([
    ['of another contract', [{ ...LOG, address: toAddress(`0x${'cc'.repeat(20)}`) }]],
    ['of a later block', [{ ...LOG, blockNumber: '0xb' }]],
    ['without a block', [{ ...LOG, blockNumber: null }]],
    ['with a short topic', [{ ...LOG, topics: ['0x01'] }]],
    ['with odd data', [{ ...LOG, data: '0x1' }]],
    ['that are no objects', [null]],
    ['that are no list', {}],
  ] as const)('refuses logs %s', async ([, page]) => {
    await expect(clientOf({ eth_getLogs: page }).client.logs(FILTER)).rejects.toThrow(/expected/)
  })

  test('takes logs that were asked for', async () => {
    const [log] = await clientOf({ eth_getLogs: [LOG] }).client.logs(FILTER)
    expect(log).toMatchObject({ address: ADDRESS, blockNumber: 5n, logIndex: 0 })
  })

  test.for([
    ['nothing', null],
    ['no account proof', { storageHash: HASH, storageProof: [] }],
    ['a node that is no hex', { accountProof: ['zz'], storageHash: HASH, storageProof: [] }],
    [
      'a slot without a value',
      { accountProof: [], storageHash: HASH, storageProof: [{ key: '0x0', proof: [] }] },
    ],
  ] as const)('refuses a proof of %s', async ([, proof]) => {
    await expect(
      clientOf({ eth_getProof: proof }).client.proof(ADDRESS, [HASH], 'latest'),
    ).rejects.toThrow(/expected/)
  })

  test('reads proofs whose keys are written in either way', async () => {
    const key = `0x${'00'.repeat(31)}07`
    for (const written of [key, '0x7']) {
      const storageProof = [{ key: written, value: '0x2a', proof: ['0x01'] }]
      const { client } = clientOf({
        eth_getProof: { accountProof: ['0x02'], storageHash: HASH, storageProof },
      })
      expect((await client.proof(ADDRESS, [toHash32(key)], 'latest')).storageProofs).toEqual([
        { slot: key, value: 42n, proof: [Uint8Array.of(1)] },
      ])
    }
  })
})
