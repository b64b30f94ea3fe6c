import { orderedRoot, Trie, toNibbles } from '@mosaic/execution'
import { decodeRlp, hexToBytes, keccak256Bytes, toBlockNumber, toHex } from '@mosaic/primitives'
import { AbiCoder, JsonRpcProvider, Transaction, Wallet, WebSocketProvider } from 'ethers'
import { createPublicClient, createWalletClient, defineChain, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ALICE,
  BALANCE,
  BOB,
  CHAIN_ID,
  copyBlocks,
  hexAt,
  listAt,
  SIGNERS,
  startTestNode,
  type TestNode,
  textAt,
} from './rpc-node.ts'

/** Without calldata: counts in slot 0 and logs the count under topics 42 and the caller. With calldata: reverts with it. */
const CODE = '361560 0c57365f5f37365ffd5b5f54600101805f555f5233602a60205fa200'.replaceAll(' ', '')
const CREATION = `0x60${(CODE.length / 2).toString(16)}8060095f395ff3${CODE}` as const
const GWEI = 10n ** 9n

const hexOf = (key: Uint8Array): `0x${string}` => `0x${Buffer.from(key).toString('hex')}`
const word = (value: bigint): `0x${string}` => `0x${value.toString(16).padStart(64, '0')}`

/** What a proof says of a key; throws where a node is missing or does not hash to its place. */
function findProven(
  nodes: readonly unknown[],
  root: `0x${string}`,
  key: string,
): ReturnType<typeof decodeRlp> | undefined {
  const known = new Map(
    nodes.map((each) => {
      const bytes = hexToBytes(hexAt(each))
      return [hexOf(keccak256Bytes(bytes)), bytes]
    }),
  )
  const trie = new Trie(keccak256Bytes, (hash) => known.get(hexOf(hash)), hexToBytes(root))
  const leaf = trie.get(toNibbles(keccak256Bytes(hexToBytes(toHex(key)))))
  return leaf && decodeRlp(leaf)
}

let node: TestNode
let provider: JsonRpcProvider
let alice: Wallet
let counter: string
let creationHash: string

beforeAll(async () => {
  node = await startTestNode()
  provider = new JsonRpcProvider(node.url, undefined, { cacheTimeout: -1, batchMaxCount: 1 })
  alice = new Wallet(hexOf(ALICE.secretKey), provider)
  await node.mine()
  const creation = await alice.sendTransaction({ data: CREATION })
  creationHash = creation.hash
  await node.mine()
  counter = (await provider.getTransactionReceipt(creation.hash))?.contractAddress ?? ''
})
afterAll(async () => {
  provider.destroy()
  await node.stop()
})

