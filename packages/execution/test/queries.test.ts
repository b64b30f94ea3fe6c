import { createMPTFromProof, verifyMerkleProof } from '@ethereumjs/mpt'
import { Account, createAccountFromRLP } from '@ethereumjs/util'
import {
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  checksummed,
  concatBytes,
  decodeRlp,
  type Hash32,
  hexToBytes,
  keccak256,
  keccak256Bytes,
  toAddress,
  toHex,
  toWord,
} from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT } from '@mosaic/protocol'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, test, vi } from 'vitest'
import { createCommon } from '../src/common.ts'
import {
  type CallFault,
  type CallRequest,
  type CallResult,
  CallTimeoutError,
  loadCrypto,
  StateUnavailableError,
} from '../src/index.ts'
import { createQueries } from '../src/queries.ts'
import { contractAt, INVALID, LOOP, REVERTER, SETTER, SURROUNDINGS } from './contracts.ts'
import {
  ALICE,
  account,
  BOB,
  CHAIN_ID,
  createTestChain,
  SIGNER,
  type TestChain,
} from './test-chain.ts'
import { sign } from './transactions.ts'

const SETTER_ADDRESS = contractAt(0xc1)
const INVALID_ADDRESS = contractAt(0xc3)
const REVERTER_ADDRESS = contractAt(0xc4)
const LOOP_ADDRESS = contractAt(0xc5)
const SURROUNDINGS_ADDRESS = contractAt(0xc6)
const MANY_SLOTS = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => [word(BigInt(i)), word(BigInt(i * i))]),
)
const ALLOC = {
  [SETTER_ADDRESS]: { code: SETTER, storage: { [word(0n)]: word(42n) }, balance: 3n },
  [INVALID_ADDRESS]: { code: INVALID, storage: MANY_SLOTS },
  [REVERTER_ADDRESS]: { code: REVERTER },
  [LOOP_ADDRESS]: { code: LOOP },
  [SURROUNDINGS_ADDRESS]: { code: SURROUNDINGS },
}

function word(value: bigint): Hash32 {
  return bytesToHash32(toWord(value))
}

async function call(chain: TestChain, request: CallRequest): Promise<CallResult> {
  const verdict = await chain.layer.queries.call(chain.genesis.header, SIGNER.address, request)
  if (!verdict.ok) throw new Error(`expected a result, received ${JSON.stringify(verdict.fault)}`)
  return verdict.value
}

async function refusal(chain: TestChain, request: CallRequest): Promise<unknown> {
  const verdict = await chain.layer.queries.call(chain.genesis.header, SIGNER.address, request)
  return verdict.ok ? 'no fault' : verdict.fault
}

async function estimate(chain: TestChain, request: CallRequest): Promise<unknown> {
  const { queries } = chain.layer
  const verdict = await queries.estimateGas(chain.genesis.header, SIGNER.address, request)
  return verdict.ok ? verdict.value : verdict.fault
}

