import { createRpcPorts, createTransactionIntake } from '@mosaic/api'
import {
  type Chain,
  countedVotes,
  createTransactionPool,
  createVoteIntake,
  createVotePool,
  verifyStore,
} from '@mosaic/chain'
import { createProvider } from '@mosaic/devchain'
import { encodeBlock } from '@mosaic/execution'
import type { RequestHandlers, ServedMethod } from '@mosaic/network'
import { createEthereumClient, type EthereumClient } from '@mosaic/origin'
import { toAddress, toBlockNumber, toHeight, ZERO_HASH } from '@mosaic/primitives'
import { coreIdentifier, originIdentifier } from '@mosaic/protocol'
import { createMethods } from '@mosaic/rpc'
import { createMemoryStore, type Store } from '@mosaic/storage'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createExchangeHandlers } from '../src/exchange-handlers.ts'
import { openNodeChain } from '../src/open-chain.ts'
import { createOriginViews } from '../src/origin-views.ts'
import { syncToCheckpoint } from '../src/sync/checkpoint-sync.ts'
import { readCommittedCheckpoint, WrongCoreError } from '../src/sync/committed-checkpoint.ts'
import type { PeerPort } from '../src/sync/courier.ts'
import { backfillHistory } from '../src/sync/history-backfill.ts'
import { createMosaic, type Mosaic } from '../src/testing/index.ts'

const ORIGIN_CHAIN_ID = 31_337n
const CREATION = '0x600160005260206000f3'

let mosaic: Mosaic
let origin: EthereumClient
let full: Chain
let honest: RequestHandlers

beforeAll(async () => {
  mosaic = await createMosaic({ nodes: 3 })
  const send = async (fields: Readonly<Record<string, string>>): Promise<void> => {
    const from = mosaic.accounts[0]?.address
    const params = [{ from, ...fields }]
    await mosaic.auxiliary.provider.request({ method: 'eth_sendTransaction', params })
  }
  await send({ data: CREATION, gas: '0x30000' })
  await send({ data: '0xfe', gas: '0x30000' })
  await mosaic.commitMetaBlock()
  await send({ to: `0x${'5a'.repeat(20)}`, value: '0x1' })
  await mosaic.commitMetaBlock()
  await mosaic.mine(8)
  const [first] = mosaic.nodes
  if (first === undefined) throw new Error('expected a node')
  full = first.chain
  honest = first.handlers
  origin = clientOf(mosaic)
}, 120_000)
afterAll(() => mosaic.close())

function clientOf({ origin: { provider } }: Mosaic): EthereumClient {
  return createEthereumClient(
    (method, params) => provider.request({ method, params }),
    { kind: 'confirmations', depth: 2n },
    ORIGIN_CHAIN_ID,
  )
}

/** A node without a chain, among peers that answer as told, with time that passes only while it sleeps. */
async function newcomer(
  peers: Readonly<Record<string, Partial<RequestHandlers>>>,
  store = createMemoryStore(),
) {
  const chain = await openNodeChain(mosaic.genesis, store, { nowSeconds: () => 10n ** 12n })
  const penalties: string[] = []
  const logged: string[] = []
  const abort = new AbortController()
  let time = 0
  const port: PeerPort = {
    ready: () => Object.keys(peers),
    penalise: (peerId) => void penalties.push(peerId),
    request: (peerId, method, request) => {
      const handlers: RequestHandlers = { ...honest, ...peers[peerId] }
      const answer = handlers[method]
      return answer(request, { peerId, signal: abort.signal })
    },
  }
  const parts = {
    chain,
    store,
    origin,
    genesis: mosaic.genesis,
    peers: port,
    log: (_level: string, event: string) => void logged.push(event),
    now: () => time,
    sleep: async (ms: number) => {
      abort.signal.throwIfAborted()
      time += ms
      await new Promise((resolve) => setImmediate(resolve))
    },
    signal: abort.signal,
  }
  const targets: bigint[] = []
  return {
    chain,
    store,
    penalties,
    logged,
    targets,
    handlers: createExchangeHandlers(chain, store, createVotePool(), createTransactionPool()),
    abort: () => abort.abort(new Error('stopped')),
    begin: () => syncToCheckpoint(parts, (number) => targets.push(number)),
    fill: () => backfillHistory({ ...parts, isBusy: () => false }),
    follow: async () => {
      const head = full.head().header.number
      for (let number = chain.head().header.number + 1n; number <= head; number++) {
        const verdict = await chain.importBlock(encodeBlock(blockOf(full, number)))
        if (!verdict.ok) throw new Error(verdict.fault.code)
      }
    },
  }
}

