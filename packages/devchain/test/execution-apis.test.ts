import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDevChain, type DevChain } from '../src/index.ts'

/** Schemas of results by method, from `schemas/write-schemas.mjs`. */
type Document = {
  readonly results: Readonly<Record<string, object>>
  readonly components: object
}

const text = readFileSync(new URL('schemas/execution-apis.json', import.meta.url), 'utf8')
const document: Document = JSON.parse(text)
const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(document, 'apis')

/** Writes slot 0 and logs two topics. */
const CODE = '0x602a6000556022601160006000a200'
const CONTRACT = '0x00000000000000000000000000000000000c0de0'
const UNKNOWN = `0x${'11'.repeat(32)}`
const DELEGATE = '0x00000000000000000000000000000000000c0de1'

type Fixture = {
  readonly from: string
  readonly to: string
  /** A block with transactions of all kinds, and their hashes. */
  readonly block: string
  readonly transactions: readonly string[]
  readonly waiting: string
}

let chain: DevChain
let fixture: Fixture

const ask = (method: string, params: readonly unknown[]): Promise<unknown> =>
  chain.provider.request({ method, params })

async function fill(): Promise<Fixture> {
  const [first, second] = chain.accounts
  if (first === undefined || second === undefined) throw new TypeError('expected accounts')
  const from = first.address
  const to = second.address
  await chain.setCode(CONTRACT, CODE)
  chain.setAutomine(false)
  const call = { from, to: CONTRACT, gas: '0x30d40' }
  const access = [{ address: CONTRACT, storageKeys: [`0x${'00'.repeat(32)}`] }]
  const sent = [
    { ...call, gasPrice: '0x77359400' },
    { ...call, gasPrice: '0x77359400', accessList: access, type: '0x1' },
    { ...call, maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1', accessList: access },
    { from, to, value: '0x1' },
    { from, data: '0x600160005560006000fd', gas: '0x30d40' },
    {
      ...call,
      to,
      authorizationList: [
        { chainId: '0x7a69', address: DELEGATE, nonce: '0x0', yParity: '0x0', r: '0x1', s: '0x1' },
      ],
    },
  ]
  const transactions: string[] = []
  for (const each of sent) transactions.push(String(await ask('eth_sendTransaction', [each])))
  await chain.mine()
  const { hash: block } = chain.chain.head()
  const waiting = String(await ask('eth_sendTransaction', [{ from, to, value: '0x2' }]))
  return { from, to, block, transactions, waiting }
}

/** What each method is asked; several lists of parameters where answers have several forms. */
const CALLS: Readonly<Record<string, (f: Fixture) => readonly (readonly unknown[])[]>> = {
  debug_getRawBlock: () => [['latest']],
  debug_getRawHeader: () => [['latest']],
  debug_getRawReceipts: () => [['latest']],
  debug_getRawTransaction: (f) => f.transactions.map((hash) => [hash]),
  debug_traceBlockByHash: (f) => [[f.block]],
  debug_traceBlockByNumber: () => [['latest']],
  debug_traceTransaction: (f) => f.transactions.map((hash) => [hash]),
  eth_accounts: () => [[]],
  eth_blockNumber: () => [[]],
  eth_call: () => [[{ to: CONTRACT }, 'latest']],
  eth_chainId: () => [[]],
  eth_coinbase: () => [[]],
  eth_createAccessList: (f) => [[{ from: f.from, to: CONTRACT }, 'latest']],
  eth_estimateGas: (f) => [[{ from: f.from, to: CONTRACT }]],
  eth_feeHistory: () => [
    ['0x2', 'latest', [25, 75]],
    ['0x1', 'latest', []],
  ],
  eth_gasPrice: () => [[]],
  eth_getBalance: (f) => [[f.from, 'latest']],
  eth_getBlockByHash: (f) => [
    [f.block, false],
    [f.block, true],
    [UNKNOWN, false],
  ],
  eth_getBlockByNumber: () => [
    ['latest', false],
    ['latest', true],
    ['0x0', true],
    ['0xffff', true],
  ],
  eth_getBlockReceipts: () => [['latest'], ['0x0'], ['0xffff']],
  eth_getBlockTransactionCountByHash: (f) => [[f.block]],
  eth_getBlockTransactionCountByNumber: () => [['latest'], ['0xffff']],
  eth_getCode: () => [[CONTRACT, 'latest']],
  eth_getLogs: (f) => [[{ blockHash: f.block }]],
  eth_getProof: () => [
    [CONTRACT, [`0x${'00'.repeat(32)}`], 'latest'],
    [DELEGATE, [], 'latest'],
  ],
  eth_getStorageAt: () => [[CONTRACT, `0x${'00'.repeat(32)}`, 'latest']],
  eth_getTransactionByBlockHashAndIndex: (f) =>
    [...f.transactions, 'none'].map((_, index) => [f.block, `0x${index.toString(16)}`]),
  eth_getTransactionByBlockNumberAndIndex: () => [['latest', '0x0']],
  eth_getTransactionByHash: (f) => [...f.transactions, UNKNOWN].map((hash) => [hash]),
  eth_getTransactionCount: (f) => [[f.from, 'latest']],
  eth_getTransactionReceipt: (f) => [...f.transactions, f.waiting, UNKNOWN].map((hash) => [hash]),
  eth_maxPriorityFeePerGas: () => [[]],
  eth_newBlockFilter: () => [[]],
  eth_newFilter: () => [[{}]],
  eth_newPendingTransactionFilter: () => [[]],
  eth_sign: (f) => [[f.from, '0x1234']],
  eth_simulateV1: () => [[{ blockStateCalls: [{ calls: [{ to: CONTRACT }] }] }, 'latest']],
  eth_syncing: () => [[]],
  net_version: () => [[]],
  txpool_content: () => [[]],
  txpool_contentFrom: (f) => [[f.from]],
  txpool_status: () => [[]],
}

/** Methods whose calls change the chain or need a filter: asked by the tests below. */
const IN_ORDER = [
  'eth_getFilterChanges',
  'eth_getFilterLogs',
  'eth_uninstallFilter',
  'eth_sendTransaction',
  'eth_sendRawTransaction',
  'eth_signTransaction',
]

function errorsOf(method: string, result: unknown): readonly object[] {
  const validate = ajv.getSchema(`apis#/results/${method}`)
  if (validate === undefined) throw new TypeError(`expected a schema of ${method}`)
  return validate(result) === true ? [] : (validate.errors ?? [])
}

function expectValid(method: string, result: unknown): void {
  expect(errorsOf(method, result)).toEqual([])
}

describe('answers', () => {
  beforeAll(async () => {
    chain = await createDevChain({ time: 1_800_000_000 })
    fixture = await fill()
  })
  afterAll(() => chain.close())

  test.for(Object.keys(CALLS))('to %s are as the execution-apis document says', async (method) => {
    for (const params of CALLS[method]?.(fixture) ?? []) {
      expect(errorsOf(method, await ask(method, params))).toEqual([])
    }
  })

  test.for(
    Object.keys(document.results).filter((name) => !(name in CALLS) && !IN_ORDER.includes(name)),
  )('there are none to %s, or it would be in this test', async (method) => {
    await expect(ask(method, [])).rejects.toMatchObject({ code: -32_601 })
  })

  test('to eth_getTransactionByHash deviate for what waits: it has no place yet, and the document no form for that', async () => {
    const waiting = await ask('eth_getTransactionByHash', [fixture.waiting])
    const place = {
      blockHash: null,
      blockNumber: null,
      blockTimestamp: null,
      transactionIndex: null,
    }
    expect(waiting).toMatchObject(place)
    const mined = {
      blockHash: UNKNOWN,
      blockNumber: '0x1',
      blockTimestamp: '0x1',
      transactionIndex: '0x0',
    }
    expectValid('eth_getTransactionByHash', Object.assign({}, waiting, mined))
  })

  test('to eth_signTransaction deviate: the transaction alone, as viem and anvil have it', async () => {
    const { from, to } = fixture
    const fees = { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1' }
    const signed = await ask('eth_signTransaction', [
      { from, to, value: '0x1', gas: '0x5208', nonce: '0x63', ...fees },
    ])
    expect(signed).toMatch(/^0x02/)
    expect(errorsOf('eth_signTransaction', signed)).toMatchObject([{ message: 'must be object' }])
  })

  test('of filters and to what is sent are as the document says', async () => {
    const filters = ['eth_newFilter', 'eth_newBlockFilter', 'eth_newPendingTransactionFilter']
    const ids: unknown[] = []
    for (const each of filters) ids.push(await ask(each, each === 'eth_newFilter' ? [{}] : []))
    const { from, to } = fixture
    const call = { from, to: CONTRACT, gas: '0x30d40' }
    expectValid('eth_sendTransaction', await ask('eth_sendTransaction', [call]))
    const nonce = await ask('eth_getTransactionCount', [from, 'pending'])
    const fees = { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1' }
    const filled = { from, to, value: '0x1', gas: '0x5208', nonce, ...fees }
    const raw = await ask('eth_signTransaction', [filled])
    expectValid('eth_sendRawTransaction', await ask('eth_sendRawTransaction', [raw]))
    await chain.mine()
    for (const id of ids) {
      const changes = await ask('eth_getFilterChanges', [id])
      expect(changes).not.toEqual([])
      expectValid('eth_getFilterChanges', changes)
    }
    expectValid('eth_getFilterLogs', await ask('eth_getFilterLogs', [ids[0]]))
    for (const id of ids) expectValid('eth_uninstallFilter', await ask('eth_uninstallFilter', [id]))
  })
})
