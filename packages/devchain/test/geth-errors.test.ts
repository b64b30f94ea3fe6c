import {
  bytesToHex,
  checksummed,
  concatBytes,
  encodeRlp,
  type RlpItem,
  toAddress,
  toHash32,
} from '@mosaic/primitives'
import { Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDevChain, type DevChain } from '../src/index.ts'
import { REVERTER } from './contracts.ts'

/*
 * What go-ethereum 1.13.15 answers to the same request, read in its source: core/error.go, core/txpool, core/state_transition.go, core/vm/errors.go,
 * internal/ethapi, eth/filters, eth/gasestimator, rpc and rlp.
 */

const GWEI = 10n ** 9n
const ETHER = 10n ** 18n
const POOR = toAddress(`0x${'9a'.repeat(20)}`)
const POOR_NAME = checksummed(POOR)
const STRANGER = `0x${'5a'.repeat(20)}`
const REVERTS = `0x${'c0'.repeat(20)}` as const
const UNKNOWN = toHash32(`0x${'77'.repeat(32)}`)
const GAS_CAP = 50_000_000n

let chain: DevChain
let url: string
let wallet: Wallet

beforeAll(async () => {
  chain = await createDevChain({ time: 1_700_000_000, mining: 'manual', compat: 'none' })
  await chain.setCode(REVERTS, REVERTER)
  await chain.mine(3)
  ;({ url } = await chain.listen())
  wallet = new Wallet(chain.accounts[0]?.secretKey ?? '')
})
afterAll(() => chain.close())

type Failure = readonly [code: number, message: string, data?: unknown]

/** Code, message and data of the error that a request ends with. */
async function failureOf(method: string, params: unknown): Promise<Failure> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const answer: unknown = await response.json()
  const error = memberOf(answer, 'error')
  if (error === undefined) throw new Error(`no error: ${JSON.stringify(answer)}`)
  const [code, message, data] = ['code', 'message', 'data'].map((name) => memberOf(error, name))
  if (typeof code !== 'number' || typeof message !== 'string') throw new Error('no error object')
  return data === undefined ? [code, message] : [code, message, data]
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

const quantity = (value: bigint | number): string => `0x${value.toString(16)}`
const send = (raw: string): Promise<Failure> => failureOf('eth_sendRawTransaction', [raw])
const sign = (fields: Parameters<Wallet['signTransaction']>[0]): Promise<string> =>
  wallet.signTransaction({
    type: 2,
    chainId: 31_337,
    nonce: 0,
    to: STRANGER,
    gasLimit: 21_000n,
    maxFeePerGas: 10n * GWEI,
    maxPriorityFeePerGas: GWEI,
    ...fields,
  })

const NONE = new Uint8Array()
const SIGNATURE: readonly RlpItem[] = [
  Uint8Array.of(0xf4, 0xf5),
  new Uint8Array(32).fill(1),
  new Uint8Array(32).fill(2),
]
/** Nonce, gas price, gas, target, value, data and signature of a legacy transaction. */
const LEGACY: readonly RlpItem[] = [
  Uint8Array.of(7),
  Uint8Array.of(9),
  Uint8Array.of(0x52, 0x08),
  new Uint8Array(20),
  NONE,
  NONE,
  ...SIGNATURE,
]
/** Chain, nonce, tip, fee cap, gas, target, value, data, access list and signature. */
const FEE_MARKET: readonly RlpItem[] = [
  Uint8Array.of(0x7a, 0x69),
  NONE,
  Uint8Array.of(1),
  Uint8Array.of(2),
  Uint8Array.of(0x52, 0x08),
  new Uint8Array(20),
  NONE,
  NONE,
  [],
  NONE,
  new Uint8Array(32).fill(1),
  new Uint8Array(32).fill(2),
]
const withField = (fields: readonly RlpItem[], at: number, field: RlpItem): readonly RlpItem[] =>
  fields.map((each, i) => (i === at ? field : each))
const legacy = (fields: readonly RlpItem[]): string => bytesToHex(encodeRlp(fields))
const feeMarket = (fields: readonly RlpItem[]): string =>
  bytesToHex(concatBytes(Uint8Array.of(2), encodeRlp(fields)))

