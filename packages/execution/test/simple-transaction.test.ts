import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import {
  bytesToBigint,
  bytesToHex,
  concatBytes,
  encodeRlp,
  integerToRlp,
  keccak256Bytes,
  type RlpItem,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import {
  readSimpleTransaction,
  type SimpleTransaction,
  signedBytes,
} from '../src/simple-transaction.ts'
import { signOwnTransaction } from '../src/transaction.ts'
import { type Seeded, seeded } from './seeded.ts'
import { ALICE, BOB, CHAIN_ID } from './test-chain.ts'
import { signRaw } from './transactions.ts'

const crypto = await loadCrypto()
const common = createCommon(CHAIN_ID, crypto)
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

function outcome(sign: () => Uint8Array): string {
  try {
    return bytesToHex(sign())
  } catch {
    return 'refused'
  }
}

/** What EthereumJS makes of the bytes; undefined if it refuses them, or their signature. */
function readByEthereumJs(raw: Uint8Array, chainId: bigint): TypedTransaction | undefined {
  try {
    const rules = chainId === CHAIN_ID ? common : createCommon(chainId, crypto)
    const transaction = createTxFromRLP(raw, { common: rules, freeze: false })
    if (!transaction.isSigned() || (transaction.s ?? 0n) > HALF_ORDER) return undefined
    return transaction
  } catch {
    return undefined
  }
}

function expectSame(simple: SimpleTransaction, inner: TypedTransaction, chainId: bigint): void {
  expect({
    ...simple,
    to: bytesToHex(simple.to),
    data: bytesToHex(simple.data),
    signed: bytesToHex(keccak256Bytes(signedBytes(simple, chainId))),
  }).toEqual({
    type: inner.type,
    nonce: inner.nonce,
    maxFeePerGas: 'maxFeePerGas' in inner ? inner.maxFeePerGas : inner.gasPrice,
    maxPriorityFeePerGas:
      'maxPriorityFeePerGas' in inner ? inner.maxPriorityFeePerGas : inner.gasPrice,
    gasLimit: inner.gasLimit,
    to: inner.to?.toString(),
    value: inner.value,
    data: bytesToHex(inner.data),
    v: inner.v,
    r: inner.r,
    s: inner.s,
    signed: bytesToHex(inner.getHashedMessageToSign()),
  })
  expect('accessList' in inner ? inner.accessList : []).toEqual([])
}

const INTEGERS: readonly RlpItem[] = [
  integerToRlp(0n),
  integerToRlp(1n),
  integerToRlp(0x7fn),
  integerToRlp(0x80n),
  integerToRlp(2n ** 64n - 2n),
  integerToRlp(2n ** 64n - 1n),
  integerToRlp(2n ** 64n),
  integerToRlp(2n ** 192n),
  integerToRlp(2n ** 256n - 1n),
  integerToRlp(2n ** 256n),
  Uint8Array.of(0),
  Uint8Array.of(0, 1),
  [],
  [Uint8Array.of(1)],
]
const NAMES = [
  'chain',
  'nonce',
  'tip',
  'max',
  'gas',
  'to',
  'value',
  'data',
  'list',
  'v',
  'r',
  's',
] as const
const CALLED = new Uint8Array(20).fill(0xc1)

function randomBody(random: Seeded, chainId: bigint): { type: 0 | 2; items: readonly RlpItem[] } {
  const type = random.pick([0, 2] as const)
  const parity = BigInt(random.below(2))
  const usual = {
    chain: integerToRlp(chainId),
    nonce: integerToRlp(BigInt(random.below(300))),
    tip: integerToRlp(BigInt(random.below(1000))),
    max: integerToRlp(1000n + BigInt(random.below(1000))),
    gas: integerToRlp(21_000n + BigInt(random.below(100_000))),
    to: CALLED,
    value: integerToRlp(bytesToBigint(random.bytes(random.below(20)))),
    data: random.bytes(random.pick([0, 0, 1, 4, 55, 56, 68, 300])),
    list: [],
    v: integerToRlp(type === 0 ? 35n + 2n * chainId + parity : parity),
    r: integerToRlp(bytesToBigint(random.bytes(32))),
    s: integerToRlp(bytesToBigint(random.bytes(32)) >> 1n),
  }
  const odd: Record<(typeof NAMES)[number], readonly RlpItem[]> = {
    chain: INTEGERS,
    nonce: INTEGERS,
    tip: INTEGERS,
    max: INTEGERS,
    gas: INTEGERS,
    to: [new Uint8Array(), new Uint8Array(19), new Uint8Array(21), new Uint8Array(32), []],
    value: INTEGERS,
    data: [[], [new Uint8Array()], Uint8Array.of(0), Uint8Array.of(0x7f), Uint8Array.of(0x80)],
    list: [new Uint8Array(), [[CALLED, []]], [[CALLED, [new Uint8Array(32)]]], [[]], [CALLED]],
    v: [...INTEGERS, integerToRlp(27n), integerToRlp(28n), integerToRlp(37n)],
    r: INTEGERS,
    s: [...INTEGERS, integerToRlp(HALF_ORDER), integerToRlp(HALF_ORDER + 1n)],
  }
  const fields: Record<(typeof NAMES)[number], RlpItem> = usual
  if (random.below(4) !== 0) {
    const name = random.pick(NAMES)
    fields[name] = random.pick(odd[name])
  }
  const { chain, nonce, tip, max, gas, to, value, data, list, v, r, s } = fields
  const items =
    type === 0
      ? [nonce, max, gas, to, value, data, v, r, s]
      : [chain, nonce, tip, max, gas, to, value, data, list, v, r, s]
  const count = random.below(30)
  if (count === 0) return { type, items: [...items, new Uint8Array()] }
  return { type, items: count === 1 ? items.slice(0, -1) : items }
}

describe('readSimpleTransaction', () => {
  test('reads what EthereumJS reads, and nothing that it refuses', () => {
    const random = seeded(2930)
    let read = 0
    let refused = 0
    for (let i = 0; i < 6000; i++) {
      const chainId = random.below(10) === 0 ? 1n : CHAIN_ID
      const { type, items } = randomBody(random, chainId)
      const body = encodeRlp(items)
      const raw = type === 0 ? body : concatBytes(Uint8Array.of(type), body)
      const simple = readSimpleTransaction(raw, chainId)
      const inner = readByEthereumJs(raw, chainId)
      if (simple === undefined) {
        refused++
        continue
      }
      if (inner === undefined) throw new Error(`EthereumJS refuses ${bytesToHex(raw)}`)
      expectSame(simple, inner, chainId)
      read++
    }
    expect(read).toBeGreaterThan(1500)
    expect(refused).toBeGreaterThan(1500)
  })

  test('reads changed, cut and lengthened bytes as EthereumJS does, or not at all', () => {
    const random = seeded(155)
    const raws = ([0, 2] as const).flatMap((type) =>
      [0, 3, 60, 400].map((size) =>
        signRaw(ALICE, { type, to: BOB.address, nonce: 7n, value: 9n, data: random.bytes(size) }),
      ),
    )
    let read = 0
    for (let i = 0; i < 6000; i++) {
      const raw = random.pick(raws).slice()
      const at = random.below(random.below(2) === 0 ? 16 : raw.length)
      const how = random.below(4)
      if (how < 2) raw[at] = random.pick([0, 1, 0x7f, 0x80, 0x81, 0xb8, 0xc0, 0xf8, 0xff])
      else if (how === 2) raw[at] = (raw[at] ?? 0) ^ (1 << random.below(8))
      const changed =
        how < 3
          ? raw
          : random.below(2) === 0
            ? raw.slice(0, at)
            : concatBytes(raw, random.bytes(1 + random.below(3)))
      const simple = readSimpleTransaction(changed, CHAIN_ID)
      if (simple === undefined) continue
      const inner = readByEthereumJs(changed, CHAIN_ID)
      if (inner === undefined) throw new Error(`EthereumJS refuses ${bytesToHex(changed)}`)
      expectSame(simple, inner, CHAIN_ID)
      expect(bytesToHex(inner.serialize())).toBe(bytesToHex(changed))
      read++
    }
    expect(read).toBeGreaterThan(1000)
  })

  test('leaves creations, access lists and other types to EthereumJS', () => {
    for (const fields of [{}, { type: 0 }, { type: 1, to: BOB.address }] as const) {
      expect(readSimpleTransaction(signRaw(ALICE, fields), CHAIN_ID)).toBeUndefined()
    }
    expect(readSimpleTransaction(new Uint8Array(), CHAIN_ID)).toBeUndefined()
  })
})

describe('signOwnTransaction', () => {
  test('makes the bytes that EthereumJS makes, and refuses what it refuses', () => {
    const random = seeded(17)
    const size = (): bigint =>
      random.pick([0n, 1n, 127n, 128n, 21_000n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n])
    let signed = 0
    for (let i = 0; i < 400; i++) {
      const type = random.pick([0, 2] as const)
      const tip = random.pick([0n, 1n, 10n ** 9n, 10n ** 9n + 1n])
      const fields = {
        type,
        nonce: size(),
        gasLimit: size(),
        cap: 10n ** 9n,
        tip,
        to: BOB.address,
        value: random.pick([0n, 1n, 10n ** 18n, 2n ** 256n - 1n, 2n ** 256n]),
        data: new Uint8Array(random.pick([0, 1, 31, 55, 56, 300, 70_000])).fill(i),
      }
      const sign = (): Uint8Array =>
        signOwnTransaction(
          { ...fields, maxFeePerGas: fields.cap, maxPriorityFeePerGas: tip },
          ALICE.secretKey,
          common,
        ).raw
      const raw = outcome(sign)
      expect(raw).toBe(outcome(() => signRaw(ALICE, fields)))
      if (raw !== 'refused') signed++
    }
    expect(signed).toBeGreaterThan(100)
  })
})