describe('blocks, transactions and receipts', () => {
  test('a transfer goes from the wallet through the pool into a block', async () => {
    const to = BOB.address
    const before = await provider.getBalance(to)
    const sent = await alice.sendTransaction({ to, value: 5n })
    expect(node.gossiped.transactions.map(hexOf)).toEqual([
      await node.call('eth_getRawTransactionByHash', creationHash),
      await node.call('eth_getRawTransactionByHash', sent.hash),
    ])
    expect((await provider.getTransaction(sent.hash))?.blockNumber).toBeNull()
    expect(await provider.getTransactionCount(ALICE.address, 'pending')).toBe(sent.nonce + 1)
    expect(await provider.getTransactionCount(ALICE.address, 'latest')).toBe(sent.nonce)
    expect(await node.call('txpool_status')).toEqual({ pending: '0x1', queued: '0x0' })
    const head = await provider.getBlock('latest')
    const pending = await node.call('eth_getBlockByNumber', 'pending', false)
    expect(pending).toMatchObject({
      number: `0x${((head?.number ?? 0) + 1).toString(16)}`,
      parentHash: head?.hash,
      hash: null,
      transactions: [sent.hash],
      gasUsed: '0x5208',
    })
    await node.mine()
    const receipt = await provider.getTransactionReceipt(sent.hash)
    const block = await provider.getBlock('latest', true)
    expect(receipt).toMatchObject({
      status: 1,
      gasUsed: 21_000n,
      cumulativeGasUsed: 21_000n,
      index: 0,
      blockHash: block?.hash,
      blockNumber: block?.number,
    })
    expect(block?.prefetchedTransactions.map(({ hash }) => hash)).toEqual([sent.hash])
    expect(await provider.getBalance(to)).toBe(before + 5n)
    expect(await node.call('txpool_status')).toEqual({ pending: '0x0', queued: '0x0' })
    expect((await provider.getTransaction(sent.hash))?.blockHash).toBe(block?.hash)
  })

  test('indices and gas accumulate over a block of several transactions', async () => {
    const nonce = await alice.getNonce()
    const sent = []
    for (let i = 0; i < 3; i++) {
      sent.push(await alice.sendTransaction({ to: counter, nonce: nonce + i, gasLimit: 100_000n }))
    }
    await node.mine()
    const receipts = await Promise.all(sent.map(({ hash }) => provider.getTransactionReceipt(hash)))
    expect(receipts.map((each) => each?.index)).toEqual([0, 1, 2])
    expect(receipts.map((each) => each?.logs[0]?.index)).toEqual([0, 1, 2])
    let sum = 0n
    for (const receipt of receipts) {
      sum += receipt?.gasUsed ?? 0n
      expect(receipt?.cumulativeGasUsed).toBe(sum)
    }
    const latest = await provider.getBlock('latest')
    expect(latest?.gasUsed).toBe(sum)
    expect(await node.call('eth_getBlockReceipts', 'latest')).toHaveLength(3)
  })

  test('raw receipts and transactions hash to the roots of the header', async () => {
    const { header } = node.chain.head()
    const tag = `0x${header.number.toString(16)}`
    const receipts = listAt(await node.call('debug_getRawReceipts', tag))
    expect(receipts.length).toBeGreaterThan(0)
    const root = orderedRoot(
      keccak256Bytes,
      receipts.map((raw) => hexToBytes(hexAt(raw))),
    )
    expect(hexOf(root)).toBe(header.receiptsRoot)
    const raw = hexAt(await node.call('debug_getRawHeader', tag))
    expect(hexOf(keccak256Bytes(hexToBytes(raw)))).toBe(node.chain.head().hash)
  })

  test('every type of transaction comes back as it was signed', async () => {
    const nonce = await alice.getNonce()
    const fees = { gasLimit: 100_000n, to: BOB.address, value: 1n, chainId: CHAIN_ID }
    const list = [{ address: counter, storageKeys: [word(0n)] }]
    const bodies = [
      { type: 0, gasPrice: 3n * GWEI, nonce },
      { type: 1, gasPrice: 3n * GWEI, nonce: nonce + 1, accessList: list },
      {
        type: 2,
        maxFeePerGas: 3n * GWEI,
        maxPriorityFeePerGas: 1n,
        nonce: nonce + 2,
        accessList: list,
      },
      {
        type: 4,
        maxFeePerGas: 3n * GWEI,
        maxPriorityFeePerGas: 1n,
        nonce: nonce + 3,
        authorizationList: [
          await new Wallet(hexOf(BOB.secretKey)).authorize({
            address: counter,
            nonce: 0n,
            chainId: CHAIN_ID,
          }),
        ],
      },
    ]
    for (const body of bodies) {
      const raw = await alice.signTransaction({ ...fees, ...body })
      const { hash } = await provider.broadcastTransaction(raw)
      await node.mine()
      const found = await provider.getTransaction(hash)
      expect(found?.blockNumber).toBe(Number(node.chain.head().header.number))
      expect(found && Transaction.from(found).serialized).toBe(raw)
      expect(await node.call('eth_getRawTransactionByHash', hash)).toBe(raw)
    }
    // The delegation of EIP-7702 that the last one set.
    expect(await provider.getCode(BOB.address)).toBe(`0xef0100${counter.slice(2).toLowerCase()}`)
    expect(await provider.getTransactionCount(BOB.address)).toBe(1)
  })

  test('a creation tells its contract', async () => {
    const receipt = await provider.getTransactionReceipt(creationHash)
    expect(receipt).toMatchObject({ to: null, status: 1 })
    expect(await provider.getCode(counter)).toBe(`0x${CODE}`)
  })

  test('blocks are found by tag, number and hash; safe and finalized not before finality', async () => {
    expect((await provider.getBlock('earliest'))?.number).toBe(0)
    const latest = await provider.getBlock('latest')
    expect(await provider.getBlock(latest?.hash ?? '')).toMatchObject({ number: latest?.number })
    expect(await provider.getBlock(10_000)).toBeNull()
    expect(await node.failure('eth_getBlockByNumber', 'safe', false)).toEqual([
      -39_001,
      'safe block not found',
    ])
    expect(await node.failure('eth_getBalance', ALICE.address, 'finalized')).toEqual([
      -39_001,
      'finalized block not found',
    ])
  })

  test('viem sends, waits and reads', async () => {
    const chain = defineChain({
      id: Number(CHAIN_ID),
      name: 'test',
      nativeCurrency: { name: 'base', symbol: 'B', decimals: 18 },
      rpcUrls: { default: { http: [node.url] } },
    })
    const client = createPublicClient({ chain, transport: http(node.url), pollingInterval: 20 })
    const wallet = createWalletClient({
      chain,
      transport: http(node.url),
      account: privateKeyToAccount(hexOf(BOB.secretKey)),
    })
    const hash = await wallet.sendTransaction({ to: ALICE.address, value: 7n })
    await node.mine()
    const receipt = await client.waitForTransactionReceipt({ hash })
    expect(receipt).toMatchObject({ status: 'success', from: BOB.address, to: ALICE.address })
    expect((await client.getBlock()).number).toBe(node.chain.head().header.number)
    expect(
      (await client.getFeeHistory({ blockCount: 3, rewardPercentiles: [50] })).reward,
    ).toHaveLength(3)
  })
})

