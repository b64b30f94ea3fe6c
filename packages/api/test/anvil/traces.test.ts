import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALICE } from '../rpc-node.ts'
import { type Pair, startPair, TRACEE } from './pair.ts'

const HEIR = `0x${'be'.repeat(20)}`

type Frame = { readonly [key: string]: unknown }

let pair: Pair
let node: Pair['node']
let anvil: Pair['anvil']
let tracee = ''
/** Hashes of the transactions: the same on both chains. */
const hashes: Record<string, string> = {}

beforeAll(async () => {
  pair = await startPair()
  ;({ node, anvil, tracee } = pair)
  hashes['create'] = pair.created
  hashes['make'] = pair.made
  const call = (name: string, ...values: readonly unknown[]): { to: string; data: string } => ({
    to: tracee,
    data: TRACEE.encodeFunctionData(name, values),
  })
  hashes['play'] = await pair.send({ ...call('play', 41), value: 5n })
  hashes['doom'] = await pair.send(call('doom', HEIR))
  hashes['bad'] = await pair.send(call('bad'))
  hashes['panic'] = await pair.send(call('loop', 60))
  hashes['out of gas'] = await pair.send({ ...call('loop', 40), gasLimit: 30_000n })
  hashes['transfer'] = await pair.send({ to: HEIR, value: 7n })
})

afterAll(async () => {
  await pair.stop()
})

const NAMES = ['create', 'make', 'play', 'doom', 'bad', 'panic', 'out of gas', 'transfer']

async function both(name: string, options: object): Promise<readonly [unknown, unknown]> {
  const parameters = [hashes[name], options]
  return [
    await node.call('debug_traceTransaction', ...parameters),
    await anvil.request('debug_traceTransaction', ...parameters),
  ]
}

describe('traces agree with another implementation', () => {
  test.each(NAMES)('calls with logs: %s', async (name) => {
    const [ours, theirs] = await both(name, {
      tracer: 'callTracer',
      tracerConfig: { withLog: true },
    })
    // Of the outermost frame, others take the intrinsic gas away.
    expect(normalFrame({ ...Object(ours), gas: 0 })).toEqual(
      normalFrame({ ...Object(theirs), gas: 0 }),
    )
  })

  test.each(NAMES)('opcode by opcode: %s', async (name) => {
    const [ours, theirs] = await both(name, { enableMemory: true, enableReturnData: false })
    expect(normalStructs(ours)).toEqual(normalStructs(theirs))
  })

  test.each(NAMES)('state before: %s', async (name) => {
    const [ours, theirs] = await both(name, { tracer: 'prestateTracer' })
    expect(normalState(ours)).toEqual(normalState(theirs))
  })

  test.each(NAMES)('state before and after: %s', async (name) => {
    const [ours, theirs] = await both(name, {
      tracer: 'prestateTracer',
      tracerConfig: { diffMode: true },
    })
    const [mine, other] = [Object(ours), Object(theirs)]
    expect(normalState(mine.pre)).toEqual(normalState(other.pre))
    expect(normalState(mine.post)).toEqual(normalState(other.post))
  })

  test.each(NAMES)('calls in a list: %s', async (name) => {
    const tracerConfig = { convertParityErrors: true, includePrecompiles: true }
    const options = { tracer: 'flatCallTracer', tracerConfig }
    const ours = await node.call('debug_traceTransaction', hashes[name], options)
    // The other knows this format under the name that Parity gave it.
    const theirs = await anvil.request('trace_transaction', hashes[name])
    expect(normalList(ours)).toEqual(normalList(theirs))
    const receipt = Object(await node.call('eth_getTransactionReceipt', hashes[name]))
    expect(ours).toMatchObject([
      {
        blockHash: receipt.blockHash,
        blockNumber: Number(receipt.blockNumber),
        transactionHash: hashes[name],
        transactionPosition: 0,
        traceAddress: [],
      },
      ...Object(ours).slice(1),
    ])
  })

  test.each(NAMES)('several at once: %s', async (name) => {
    const tracerConfig = {
      callTracer: { withLog: true },
      flatCallTracer: { includePrecompiles: true },
      prestateTracer: { diffMode: true },
      '4byteTracer': null,
      noopTracer: {},
    }
    const [together] = await both(name, { tracer: 'muxTracer', tracerConfig })
    const alone = await Promise.all(
      Object.entries(tracerConfig).map(async ([tracer, config]) => [
        tracer,
        await node.call('debug_traceTransaction', hashes[name], { tracer, tracerConfig: config }),
      ]),
    )
    expect(together).toEqual(Object.fromEntries(alone))
  })

  test.each(NAMES)('selectors: %s', async (name) => {
    const [ours, theirs] = await both(name, { tracer: '4byteTracer' })
    expect(ours).toEqual(theirs)
  })
})

/** Whom the calls in the list of `play` go to. */
async function targetsOf(tracerConfig: object): Promise<readonly unknown[]> {
  const [list] = await both('play', { tracer: 'flatCallTracer', tracerConfig })
  return Array.isArray(list) ? list.map((each) => Object(each).action.to) : []
}

test('lists of calls leave calls to precompiles out, unless they are asked for', async () => {
  const sha256 = `0x${'2'.padStart(40, '0')}`
  expect(await targetsOf({})).not.toContain(sha256)
  expect(await targetsOf({ includePrecompiles: true })).toContain(sha256)
})