function blockOf(chain: Chain, number: bigint) {
  const hash = chain.database.canonicalHash(toBlockNumber(number))
  const block = hash === undefined ? undefined : chain.database.block(hash)
  if (block === undefined) throw new Error(`expected block ${number}`)
  return block
}

/** Answers like the honest one, but what `change` makes of each chunk; nothing if that is undefined. */
function twisted(
  name: 'headersByRange' | 'stateNodes' | 'blocksByRange' | 'receiptsByHash',
  change: (chunk: Uint8Array, index: number) => Uint8Array | undefined,
): Partial<RequestHandlers> {
  const twist = <Name extends ServedMethod>(method: Name): RequestHandlers[Name] => {
    const answer = honest[method]
    return async function* (request, context) {
      let index = 0
      for await (const chunk of answer(request, context)) {
        const changed = change(chunk, index++)
        if (changed !== undefined) yield changed
      }
    }
  }
  return { [name]: twist(name) }
}

const flipped = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte))

describe('syncToCheckpoint', { timeout: 120_000 }, () => {
  test('begins at the newest committed checkpoint, and goes on like a node that executed everything', async () => {
    const node = await newcomer({ a: {} })
    const committed = await readCommittedCheckpoint(origin, mosaic.genesis)
    await node.begin()
    expect(node.logged).toContain('sync.checkpoint.begun')
    expect(node.chain.finalized()).toEqual(committed?.checkpoint)
    const number = (committed?.checkpoint.height ?? 0n) * mosaic.genesis.epochLength
    expect(node.targets).toEqual([number])
    expect(node.chain.head().header.number).toBe(number - 1n)
    const { totalDifficulty: _, ...record } = node.chain.head()
    expect(full.canonical(toBlockNumber(number - 1n))).toMatchObject(record)
    await node.follow()
    const { totalDifficulty: own, ...head } = node.chain.head()
    expect(full.head()).toMatchObject(head)
    expect(own).toBeLessThan(full.head().totalDifficulty)
    expect(node.chain.finalized()).toEqual(full.finalized())
    expect(node.penalties).toEqual([])
  })

  test('takes no false header, and drops who sends them', async () => {
    const node = await newcomer({ liar: twisted('headersByRange', flipped), honest: {} })
    await node.begin()
    expect(node.penalties).toEqual(['liar'])
    expect(node.chain.finalized().height).toBeGreaterThan(0n)
  })

  test('takes no header of another chain though it is well-formed', async () => {
    const other = await createMosaic({ time: 1_760_000_000n })
    await other.mine(Number(full.head().header.number))
    const stranger = other.nodes[0]?.handlers
    if (stranger === undefined) throw new Error('expected a node')
    const node = await newcomer({ stranger, honest: {} })
    await node.begin()
    await other.close()
    expect(node.penalties).toEqual(['stranger'])
    expect(node.chain.genesis.hash).toBe(full.genesis.hash)
  })

  test('takes no false piece of state, and drops who sends them', async () => {
    const node = await newcomer({ liar: twisted('stateNodes', flipped), honest: {} })
    await node.begin()
    await node.follow()
    expect(node.penalties).toContain('liar')
    expect(node.chain.head().hash).toBe(full.head().hash)
  })

  test('asks others for what a peer leaves out, which is no fault', async () => {
    const node = await newcomer({
      pruned: twisted('stateNodes', () => undefined),
      half: twisted('stateNodes', (chunk, index) => (index % 2 === 0 ? chunk : undefined)),
      honest: {},
    })
    await node.begin()
    await node.follow()
    expect(node.penalties).toEqual([])
    expect(node.chain.head().hash).toBe(full.head().hash)
  })

  test('takes nothing from a peer that answers without end', async () => {
    const endless: Partial<RequestHandlers> = {
      stateNodes: async function* () {
        for (let i = 0; ; i++) yield Uint8Array.of(i & 255, i >> 8)
      },
      headersByRange: async function* () {
        for (;;) yield new Uint8Array(600)
      },
    }
    const node = await newcomer({ endless, honest: {} })
    await node.begin()
    expect(new Set(node.penalties)).toEqual(new Set(['endless']))
  })

  test('does not begin while nobody has the whole state, and begins once somebody has', async () => {
    const store = createMemoryStore()
    const lacking = await newcomer({ pruned: twisted('stateNodes', () => undefined) }, store)
    const beginning = lacking.begin()
    await untilLogged(lacking.logged, 'sync.checkpoint.failed', 2)
    expect(lacking.chain.head().hash).toBe(full.genesis.hash)
    expect(lacking.chain.finalized().height).toBe(0n)
    lacking.abort()
    await expect(beginning).rejects.toThrow('stopped')
    const node = await newcomer({ honest: {} }, store)
    await node.begin()
    expect(node.logged).toContain('sync.checkpoint.begun')
  })

  test('goes on where it was interrupted, and counts nothing that is half there', async () => {
    const store = createMemoryStore()
    let pieces = 0
    const node = await newcomer(
      {
        dying: twisted('stateNodes', (chunk) => {
          if (++pieces > 40) interrupted.abort()
          return pieces > 40 ? undefined : chunk
        }),
      },
      store,
    )
    const interrupted = node
    await expect(node.begin()).rejects.toThrow('stopped')
    const again = await newcomer({ honest: {} }, store)
    expect(again.chain.head().hash).toBe(full.genesis.hash)
    expect(again.chain.finalized().height).toBe(0n)
    expect(again.chain.database.missing()).toBeUndefined()
    await again.begin()
    await again.follow()
    expect(again.chain.head().hash).toBe(full.head().hash)
    const reopened = await openNodeChain(mosaic.genesis, store)
    expect(reopened.head().hash).toBe(full.head().hash)
  })

  test('fetches a damaged piece of an earlier attempt anew', async () => {
    const store = createMemoryStore()
    await (await newcomer({ a: {} }, store)).begin()
    const fresh = createMemoryStore()
    for await (const [key, value] of store.entries('node')) {
      await fresh.batch([{ type: 'put', space: 'node', key, value: flipped(value) }])
    }
    const node = await newcomer({ a: {} }, fresh)
    await node.begin()
    await node.follow()
    expect(node.chain.head().hash).toBe(full.head().hash)
  })

  test('trusts no core but the one of its genesis', async () => {
    const { genesis } = mosaic
    const elsewhere = { ...genesis, core: toAddress(`0x${'11'.repeat(20)}`) }
    await expect(readCommittedCheckpoint(origin, elsewhere)).rejects.toBeInstanceOf(WrongCoreError)
    const otherKernel = { ...genesis, kernelHash: ZERO_HASH }
    await expect(readCommittedCheckpoint(origin, otherKernel)).rejects.toBeInstanceOf(
      WrongCoreError,
    )
  })

  test('begins at genesis while no meta-block is final on origin', async () => {
    await using young = await createMosaic()
    await young.mine(4)
    expect(await readCommittedCheckpoint(clientOf(young), young.genesis)).toBeUndefined()
  })
})