describe('logs', () => {
  test('are found by address, topic and range', async () => {
    const all = await provider.getLogs({ fromBlock: 0, toBlock: 'latest', address: counter })
    expect(all.length).toBe(3)
    expect(all.map(({ data }) => BigInt(data))).toEqual([1n, 2n, 3n])
    const caller = word(BigInt(ALICE.address))
    const filters = [
      { topics: [word(42n)] },
      { topics: [null, caller] },
      { topics: [[word(1n), word(42n)], [caller]] },
      { blockHash: all[0]?.blockHash ?? '' },
    ]
    for (const filter of filters) {
      const range = 'blockHash' in filter ? {} : { fromBlock: 0, toBlock: 'latest' }
      expect(await provider.getLogs({ ...range, ...filter, address: counter })).toEqual(all)
    }
    expect(await provider.getLogs({ fromBlock: 0, topics: [word(43n)] })).toEqual([])
    expect(await provider.getLogs({ fromBlock: 0, topics: [word(42n), word(42n)] })).toEqual([])
    expect(
      await provider.getLogs({ fromBlock: 0, toBlock: (all[0]?.blockNumber ?? 0) - 1 }),
    ).toEqual([])
    expect(await node.failure('eth_getLogs', { blockHash: word(1n) })).toEqual([
      -32_000,
      'unknown block',
    ])
  })

  test('leave out those of the end-of-block call', async () => {
    const { database } = node.chain
    for (let number = 1n; number <= node.chain.head().header.number; number++) {
      const hash = database.canonicalHash(toBlockNumber(number))
      const own = hash && database.receipts(hash)?.receipts.flatMap(({ logs }) => logs)
      const found = await provider.getLogs({ fromBlock: Number(number), toBlock: Number(number) })
      expect(found).toHaveLength(own?.length ?? -1)
    }
  })

  test('are reported to subscribers with the new head', async () => {
    const socket = new WebSocketProvider(node.url.replace('http', 'ws'))
    try {
      const log = Promise.withResolvers<string>()
      const block = Promise.withResolvers<number>()
      const pending = Promise.withResolvers<string>()
      await socket.on({ address: counter }, (event: { transactionHash: string }) => {
        log.resolve(event.transactionHash)
      })
      await socket.on('block', (number: number) => block.resolve(number))
      await socket.on('pending', (hash: string) => pending.resolve(hash))
      // ethers subscribes in the background.
      await socket.getBlockNumber()
      const sent = await alice.sendTransaction({ to: counter, gasLimit: 100_000n })
      expect(await pending.promise).toBe(sent.hash)
      await node.mine()
      expect(await log.promise).toBe(sent.hash)
      expect(await block.promise).toBe(Number(node.chain.head().header.number))
    } finally {
      await socket.destroy()
    }
  })
})

