import { EVM, type EVMMockBlockchainInterface, type EVMOpts, type EVMResult } from '@ethereumjs/evm'
import { Account, createAddressFromString } from '@ethereumjs/util'
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  toAddress,
  toBlockNumber,
  toWord,
  ZERO_HASH,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import { FastEvm } from '../src/interpreter/fast-evm.ts'
import { loadInnerInterpreter } from '../src/interpreter/inner-interpreter.ts'
import { blockContext } from '../src/machine.ts'
import { FAST_PRECOMPILES, FastBls, FastBn254 } from '../src/precompiles.ts'
import { State } from '../src/state.ts'
import { contractAt, LOOP } from './contracts.ts'
import { push, randomCode } from './random-code.ts'
import { seeded } from './seeded.ts'

const crypto = await loadCrypto()
const common = createCommon(1337n, crypto)
const interpreters = await loadInnerInterpreter(common)
const CALLER = createAddressFromString(contractAt(0xca))
const CONTRACTS = [0xc1, 0xc2, 0xc3].map((byte) => createAddressFromString(contractAt(byte)))
/** The contracts, the caller, two precompiles and nobody. */
const TARGETS = [
  ...CONTRACTS.map(({ bytes }) => bytes),
  CALLER.bytes,
  concatBytes(new Uint8Array(19), Uint8Array.of(2)),
  concatBytes(new Uint8Array(19), Uint8Array.of(4)),
  hexToBytes(contractAt(0xdd)),
]
const BLOCK = blockContext(
  {
    parentHash: ZERO_HASH,
    number: toBlockNumber(1000n),
    timestamp: 1_700_000_000n,
    gasLimit: 30_000_000n,
    difficulty: 2n,
    baseFeePerGas: 7n,
  },
  toAddress(contractAt(0xcb)),
  common,
)
const blockchain: EVMMockBlockchainInterface = {
  getBlock: async (number) => ({ hash: () => toWord(BigInt(number)) }),
  putBlock: async () => undefined,
  shallowCopy: () => blockchain,
}

/** Code of the contracts, and how the first of them is called. */
type Program = {
  readonly codes: readonly Uint8Array[]
  readonly data?: Uint8Array
  readonly gas: bigint
  readonly value?: bigint
}

type Make = (options: EVMOpts & { readonly stateManager: State }) => EVM

const makeStock: Make = (options) => new EVM(options)
const makeFast: Make = (options) => new FastEvm(options, interpreters)