/** A newcomer that has begun, and followed to the head. */
async function begun(peers: Parameters<typeof newcomer>[0]): ReturnType<typeof newcomer> {
  const node = await newcomer(peers)
  await node.begin()
  await node.follow()
  return node
}

describe('a chain that began at a checkpoint', { timeout: 120_000 }, () => {
  test('takes the committed block and no other after its beginning', async () => {
    const node = await newcomer({ a: {} })
    await node.begin()
    const next = node.chain.head().header.number + 1n
    const { header, transactions } = blockOf(full, next)
    const sibling = encodeBlock({
      ...blockOf(full, next),
      transactions,
      header: { ...header, gasLimit: header.gasLimit + 1n },
    })
    expect(await node.chain.importBlock(sibling)).toMatchObject({
      ok: false,
      fault: { code: 'CHAIN_CONFLICTS_WITH_FINALITY' },
    })
    await node.follow()
    expect(node.chain.head().hash).toBe(full.head().hash)
  })

  test('fills in blocks, receipts and votes down to genesis', async () => {
    const node = await begun({ a: {} })
    const { base = 0n } = node.chain.database.missing() ?? {}
    expect(node.chain.database.missing()).toMatchObject({ from: base + 1n })
    await node.fill()
    expect(node.chain.database.missing()).toMatchObject({ from: 1n, parent: full.genesis.hash })
    for (let number = 1n; number <= full.head().header.number; number++) {
      const block = blockOf(full, number)
      expect(blockOf(node.chain, number)).toEqual(block)
      expect(node.chain.database.receipts(block.hash)?.receipts).toEqual(
        full.database.receipts(block.hash)?.receipts,
      )
      for (const { hash } of block.transactions) {
        expect(node.chain.database.position(hash)).toEqual(full.database.position(hash))
      }
    }
    expect(node.logged).toContain('history.complete')
    const executed = await newcomer({})
    await executed.follow()
    for (let height = 0n; height <= full.finalized().height + 1n; height++) {
      expect(await votesAt(node, height)).toEqual(await votesAt(executed, height))
    }
    expect((await verifyStore(node.chain, node.store)).faults).toEqual([])
  })

  test.each([
    ['blocks', 'blocksByRange'],
    ['receipts', 'receiptsByHash'],
  ] as const)('takes no false %s, and drops who sends them', async (_what, name) => {
    const node = await begun({ liar: twisted(name, flipped), honest: {} })
    await node.fill()
    expect(node.penalties).toContain('liar')
    expect(node.penalties).not.toContain('honest')
    expect(node.chain.database.missing()).toMatchObject({ from: 1n, parent: full.genesis.hash })
    expect((await verifyStore(node.chain, node.store)).faults).toEqual([])
  })

  test.each([
    ['others than those of the block', 1],
    ['none', 0],
  ])('takes no block whose transactions are %s', async (_what, count) => {
    const spam = blockOf(full, 1n).transactions.slice(0, count)
    const emptied = (bytes: Uint8Array): Uint8Array => {
      const decoded = full.execution.decodeBlock(bytes)
      if (!decoded.ok || decoded.value.transactions.length === 0) return bytes
      return encodeBlock({ ...decoded.value, transactions: spam })
    }
    const node = await begun({ liar: twisted('blocksByRange', emptied), honest: {} })
    await node.fill()
    expect(node.penalties).toContain('liar')
    expect((await verifyStore(node.chain, node.store)).faults).toEqual([])
  })

  test('tells JSON-RPC callers what is not here, and what never will be', async () => {
    const node = await begun({ a: {} })
    const { base = 0n, from = 0n } = node.chain.database.missing() ?? {}
    const [transaction] = blockOf(full, 1n).transactions
    const missing = { code: 4444, message: expect.stringContaining(`blocks below ${from} are not`) }
    const ask = await serve(node)
    for (const [method, ...params] of [
      ['eth_getBlockByNumber', '0x1', false],
      ['eth_getBlockByHash', blockOf(full, 1n).hash, false],
      ['eth_getTransactionByHash', transaction?.hash],
      ['eth_getTransactionReceipt', transaction?.hash],
      ['eth_getLogs', { fromBlock: '0x1', toBlock: 'latest' }],
      ['eth_getBalance', mosaic.core, '0x1'],
    ] as const) {
      await expect(ask(method, params)).rejects.toMatchObject(missing)
    }
    for (const tag of ['earliest', 'latest']) {
      expect(await ask('eth_getBlockByNumber', [tag, false])).not.toHaveProperty('totalDifficulty')
    }
    await node.fill()
    expect(await ask('eth_getTransactionReceipt', [transaction?.hash])).toEqual(
      await mosaic.auxiliary.provider.request({
        method: 'eth_getTransactionReceipt',
        params: [transaction?.hash],
      }),
    )
    expect(await ask('eth_getTransactionReceipt', [ZERO_HASH])).toBeNull()
    for (const [method, ...params] of [
      ['eth_getBalance', mosaic.core, '0x1'],
      ['mosaic_checkpoint', '0x1'],
    ] as const) {
      await expect(ask(method, params)).rejects.toMatchObject({
        code: 4444,
        message: expect.stringContaining(`this node began at block ${base}`),
      })
    }
  })

  test('fills in on from where it was interrupted', async () => {
    const store = createMemoryStore()
    const first = await newcomer({ a: {} }, store)
    await first.begin()
    const { base = 0n } = first.chain.database.missing() ?? {}
    const few = await newcomer(
      {
        // Larger blocks than this one would fit: three at a time.
        a: twisted('blocksByRange', (chunk, index) => (index < 3 ? chunk : undefined)),
        dying: {
          blocksByRange: async function* () {
            const { from } = few.chain.database.missing() ?? { from: 0n }
            if (from < base - 6n) few.abort()
            yield* []
          },
        },
      },
      store,
    )
    await expect(few.fill()).rejects.toThrow('stopped')
    const again = await newcomer({ a: {} }, store)
    expect(again.chain.database.missing()?.from).toBeLessThan(base)
    expect((await verifyStore(again.chain, store)).faults).toEqual([])
    await again.fill()
    expect(again.chain.database.missing()?.from).toBe(1n)
  })

  test('lets others go on below their own beginning as far as it has blocks', async () => {
    const node = await begun({ a: {} })
    const { base = 0n } = node.chain.database.missing() ?? {}
    const ask = node.handlers.blocksByRange
    const context = { peerId: 'b', signal: new AbortController().signal }
    const request = { start: toBlockNumber(base - 3n), count: 8 }
    expect(await collect(ask(request, context))).toEqual([])
    await node.fill()
    expect(await collect(ask(request, context))).toHaveLength(8)
  })
})