describe('calls', () => {
  test('return, revert with a reason, and estimate', async () => {
    const data = `0x08c379a0${AbiCoder.defaultAbiCoder().encode(['string'], ['not today']).slice(2)}`
    await expect(provider.call({ to: counter, data })).rejects.toMatchObject({
      code: 'CALL_EXCEPTION',
      reason: 'not today',
      data,
    })
    await expect(provider.estimateGas({ to: counter, data })).rejects.toMatchObject({
      reason: 'not today',
    })
    expect(await node.failure('eth_call', { to: counter, data: '0x01' })).toEqual([
      3,
      'execution reverted',
    ])
    const estimate = await provider.estimateGas({ to: counter, from: ALICE.address })
    const sent = await alice.sendTransaction({ to: counter, gasLimit: estimate })
    await node.mine()
    expect((await provider.getTransactionReceipt(sent.hash))?.status).toBe(1)
    expect(
      await provider.estimateGas({ to: SIGNERS[0]?.address ?? '', value: 1n, from: ALICE.address }),
    ).toBe(21_000n)
  })

  test('see the state of the block that is named', async () => {
    const now = await provider.getStorage(counter, 0)
    const { number } = (await provider.getBlock('latest')) ?? { number: 0 }
    await alice.sendTransaction({ to: counter, gasLimit: 100_000n })
    await node.mine()
    expect(BigInt(await provider.getStorage(counter, 0))).toBe(BigInt(now) + 1n)
    expect(await provider.getStorage(counter, 0, number)).toBe(now)
    expect(await provider.getBalance(ALICE.address, 0)).toBe(BALANCE)
    expect(await provider.getCode(counter, 0)).toBe('0x')
  })

  test.each([
    ['0xfe', 'invalid opcode: INVALID'],
    ['0x600056', 'invalid jump destination'],
    ['0x5b5f56', 'out of gas'],
    ['0x01', 'stack underflow'],
  ])('of code %s halt: %s', async (data, message) => {
    expect(await node.failure('eth_call', { data, gas: '0x30000' })).toEqual([-32_000, message])
  })

  test('prove what the state holds', async () => {
    const slots = [word(0n), word(7n)]
    const proof = await node.call('eth_getProof', counter, slots, 'latest')
    const storageHash = hexAt(proof, 'storageHash')
    const leaf = findProven(
      listAt(proof, 'accountProof'),
      node.chain.head().header.stateRoot,
      counter,
    )
    expect(leaf?.[2]).toEqual(hexToBytes(storageHash))
    const [first, second] = slots.map((slot, i) =>
      findProven(listAt(proof, 'storageProof', i, 'proof'), storageHash, slot),
    )
    const count = BigInt(await provider.getStorage(counter, 0))
    expect(BigInt(textAt(proof, 'storageProof', 0, 'value'))).toBe(count)
    expect(first).toEqual(Uint8Array.of(Number(count)))
    expect(second).toBeUndefined()
    expect(textAt(proof, 'storageProof', 1, 'value')).toBe('0x0')
  })
})

const sign = async (fields: object): Promise<string> =>
  alice.signTransaction({
    type: 2,
    to: BOB.address,
    chainId: CHAIN_ID,
    gasLimit: 60_000n,
    maxFeePerGas: 3n * GWEI,
    maxPriorityFeePerGas: GWEI,
    nonce: await alice.getNonce(),
    ...fields,
  })
const send = async (raw: string): Promise<readonly unknown[]> =>
  node.failure('eth_sendRawTransaction', raw)