test('a block is traced transaction by transaction', async () => {
  const receipt = Object(await node.call('eth_getTransactionReceipt', hashes['play']))
  const options = { tracer: 'callTracer', tracerConfig: { onlyTopCall: true } }
  const [single] = await both('play', options)
  const traced = [{ txHash: hashes['play'], result: single }]
  expect(await node.call('debug_traceBlockByNumber', receipt.blockNumber, options)).toEqual(traced)
  expect(await node.call('debug_traceBlockByHash', receipt.blockHash, options)).toEqual(traced)
  expect(Object(single).calls).toBeUndefined()
})

test('a call is traced without being sent', async () => {
  const data = TRACEE.encodeFunctionData('play', [3])
  const call = { from: ALICE.address, to: tracee, data, gas: '0x100000' }
  const options = { tracer: 'callTracer' }
  const ours = Object(await node.call('debug_traceCall', call, 'latest', options))
  const theirs = Object(await anvil.request('debug_traceCall', call, 'latest', options))
  expect(normalFrame({ ...ours, gas: 0, gasUsed: 0 })).toEqual(
    normalFrame({ ...theirs, gas: 0, gasUsed: 0 }),
  )
  const poor = await node.call(
    'debug_traceCall',
    { to: tracee, data: TRACEE.encodeFunctionData('bad') },
    'latest',
    options,
  )
  expect(poor).toMatchObject({ error: 'execution reverted', revertReason: 'poor' })
  const rich = await node.call(
    'debug_traceCall',
    { to: tracee, data: TRACEE.encodeFunctionData('bad') },
    'latest',
    { ...options, stateOverrides: { [tracee]: { balance: `0x${(10n ** 31n).toString(16)}` } } },
  )
  expect(Object(rich).error).toBeUndefined()
})

test('a trace that is too large or unknown is refused', async () => {
  const data = TRACEE.encodeFunctionData('loop', [40])
  const endless = { to: tracee, data: '0x', gas: '0x2faf080' }
  const overrides = { stateOverrides: { [tracee]: { code: '0x5b5f56' } } }
  expect(await node.failure('debug_traceCall', endless, 'latest', overrides)).toEqual([
    -32_005,
    'expected a trace of at most 20000000 bytes, received a larger one: set a limit, or leave out memory, stack or storage',
  ])
  const limited = await node.call('debug_traceCall', { to: tracee, data }, 'latest', { limit: 3 })
  expect(Object(limited).structLogs).toHaveLength(3)
  expect(await node.failure('debug_traceTransaction', `0x${'11'.repeat(32)}`)).toEqual([
    -32_000,
    'transaction not found',
  ])
  expect(await node.failure('debug_traceBlockByNumber', '0x0')).toEqual([
    -32_000,
    'genesis is not traceable',
  ])
  const [code, message] = await node.failure('debug_traceCall', { to: tracee }, 'latest', {
    tracer: '{ result: function() {} }',
  })
  expect(code).toBe(-32_602)
  expect(message).toMatch(
    /expected callTracer, flatCallTracer, prestateTracer, 4byteTracer, noopTracer/,
  )
})

/** Lists of calls without places, without how a contract is created, and without the gas of the outermost call, from which others take the intrinsic gas. */
function normalList(list: unknown): unknown {
  if (!Array.isArray(list)) return list
  return list.map((each, i) => {
    const { action, result, error, subtraces, traceAddress, type } = Object(each)
    const { creationMethod: _creationMethod, ...told } = action
    return {
      action: { ...told, ...(i === 0 ? { gas: 0 } : {}) },
      result: result ? { ...result, ...(i === 0 ? { gasUsed: 0 } : {}) } : undefined,
      error,
      subtraces,
      traceAddress,
      type,
    }
  })
}

/** Frames without what geth and others write in different ways. */
function normalFrame(frame: unknown): unknown {
  const { calls, logs, error, value, output, revertReason: _reason, ...rest } = Object(frame)
  return {
    ...rest,
    failed: error !== undefined,
    output: output ?? '0x',
    value: value ?? '0x0',
    calls: Array.isArray(calls) ? calls.map(normalFrame) : [],
    logs: Array.isArray(logs)
      ? logs.map((log) => ({ ...Object(log), position: undefined, index: undefined }))
      : [],
  }
}

function normalStructs(trace: unknown): unknown {
  const { structLogs, gas, failed, returnValue } = Object(trace)
  return {
    gas,
    failed,
    returnValue: String(returnValue).replace(/^0x/, ''),
    structLogs: structLogs.map(({ pc, op, gas: left, gasCost, depth, stack, memory }: Frame) => ({
      pc,
      op,
      gas: left,
      // Whether the gas that is handed on counts differs.
      cost: /CALL|CREATE/.test(String(op)) ? undefined : gasCost,
      depth,
      stack,
      memory: Array.isArray(memory) ? memory.map((word) => String(word).replace(/^0x/, '')) : [],
    })),
  }
}

/** Fees differ between the chains, and so do those who get them. */
function normalState(state: unknown): unknown {
  const accounts = Object.entries(Object(state))
    .map(([address, account]) => [address.toLowerCase(), Object(account)] as const)
    .filter(
      ([address]) =>
        address === tracee || address === HEIR || address === ALICE.address || address.length === 0,
    )
    .map(([address, { balance, ...account }]) => [
      address,
      address === ALICE.address ? account : { ...account, balance },
    ])
  return Object.fromEntries(accounts)
}