describe('call', () => {
  test('returns what the code returns and changes nothing', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const request = { from: ALICE.address, to: SETTER_ADDRESS, data: toWord(7n) }
    for (let i = 0; i < 2; i++) expect((await call(chain, request)).returned).toEqual(toWord(42n))
    const root = chain.genesis.header.stateRoot
    expect(await chain.layer.queries.slot(root, SETTER_ADDRESS, word(0n))).toBe(word(42n))
    expect((await chain.layer.queries.account(root, ALICE.address)).nonce).toBe(0n)
  })

  test('sees the block, with a base fee only if it pays fees', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const baseFee = chain.genesis.header.baseFeePerGas ?? 0n
    const read = async (request: CallRequest): Promise<readonly bigint[]> => {
      const { returned } = await call(chain, { to: SURROUNDINGS_ADDRESS, ...request })
      return Array.from({ length: 7 }, (_, i) =>
        bytesToBigint(returned.subarray(32 * i, 32 * i + 32)),
      )
    }
    const signer = BigInt(SIGNER.address)
    const { gasLimit } = chain.genesis.header
    expect(await read({ from: BOB.address })).toEqual([
      10n ** 24n,
      BigInt(BOB.address),
      0n,
      signer,
      0n,
      0n,
      gasLimit,
    ])
    const paying = { from: BOB.address, gas: 100_000n, maxPriorityFeePerGas: 5n }
    expect((await read({ ...paying, maxFeePerGas: baseFee * 2n })).slice(2)).toEqual([
      baseFee,
      signer,
      baseFee + 5n,
      0n,
      gasLimit,
    ])
    expect((await read({ ...paying, maxFeePerGas: baseFee + 1n }))[4]).toBe(baseFee + 1n)
  })

  test('comes from anybody, also from a contract and from nobody', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    for (const from of [SETTER_ADDRESS, account(99).address, undefined]) {
      expect((await call(chain, { from, to: SETTER_ADDRESS })).returned).toEqual(toWord(42n))
    }
    expect((await call(chain, { from: SETTER_ADDRESS, to: BOB.address, value: 3n })).gasUsed).toBe(
      21_000n,
    )
  })

  test('runs creation code', async () => {
    const chain = await createTestChain()
    // PUSH1 0x2a, PUSH0, MSTORE8, PUSH1 1, PUSH0, RETURN
    const { returned } = await call(chain, { data: hexToBytes('0x602a5f5360015ff3') })
    expect(returned).toEqual(Uint8Array.of(0x2a))
  })

  test('costs less to what an access list names', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const request = { to: SETTER_ADDRESS, data: toWord(7n) }
    const accessList = [{ address: SETTER_ADDRESS, storageKeys: [word(0n)] }]
    const cold = (await call(chain, request)).gasUsed
    const warm = (await call(chain, { ...request, accessList })).gasUsed
    // 2,400 and 1,900 more intrinsic gas, 2,000 less for the cold slot.
    expect(warm - cold).toBe(2_400n + 1_900n - 2_000n)
  })

  test('costs what the same transaction costs', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    for (const [to, data] of [
      [SETTER_ADDRESS, toWord(0n)],
      [SETTER_ADDRESS, toWord(7n)],
      [BOB.address, new Uint8Array(500).fill(1)],
      [LOOP_ADDRESS, toWord(50n)],
    ] as const) {
      const { execution } = await chain.seal(chain.genesis, {
        transactions: [sign(chain, ALICE, { to, data, gasLimit: 400_000n })],
      })
      const { gasUsed } = await call(chain, { from: ALICE.address, to, data, gas: 400_000n })
      expect(gasUsed).toBe(execution.gasUsed)
    }
  })

  test('says why it fails, in the words of geth', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const reason = hexToBytes('0x08c379a0')
    expect(await refusal(chain, { to: REVERTER_ADDRESS, data: reason })).toEqual({
      code: 'CALL_REVERTED',
      data: reason,
    })
    const stranger = account(98).address
    const cases: readonly (readonly [CallRequest, CallFault['code'], string])[] = [
      [{ to: INVALID_ADDRESS }, 'CALL_FAILED', 'invalid opcode: INVALID'],
      [{ to: LOOP_ADDRESS, data: toWord(10n ** 9n), gas: 100_000n }, 'CALL_FAILED', 'out of gas'],
      [
        { to: BOB.address, gas: 20_999n },
        'CALL_REFUSED',
        'err: intrinsic gas too low: have 20999, want 21000 (supplied gas 20999)',
      ],
      [
        { to: BOB.address, data: new Uint8Array(100).fill(1), gas: 22_700n },
        'CALL_REFUSED',
        'err: insufficient gas for floor data gas cost: have 22700, want 25000 (supplied gas 22700)',
      ],
      [
        { from: stranger, to: BOB.address, value: 1n },
        'CALL_REFUSED',
        `err: insufficient funds for gas * price + value: address ${checksummed(stranger)} have 0 want 1 (supplied gas 50000000)`,
      ],
      [
        { from: stranger, to: BOB.address, maxFeePerGas: 1n },
        'CALL_REFUSED',
        `err: max fee per gas less than block base fee: address ${checksummed(stranger)}, maxFeePerGas: 1, baseFee: 1000000000 (supplied gas 50000000)`,
      ],
    ]
    for (const [request, code, message] of cases) {
      expect(await refusal(chain, request)).toEqual({ code, message })
    }
  })

  test('is not blamed for a state that is not here', async () => {
    const chain = await createTestChain()
    const header = { ...chain.genesis.header, stateRoot: word(1n) }
    await expect(
      chain.layer.queries.call(header, SIGNER.address, { to: BOB.address }),
    ).rejects.toThrow(StateUnavailableError)
    // Nor does it disturb the next.
    expect((await call(chain, { to: BOB.address })).gasUsed).toBe(21_000n)
  })

  test('overlaps with others and with blocks', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const requests = Array.from({ length: 20 }, (_, i) =>
      call(chain, { to: SETTER_ADDRESS, data: toWord(BigInt(i)) }),
    )
    const sealed = chain.seal(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: SETTER_ADDRESS, data: toWord(9n) })],
    })
    const results = await Promise.all(requests)
    expect(results.every(({ returned }) => bytesToBigint(returned) === 42n)).toBe(true)
    expect((await sealed).execution.receipts[0]?.logs[0]?.data).toEqual(toWord(9n))
  })
})