describe('the pool', () => {
  test('refuses in the words of geth', async () => {
    const nonce = await alice.getNonce()
    expect((await send(await sign({ nonce: 0 })))[1]).toBe(
      `nonce too low: next nonce ${nonce}, tx nonce 0`,
    )
    expect((await send(await sign({ gasLimit: 20_000n })))[1]).toMatch(/^intrinsic gas too low/)
    expect((await send(await sign({ gasLimit: 31_000_000n })))[1]).toBe('exceeds block gas limit')
    expect((await send(await sign({ value: BALANCE * 2n })))[1]).toMatch(/^insufficient funds/)
    expect((await send(await sign({ chainId: 1n })))[1]).toBe('invalid sender')
    expect((await send('0x02c0'))[1]).toMatch(/^rlp: /)
    expect((await send('0x03c0'))[1]).toBe('transaction type not supported')
  })

  test('keeps what stands behind a gap until the gap is filled', async () => {
    const nonce = await alice.getNonce()
    const seen: string[] = []
    const unsubscribe = node.context.transactionIntake.onAdded(({ hash }) => seen.push(hash))
    const later = await sign({ nonce: nonce + 1 })
    const laterHash = await node.call('eth_sendRawTransaction', later)
    expect(seen).toEqual([])
    expect(await node.call('txpool_status')).toEqual({ pending: '0x0', queued: '0x1' })
    expect(await provider.getTransactionCount(ALICE.address, 'pending')).toBe(nonce)
    const first = await node.call('eth_sendRawTransaction', await sign({ nonce }))
    expect(seen).toEqual([first, laterHash])
    expect(await node.call('txpool_status')).toEqual({ pending: '0x2', queued: '0x0' })
    expect((await send(later))[1]).toBe('already known')
    expect((await send(await sign({ nonce, maxFeePerGas: 3n * GWEI + 1n })))[1]).toBe(
      'replacement transaction underpriced',
    )
    const fees = { maxFeePerGas: 6n * GWEI, maxPriorityFeePerGas: 2n * GWEI }
    const replacement = await node.call('eth_sendRawTransaction', await sign({ nonce, ...fees }))
    expect(seen).toEqual([first, laterHash, replacement])
    unsubscribe()
    await node.mine()
    expect(await node.call('txpool_status')).toEqual({ pending: '0x0', queued: '0x0' })
    expect(await node.call('eth_getTransactionReceipt', first)).toBeNull()
    expect(await node.call('eth_getTransactionReceipt', replacement)).not.toBeNull()
  })

  test('suggests a tip that was paid, and the base fee of the next block', async () => {
    const tip = BigInt(textAt(await node.call('eth_maxPriorityFeePerGas')))
    expect(tip).toBeGreaterThan(0n)
    expect(tip).toBeLessThanOrEqual(2n * GWEI)
    const before = node.chain.head().hash
    const history = await node.call('eth_feeHistory', '0x1', 'latest', [])
    await node.mine()
    expect(node.chain.head().header.parentHash).toBe(before)
    expect(BigInt(textAt(history, 'baseFeePerGas', 1))).toBe(node.chain.head().header.baseFeePerGas)
  })
})

describe('clique', () => {
  test('tells who sealed and who may seal', async () => {
    const { header, signer } = node.chain.head()
    expect(await node.call('clique_getSigner', `0x${header.number.toString(16)}`)).toBe(signer)
    expect(await node.call('clique_getSigners')).toEqual(SIGNERS.map(({ address }) => address))
    await node.call('clique_propose', BOB.address, true)
    expect(await node.call('clique_proposals')).toEqual({ [BOB.address]: true })
    await node.mine()
    expect(await node.call('clique_getSnapshot')).toMatchObject({
      tally: { [BOB.address]: { authorize: true, votes: 1 } },
    })
    await node.call('clique_discard', BOB.address)
    expect(await node.call('clique_proposals')).toEqual({})
  })
})

describe('a fork', () => {
  test('returns the transactions of the lost branch to the pool and reports removed logs', async () => {
    const [ours, theirs] = [await startTestNode(), await startTestNode()]
    try {
      const wallet = new Wallet(hexOf(ALICE.secretKey))
      const raw = await wallet.signTransaction({
        type: 2,
        chainId: CHAIN_ID,
        nonce: 0,
        to: BOB.address,
        value: 1n,
        gasLimit: 21_000n,
        maxFeePerGas: 2n * GWEI,
        maxPriorityFeePerGas: 1n,
      })
      const hash = await ours.call('eth_sendRawTransaction', raw)
      // Out of turn, so that the other branch is heavier.
      await ours.mine(0)
      const lost = ours.chain.head().hash
      expect(await ours.call('eth_getTransactionReceipt', hash)).toMatchObject({ blockHash: lost })
      await theirs.mine(1)
      await theirs.mine(0)
      const filter = await ours.call('eth_newBlockFilter')
      await copyBlocks(theirs, ours, 1n)
      expect(ours.chain.head().hash).toBe(theirs.chain.head().hash)
      await expect.poll(() => ours.context.transactions.size()).toBe(1)
      expect(await ours.call('eth_getTransactionReceipt', hash)).toBeNull()
      expect(await ours.call('eth_getTransactionByHash', hash)).toMatchObject({ blockHash: null })
      expect(await ours.call('eth_getTransactionCount', ALICE.address, 'pending')).toBe('0x1')
      expect(await ours.call('eth_getFilterChanges', filter)).toContain(theirs.chain.head().hash)
      expect(await ours.call('eth_getBlockByHash', lost, false)).toMatchObject({ hash: lost })
      await ours.mine()
      expect(await ours.call('eth_getTransactionReceipt', hash)).toMatchObject({
        blockNumber: '0x3',
      })
      expect(ours.context.transactions.size()).toBe(0)
    } finally {
      await ours.stop()
      await theirs.stop()
    }
  })
})