describe('bytes that are no transaction', () => {
  test.each([
    ['nothing', '0x', 'typed transaction too short'],
    ['a type alone', '0x02', 'typed transaction too short'],
    ['a type that is none', '0x05c0', 'transaction type not supported'],
    ['type 0', '0x00c0', 'transaction type not supported'],
    ['a string', '0x83aabbcc', 'rlp: expected input list for types.LegacyTx'],
    ['an empty list', '0xc0', 'rlp: too few elements for types.LegacyTx'],
    ['an empty typed list', '0x02c0', 'rlp: too few elements for types.DynamicFeeTx'],
    ['an empty typed list', '0x01c0', 'rlp: too few elements for types.AccessListTx'],
    ['a typed string', '0x0280', 'rlp: expected input list for types.DynamicFeeTx'],
    ['a list that is cut off', '0xc201', 'rlp: value size exceeds available input length'],
    ['an item longer than its list', '0xc18201', 'rlp: element is larger than containing list'],
    ['an item longer than its list', '0xc182', 'rlp: element is larger than containing list'],
    ['a length with a zero', '0xf80102', 'rlp: non-canonical size information for types.LegacyTx'],
    ['too few fields', legacy(LEGACY.slice(0, 8)), 'rlp: too few elements for types.LegacyTx'],
    [
      'too many fields',
      legacy([...LEGACY, NONE]),
      'rlp: input list has too many elements for types.LegacyTx',
    ],
    ['more after it', `${legacy(LEGACY)}00`, 'rlp: input contains more than one value'],
    [
      'a nonce with a leading zero',
      legacy(withField(LEGACY, 0, Uint8Array.of(0, 7))),
      'rlp: non-canonical integer (leading zero bytes) for uint64, decoding into (types.LegacyTx).Nonce',
    ],
    [
      'a price with a leading zero',
      legacy(withField(LEGACY, 1, Uint8Array.of(0, 7))),
      'rlp: non-canonical integer (leading zero bytes) for *big.Int, decoding into (types.LegacyTx).GasPrice',
    ],
    [
      'more gas than 64 bits',
      legacy(withField(LEGACY, 2, new Uint8Array(9).fill(1))),
      'rlp: input string too long for uint64, decoding into (types.LegacyTx).Gas',
    ],
    [
      'a short target',
      legacy(withField(LEGACY, 3, new Uint8Array(19).fill(1))),
      'rlp: input string too short for common.Address, decoding into (types.LegacyTx).To',
    ],
    [
      'a long target',
      legacy(withField(LEGACY, 3, new Uint8Array(21).fill(1))),
      'rlp: input string too long for common.Address, decoding into (types.LegacyTx).To',
    ],
    [
      'a list as target',
      legacy(withField(LEGACY, 3, [])),
      'rlp: wrong kind of empty value (got List, want String) for *common.Address, decoding into (types.LegacyTx).To',
    ],
    [
      'a list as data',
      legacy(withField(LEGACY, 5, [])),
      'rlp: expected input string or byte for []uint8, decoding into (types.LegacyTx).Data',
    ],
    [
      'a string as access list',
      feeMarket(withField(FEE_MARKET, 8, Uint8Array.of(1))),
      'rlp: expected input list for types.AccessList, decoding into (types.DynamicFeeTx).AccessList',
    ],
    [
      'a short key in the access list',
      feeMarket(withField(FEE_MARKET, 8, [[new Uint8Array(20), [new Uint8Array(31).fill(1)]]])),
      'rlp: input string too short for common.Hash, decoding into (types.DynamicFeeTx).AccessList[0].StorageKeys[0]',
    ],
    [
      'an access without keys',
      feeMarket(withField(FEE_MARKET, 8, [[new Uint8Array(20)]])),
      'rlp: too few elements for types.AccessTuple, decoding into (types.DynamicFeeTx).AccessList[0]',
    ],
    [
      'a fee cap of 257 bits',
      feeMarket(withField(FEE_MARKET, 3, new Uint8Array(33).fill(1))),
      'max fee per gas higher than 2^256-1',
    ],
    [
      'a tip of 257 bits',
      feeMarket(withField(FEE_MARKET, 2, new Uint8Array(33).fill(1))),
      'max priority fee per gas higher than 2^256-1',
    ],
    [
      'a tip above the fee cap',
      feeMarket(withField(FEE_MARKET, 2, Uint8Array.of(3))),
      'max priority fee per gas higher than max fee per gas',
    ],
    [
      'a parity that is none',
      feeMarket(withField(FEE_MARKET, 9, Uint8Array.of(5))),
      'invalid sender',
    ],
    [
      'a signature with s in the upper half',
      feeMarket(withField(FEE_MARKET, 11, new Uint8Array(32).fill(0xff))),
      'invalid sender',
    ],
    [
      'a legacy transaction of another chain',
      legacy(withField(LEGACY, 6, Uint8Array.of(0x26))),
      'invalid sender',
    ],
  ] as const)('are refused, %s (%s)', async (_what, raw, message) => {
    expect(await send(raw)).toEqual([-32_000, message])
  })
})