describe('estimateGas', () => {
  test('is exactly 21,000 for a transfer', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    for (const to of [BOB.address, account(97).address]) {
      expect(await estimate(chain, { from: ALICE.address, to, value: 1n })).toBe(21_000n)
    }
  })

  test.each([
    { what: 'a loop', request: { to: LOOP_ADDRESS, data: toWord(2_000n) } },
    { what: 'a call with a refund', request: { to: SETTER_ADDRESS, data: toWord(0n) } },
    { what: 'a creation', request: { data: hexToBytes('0x602a5f5360015ff3') } },
    {
      what: 'data with a floor price',
      request: { to: BOB.address, data: new Uint8Array(300).fill(1) },
    },
  ])('is enough and at most 1.6 % too much for $what', async ({ request }) => {
    const chain = await createTestChain({ alloc: ALLOC })
    const from = ALICE.address
    const gas = await estimate(chain, { from, ...request })
    if (typeof gas !== 'bigint') throw new Error(JSON.stringify(gas))
    await call(chain, { from, ...request, gas })
    const { queries } = chain.layer
    const less = { from, ...request, gas: (gas * 984n) / 1000n }
    expect((await queries.call(chain.genesis.header, SIGNER.address, less)).ok).toBe(false)
  })

  test('is bounded by what the sender can pay', async () => {
    const chain = await createTestChain({
      alloc: { ...ALLOC, [account(96).address]: { balance: 10n ** 15n } },
    })
    const from = account(96).address
    // 50,000 gas at 20 gwei is all it has; the block's limit would cost 600 times as much.
    const fees = { maxFeePerGas: 20n * 10n ** 9n, maxPriorityFeePerGas: 0n }
    expect(await estimate(chain, { from, to: BOB.address, ...fees })).toBe(21_000n)
    expect(
      await estimate(chain, { from, to: LOOP_ADDRESS, data: toWord(10_000n), ...fees }),
    ).toEqual({ code: 'CALL_FAILED', message: 'gas required exceeds allowance (50000)' })
    expect(await estimate(chain, { from, to: BOB.address, value: 10n ** 16n, ...fees })).toEqual({
      code: 'CALL_REFUSED',
      message: 'insufficient funds for transfer',
    })
  })

  test('tells a revert from too little gas', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    expect(await estimate(chain, { to: REVERTER_ADDRESS, data: Uint8Array.of(1) })).toEqual({
      code: 'CALL_REVERTED',
      data: Uint8Array.of(1),
    })
    expect(await estimate(chain, { to: LOOP_ADDRESS, data: toWord(10n ** 9n) })).toEqual({
      code: 'CALL_FAILED',
      message: 'gas required exceeds allowance (30000000)',
    })
  })
})

