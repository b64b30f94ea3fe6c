import { type BlockTag, Contract, JsonRpcProvider, WebSocketProvider } from 'ethers'
import { createPublicClient, http, parseAbi, webSocket } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALICE, CONTRACT, EVENT, fakeTransaction, word } from './fake-node.ts'
import { type Running, startServer, until } from './harness.ts'

let running: Running
beforeAll(async () => {
  running = await startServer()
})
afterAll(() => running.stop())

const ABI = [
  'function answer() view returns (uint256)',
  'event Ping(uint256 indexed value)',
] as const
const REASON =
  `0x08c379a0${word(32n).slice(2)}${word(5n).slice(2)}${'48656c6c6f'.padEnd(64, '0')}` as const

describe('ethers', () => {
  let provider: JsonRpcProvider
  beforeAll(() => {
    provider = new JsonRpcProvider(running.url, undefined, { cacheTimeout: -1 })
  })
  afterAll(() => {
    provider.destroy()
  })

  test.each<BlockTag>(['latest', 4, 'earliest', 'pending'])('reads block %s', async (tag) => {
    const block = await provider.getBlock(tag, true)
    expect(block?.gasLimit).toBe(30_000_000n)
    expect(block?.baseFeePerGas).toBe(1_000_000_000n)
    expect(block?.prefetchedTransactions.map(({ from }) => from.toLowerCase())).toEqual(
      block?.transactions.map(() => ALICE),
    )
  })

  test('reads transactions of every type, and receipts', async () => {
    const { transactions, receipts } = running.node.head
    for (const [i, { hash, type }] of transactions.entries()) {
      const transaction = await provider.getTransaction(hash)
      expect(transaction).toMatchObject({ hash, type, index: i, chainId: 4711n, nonce: 4 })
      const receipt = await provider.getTransactionReceipt(hash)
      expect(receipt).toMatchObject({
        hash,
        index: i,
        status: 1,
        gasPrice: receipts[i]?.effectiveGasPrice,
      })
      expect(receipt?.logs[0]?.topics).toEqual([EVENT, word(4n)])
    }
  })

  test('reads state, fees and logs', async () => {
    expect(await provider.getBalance(ALICE)).toBe(10n ** 21n)
    expect(await provider.getTransactionCount(ALICE, 'pending')).toBe(102)
    expect(await provider.getCode(CONTRACT)).toBe('0x6001')
    expect(await provider.getStorage(CONTRACT, 3)).toBe(word(4n))
    expect((await provider.getNetwork()).chainId).toBe(4711n)
    expect(await provider.getFeeData()).toMatchObject({ maxPriorityFeePerGas: 1_000_000_000n })
    const logs = await provider.getLogs({ fromBlock: 3, topics: [EVENT] })
    expect(logs.map(({ blockNumber }) => blockNumber)).toEqual([3, 3, 3, 4, 4, 4])
  })

  test('calls, and decodes a revert', async () => {
    const contract = new Contract(CONTRACT, ABI, provider)
    expect(await contract.getFunction('answer').staticCall()).toBe(42n)
    running.node.outcome = { kind: 'revert', data: REASON }
    await expect(contract.getFunction('answer').staticCall()).rejects.toMatchObject({
      code: 'CALL_EXCEPTION',
      reason: 'Hello',
    })
    running.node.outcome = { kind: 'success', returnData: word(42n) }
  })

  test.each([
    [
      { code: 'INSUFFICIENT_FUNDS', balance: 0n, cost: 1n, queued: undefined, replaced: undefined },
      'INSUFFICIENT_FUNDS',
    ],
    [{ code: 'NONCE_TOO_LOW', next: 2n, given: 1n }, 'NONCE_EXPIRED'],
    [{ code: 'REPLACEMENT_UNDERPRICED' }, 'REPLACEMENT_UNDERPRICED'],
  ] as const)('understands %o', async (fault, code) => {
    running.node.fault = fault
    const raw =
      '0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83'
    await expect(provider.broadcastTransaction(raw)).rejects.toMatchObject({ code })
    running.node.fault = undefined
  })

  test('follows blocks and logs over a WebSocket', async () => {
    const socket = new WebSocketProvider(running.url.replace('http', 'ws'))
    const blocks: number[] = []
    const logs: unknown[] = []
    await socket.on('block', (number: number) => blocks.push(number))
    await socket.on({ topics: [EVENT] }, (log: unknown) => logs.push(log))
    await socket.getBlockNumber()
    const { header } = running.node.extend()
    await until(() => blocks.length === 1 && logs.length === 3)
    expect(blocks).toEqual([Number(header.number)])
    await socket.destroy()
  })
})