describe('transactions that the pool does not take', () => {
  test.each([
    ['of another chain', { chainId: 1 }, 'invalid sender'],
    [
      'with too little gas',
      { gasLimit: 20_000n },
      'intrinsic gas too low: gas 20000, minimum needed 21000',
    ],
    ['with more gas than a block', { gasLimit: 30_000_001n }, 'exceeds block gas limit'],
    [
      'of more bytes than a transaction may have',
      { data: `0x${'00'.repeat(131_072)}`, gasLimit: 3_000_000n },
      'oversized data: transaction size 131190, limit 131072',
    ],
    [
      'that creates by too much code',
      { to: null, data: `0x${'00'.repeat(49_153)}`, gasLimit: 3_000_000n },
      'max initcode size exceeded: code size 49153, limit 49152',
    ],
    [
      'that its sender cannot pay',
      { value: 10_000n * ETHER },
      `insufficient funds for gas * price + value: balance ${10_000n * ETHER}, tx cost ${10_000n * ETHER + 210_000n * GWEI}, overshot ${210_000n * GWEI}`,
    ],
    [
      'of which nobody could pay the gas',
      { maxFeePerGas: 2n ** 250n },
      'insufficient funds for gas * price + value',
    ],
  ] as const)('%s', async (_what, fields, message) => {
    expect(await send(await sign({ ...fields }))).toEqual([-32_000, message])
  })

  test('for want of a chain in their signature', async () => {
    const raw =
      '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222'
    expect(await send(raw)).toEqual([
      -32_000,
      'only replay-protected (EIP-155) transactions allowed over RPC',
    ])
  })

  test('beside others of the same sender', async () => {
    const third = new Wallet(chain.accounts[2]?.secretKey ?? '')
    const signed = (fields: object): Promise<string> =>
      third.signTransaction({
        type: 2,
        chainId: 31_337,
        nonce: 0,
        to: STRANGER,
        gasLimit: 21_000n,
        maxFeePerGas: 10n * GWEI,
        maxPriorityFeePerGas: GWEI,
        ...fields,
      })
    const fee = 210_000n * GWEI
    const accept = async (fields: object): Promise<void> => {
      await chain.provider.request({
        method: 'eth_sendRawTransaction',
        params: [await signed(fields)],
      })
    }
    await accept({ value: 6_000n * ETHER })
    expect(await send(await signed({ value: 6_000n * ETHER }))).toEqual([-32_000, 'already known'])
    expect(await send(await signed({ value: 1n }))).toEqual([
      -32_000,
      'replacement transaction underpriced',
    ])
    expect(await send(await signed({ nonce: 1, value: 4_000n * ETHER }))).toEqual([
      -32_000,
      `insufficient funds for gas * price + value: balance ${10_000n * ETHER}, queued cost ${6_000n * ETHER + fee}, tx cost ${4_000n * ETHER + fee}, overshot ${2n * fee}`,
    ])
    await accept({ nonce: 1, value: 3_000n * ETHER })
    expect(await send(await signed({ nonce: 1, value: 4_000n * ETHER }))).toEqual([
      -32_000,
      `insufficient funds for gas * price + value: balance ${10_000n * ETHER}, queued cost ${9_000n * ETHER + 2n * fee}, tx bumped ${1_000n * ETHER}, overshot ${2n * fee}`,
    ])
    await chain.mine()
    expect(await send(await signed({ value: 1n }))).toEqual([
      -32_000,
      'nonce too low: next nonce 2, tx nonce 0',
    ])
  })
})