/** What came of a program, called and then as creation code, and the root of the state after that. */
async function run(
  make: Make,
  { codes, data = new Uint8Array(), gas, value = 0n }: Program,
): Promise<{ readonly results: readonly Outcome[]; readonly root: string }> {
  const state = new State(crypto.keccak256, { node: () => undefined, code: () => undefined })
  await state.putAccount(CALLER, new Account(7n, 10n ** 20n))
  for (const [index, address] of CONTRACTS.entries()) {
    await state.putAccount(address, new Account(1n, BigInt(index) * 1000n))
    await state.putCode(address, codes[index] ?? new Uint8Array())
    await state.putStorage(address, toWord(1n), toWord(5n))
    await state.putStorage(address, toWord(2n), toWord(1n << 200n))
  }
  state.computeRoot()
  const evm = make({
    common,
    stateManager: state,
    blockchain,
    bls: new FastBls(),
    bn254: new FastBn254(),
    customPrecompiles: FAST_PRECOMPILES,
  })
  const results: Outcome[] = []
  const [called] = CONTRACTS
  for (const to of [called, undefined]) {
    // As before every transaction (EIP-2929).
    for (const precompile of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(precompile)
    const result = await evm.runCall({
      block: BLOCK,
      caller: CALLER,
      gasLimit: gas,
      gasPrice: 9n,
      value,
      data: to === undefined ? (codes[0] ?? data) : data,
      ...(to === undefined ? {} : { to }),
    })
    results.push(describeResult(result))
    await evm.journal.cleanup()
    evm.transientStorage.clear()
    state.originalStorageCache.clear()
  }
  return { results, root: bytesToHex(state.computeRoot()) }
}

const makeImpatient: Make = (options) => {
  const evm = new FastEvm(options, interpreters)
  evm.pause = () => {
    throw new RangeError('no time left')
  }
  return evm
}

type Outcome = ReturnType<typeof describeResult>

function describeResult({ execResult, createdAddress }: EVMResult) {
  return {
    error: execResult.exceptionError?.error,
    gasUsed: execResult.executionGasUsed,
    refund: execResult.gasRefund,
    returned: bytesToHex(execResult.returnValue),
    logs: (execResult.logs ?? []).map(([address, topics, data]) =>
      [address, ...topics, data].map(bytesToHex),
    ),
    destroyed: [...(execResult.selfdestruct ?? [])],
    created: [...(execResult.createdAddresses ?? [])],
    createdAddress: createdAddress?.toString(),
  }
}

/** What a program came to in both EVMs, with the program. */
async function runBoth(program: Program) {
  const { codes, data, gas } = program
  const text = `${codes.map(bytesToHex).join(' ')}, data ${data && bytesToHex(data)}, gas ${gas}`
  const stock = { text, ...(await run(makeStock, program)) }
  const fast = { text, ...(await run(makeFast, program)) }
  const [call] = stock.results
  return { stock, fast, call, ending: call?.error?.replace(/ at .*/, '') ?? 'none' }
}

function code(hex: string): Uint8Array {
  return hexToBytes(`0x${hex.replaceAll(' ', '')}`)
}

describe('FastEvm', () => {
  test('does what EthereumJS does with random programs, of which many come to an end', async () => {
    const random = seeded(41)
    const endings = new Map<string, number>()
    for (let i = 0; i < 1000; i++) {
      const { stock, fast, ending } = await runBoth({
        codes: CONTRACTS.map(() => randomCode(random, 1 + random.below(30), TARGETS)),
        data: random.bytes(random.below(80)),
        gas: random.pick([3_000n, 30_000n, 100_000n, 1_000_000n, 1_000_000n]),
        value: BigInt(random.below(2)),
      })
      expect(fast).toEqual(stock)
      endings.set(ending, (endings.get(ending) ?? 0) + 1)
    }
    for (const ending of ['none', 'revert', 'out of gas', 'stack underflow', 'invalid JUMP']) {
      expect(endings.get(ending)).toBeGreaterThan(20)
    }
  })

  test('does what EthereumJS does with random bytes', async () => {
    const random = seeded(42)
    for (let i = 0; i < 1000; i++) {
      const { stock, fast } = await runBoth({
        codes: CONTRACTS.map(() => random.bytes(1 + random.below(60))),
        data: random.bytes(random.below(40)),
        gas: BigInt(random.below(200_000)),
      })
      expect(fast).toEqual(stock)
    }
  })

  test.each([
    ['a loop', hexToBytes(LOOP), 'none'],
    ['a loop without end', code('5b 5f 56'), 'out of gas'],
    ['a stack that grows', code('5b 5f 5f 56'), 'stack overflow'],
    ['a stack that grows by DUP', code('5f 5b 80 60 01 56'), 'stack overflow'],
    ['an empty stack', code('01'), 'stack underflow'],
    ['a SWAP beyond the stack', code('5f 90'), 'stack underflow'],
    ['a jump into the data of a PUSH', code('60 03 56 60 5b 5b'), 'invalid JUMP'],
    ['a jump beyond all code', concatBytes(push(2n ** 256n - 1n), code('56')), 'invalid JUMP'],
    ['a PUSH that the end of the code cuts off', code('5f 7f 11 22'), 'none'],
    ['memory that nobody can pay', concatBytes(push(2n ** 255n), code('51')), 'out of gas'],
    ['memory that costs almost all gas', code('62 0d 00 00 51 59 5f 52 60 20 5f f3'), 'none'],
    [
      'calls to itself until the gas ends',
      code('5f 5f 5f 5f 5f 30 5a f1 5f 52 60 20 5f f3'),
      'none',
    ],
    [
      'a log in a static call',
      code('5f 5f 5f 5f 73 c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2 5a fa 00'),
      'none',
    ],
  ])('agrees on %s', async (_name, first, ending) => {
    const program = { codes: [first, code('5f 5f a0 5f 5f 55')], data: toWord(900n) }
    for (const gas of [100n, 2_400n, 50_000n]) {
      const { stock, fast } = await runBoth({ ...program, gas })
      expect(fast).toEqual(stock)
    }
    const { stock, fast, ending: received } = await runBoth({ ...program, gas: 5_000_000n })
    expect(fast).toEqual(stock)
    expect(received).toBe(ending)
  })

  test('agrees to the unit on how much gas a program needs', async () => {
    const random = seeded(43)
    for (let i = 0; i < 60; i++) {
      const program = {
        codes: CONTRACTS.map(() => randomCode(random, 8, TARGETS)),
        data: random.bytes(40),
      }
      const used = (await runBoth({ ...program, gas: 1_000_000n })).call?.gasUsed ?? 0n
      for (const gas of [used - 1n, used, used + 1n]) {
        const { stock, fast } = await runBoth({ ...program, gas })
        expect(fast).toEqual(stock)
      }
    }
  })

  test('agrees with gas as much as numbers hold, and with more', async () => {
    const random = seeded(44)
    for (let i = 0; i < 40; i++) {
      const codes = CONTRACTS.map(() => randomCode(random, 12, TARGETS))
      for (const gas of [2n ** 53n - 1n, 2n ** 53n, 2n ** 60n + 1n]) {
        const { stock, fast } = await runBoth({ codes, gas })
        expect(fast).toEqual(stock)
      }
    }
  })

  test('goes on where it was after each pause', async () => {
    const program = { codes: [hexToBytes(LOOP)], data: toWord(20_000n), gas: 5_000_000n }
    let pauses = 0
    const makePausing: Make = (options) => {
      const evm = new FastEvm(options, interpreters)
      evm.pause = () => {
        pauses++
        return pauses % 2 === 0 ? undefined : new Promise((resolve) => setImmediate(resolve))
      }
      return evm
    }
    expect(await run(makePausing, program)).toEqual(await run(makeStock, program))
    expect(pauses).toBeGreaterThan(30)
  })

  test('ends with what a pause throws, and not as a fault of the code', async () => {
    const program = { codes: [hexToBytes(LOOP)], data: toWord(20_000n), gas: 5_000_000n }
    await expect(run(makeImpatient, program)).rejects.toThrow('no time left')
  })
})