describe('viem', () => {
  const abi = parseAbi(ABI)

  test('reads blocks, transactions and receipts', async () => {
    const viem = createPublicClient({
      transport: http(running.url, { batch: true, retryCount: 0 }),
    })
    const block = await viem.getBlock({ blockNumber: 4n, includeTransactions: true })
    expect(block).toMatchObject({ number: 4n, totalDifficulty: 9n, difficulty: 2n })
    expect(block.transactions.map(({ type }) => type)).toEqual(['legacy', 'eip2930', 'eip1559'])
    const [first] = block.transactions
    const receipt = await viem.getTransactionReceipt({ hash: first?.hash ?? '0x' })
    expect(receipt).toMatchObject({ status: 'success', type: 'legacy', gasUsed: 21_000n })
    expect(await viem.getBlock({ blockTag: 'pending' })).toMatchObject({ hash: null, nonce: null })
    expect(await viem.getTransaction({ hash: fakeTransaction(2, 100n).hash })).toMatchObject({
      blockHash: null,
    })
  })

  test('reads state in a batch, estimates, and proves', async () => {
    const viem = createPublicClient({
      transport: http(running.url, { batch: true, retryCount: 0 }),
    })
    const [chainId, balance, nonce, gas] = await Promise.all([
      viem.getChainId(),
      viem.getBalance({ address: ALICE }),
      viem.getTransactionCount({ address: ALICE, blockTag: 'pending' }),
      viem.estimateGas({ to: CONTRACT, account: ALICE }),
    ])
    expect([chainId, balance, nonce, gas]).toEqual([4711, 10n ** 21n, 102, 53_000n])
    const proof = await viem.getProof({ address: CONTRACT, storageKeys: [word(1n)] })
    expect(proof).toMatchObject({ nonce: 1, storageProof: [{ key: word(1n), value: 1n }] })
    const history = await viem.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })
    expect(history.reward).toEqual([[2_000_000_000n], [2_000_000_000n]])
    const logs = await viem.getContractEvents({
      address: CONTRACT,
      abi,
      eventName: 'Ping',
      fromBlock: 1n,
      toBlock: 2n,
    })
    expect(logs.map(({ args }) => args.value)).toEqual([1n, 1n, 1n, 2n, 2n, 2n])
  })

  test('calls, and decodes a revert', async () => {
    const viem = createPublicClient({
      transport: http(running.url, { batch: true, retryCount: 0 }),
    })
    const read = () => viem.readContract({ address: CONTRACT, abi, functionName: 'answer' })
    expect(await read()).toBe(42n)
    running.node.outcome = { kind: 'revert', data: REASON }
    await expect(read()).rejects.toThrow('Hello')
    running.node.outcome = { kind: 'success', returnData: word(42n) }
  })

  test('tells a missing finalized block', async () => {
    await expect(
      createPublicClient({ transport: http(running.url) }).getBlock({ blockTag: 'finalized' }),
    ).rejects.toThrow('finalized block not found')
  })

  test('follows blocks over a WebSocket and polls filters over HTTP', async () => {
    const socket = createPublicClient({ transport: webSocket(running.url.replace('http', 'ws')) })
    const heads: bigint[] = []
    const unwatch = socket.watchBlockNumber({ onBlockNumber: (number) => heads.push(number) })
    await socket.getChainId()
    const viem = createPublicClient({
      transport: http(running.url, { batch: true, retryCount: 0 }),
    })
    const filter = await viem.createBlockFilter()
    const { header } = running.node.extend()
    await until(() => heads.length > 0)
    expect(heads.at(-1)).toBe(header.number)
    expect(await viem.getFilterChanges({ filter })).toEqual([header.hash])
    unwatch()
    const rpc = await socket.transport.getRpcClient()
    rpc.close()
  })
})