describe('proof', () => {
  test('convinces @ethereumjs/mpt of accounts and slots, present and absent', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const root = chain.genesis.header.stateRoot
    const slots = [0n, 1n, 5n, 39n, 40n, 2n ** 255n].map(word)
    for (const address of [
      ALICE.address,
      SETTER_ADDRESS,
      INVALID_ADDRESS,
      account(95).address,
      toAddress(`0x${'00'.repeat(20)}`),
    ]) {
      const proof = await chain.layer.queries.proof(root, address, slots)
      const key = keccak256Bytes(hexToBytes(address))
      const proven = await verifyMerkleProof(key, [...proof.accountProof])
      expect((await createMPTFromProof([...proof.accountProof])).root()).toEqual(hexToBytes(root))
      const found = proven === null ? new Account() : createAccountFromRLP(proven)
      expect(proof).toMatchObject({
        nonce: found.nonce,
        balance: found.balance,
        codeHash: bytesToHex(found.codeHash),
        storageRoot: bytesToHex(found.storageRoot),
      })
      for (const { slot, value, proof: nodes } of proof.storageProof) {
        const slotKey = keccak256Bytes(hexToBytes(slot))
        const encoded = nodes.length === 0 ? null : await verifyMerkleProof(slotKey, [...nodes])
        const decoded = encoded === null ? new Uint8Array() : decodeRlp(encoded)
        expect(value).toBe(decoded instanceof Uint8Array ? bytesToBigint(decoded) : undefined)
        const top = nodes[0] === undefined ? EMPTY_TRIE_ROOT : keccak256(nodes[0])
        expect(top).toBe(proof.storageRoot)
      }
    }
    const many = await chain.layer.queries.proof(root, INVALID_ADDRESS, slots)
    expect(many.storageProof.map(({ value }) => value)).toEqual([0n, 1n, 25n, 1521n, 0n, 0n])
    expect(many.storageProof.every(({ proof: nodes }) => nodes.length > 0)).toBe(true)
  })

  test('is the same after calls that were undone', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const root = chain.genesis.header.stateRoot
    const prove = (): Promise<unknown> =>
      chain.layer.queries.proof(root, SETTER_ADDRESS, [word(0n), word(1n)])
    const before = await prove()
    await call(chain, { from: ALICE.address, to: SETTER_ADDRESS, data: toWord(77n) })
    expect(await prove()).toEqual(before)
  })

  test('is of the root that is asked for, also of an old one', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const block = await chain.mine(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: SETTER_ADDRESS, data: toWord(7n) })],
    })
    const read = async (root: Hash32): Promise<unknown> =>
      (await chain.layer.queries.proof(root, SETTER_ADDRESS, [word(0n)])).storageProof[0]?.value
    expect(await read(block.header.stateRoot)).toBe(7n)
    expect(await read(chain.genesis.header.stateRoot)).toBe(42n)
  })
})