/** JSON-RPC of a node. */
async function serve({ chain, store }: { chain: Chain; store: Store }) {
  const transactions = createTransactionPool()
  const votes = createVotePool()
  const ports = createRpcPorts({
    chain,
    transactions,
    transactionIntake: createTransactionIntake(chain, transactions),
    gossipTransaction: async () => undefined,
    peerCount: () => 0,
    syncProgress: () => undefined,
    proposals: new Map(),
    signer: undefined,
    clientVersion: 'test',
    mosaic: {
      store,
      votes,
      intake: createVoteIntake(chain, votes),
      gossipVote: async () => undefined,
      validator: undefined,
      origin: createOriginViews(origin, mosaic.core, mosaic.genesis.coreCreatedAt),
      accountability: () => undefined,
    },
  })
  const provider = createProvider(createMethods(ports))
  return (method: string, params: readonly unknown[]) => provider.request({ method, params })
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

async function votesAt({ store, chain }: { store: Store; chain: Chain }, height: bigint) {
  const { identity } = chain.definition
  const about = [coreIdentifier(identity), originIdentifier(identity.originChainId)]
  const votes = []
  for (const each of about) {
    votes.push(...(await countedVotes(store, chain.definition, each, toHeight(height))))
  }
  return votes
}

/** Resolves when an event was logged so often. */
async function untilLogged(logged: readonly string[], event: string, count: number): Promise<void> {
  while (logged.filter((each) => each === event).length < count) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