const call = (message: object, ...rest: readonly unknown[]): Promise<Failure> =>
  failureOf('eth_call', [message, ...rest])
const estimate = (message: object, ...rest: readonly unknown[]): Promise<Failure> =>
  failureOf('eth_estimateGas', [message, ...rest])
const word = (value: bigint | number): string => value.toString(16).padStart(64, '0')
const ERROR_TEXT = `0x08c379a0${word(32)}${word(5)}${Buffer.from('no fun').subarray(0, 5).toString('hex').padEnd(64, '0')}`

describe('calls and estimates that come to nothing', () => {
  test.each([
    ['no reason', '0x', 'execution reverted', '0x'],
    ['a reason', ERROR_TEXT, 'execution reverted: no fu', ERROR_TEXT],
    ['an error of the contract', '0x12345678', 'execution reverted', '0x12345678'],
    [
      'a panic',
      `0x4e487b71${word(0x11)}`,
      'execution reverted: arithmetic underflow or overflow',
      `0x4e487b71${word(0x11)}`,
    ],
    [
      'a panic that has no name',
      `0x4e487b71${word(0x99)}`,
      'execution reverted: unknown panic code: 0x99',
      `0x4e487b71${word(0x99)}`,
    ],
  ])('because they revert with %s', async (_what, data, message, returned) => {
    expect(await call({ to: REVERTS, data })).toEqual([3, message, returned])
    expect(await estimate({ to: REVERTS, data })).toEqual([3, message, returned])
  })

  test.each([
    ['0xfe', 'invalid opcode: INVALID'],
    ['0x0c', 'invalid opcode: opcode 0xc not defined'],
    ['0xef', 'invalid opcode: opcode 0xef not defined'],
    ['0x5f600a56', 'invalid jump destination'],
    ['0x5b5f5f600056', 'stack limit reached 1024 (1023)'],
    ['0x60ef5f5360015ff3', 'invalid code: must not begin with 0xef'],
  ])('because code %s ends in %s', async (data, message) => {
    expect(await call({ data })).toEqual([-32_000, message])
    expect(await estimate({ data })).toEqual([-32_000, message])
  })

  test('because gas runs out', async () => {
    expect(await call({ data: '0x5b5f56', gas: '0x30000' })).toEqual([-32_000, 'out of gas'])
    expect(await estimate({ data: '0x5b5f56', gas: '0x30000' })).toEqual([
      -32_000,
      'gas required exceeds allowance (196608)',
    ])
    // Estimates begin at the block's limit, and at 50,000,000 gas in geth.
    expect(await estimate({ data: '0x5b5f56' })).toEqual([
      -32_000,
      'gas required exceeds allowance (30000000)',
    ])
  })

  test.each([
    [
      { from: POOR, to: STRANGER, value: '0x1' },
      `insufficient funds for gas * price + value: address ${POOR_NAME} have 0 want 1`,
    ],
    [
      { from: POOR, to: STRANGER, gasPrice: quantity(10n * GWEI) },
      `insufficient funds for gas * price + value: address ${POOR_NAME} have 0 want ${GAS_CAP * 10n * GWEI}`,
    ],
    [
      { to: STRANGER, maxFeePerGas: '0x1', from: POOR },
      `max fee per gas less than block base fee: address ${POOR_NAME}, maxFeePerGas: 1, baseFee: BASE`,
    ],
    [
      { to: STRANGER, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2', from: POOR },
      `max priority fee per gas higher than max fee per gas: address ${POOR_NAME}, maxPriorityFeePerGas: 2, maxFeePerGas: 1`,
    ],
    [
      { data: `0x${'00'.repeat(49_153)}`, from: POOR },
      'max initcode size exceeded: code size 49153 limit 49152',
    ],
    [
      { from: POOR, to: STRANGER, gasPrice: quantity(2n ** 255n) },
      `insufficient funds for gas * price + value: address ${POOR_NAME} required balance exceeds 256 bits`,
    ],
  ])('because %j may not begin', async (message, words) => {
    const { baseFeePerGas } = chain.chain.head().header
    const expected = words.replace('BASE', String(baseFeePerGas))
    expect(await call(message)).toEqual([-32_000, `err: ${expected} (supplied gas ${GAS_CAP})`])
    expect(await failureOf('debug_traceCall', [message, 'latest'])).toEqual([
      -32_000,
      `tracing failed: ${expected}`,
    ])
  })

  test('because there is too little gas to begin, or to pay', async () => {
    expect(await call({ to: STRANGER, gas: '0x5207' })).toEqual([
      -32_000,
      'err: intrinsic gas too low: have 20999, want 21000 (supplied gas 20999)',
    ])
    expect(await estimate({ from: POOR, to: STRANGER, value: '0x1' })).toEqual([
      -32_000,
      `failed with 30000000 gas: insufficient funds for gas * price + value: address ${POOR_NAME} have 0 want 1`,
    ])
    const gasPrice = quantity(10n * GWEI)
    expect(await estimate({ from: POOR, to: STRANGER, value: '0x1', gasPrice })).toEqual([
      -32_000,
      'insufficient funds for transfer',
    ])
    await chain.setBalance(POOR, 30_000n * 10n * GWEI)
    expect(await estimate({ from: POOR, data: '0x5b5f56', gasPrice })).toEqual([
      -32_000,
      'gas required exceeds allowance (30000)',
    ])
    await chain.setBalance(POOR, 0n)
  })

  test.each([
    [
      { gasPrice: '0x1', maxFeePerGas: '0x1' },
      'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified',
    ],
    [
      { data: '0x01', input: '0x02' },
      'both "data" and "input" are set and not equal. Please use "input" to pass transaction call data',
    ],
    [{ chainId: '0x1' }, "chainId does not match node's (have=1, want=31337)"],
  ])('because %j contradicts itself or the node', async (message, words) => {
    expect(await call({ to: STRANGER, ...message })).toEqual([-32_000, words])
  })

  test('because of an account with both kinds of overrides', async () => {
    const both = { [POOR]: { state: {}, stateDiff: {} } }
    expect(await call({ to: STRANGER }, 'latest', both)).toEqual([
      -32_000,
      `account ${POOR_NAME} has both 'state' and 'stateDiff'`,
    ])
  })

  test('because eth_sendTransaction is to make no contract, or of nobody', async () => {
    const from = chain.accounts[0]?.address
    expect(await failureOf('eth_sendTransaction', [{ from }])).toEqual([
      -32_000,
      'contract creation without any data provided',
    ])
    expect(await failureOf('eth_sendTransaction', [{ from: POOR, to: STRANGER }])).toEqual([
      -32_000,
      'unknown account',
    ])
    const fees = { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' }
    expect(await failureOf('eth_sendTransaction', [{ from, to: STRANGER, ...fees }])).toEqual([
      -32_000,
      'maxFeePerGas (0x1) < maxPriorityFeePerGas (0x2)',
    ])
    expect(await failureOf('eth_sign', [POOR, '0x00'])).toEqual([-32_000, 'unknown account'])
  })
})

const INVALID = -32_602

describe('what is not there', () => {
  test.each([
    ['eth_getBalance', [STRANGER, '0x64'], 'header not found'],
    ['eth_call', [{ to: STRANGER }, '0x64'], 'header not found'],
    ['eth_getBalance', [STRANGER, { blockHash: UNKNOWN }], 'header for hash not found'],
    ['eth_getBalance', [STRANGER, {}], 'invalid arguments; neither block nor hash specified'],
    ['eth_getLogs', [{ blockHash: UNKNOWN }], 'unknown block'],
    ['eth_getLogs', [{ fromBlock: '0x2', toBlock: '0x1' }], 'invalid block range params'],
    ['eth_getFilterChanges', ['0x1'], 'filter not found'],
    ['eth_getFilterLogs', ['0x1'], 'filter not found'],
    ['debug_traceTransaction', [UNKNOWN], 'transaction not found'],
    ['debug_traceBlockByNumber', ['0x64'], 'block #100 not found'],
    ['debug_traceBlockByHash', [UNKNOWN], `block ${UNKNOWN} not found`],
    ['debug_traceBlockByNumber', ['0x0'], 'genesis is not traceable'],
    ['debug_traceCall', [{ to: STRANGER }, '0x64'], 'block #100 not found'],
    ['eth_feeHistory', ['0x1', '0x64', []], 'request beyond head block: requested 100, head HEAD'],
    ['eth_feeHistory', ['0x1', 'latest', [101]], 'invalid reward percentile: 101.000000'],
    [
      'eth_feeHistory',
      ['0x1', 'latest', [50, 20]],
      'invalid reward percentile: #0:50.000000 >= #1:20.000000',
    ],
    [
      'eth_getStorageAt',
      [STRANGER, '0xzz', 'latest'],
      'unable to decode storage key: hex string invalid',
    ],
    [
      'eth_getStorageAt',
      [STRANGER, `0x${'1'.repeat(66)}`, 'latest'],
      'unable to decode storage key: hex string too long, want at most 32 bytes',
    ],
    ['eth_getProof', [STRANGER, ['0xzz'], 'latest'], 'hex string invalid'],
  ])('%s %j', async (method, params, message) => {
    const head = chain.chain.head().header.number
    expect(await failureOf(method, params)).toEqual([
      -32_000,
      message.replace('HEAD', String(head)),
    ])
  })
})

const GO = 'invalid argument 0: json: cannot unmarshal'

describe('parameters', () => {
  test.each([
    ['eth_getBalance', [], 'missing value for required argument 0'],
    ['eth_getBalance', [null, 'latest'], 'missing value for required argument 0'],
    ['eth_chainId', [1], 'too many arguments, want at most 0'],
    ['eth_getBalance', [STRANGER, 'latest', 1], 'too many arguments, want at most 2'],
    ['eth_getBalance', { a: 1 }, 'non-array args'],
    ['eth_getBalance', [5], `${GO} non-string into Go value of type common.Address`],
    [
      'eth_getBalance',
      ['5a'],
      `${GO} hex string without 0x prefix into Go value of type common.Address`,
    ],
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
      [`0x${'zz'.repeat(20)}`],
      `${GO} invalid hex string into Go value of type common.Address`,
    ],
    ['eth_getBalance', [STRANGER, 'next'], 'invalid argument 1: hex string without 0x prefix'],
    ['eth_getBalance', [STRANGER, ''], 'invalid argument 1: empty hex string'],
    ['eth_getBalance', [STRANGER, '0x'], 'invalid argument 1: hex string "0x"'],
    ['eth_getBalance', [STRANGER, '0xzz'], 'invalid argument 1: invalid hex string'],
    [
      'eth_getBalance',
      [STRANGER, `0x1${'0'.repeat(16)}`],
      'invalid argument 1: hex number > 64 bits',
    ],
    [
      'eth_getBalance',
      [STRANGER, 5],
      'invalid argument 1: json: cannot unmarshal number into Go value of type string',
    ],
    [
      'eth_getBalance',
      [STRANGER, { blockHash: '0x12' }],
      'invalid argument 1: json: cannot unmarshal object into Go value of type string',
    ],
    [
      'eth_getBalance',
      [STRANGER, { blockHash: UNKNOWN, blockNumber: '0x1' }],
      'invalid argument 1: cannot specify both BlockHash and BlockNumber, choose one or the other',
    ],
    ['eth_getBlockByNumber', [5, false], 'invalid argument 0: hex string without 0x prefix'],
    [
      'eth_getBlockByNumber',
      ['0x8000000000000000', false],
      'invalid argument 0: block number larger than int64',
    ],
    [
      'eth_getBlockByNumber',
      ['latest', 1],
      'invalid argument 1: json: cannot unmarshal number into Go value of type bool',
    ],
    [
      'eth_getBlockByHash',
      ['0x12', false],
      'invalid argument 0: hex string has length 2, want 64 for common.Hash',
    ],
    ['eth_sendRawTransaction', [1], `${GO} non-string into Go value of type hexutil.Bytes`],
    [
      'eth_sendRawTransaction',
      ['0xc20'],
      `${GO} hex string of odd length into Go value of type hexutil.Bytes`,
    ],
    [
      'eth_sendRawTransaction',
      ['12'],
      `${GO} hex string without 0x prefix into Go value of type hexutil.Bytes`,
    ],
    ['eth_call', ['0x12'], `${GO} string into Go value of type ethapi.TransactionArgs`],
    ['eth_call', [[]], `${GO} array into Go value of type ethapi.TransactionArgs`],
    [
      'eth_call',
      [{ to: '0x1' }],
      `${GO} hex string of odd length into Go struct field TransactionArgs.to of type common.Address`,
    ],
    [
      'eth_call',
      [{ gas: 21_000 }],
      `${GO} non-string into Go struct field TransactionArgs.gas of type hexutil.Uint64`,
    ],
    [
      'eth_call',
      [{ value: '0x' }],
      `${GO} hex string "0x" into Go struct field TransactionArgs.value of type hexutil.Big`,
    ],
    [
      'eth_call',
      [{ value: `0x1${'0'.repeat(64)}` }],
      `${GO} hex number > 256 bits into Go struct field TransactionArgs.value of type hexutil.Big`,
    ],
    [
      'eth_call',
      [{ accessList: [{ storageKeys: [] }] }],
      "invalid argument 0: missing required field 'address' for AccessTuple",
    ],
    [
      'eth_getLogs',
      [{ blockHash: UNKNOWN, fromBlock: '0x1' }],
      'invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    ],
    ['eth_getLogs', [{ address: 5 }], 'invalid argument 0: invalid addresses in query'],
    ['eth_getLogs', [{ address: [5] }], 'invalid argument 0: non-string address at index 0'],
    [
      'eth_getLogs',
      [{ address: [STRANGER, '0x12'] }],
      'invalid argument 0: invalid address at index 1: hex has invalid length 1 after decoding; expected 20 for address',
    ],
    [
      'eth_getLogs',
      [{ address: '12' }],
      'invalid argument 0: invalid address: hex string without 0x prefix',
    ],
    ['eth_getLogs', [{ topics: [5] }], 'invalid argument 0: invalid topic(s)'],
    [
      'eth_getLogs',
      [{ topics: ['0x12'] }],
      'invalid argument 0: hex has invalid length 1 after decoding; expected 32 for topic',
    ],
    [
      'eth_getLogs',
      [{ topics: [null, null, null, null, null] }],
      'invalid argument 0: exceed max topics',
    ],
    [
      'eth_getProof',
      [STRANGER, '0x1', 'latest'],
      'invalid argument 1: json: cannot unmarshal string into Go value of type []string',
    ],
    [
      'eth_feeHistory',
      ['0x1', 'latest', ['x']],
      'invalid argument 2: json: cannot unmarshal string into Go value of type float64',
    ],
    ['eth_getFilterChanges', [1], `${GO} number into Go value of type rpc.ID`],
  ])('%s %j', async (method, params, message) => {
    expect(await failureOf(method, params)).toEqual([INVALID, message])
  })

  test('leave methods that are none alone', async () => {
    expect(await failureOf('eth_fillTransaction', [])).toEqual([
      -32_601,
      'the method eth_fillTransaction does not exist/is not available',
    ])
    expect(await failureOf('eth_subscribe', ['newHeads'])).toEqual([
      -32_601,
      'notifications not supported',
    ])
  })
})