describe('a slow call', () => {
  /** Copies the data and gives it to the secp256r1 precompile, again and again. */
  const SLOW = toHex('0x365f5f375b6020610800365f6101005afa50600456')
  /** Hashes without end. */
  const HASHER = toHex('0x5b60205f20505f56')
  const SLOW_ADDRESS = contractAt(0xc7)
  const request = { to: SLOW_ADDRESS, data: p256Input(), gas: 3_000_000n }

  test('lets reads, other calls and timers go ahead', async () => {
    const chain = await createTestChain({
      alloc: { ...ALLOC, [SLOW_ADDRESS]: { code: SLOW } },
    })
    const done: string[] = []
    const slow = refusal(chain, request).then(() => done.push('slow'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    done.push('timer')
    await chain.layer.queries.account(chain.genesis.header.stateRoot, ALICE.address)
    done.push('read')
    expect((await call(chain, { to: SETTER_ADDRESS })).returned).toEqual(toWord(42n))
    done.push('call')
    await slow
    expect(done).toEqual(['timer', 'read', 'call', 'slow'])
  })

  test('ends when its time is up, and the next begins clean', async () => {
    const chain = await createTestChain({
      alloc: { ...ALLOC, [SLOW_ADDRESS]: { code: SLOW } },
    })
    const crypto = await loadCrypto()
    const queries = createQueries({
      common: createCommon(CHAIN_ID, crypto),
      crypto,
      source: chain.source,
      ancestorHash: () => undefined,
      tracker: 'absent',
      callTimeoutMs: 200,
    })
    const { header } = chain.genesis
    const timedOut = {
      ok: false,
      fault: { code: 'CALL_FAILED', message: 'execution aborted (timeout = 0.2s)' },
    }
    const slow = { ...request, gas: 50_000_000n }
    expect(await queries.call(header, SIGNER.address, slow)).toEqual(timedOut)
    expect(await queries.estimateGas(header, SIGNER.address, slow)).toEqual(timedOut)
    // Traced, also code that makes no calls stops in time: here 50 million gas of a loop.
    const loop = { to: LOOP_ADDRESS, data: toWord(10_000_000n), gas: 50_000_000n }
    expect(await queries.accessList(header, SIGNER.address, loop)).toEqual(timedOut)
    await expect(
      queries.traceCall(header, SIGNER.address, loop, { kind: 'selectors' }),
    ).rejects.toThrow(CallTimeoutError)
    expect(await queries.call(header, SIGNER.address, { to: SETTER_ADDRESS })).toMatchObject({
      ok: true,
      value: { returned: toWord(42n) },
    })
  })

  test('gives way and ends in time, also if it makes no calls', async () => {
    const chain = await createTestChain({
      alloc: { ...ALLOC, [SLOW_ADDRESS]: { code: HASHER } },
    })
    const crypto = await loadCrypto()
    const queries = createQueries({
      common: createCommon(CHAIN_ID, crypto),
      crypto,
      source: chain.source,
      ancestorHash: () => undefined,
      tracker: 'absent',
      callTimeoutMs: 100,
    })
    const { header } = chain.genesis
    // A millisecond goes by whenever somebody looks at the clock.
    let ms = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => ++ms)
    const done: string[] = []
    const slow = queries
      .call(header, SIGNER.address, { ...request, gas: 50_000_000n })
      .then((verdict) => {
        done.push('call')
        return verdict
      })
      .finally(() => {
        clock.mockRestore()
      })
    await new Promise((resolve) => setImmediate(resolve))
    done.push('others')
    expect(await slow).toEqual({
      ok: false,
      fault: { code: 'CALL_FAILED', message: 'execution aborted (timeout = 0.1s)' },
    })
    expect(done).toEqual(['others', 'call'])
  })

  test('leaves room for three more; who comes later gets a turn as well', async () => {
    const chain = await createTestChain({ alloc: ALLOC })
    const results = await Promise.all(
      Array.from({ length: 15 }, (_, i) =>
        call(chain, { to: SETTER_ADDRESS, data: toWord(BigInt(i)) }),
      ),
    )
    expect(results.every(({ returned }) => bytesToBigint(returned) === 42n)).toBe(true)
  })
})

function p256Input(): Uint8Array {
  const message = new Uint8Array(32).fill(9)
  const secretKey = new Uint8Array(32).fill(11)
  return concatBytes(
    message,
    p256.sign(message, secretKey, { prehash: false, lowS: false }),
    p256.getPublicKey(secretKey, false).subarray(1),
  )
}
